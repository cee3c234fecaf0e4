"""The database: patched, backed up, encrypted, and with a password that nobody here ever sees."""

from __future__ import annotations

import functools
import gzip
import json
from importlib.resources import files
from typing import Any

import pytest
from aws_account import ACCOUNT, KEY, assert_explicit_providers, record
from mlplatform.config import sections
from mlplatform.config.checks.data import DATABASE_FAMILIES
from mlplatform.foundation.aws import engine_versions
from mlplatform.foundation.aws.database import server
from mlplatform.foundation.aws.database.server import Database, DatabaseArgs
from mlplatform.foundation.aws.database.sizes import max_connections, memory_gib
from recorder import Recorder, build

LOG_KEY = KEY.replace("0001", "0002")
INSTANCE = "aws:rds/instance:Instance"


def arguments(*, keep: bool = True, **settings: Any) -> DatabaseArgs:
    return DatabaseArgs(
        settings=sections.Database(**{"instance_class": "db.m7g.large", **settings}),
        identifier="mlplatform-dev",
        vpc_id="vpc-1",
        subnet_ids={"a": "subnet-a", "b": "subnet-b"},
        client_security_group_ids={"nodes": "sg-nodes", "emr": "sg-emr"},
        key_arn=KEY,
        log_key_arn=LOG_KEY,
        account_id=ACCOUNT,
        protection=sections.Protection(protect=keep, retain_on_delete=False),
    )


@functools.cache
def recorded(*, keep: bool = True, **settings: Any) -> Recorder:
    return record(lambda opts: Database("database", arguments(keep=keep, **settings), opts))


def instance(**settings: Any) -> Any:
    return recorded(**settings).one(INSTANCE).inputs


def test_the_password_is_managed_by_secrets_manager_and_in_no_input() -> None:
    found = instance()
    assert (found["manageMasterUserPassword"], found["masterUserSecretKmsKeyId"]) == (True, KEY)
    assert not {"password", "passwordWo"} & set(found)
    assert found["iamDatabaseAuthenticationEnabled"] is True


def test_everything_is_encrypted_with_our_key() -> None:
    found = instance()
    assert (found["storageEncrypted"], found["kmsKeyId"], found["performanceInsightsKmsKeyId"]) == (True, KEY, KEY)
    groups = recorded().of_type("aws:cloudwatch/logGroup:LogGroup")
    assert {one.inputs["kmsKeyId"] for one in groups} == {LOG_KEY}


def test_nobody_but_its_clients_reaches_it_and_it_reaches_nobody() -> None:
    assert instance()["publiclyAccessible"] is False
    rules = recorded().of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert {one.name: one.inputs["referencedSecurityGroupId"] for one in rules} == {
        "database-from-nodes": "sg-nodes",
        "database-from-emr": "sg-emr",
    }
    assert {(one.inputs["fromPort"], one.inputs["toPort"]) for one in rules} == {(5432, 5432)}
    assert not recorded().of_type("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")


def test_the_settings_arrive() -> None:
    found = instance(
        multi_zone=True,
        storage_gib=40,
        max_storage_gib=400,
        backup_retention_days=21,
        deletion_protection=True,
    )
    assert (found["multiAz"], found["allocatedStorage"], found["maxAllocatedStorage"]) == (True, 40, 400)
    assert (found["backupRetentionPeriod"], found["deletionProtection"]) == (21, True)


def test_patches_come_by_themselves_and_a_plan_does_not_undo_them() -> None:
    found = instance()
    assert found["autoMinorVersionUpgrade"] is True
    assert found["engineVersion"] == "17"
    assert found["applyImmediately"] is False


def minutes(window: str) -> range:
    """Minutes of a day that a window takes, ``[ddd:]hh:mm-[ddd:]hh:mm``."""
    start, end = (text[-5:].split(":") for text in window.split("-"))
    return range(int(start[0]) * 60 + int(start[1]), int(end[0]) * 60 + int(end[1]))


def test_a_raised_version_alone_makes_no_major_upgrade() -> None:
    """RDS refuses one that is not allowed (RDS API, ModifyDBInstance); it is allowed for one `up`, after a snapshot
    (`docs/upgrades.md`)."""
    assert instance()["allowMajorVersionUpgrade"] is False


def test_backup_and_maintenance_do_not_meet() -> None:
    backup, maintenance = minutes(instance()["backupWindow"]), minutes(instance()["maintenanceWindow"])
    assert len(backup) >= 30
    assert len(maintenance) >= 30
    assert not set(backup) & set(maintenance)


@pytest.mark.parametrize(("keep", "settings"), [(True, {}), (False, {"deletion_protection": True})])
def test_data_that_somebody_wants_leaves_a_snapshot(keep: bool, settings: dict[str, Any]) -> None:
    found = instance(keep=keep, **settings)
    assert (found["skipFinalSnapshot"], found["finalSnapshotIdentifier"]) == (False, "mlplatform-dev-final")
    assert found["deleteAutomatedBackups"] is False
    assert recorded(keep=keep, **settings).one(INSTANCE).protect is keep


def test_data_that_nobody_wants_leaves_nothing() -> None:
    found = instance(keep=False)
    assert (found["skipFinalSnapshot"], found["deleteAutomatedBackups"]) == (True, True)
    assert "finalSnapshotIdentifier" not in found


