"""What AWS runs on or beside a cluster whose services are there: EMR, and the alarms that watch all of it."""

from __future__ import annotations

import pulumi

from mlplatform import naming
from mlplatform.config.model import PlatformConfig
from mlplatform.foundation.aws import AwsFoundation
from mlplatform.foundation.aws.emr.on_ec2 import Emr, EmrArgs
from mlplatform.foundation.aws.emr.on_eks import EmrOnEks, EmrOnEksArgs
from mlplatform.foundation.aws.monitoring.alarms import Alarms, AlarmsArgs, NodeGroupWatch
from mlplatform.service_types import SERVICE_TYPES
from mlplatform.tags import platform_tags


def run_aws_operations(
    config: PlatformConfig,
    foundation: AwsFoundation,
    *,
    database_setup: pulumi.Resource | None,
) -> None:
    """Registers EMR on EC2 and on EKS, and the alarms.

    Args:
        config: the environment.
        foundation: what it stands on.
        database_setup: the job that makes the databases, that of EMR's Hive metastore among them; none until it has an
            image.
    """
    emr = _emr(config, foundation, database_setup)
    if config.emr.virtual_cluster:
        EmrOnEks(
            "emr-on-eks",
            EmrOnEksArgs(
                cluster_name=foundation.cluster.name,
                kubernetes=foundation.cluster.provider,
                virtual_cluster_name=f"{foundation.names.platform}-{naming.NAMESPACE_EMR}",
                job_role_name=f"{foundation.names.platform}-emr-on-eks",
                peers=foundation.endpoints.peers,
                account_id=config.owner.account_id,
                region=config.aws.region,
                lake_bucket_arn=foundation.lake.bucket_arn,
                lake_bucket_name=foundation.lake.bucket_name,
                lake_key_arn=foundation.keys.data_arn,
                ready=foundation.endpoints.ready,
            ),
            foundation.opts,
        )
    kafka = foundation.kafka
    groups = {
        service_type.name: NodeGroupWatch(
            autoscaling_group=foundation.nodes.autoscaling_group_names[service_type.name],
            settings=getattr(config.node_groups, service_type.config_key),
        )
        for service_type in SERVICE_TYPES
        if service_type.name in foundation.nodes.groups
    }
    Alarms(
        "alarms",
        AlarmsArgs(
            prefix=foundation.names.platform,
            email=config.owner.alert_email,
            account_id=config.owner.account_id,
            region=config.aws.region,
            database=config.database,
            database_identifier=foundation.database.identifier,
            shared_files=config.shared_files,
            file_system_id=foundation.shared_files.file_system_id,
            node_groups=groups,
            kafka=config.kafka if kafka else None,
            kafka_cluster_name=kafka.cluster_name if kafka else "",
            emr=config.emr if emr else None,
            emr_cluster_id=emr.cluster_id if emr else "",
        ),
        foundation.opts,
    )


def _emr(config: PlatformConfig, foundation: AwsFoundation, database_setup: pulumi.Resource | None) -> Emr | None:
    """EMR on EC2. Its Hive metastore needs a database, which a job of the services makes."""
    groups = foundation.emr_security_groups
    if groups is None:
        return None
    if database_setup is None:
        pulumi.log.info(
            "EMR on EC2 is left out of the plan: no job makes its metastore's database until MLflow has an image"
        )
        return None
    return Emr(
        "emr",
        EmrArgs(
            settings=config.emr,
            cluster_name=foundation.names.platform,
            account_id=config.owner.account_id,
            region=config.aws.region,
            subnet_ids=foundation.network.node_subnet_ids,
            security_groups=groups,
            lake_bucket_name=foundation.lake.bucket_name,
            lake_bucket_arn=foundation.lake.bucket_arn,
            lake_area=foundation.lake.areas["emr"],
            key_arn=foundation.keys.data_arn,
            database_host=foundation.database.host,
            database_port=foundation.database.port,
            metastore_secret_arn=foundation.metastore_secret.arn,
            tags=platform_tags(config),
            ready=[database_setup],
        ),
        foundation.opts,
    )
