"""EMR on EC2: Hadoop, Spark and Hive for heavy batch, on nodes that come and go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from mlplatform.config import sections
from mlplatform.foundation.aws import engine_versions
from mlplatform.foundation.aws.emr import configuration
from mlplatform.foundation.aws.emr.access import EmrRoles, EmrRolesArgs, EmrSecurityGroups
from mlplatform.foundation.aws.emr.policies import MANAGED_TAG, EmrResources
from mlplatform.foundation.aws.lake.objects import lake_object
from mlplatform.foundation.aws.pod_identity.roles import Place

SPOT_WAIT_MINUTES: Final = 15
"""How long the first task nodes may take to be found; after that they are on demand."""
VOLUME_GIB: Final = {"primary": 64, "core": 128, "task": 64}
"""HDFS, shuffle files and logs of each node; the types have no disks of their own."""
ROOT_GIB: Final = 30
FIRST_TASK_NODES: Final = 1
"""EMR refuses an empty fleet; managed scaling takes the node away when nothing is to be done."""


@dataclass(frozen=True, kw_only=True)
class EmrArgs:
    """Inputs of `Emr`."""

    settings: sections.Emr
    cluster_name: str
    account_id: str
    region: str
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Zone → subnet, each tagged with `MANAGED_TAG`; EMR takes the zone that has the nodes."""
    security_groups: EmrSecurityGroups
    lake_bucket_name: pulumi.Input[str]
    lake_bucket_arn: pulumi.Input[str]
    lake_area: pulumi.Input[str]
    """Address of the lake's area ``emr``: warehouse, logs, bootstrap script."""
    key_arn: pulumi.Input[str]
    database_host: pulumi.Input[str]
    database_port: int
    metastore_secret_arn: pulumi.Input[str]
    """Its value must be there before the cluster starts."""
    tags: Mapping[str, str]
    """Of the cluster and its nodes, which the provider's default tags do not reach."""
    ready: Sequence[pulumi.Resource] = ()
    """What makes the metastore's database, user and password: without them the cluster does not start."""


