"""The brokers (MSK): TLS and IAM alone, one copy of each partition in every zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from mlplatform import naming
from mlplatform.config import sections
from mlplatform.config.sections import Protection
from mlplatform.foundation.aws import engine_versions
from mlplatform.stateful import stateful

IAM_PORT: Final = 9098
"""SASL with IAM over TLS, inside the VPC (MSK developer guide, "Port information")."""
EXPORTER_PORTS: Final = {"jmx": 11001, "node": 11002}
"""Prometheus reads the brokers' metrics there (same guide, "Open monitoring")."""
GROW_AT_PERCENT: Final = 60
"""Volumes grow above it. MSK grows them once in six hours at most, so that the rest must last that long."""
MOST_COPIES: Final = 3

GrowthArgs = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs
GrowthMetric = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs


@dataclass(frozen=True, kw_only=True)
class KafkaArgs:
    """Inputs of `Kafka`."""

    settings: sections.Kafka
    cluster_name: str
    vpc_id: pulumi.Input[str]
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Zone → subnet; brokers spread over them."""
    client_security_group_id: pulumi.Input[str]
    """Whose members may connect: the nodes."""
    key_arn: pulumi.Input[str]
    log_key_arn: pulumi.Input[str]
    log_group_name: str
    protection: Protection


class Kafka(pulumi.ComponentResource):
    """The cluster, its configuration, its topics, and volumes that grow by themselves."""

    bootstrap_servers: pulumi.Output[str]
    """``host:port`` pairs with commas between them, for IAM."""
    cluster_arn: pulumi.Output[str]
    cluster_name: str

    def __init__(self, name: str, args: KafkaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:kafka:Kafka", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        cluster = self._cluster()
        if args.settings.max_storage_gib > args.settings.storage_gib:
            self._grow(cluster)
        self._topics(cluster)
        self.bootstrap_servers = cluster.bootstrap_brokers_sasl_iam
        self.cluster_arn, self.cluster_name = cluster.arn, args.cluster_name
        self.register_outputs({"bootstrapServers": self.bootstrap_servers})

    def _cluster(self) -> aws.msk.Cluster:
        args, settings = self._args, self._args.settings
        configuration = aws.msk.Configuration(
            f"{self._name}-configuration",
            description="Copies, retention, and no topics by accident",
            server_properties=server_properties(settings, zones=len(args.subnet_ids)),
            opts=self._child,
        )
        logs = aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=args.log_group_name,
            kms_key_id=args.log_key_arn,
            retention_in_days=settings.log_retention_days,
            opts=self._child,
        )
        storage = aws.msk.ClusterBrokerNodeGroupInfoStorageInfoArgs(
            ebs_storage_info=aws.msk.ClusterBrokerNodeGroupInfoStorageInfoEbsStorageInfoArgs(
                volume_size=settings.storage_gib
            )
        )
        return aws.msk.Cluster(
            f"{self._name}-cluster",
            cluster_name=args.cluster_name,
            kafka_version=engine_versions.KAFKA,
            number_of_broker_nodes=settings.brokers,
            broker_node_group_info=aws.msk.ClusterBrokerNodeGroupInfoArgs(
                instance_type=settings.instance_type,
                client_subnets=list(args.subnet_ids.values()),
                security_groups=[self._security_group()],
                storage_info=storage,
            ),
            configuration_info=aws.msk.ClusterConfigurationInfoArgs(
                arn=configuration.arn, revision=configuration.latest_revision
            ),
            client_authentication=aws.msk.ClusterClientAuthenticationArgs(
                sasl=aws.msk.ClusterClientAuthenticationSaslArgs(iam=True, scram=False), unauthenticated=False
            ),
            encryption_info=aws.msk.ClusterEncryptionInfoArgs(
                encryption_at_rest_kms_key_arn=args.key_arn,
                encryption_in_transit=aws.msk.ClusterEncryptionInfoEncryptionInTransitArgs(
                    client_broker="TLS", in_cluster=True
                ),
            ),
            enhanced_monitoring=settings.monitoring,
            open_monitoring=_open_monitoring(),
            logging_info=aws.msk.ClusterLoggingInfoArgs(
                broker_logs=aws.msk.ClusterLoggingInfoBrokerLogsArgs(
                    cloudwatch_logs=aws.msk.ClusterLoggingInfoBrokerLogsCloudwatchLogsArgs(
                        enabled=True, log_group=logs.name
                    )
                )
            ),
            # Volumes have grown by the time of the next plan, and MSK never shrinks them.
            opts=stateful(
                self, args.protection, ignore_changes=["brokerNodeGroupInfo.storageInfo.ebsStorageInfo.volumeSize"]
            ),
        )

    def _topics(self, cluster: aws.msk.Cluster) -> None:
        """Made by MSK's own API: no client may make one, and brokers make none by themselves."""
        for topic, partitions in naming.TOPICS.items():
            aws.msk.Topic(
                f"{self._name}-topic-{topic}",
                cluster_arn=cluster.arn,
                name=topic,
                partition_count=partitions,
                replication_factor=copies(self._args.settings, zones=len(self._args.subnet_ids)),
                # There is one topic of a name, and its events go with it.
                opts=stateful(self, self._args.protection, delete_before_replace=True),
            )

    def _security_group(self) -> pulumi.Output[str]:
        group = aws.ec2.SecurityGroup(
            f"{self._name}-security-group",
            description="Kafka from the nodes",
            vpc_id=self._args.vpc_id,
            tags={"Name": self._name},
            opts=self._child,
        )
        for use, port in {"iam": IAM_PORT, **EXPORTER_PORTS}.items():
            aws.vpc.SecurityGroupIngressRule(
                f"{self._name}-{use}",
                security_group_id=group.id,
                description=f"Kafka ({use}) from the nodes",
                referenced_security_group_id=self._args.client_security_group_id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                opts=self._child,
            )
        return group.id

    def _grow(self, cluster: aws.msk.Cluster) -> None:
        target = aws.appautoscaling.Target(
            f"{self._name}-storage",
            service_namespace="kafka",
            scalable_dimension="kafka:broker-storage:VolumeSize",
            resource_id=cluster.arn,
            # Application Auto Scaling wants 1 for brokers: it never makes a volume smaller anyhow.
            min_capacity=1,
            max_capacity=self._args.settings.max_storage_gib,
            opts=self._child,
        )
        aws.appautoscaling.Policy(
            f"{self._name}-storage-growth",
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration=GrowthArgs(
                predefined_metric_specification=GrowthMetric(predefined_metric_type="KafkaBrokerStorageUtilization"),
                target_value=GROW_AT_PERCENT,
                disable_scale_in=True,
            ),
            opts=self._child,
        )


