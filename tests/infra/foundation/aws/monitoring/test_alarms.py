"""Alarms: each says what to do, none is mute, and what does not exist is not watched."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest
from aws_account import ACCOUNT, REGION, assert_explicit_providers, node_group, record
from aws_catalogue.metrics import is_published, watched
from cloudformation import schemas
from hypothesis import given
from hypothesis import strategies as st
from mlplatform.config import sections
from mlplatform.foundation.aws import engine_versions
from mlplatform.foundation.aws.monitoring.alarm_catalogue import emr_alarm
from mlplatform.foundation.aws.monitoring.alarms import Alarms, AlarmsArgs, NodeGroupWatch
from recorder import Recorder

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
LONGEST_SECONDS = {True: 86_400, False: 7 * 86_400}
"""Whether the period is below an hour → what an alarm looks back at most (CloudWatch user guide)."""


@functools.cache
def recorded(
    *,
    instance_class: str = "db.t4g.medium",
    throughput_mode: Any = "bursting",
    kafka: bool = True,
    emr: bool = True,
    monitoring: Any = "PER_BROKER",
) -> Recorder:
    args = AlarmsArgs(
        prefix="mlplatform-dev",
        email="on-call@example.org",
        account_id=ACCOUNT,
        region=REGION,
        database=sections.Database(instance_class=instance_class, storage_gib=100),
        database_identifier="mlplatform-dev",
        shared_files=sections.SharedFiles(throughput_mode=throughput_mode),
        file_system_id="fs-1",
        node_groups={
            "ray": NodeGroupWatch(autoscaling_group="asg-ray", settings=node_group(max_size=7)),
            "system": NodeGroupWatch(autoscaling_group="asg-system", settings=node_group(min_size=3, max_size=3)),
        },
        kafka=sections.Kafka(brokers=3, monitoring=monitoring) if kafka else None,
        kafka_cluster_name="mlplatform-dev",
        emr=sections.Emr(idle_timeout_minutes=60) if emr else None,
        emr_cluster_id="j-1",
    )
    return record(lambda opts: Alarms("alarms", args, opts))


def keys(**which: Any) -> set[str]:
    return {one.name.removeprefix("alarms-") for one in recorded(**which).of_type(ALARM)}


def alarm(key: str, **which: Any) -> Any:
    return recorded(**which).one(ALARM, f"alarms-{key}").inputs


ALL = {
    "database-storage",
    "database-connections",
    "database-cpu-credits",
    "files-burst-credits",
    "unhealthy-targets",
    "nodes-ray",
    "kafka-controller",
    "kafka-offline-partitions",
    *(f"kafka-{what}-{broker}" for what in ("disk", "copies") for broker in (1, 2, 3)),
    "emr-idle",
}


def test_all_that_an_on_call_person_must_know_is_watched() -> None:
    assert keys() == ALL


@pytest.mark.parametrize("key", sorted(ALL))
def test_an_alarm_says_what_to_do_and_reaches_a_person(key: str) -> None:
    found = alarm(key)
    assert found["name"] == f"mlplatform-dev-{key}"
    assert len(found["alarmDescription"]) > 60
    assert found["alarmActions"] == found["okActions"] == ["arn:aws:sns:eu-central-1:123456789012:alarms-topic"]


@pytest.mark.parametrize("key", sorted(ALL))
def test_cloudwatch_takes_the_alarm(key: str) -> None:
    found, known = alarm(key), schemas("AWS::CloudWatch::Alarm")[0]["properties"]
    assert found["treatMissingData"] in known["TreatMissingData"]["enum"]
    assert found["comparisonOperator"] in known["ComparisonOperator"]["enum"]
    if "metricQueries" in found:
        assert not {"metricName", "namespace", "statistic", "dimensions", "period"} & set(found)
        (query,) = found["metricQueries"]
        assert (query["returnData"], query["period"]) == (True, 300)
        period = query["period"]
    else:
        assert found["statistic"] in known["Statistic"]["enum"]
        period = found["period"]
    assert found["evaluationPeriods"] * period <= LONGEST_SECONDS[period < 3600]


def test_each_watches_what_its_service_publishes_those_too_that_no_environment_has() -> None:
    alarms = recorded().of_type(ALARM)
    watches = {one.name.removeprefix("alarms-"): watched(one) for one in alarms}
    assert [key for key, found in watches.items() if not found] == []
    wrong = [
        (key, *one) for key, found in watches.items() for one in found if not is_published(*one, level="PER_BROKER")
    ]
    assert wrong == []


def test_silence_of_kafkas_controllers_is_no_fault() -> None:
    """With KRaft no broker reports the count (KIP-1001), and MSK tells of brokers."""
    assert engine_versions.KAFKA.endswith(".kraft")
    assert alarm("kafka-controller")["treatMissingData"] == "notBreaching"


def test_credits_are_watched_only_where_there_are_some() -> None:
    assert keys(instance_class="db.m7g.large", throughput_mode="elastic") == ALL - {
        "database-cpu-credits",
        "files-burst-credits",
    }


def test_what_does_not_exist_is_not_watched() -> None:
    assert not {key for key in keys(kafka=False, emr=False) if key.startswith(("kafka", "emr"))}


def test_copies_are_watched_only_where_msk_counts_them() -> None:
    assert not {key for key in keys(monitoring="DEFAULT") if key.startswith("kafka-copies")}


def test_the_thresholds_follow_the_settings() -> None:
    assert alarm("database-storage")["threshold"] == 5 * 2**30
    assert alarm("nodes-ray")["threshold"] == 7
    assert alarm("nodes-ray")["dimensions"] == {"AutoScalingGroupName": "asg-ray"}
    assert alarm("kafka-disk-2")["dimensions"] == {"Cluster Name": "mlplatform-dev", "Broker ID": "2"}


def test_a_group_of_one_size_is_not_watched() -> None:
    assert "nodes-system" not in keys()


def test_load_balancers_are_found_without_their_names() -> None:
    (query,) = alarm("unhealthy-targets")["metricQueries"]
    assert query["expression"] == (
        'SELECT MAX(UnHealthyHostCount) FROM SCHEMA("AWS/NetworkELB", LoadBalancer, TargetGroup)'
    )


@given(st.integers(1, 10_080))
def test_an_idle_cluster_gets_twice_its_time_within_what_cloudwatch_can_see(minutes: int) -> None:
    found = emr_alarm(sections.Emr(idle_timeout_minutes=minutes), "j-1")
    assert found.periods * found.period_seconds <= LONGEST_SECONDS[False]
    assert found.periods * 60 >= min(2 * minutes, 7 * 24 * 60)


def test_messages_are_encrypted_with_a_key_that_cloudwatch_can_use() -> None:
    topic = recorded().one("aws:sns/topic:Topic").inputs
    key = recorded().one("aws:kms/key:Key")
    assert topic["kmsMasterKeyId"].endswith("alarms-key")
    assert key.inputs["enableKeyRotation"] is True
    uses = {one["Sid"]: one for one in json.loads(key.inputs["policy"])["Statement"]}["CloudWatchAlarms"]
    assert uses["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert uses["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert set(uses["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}


def test_only_alarms_of_the_account_write_to_the_topic_and_only_over_tls() -> None:
    document = json.loads(recorded().one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"])
    allowed, denied = document["Statement"]
    assert allowed["Condition"]["ArnLike"] == {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"}
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_owner_is_subscribed() -> None:
    found = recorded().one("aws:sns/topicSubscription:TopicSubscription").inputs
    assert (found["protocol"], found["endpoint"]) == ("email", "on-call@example.org")


def test_providers_are_explicit() -> None:
    assert_explicit_providers(recorded())