class Emr(pulumi.ComponentResource):
    """The cluster. It ends itself when it is idle; the next `pulumi up --refresh` makes it anew."""

    cluster_id: pulumi.Output[str]
    primary_security_group_id: pulumi.Output[str]
    service_role_arn: pulumi.Output[str]
    instance_role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EmrArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:emr:Emr", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        roles = EmrRoles(
            f"{name}-roles",
            EmrRolesArgs(
                resources=EmrResources(
                    place=Place(account_id=args.account_id, region=args.region),
                    lake_bucket_arn=args.lake_bucket_arn,
                    key_arn=args.key_arn,
                    metastore_secret_arn=args.metastore_secret_arn,
                )
            ),
            opts=self._child,
        )
        cluster = self._cluster(roles)
        if self._task_nodes():
            self._task_fleet(cluster)
        self._scaling(cluster)
        self.cluster_id = cluster.id
        self.primary_security_group_id = args.security_groups.primary_id
        self.service_role_arn, self.instance_role_arn = roles.service_role_arn, roles.instance_role_arn
        self.register_outputs({"clusterId": self.cluster_id})

    def _cluster(self, roles: EmrRoles) -> aws.emr.Cluster:
        args, settings, groups = self._args, self._args.settings, self._args.security_groups
        security = aws.emr.SecurityConfiguration(
            f"{self._name}-security",
            configuration=configuration.security_configuration(args.key_arn),
            opts=self._child,
        )
        return aws.emr.Cluster(
            f"{self._name}-cluster",
            name=args.cluster_name,
            release_label=engine_versions.EMR,
            applications=list(configuration.APPLICATIONS),
            service_role=roles.service_role_arn,
            security_configuration=security.name,
            log_uri=pulumi.Output.concat(args.lake_area, "/logs/"),
            log_encryption_kms_key_id=args.key_arn,
            ec2_attributes=aws.emr.ClusterEc2AttributesArgs(
                instance_profile=roles.instance_profile_arn,
                subnet_ids=list(args.subnet_ids.values()),
                emr_managed_master_security_group=groups.primary_id,
                emr_managed_slave_security_group=groups.core_id,
                service_access_security_group=groups.service_id,
            ),
            master_instance_fleet=self._primary_fleet(),
            core_instance_fleet=self._core_fleet(),
            ebs_root_volume_size=ROOT_GIB,
            configurations_json=configuration.configurations(
                database_host=args.database_host,
                database_port=args.database_port,
                metastore_secret_arn=args.metastore_secret_arn,
                warehouse=pulumi.Output.concat(args.lake_area, "/warehouse"),
            ),
            bootstrap_actions=[aws.emr.ClusterBootstrapActionArgs(name="metastore-driver", path=self._driver_script())],
            steps=[_schema_step()],
            keep_job_flow_alive_when_no_steps=True,
            auto_termination_policy=aws.emr.ClusterAutoTerminationPolicyArgs(
                idle_timeout=settings.idle_timeout_minutes * 60
            ),
            termination_protection=False,
            unhealthy_node_replacement=True,
            scale_down_behavior="TERMINATE_AT_TASK_COMPLETION",
            tags={**args.tags, **MANAGED_TAG},
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*roles.rights, *args.ready],
                # Jobs add steps, and EMR describes the configuration without the secret's annotation: neither is a
                # reason to replace a cluster that works. The next cluster has what is written here.
                ignore_changes=["steps", "configurationsJson"],
                # EMR adds a task fleet once and can neither change its nodes nor delete it: other nodes are another
                # cluster, as they are of the primary and the core fleet.
                replacement_trigger=self._task_nodes(),
            ),
        )

    def _driver_script(self) -> pulumi.Output[str]:
        key = f"emr/bootstrap/metastore-driver-{engine_versions.POSTGRES_JDBC}.sh"
        script = lake_object(
            f"{self._name}-driver-script",
            bucket=self._args.lake_bucket_name,
            key=key,
            content=configuration.driver_script(self._args.region),
            content_type="text/x-shellscript",
            key_arn=self._args.key_arn,
            opts=self._child,
        )
        return pulumi.Output.concat("s3://", script.bucket, "/", script.key)

    def _primary_fleet(self) -> aws.emr.ClusterMasterInstanceFleetArgs:
        return aws.emr.ClusterMasterInstanceFleetArgs(
            name="primary",
            target_on_demand_capacity=1,
            instance_type_configs=[
                aws.emr.ClusterMasterInstanceFleetInstanceTypeConfigArgs(
                    instance_type=self._args.settings.primary_instance_type,
                    weighted_capacity=1,
                    ebs_configs=[
                        aws.emr.ClusterMasterInstanceFleetInstanceTypeConfigEbsConfigArgs(
                            type="gp3", size=VOLUME_GIB["primary"], volumes_per_instance=1
                        )
                    ],
                )
            ],
        )

    def _core_fleet(self) -> aws.emr.ClusterCoreInstanceFleetArgs:
        return aws.emr.ClusterCoreInstanceFleetArgs(
            name="core",
            target_on_demand_capacity=self._args.settings.core_units,
            instance_type_configs=[
                aws.emr.ClusterCoreInstanceFleetInstanceTypeConfigArgs(
                    instance_type=self._args.settings.core_instance_type,
                    weighted_capacity=1,
                    ebs_configs=[
                        aws.emr.ClusterCoreInstanceFleetInstanceTypeConfigEbsConfigArgs(
                            type="gp3", size=VOLUME_GIB["core"], volumes_per_instance=1
                        )
                    ],
                )
            ],
        )

    def _task_nodes(self) -> str:
        """What cannot be changed of the task fleet; empty when there is none."""
        settings = self._args.settings
        if settings.max_units <= settings.core_units:
            return ""
        return f"{VOLUME_GIB['task']} GiB: {' '.join(settings.task_instance_types)}"

    def _task_fleet(self, cluster: aws.emr.Cluster) -> None:
        aws.emr.InstanceFleet(
            f"{self._name}-task",
            cluster_id=cluster.id,
            name="task",
            target_on_demand_capacity=0,
            target_spot_capacity=FIRST_TASK_NODES,
            instance_type_configs=[
                aws.emr.InstanceFleetInstanceTypeConfigArgs(
                    instance_type=instance_type,
                    weighted_capacity=1,
                    ebs_configs=[
                        aws.emr.InstanceFleetInstanceTypeConfigEbsConfigArgs(
                            type="gp3", size=VOLUME_GIB["task"], volumes_per_instance=1
                        )
                    ],
                )
                for instance_type in self._args.settings.task_instance_types
            ],
            launch_specifications=aws.emr.InstanceFleetLaunchSpecificationsArgs(
                spot_specifications=[
                    aws.emr.InstanceFleetLaunchSpecificationsSpotSpecificationArgs(
                        allocation_strategy="price-capacity-optimized",
                        timeout_action="SWITCH_TO_ON_DEMAND",
                        timeout_duration_minutes=SPOT_WAIT_MINUTES,
                    )
                ]
            ),
            # Managed scaling decides how many there are.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["targetSpotCapacity", "targetOnDemandCapacity"]),
        )

    def _scaling(self, cluster: aws.emr.Cluster) -> None:
        core, most = self._args.settings.core_units, self._args.settings.max_units
        aws.emr.ManagedScalingPolicy(
            f"{self._name}-scaling",
            cluster_id=cluster.id,
            compute_limits=[
                aws.emr.ManagedScalingPolicyComputeLimitArgs(
                    unit_type="InstanceFleetUnits",
                    minimum_capacity_units=core,
                    maximum_capacity_units=most,
                    # Core nodes hold HDFS and stay as many as they are: what is above them is spot.
                    maximum_core_capacity_units=core,
                    maximum_ondemand_capacity_units=core,
                )
            ],
            # Every change is a new policy, and a cluster has one at most: made first, it would go with the old one.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )


def _schema_step() -> aws.emr.ClusterStepArgs:
    return aws.emr.ClusterStepArgs(
        name="Hive metastore schema",
        # A cluster whose Hive knows no tables is of no use, and says so here.
        action_on_failure="TERMINATE_CLUSTER",
        hadoop_jar_step=aws.emr.ClusterStepHadoopJarStepArgs(
            jar="command-runner.jar", args=["bash", "-c", configuration.SCHEMA_STEP]
        ),
    )