def test_the_server_takes_tls_and_scram_alone_and_logs_no_values() -> None:
    group = recorded().one("aws:rds/parameterGroup:ParameterGroup").inputs
    found = {one["name"]: one["value"] for one in group["parameters"]}
    assert found["rds.force_ssl"] == "1"
    assert found["password_encryption"] == "scram-sha-256"  # noqa: S105 - a method
    assert found["rds.accepted_password_auth_method"] == "scram"  # noqa: S105 - a method
    assert found["log_parameter_max_length"] == "0"
    # Would write ``CREATE USER … PASSWORD`` into the log.
    assert "log_statement" not in found


def test_a_refresh_finds_the_parameters_as_they_were_made() -> None:
    """RDS tells ``pending-reboot`` of a parameter that has its family's own value (terraform-provider-aws#39252)."""
    group = recorded().one("aws:rds/parameterGroup:ParameterGroup").inputs
    # RDS user guide: force_ssl is 1 by itself since PostgreSQL 15, and passwords are SCRAM's since 14.
    assert int(group["family"].removeprefix("postgres")) >= 15
    pending = {one["name"] for one in group["parameters"] if one["applyMethod"] == "pending-reboot"}
    assert pending == {"rds.force_ssl", "password_encryption"}
    assert {one["applyMethod"] for one in group["parameters"]} == {"immediate", "pending-reboot"}


def test_logs_go_to_groups_that_were_there_first() -> None:
    assert instance()["enabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    groups = recorded().of_type("aws:cloudwatch/logGroup:LogGroup")
    assert {one.inputs["name"] for one in groups} == {
        "/aws/rds/instance/mlplatform-dev/postgresql",
        "/aws/rds/instance/mlplatform-dev/upgrade",
        # Enhanced monitoring writes there, and would make it without a key and without an end.
        "RDSOSMetrics",
    }
    assert all(one.inputs["kmsKeyId"] and one.inputs["retentionInDays"] for one in groups)
    assert {one.urn for one in groups} <= set(recorded().one(INSTANCE).depends_on)


def test_a_second_environment_of_an_account_leaves_the_group_that_they_share_alone() -> None:
    found = recorded(owns_os_metrics_log_group=False).of_type("aws:cloudwatch/logGroup:LogGroup")
    assert "RDSOSMetrics" not in {one.inputs["name"] for one in found}


@pytest.mark.parametrize(("days", "mode"), [(7, "standard"), (372, "standard"), (731, "advanced")])
def test_long_retention_of_insights_needs_the_advanced_mode(days: int, mode: str) -> None:
    found = instance(performance_insights_retention_days=days)
    assert (found["performanceInsightsRetentionPeriod"], found["databaseInsightsMode"]) == (days, mode)


def test_enhanced_monitoring_has_a_role_that_rds_alone_takes_on() -> None:
    trust = json.loads(recorded().one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:rds:*:{ACCOUNT}:db:*"},
    }
    attachment = recorded().one("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attachment.inputs["policyArn"] == server.MONITORING_POLICY
    assert attachment.urn in recorded().one(INSTANCE).depends_on


def postgres_versions() -> set[str]:
    """Versions of RDS for PostgreSQL, as cfn-lint's rule for the engine ``postgres`` lists them."""
    path = "data/schemas/extensions/aws_rds_dbinstance/engine_version.json"
    for rule in json.loads(files("cfnlint").joinpath(path).read_text())["allOf"]:
        if rule["if"]["properties"]["Engine"] == {"const": "postgres"}:
            return set(rule["then"]["properties"]["EngineVersion"]["enum"])
    raise AssertionError("cfn-lint has no versions of PostgreSQL")


def test_the_engine_is_one_that_rds_has() -> None:
    assert engine_versions.POSTGRES in postgres_versions()
    assert f"postgres{engine_versions.POSTGRES}" == engine_versions.POSTGRES_FAMILY


def test_the_memory_of_every_class_is_that_of_its_instance_type() -> None:
    catalogue = json.loads(gzip.decompress(files("moto").joinpath("ec2/resources/instance_types.json.gz").read_bytes()))
    for family, sizes in DATABASE_FAMILIES.items():
        for size in sizes:
            memory_mib = catalogue[f"{family}.{size}"]["MemoryInfo"]["SizeInMiB"]
            assert memory_gib(f"db.{family}.{size}") * 1024 == memory_mib, f"{family}.{size}"


def test_connections_are_bounded_as_rds_bounds_them() -> None:
    assert max_connections("db.t4g.medium") == 4 * 2**30 // 9_531_392
    assert max_connections("db.r7g.16xlarge") == 5000


def test_outputs_lead_to_the_database_and_to_its_secret() -> None:
    found: dict[str, Any] = {}

    def program() -> None:
        made = Database("database", arguments())
        for key in ("host", "secret_arn", "resource_id", "arn"):
            getattr(made, key).apply(functools.partial(found.__setitem__, key))
        assert (made.port, made.identifier) == (5432, "mlplatform-dev")

    build(program)
    assert found["host"] == "database-instance.rds.eu-central-1.amazonaws.com"
    assert found["secret_arn"].startswith("arn:aws:secretsmanager:")
    assert found["resource_id"] == "db-EXAMPLE"


def test_providers_are_explicit() -> None:
    assert_explicit_providers(recorded())
