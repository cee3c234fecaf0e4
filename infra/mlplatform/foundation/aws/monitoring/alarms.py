"""Alarms, and the topic by which they reach a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws

from mlplatform.config import sections
from mlplatform.foundation.aws.monitoring.alarm_catalogue import (
    Alarm,
    database_alarms,
    emr_alarm,
    file_alarms,
    kafka_alarms,
    load_balancer_alarm,
    node_group_alarm,
)
from mlplatform.iam_policies import Statement, policy

KEY_DELETION_DAYS: Final = 7
"""The shortest that KMS offers: the key holds nothing but messages on their way."""


@dataclass(frozen=True, kw_only=True)
class NodeGroupWatch:
    """A node group that is watched."""

    autoscaling_group: pulumi.Input[str]
    settings: sections.NodeGroup


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """Inputs of `Alarms`; what is None does not exist and is not watched."""

    prefix: str
    """Of the alarms' names, which a person reads in an e-mail."""
    email: str
    account_id: str
    region: str
    database: sections.Database
    database_identifier: str
    shared_files: sections.SharedFiles
    file_system_id: pulumi.Input[str]
    node_groups: Mapping[str, NodeGroupWatch] = field(default_factory=dict)
    """Service type (``spark-executor``) → its group."""
    kafka: sections.Kafka | None = None
    kafka_cluster_name: str = ""
    emr: sections.Emr | None = None
    emr_cluster_id: pulumi.Input[str] = ""


class Alarms(pulumi.ComponentResource):
    """The alarms. The address must confirm its subscription by the link in the first e-mail."""

    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:alarms:Alarms", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.topic_arn = self._topic()
        for alarm in _alarms(args):
            self._alarm(alarm)
        self.register_outputs({"topicArn": self.topic_arn})

    def _topic(self) -> pulumi.Output[str]:
        args = self._args
        from_cloudwatch = {"StringEquals": {"aws:SourceAccount": args.account_id}}
        cloudwatch = {"Service": "cloudwatch.amazonaws.com"}
        key = aws.kms.Key(
            f"{self._name}-key",
            description="Messages of alarms: CloudWatch cannot use AWS's own key of SNS",
            enable_key_rotation=True,
            deletion_window_in_days=KEY_DELETION_DAYS,
            policy=policy(
                # In a key's policy the resource "*" is the key itself.
                Statement(
                    sid="Account",
                    actions=["kms:*"],
                    resources=["*"],
                    principals={"AWS": f"arn:aws:iam::{args.account_id}:root"},
                ),
                Statement(
                    sid="CloudWatchAlarms",
                    actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                    resources=["*"],
                    principals=cloudwatch,
                    conditions=from_cloudwatch,
                ),
            ),
            opts=self._child,
        )
        topic = aws.sns.Topic(f"{self._name}-topic", kms_master_key_id=key.arn, opts=self._child)
        alarms = f"arn:aws:cloudwatch:{args.region}:{args.account_id}:alarm:*"
        aws.sns.TopicPolicy(
            f"{self._name}-topic-policy",
            arn=topic.arn,
            policy=policy(
                Statement(
                    sid="CloudWatchAlarms",
                    actions=["sns:Publish"],
                    resources=[topic.arn],
                    principals=cloudwatch,
                    conditions={**from_cloudwatch, "ArnLike": {"aws:SourceArn": alarms}},
                ),
                Statement(
                    sid="TlsOnly",
                    effect="Deny",
                    actions=["sns:Publish"],
                    resources=[topic.arn],
                    principals={"AWS": "*"},
                    conditions={"Bool": {"aws:SecureTransport": "false"}},
                ),
            ),
            opts=self._child,
        )
        aws.sns.TopicSubscription(
            f"{self._name}-email", topic=topic.arn, protocol="email", endpoint=args.email, opts=self._child
        )
        return topic.arn

    def _alarm(self, alarm: Alarm) -> None:
        query = aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id="found", expression=alarm.query, period=alarm.period_seconds, label=alarm.key, return_data=True
        )
        by_metric = not alarm.query
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{alarm.key}",
            name=f"{self._args.prefix}-{alarm.key}",
            alarm_description=alarm.do,
            namespace=alarm.namespace if by_metric else None,
            metric_name=alarm.metric if by_metric else None,
            dimensions=alarm.dimensions if by_metric else None,
            statistic=alarm.statistic if by_metric else None,
            period=alarm.period_seconds if by_metric else None,
            metric_queries=None if by_metric else [query],
            threshold=alarm.threshold,
            comparison_operator=alarm.comparison,
            evaluation_periods=alarm.periods,
            treat_missing_data=alarm.missing,
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
            opts=self._child,
        )


def _alarms(args: AlarmsArgs) -> Iterator[Alarm]:
    yield from database_alarms(args.database, args.database_identifier)
    yield from file_alarms(args.shared_files, args.file_system_id)
    yield load_balancer_alarm()
    for service_type, group in args.node_groups.items():
        # A group of one size is at its maximum by nature.
        if group.settings.max_size > group.settings.min_size:
            yield node_group_alarm(service_type, group.autoscaling_group, group.settings.max_size)
    if args.kafka is not None:
        yield from kafka_alarms(args.kafka, args.kafka_cluster_name)
    if args.emr is not None:
        yield emr_alarm(args.emr, args.emr_cluster_id)
