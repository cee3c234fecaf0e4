"""The database server (RDS for PostgreSQL) of MLflow, Airflow and the Hive metastore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from mlplatform.config import sections
from mlplatform.config.sections import Protection
from mlplatform.foundation.aws import engine_versions
from mlplatform.iam_policies import trust_service
from mlplatform.stateful import stateful

PORT: Final = 5432
MASTER_USER: Final = "platform_admin"
"""Makes databases and users; no service signs in as it."""
BACKUP_WINDOW: Final = "01:30-02:30"
"""UTC. A backup is taken of the standby where there is one."""
MAINTENANCE_WINDOW: Final = "Sun:03:00-Sun:04:00"
"""UTC. Minor versions and patches of the operating system; after the backup."""
MONITORING_SECONDS: Final = 60
"""How often the operating system is looked at (enhanced monitoring)."""
LOG_EXPORTS: Final = ("postgresql", "upgrade")
MONITORING_POLICY: Final = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
ADVANCED_INSIGHTS_DAYS: Final = 465
"""Shortest retention of Database Insights in its advanced mode (RDS API, PerformanceInsightsRetentionPeriod)."""
PARAMETERS: Final[Mapping[str, str]] = {
    "rds.force_ssl": "1",
    "password_encryption": "scram-sha-256",
    "rds.accepted_password_auth_method": "scram",
    "log_connections": "1",
    "log_disconnections": "1",
    "log_lock_waits": "1",
    # Milliseconds, and kB of a temporary file.
    "log_min_duration_statement": "1000",
    "log_temp_files": "10240",
    # No value of a parameter in the log; and `log_statement` stays off, because it would write down passwords.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # A client that went away in a transaction holds its locks no longer than 10 minutes.
    "idle_in_transaction_session_timeout": "600000",
}
"""All of them apply without a restart."""
FAMILY_DEFAULTS: Final = frozenset({"rds.force_ssl", "password_encryption"})
"""Of `PARAMETERS`, those with the value that the family has by itself: 1 since PostgreSQL 15, scram-sha-256 since 14
(RDS user guide, "Requiring an SSL/TLS connection" and "Using SCRAM for password encryption"). RDS notes no change for
them and tells their method as ``pending-reboot``, whatever it was told; another one would show a change at every
refresh (provider for AWS, `internal/service/rds/parameter_group.go`: the method is part of what it compares)."""
OS_METRICS_LOG_GROUP: Final = "RDSOSMetrics"
"""Where enhanced monitoring writes, for all databases of the account in the region."""


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """Inputs of `Database`."""

    settings: sections.Database
    identifier: str
    vpc_id: pulumi.Input[str]
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Zone → subnet; RDS wants two zones at least."""
    client_security_group_ids: Mapping[str, pulumi.Input[str]]
    """Who → the group whose members may connect."""
    key_arn: pulumi.Input[str]
    log_key_arn: pulumi.Input[str]
    account_id: str
    protection: Protection


