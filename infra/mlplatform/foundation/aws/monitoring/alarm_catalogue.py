"""What an on-call person is woken for, as data: each alarm says what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import pulumi

from mlplatform.config import sections
from mlplatform.foundation.aws.database.sizes import max_connections
from mlplatform.instance_types import is_burstable

Missing = Literal["breaching", "notBreaching"]
"""What silence means: `breaching` where a thing that works always speaks, `notBreaching` where silence is normal."""
Comparison = Literal[
    "GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"
]

MINUTE: Final = 60
HOUR: Final = 3600
GIB: Final = 2**30
FREE_STORAGE_SHARE: Final = 0.05
"""RDS grows the storage when less than a tenth is free: below half of that it does not, or not fast enough."""
CONNECTION_SHARE: Final = 0.8
LEAST_CPU_CREDITS: Final = 20
"""A credit is a minute of one CPU: 10 minutes of two."""
BROKER_DISK_PERCENT: Final = 85
"""AWS's own advice (MSK developer guide, "Best practices": monitor disk space)."""
LEAST_BURST_CREDITS: Final = 10**11
"""Bytes: an hour at about 28 MB/s beyond what the stored files earn."""
LONGEST_ALARM_HOURS: Final = 7 * 24
"""CloudWatch looks back a week at most."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm."""

    key: str
    """Part of the logical and the physical name."""
    do: str
    """What is wrong, and what to do."""
    threshold: float
    comparison: Comparison
    missing: Missing
    namespace: str = ""
    metric: str = ""
    dimensions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    statistic: Literal["Average", "Maximum", "Minimum", "Sum"] = "Average"
    query: str = ""
    """Instead of namespace, metric, dimensions and statistic: a query of CloudWatch Metrics Insights."""
    period_seconds: int = 5 * MINUTE
    periods: int = 3
    """In a row."""


def database_alarms(settings: sections.Database, identifier: str) -> Iterator[Alarm]:
    """Storage, connections and, of burstable classes, CPU credits."""
    which = {"DBInstanceIdentifier": identifier}
    yield Alarm(
        key="database-storage",
        do=f"{identifier} has almost no storage left and will stop: raise database.maxStorageGib, or look for what"
        " fills it (MLflow's old runs, a replication slot).",
        namespace="AWS/RDS",
        metric="FreeStorageSpace",
        dimensions=which,
        statistic="Minimum",
        threshold=settings.storage_gib * GIB * FREE_STORAGE_SHARE,
        comparison="LessThanThreshold",
        missing="breaching",
    )
    most = max_connections(settings.instance_class)
    yield Alarm(
        key="database-connections",
        do=f"{identifier} has more than 80 % of its {most} connections in use: find the client in pg_stat_activity, or"
        " take a larger database.instanceClass.",
        namespace="AWS/RDS",
        metric="DatabaseConnections",
        dimensions=which,
        statistic="Maximum",
        threshold=int(most * CONNECTION_SHARE),
        comparison="GreaterThanThreshold",
        missing="notBreaching",
    )
    if is_burstable(settings.instance_class):
        yield Alarm(
            key="database-cpu-credits",
            do=f"{identifier} has used up its CPU credits, and more CPU is charged for by the hour: find the slow query"
            " in Database Insights, or take a class that is not burstable.",
            namespace="AWS/RDS",
            metric="CPUCreditBalance",
            dimensions=which,
            statistic="Minimum",
            threshold=LEAST_CPU_CREDITS,
            comparison="LessThanThreshold",
            missing="notBreaching",
        )