def copies(settings: sections.Kafka, *, zones: int) -> int:
    """Of each partition: one in each zone."""
    return min(settings.brokers, zones, MOST_COPIES)


def server_properties(settings: sections.Kafka, *, zones: int) -> str:
    """Defaults of topics.

    A copy in each zone, and a write counts when all copies but one have it: the loss of a zone stops nothing and
    loses nothing.
    """
    replicas = copies(settings, zones=zones)
    values = {
        # A topic is made on purpose: a misspelt name is an error, not a topic.
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "min.insync.replicas": max(1, replicas - 1),
        "unclean.leader.election.enable": "false",
        "num.partitions": settings.brokers,
        "log.retention.hours": settings.retention_hours,
    }
    return "\n".join(f"{key}={value}" for key, value in values.items())


def _open_monitoring() -> aws.msk.ClusterOpenMonitoringArgs:
    return aws.msk.ClusterOpenMonitoringArgs(
        prometheus=aws.msk.ClusterOpenMonitoringPrometheusArgs(
            jmx_exporter=aws.msk.ClusterOpenMonitoringPrometheusJmxExporterArgs(enabled_in_broker=True),
            node_exporter=aws.msk.ClusterOpenMonitoringPrometheusNodeExporterArgs(enabled_in_broker=True),
        )
    )