class Database(pulumi.ComponentResource):
    """The instance. Its master password is made, kept and changed by Secrets Manager and never seen here."""

    host: pulumi.Output[str]
    port: int
    secret_arn: pulumi.Output[str]
    """Of the master user's secret."""
    resource_id: pulumi.Output[str]
    """As in ARNs of database users, ``db-…``."""
    arn: pulumi.Output[str]
    identifier: str

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:database:Database", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        logs = [self._log_group(export, f"/aws/rds/instance/{args.identifier}/{export}") for export in LOG_EXPORTS]
        if args.settings.owns_os_metrics_log_group:
            logs.append(self._log_group("os-metrics", OS_METRICS_LOG_GROUP))
        instance = self._instance(logs)
        self.host, self.port = instance.address, PORT
        self.secret_arn = instance.master_user_secrets.apply(_secret_arn)
        self.resource_id, self.arn = instance.resource_id, instance.arn
        self.identifier = args.identifier
        self.register_outputs({"host": self.host, "secretArn": self.secret_arn})

    def _instance(self, logs: list[aws.cloudwatch.LogGroup]) -> aws.rds.Instance:
        args, settings, protection = self._args, self._args.settings, self._args.protection
        kept = protection.protect or protection.retain_on_delete or settings.deletion_protection
        insights_days = settings.performance_insights_retention_days
        return aws.rds.Instance(
            f"{self._name}-instance",
            identifier=args.identifier,
            engine="postgres",
            engine_version=engine_versions.POSTGRES,
            auto_minor_version_upgrade=True,
            allow_major_version_upgrade=False,
            instance_class=settings.instance_class,
            storage_type="gp3",
            allocated_storage=settings.storage_gib,
            max_allocated_storage=settings.max_storage_gib,
            storage_encrypted=True,
            kms_key_id=args.key_arn,
            multi_az=settings.multi_zone,
            port=PORT,
            publicly_accessible=False,
            db_subnet_group_name=self._subnet_group(),
            vpc_security_group_ids=[self._security_group()],
            ca_cert_identifier=engine_versions.DATABASE_CA,
            username=MASTER_USER,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=args.key_arn,
            iam_database_authentication_enabled=True,
            parameter_group_name=self._parameters(),
            backup_retention_period=settings.backup_retention_days,
            backup_window=BACKUP_WINDOW,
            maintenance_window=MAINTENANCE_WINDOW,
            copy_tags_to_snapshot=True,
            # Data that nobody wants to keep leaves neither backups nor a last snapshot behind.
            delete_automated_backups=not kept,
            skip_final_snapshot=not kept,
            final_snapshot_identifier=f"{args.identifier}-final" if kept else None,
            deletion_protection=settings.deletion_protection,
            apply_immediately=False,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.key_arn,
            performance_insights_retention_period=insights_days,
            database_insights_mode="advanced" if insights_days >= ADVANCED_INSIGHTS_DAYS else "standard",
            monitoring_interval=MONITORING_SECONDS,
            monitoring_role_arn=self._monitoring_role(),
            enabled_cloudwatch_logs_exports=list(LOG_EXPORTS),
            # RDS makes log groups that it does not find: without end, and without our key.
            opts=stateful(self, protection, depends_on=logs),
        )

    def _log_group(self, key: str, name: str) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-{key}-logs",
            name=name,
            kms_key_id=self._args.log_key_arn,
            retention_in_days=self._args.settings.log_retention_days,
            opts=self._child,
        )

    def _subnet_group(self) -> pulumi.Output[str]:
        group = aws.rds.SubnetGroup(
            f"{self._name}-subnets",
            description="Data subnets",
            subnet_ids=list(self._args.subnet_ids.values()),
            opts=self._child,
        )
        return group.name

    def _security_group(self) -> pulumi.Output[str]:
        group = aws.ec2.SecurityGroup(
            f"{self._name}-security-group",
            description="PostgreSQL from its clients",
            vpc_id=self._args.vpc_id,
            tags={"Name": self._name},
            opts=self._child,
        )
        for who, client in self._args.client_security_group_ids.items():
            aws.vpc.SecurityGroupIngressRule(
                f"{self._name}-from-{who}",
                security_group_id=group.id,
                description=f"PostgreSQL from {who}",
                referenced_security_group_id=client,
                ip_protocol="tcp",
                from_port=PORT,
                to_port=PORT,
                opts=self._child,
            )
        return group.id

    def _parameters(self) -> pulumi.Output[str]:
        group = aws.rds.ParameterGroup(
            # Its family is part of the name: a major upgrade needs the old and the new one at once.
            f"{self._name}-{engine_versions.POSTGRES_FAMILY}",
            family=engine_versions.POSTGRES_FAMILY,
            description="TLS only, and what is logged",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(
                    name=parameter,
                    value=value,
                    apply_method="pending-reboot" if parameter in FAMILY_DEFAULTS else "immediate",
                )
                for parameter, value in PARAMETERS.items()
            ],
            opts=self._child,
        )
        return group.name

    def _monitoring_role(self) -> pulumi.Output[str]:
        account = self._args.account_id
        role = aws.iam.Role(
            f"{self._name}-monitoring",
            assume_role_policy=trust_service(
                "monitoring.rds.amazonaws.com",
                StringEquals={"aws:SourceAccount": account},
                ArnLike={"aws:SourceArn": f"arn:aws:rds:*:{account}:db:*"},
            ),
            opts=self._child,
        )
        attached = aws.iam.RolePolicyAttachment(
            f"{self._name}-monitoring-policy", role=role.name, policy_arn=MONITORING_POLICY, opts=self._child
        )
        # RDS tries the role out when it gets it: it needs its rights by then.
        return pulumi.Output.all(role.arn, attached.id).apply(lambda known: str(known[0]))


def _secret_arn(secrets: Sequence[aws.rds.outputs.InstanceMasterUserSecret]) -> str:
    if not secrets or not secrets[0].secret_arn:
        raise ValueError("RDS reports no secret of the master user, although it manages its password")
    return secrets[0].secret_arn