def kafka_alarms(settings: sections.Kafka, cluster_name: str) -> Iterator[Alarm]:
    """A controller, every partition reachable, and each broker's volume and copies."""
    cluster = {"Cluster Name": cluster_name}
    yield Alarm(
        key="kafka-controller",
        do=f"{cluster_name} has no active controller: nothing about topics can change. Look at the brokers' log group"
        " and at the AWS Health dashboard.",
        namespace="AWS/Kafka",
        metric="ActiveControllerCount",
        dimensions=cluster,
        statistic="Maximum",
        threshold=1,
        comparison="LessThanThreshold",
        # With KRaft only the controllers count, and they are no brokers (KIP-1001): silence need not be a fault.
        missing="notBreaching",
    )
    yield Alarm(
        key="kafka-offline-partitions",
        do=f"{cluster_name} has partitions that nobody can read or write: a broker is gone with the only copy. See"
        " which brokers are missing, and reboot them.",
        namespace="AWS/Kafka",
        metric="OfflinePartitionsCount",
        dimensions=cluster,
        statistic="Maximum",
        threshold=0,
        comparison="GreaterThanThreshold",
        missing="notBreaching",
    )
    for broker in range(1, settings.brokers + 1):
        one = {**cluster, "Broker ID": str(broker)}
        yield Alarm(
            key=f"kafka-disk-{broker}",
            do=f"Broker {broker} of {cluster_name} is almost full and will stop: lower the retention of the largest"
            " topic, or raise kafka.maxStorageGib.",
            namespace="AWS/Kafka",
            metric="KafkaDataLogsDiskUsed",
            dimensions=one,
            statistic="Maximum",
            threshold=BROKER_DISK_PERCENT,
            comparison="GreaterThanThreshold",
            missing="breaching",
        )
        # The only one of them that MSK reports in no cluster that is monitored by default.
        if settings.monitoring != "DEFAULT":
            yield Alarm(
                key=f"kafka-copies-{broker}",
                do=f"Broker {broker} of {cluster_name} waits for copies of its partitions: the next broker that is lost"
                " may stop writes. See which broker is slow or gone.",
                namespace="AWS/Kafka",
                metric="UnderReplicatedPartitions",
                dimensions=one,
                statistic="Maximum",
                threshold=0,
                comparison="GreaterThanThreshold",
                missing="notBreaching",
                # While MSK patches brokers one by one, copies are behind for minutes.
                periods=6,
            )


def node_group_alarm(service_type: str, autoscaling_group: pulumi.Input[str], max_size: int) -> Alarm:
    """The group has as many nodes as it may: pods that ask for more wait for ever.

    EKS turns the metrics of its auto-scaling groups on by itself (EKS guide, "View metrics for EC2 Auto Scaling
    groups").
    """
    return Alarm(
        key=f"nodes-{service_type}",
        do=f"The node group {service_type} has had all its {max_size} nodes for 30 minutes: if pods are pending, raise"
        " its maxSize, or stop what should not run.",
        namespace="AWS/AutoScaling",
        metric="GroupInServiceInstances",
        dimensions={"AutoScalingGroupName": autoscaling_group},
        statistic="Minimum",
        threshold=max_size,
        comparison="GreaterThanOrEqualToThreshold",
        missing="notBreaching",
        periods=6,
    )


def load_balancer_alarm() -> Alarm:
    """Any target of any network load balancer of the account in the region that does not answer.

    A controller in the cluster makes the load balancers, so that none of their names is known while planning; a query
    needs none, and also finds those that are made tomorrow.
    """
    return Alarm(
        key="unhealthy-targets",
        do="A load balancer has had targets that do not answer for 15 minutes. See which in the console (EC2, target"
        " groups), then the pods behind it: kubectl --namespace serving get pods.",
        query='SELECT MAX(UnHealthyHostCount) FROM SCHEMA("AWS/NetworkELB", LoadBalancer, TargetGroup)',
        threshold=0,
        comparison="GreaterThanThreshold",
        missing="notBreaching",
    )


def file_alarms(settings: sections.SharedFiles, file_system_id: pulumi.Input[str]) -> Iterator[Alarm]:
    """Burst credits, where there are any."""
    if settings.throughput_mode == "bursting":
        yield Alarm(
            key="files-burst-credits",
            do="The shared file system has almost no burst credits left and will become slow: find the job that reads"
            " or writes so much, or set sharedFiles.throughputMode to elastic.",
            namespace="AWS/EFS",
            metric="BurstCreditBalance",
            dimensions={"FileSystemId": file_system_id},
            statistic="Minimum",
            threshold=LEAST_BURST_CREDITS,
            comparison="LessThanThreshold",
            missing="notBreaching",
        )


def emr_alarm(settings: sections.Emr, cluster_id: pulumi.Input[str]) -> Alarm:
    """A cluster that is idle for twice the time after which it should have ended itself."""
    hours = -(-2 * settings.idle_timeout_minutes // 60)
    return Alarm(
        key="emr-idle",
        do="The EMR cluster is idle and has not ended itself: terminate it, `pulumi up --refresh` makes the next one.",
        namespace="AWS/ElasticMapReduce",
        metric="IsIdle",
        dimensions={"JobFlowId": cluster_id},
        statistic="Minimum",
        threshold=1,
        comparison="GreaterThanOrEqualToThreshold",
        missing="notBreaching",
        period_seconds=HOUR,
        periods=min(hours, LONGEST_ALARM_HOURS),
    )
