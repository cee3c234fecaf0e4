"""The brokers: TLS and IAM, no event lost with a zone, and volumes that grow."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from aws_account import KEY, assert_explicit_providers, record
from cloudformation import schemas
from hypothesis import given
from hypothesis import strategies as st
from mlplatform.config import sections
from mlplatform.foundation.aws import engine_versions
from mlplatform.foundation.aws.kafka import Kafka, KafkaArgs, server_properties
from mlplatform.identities import IDENTITIES
from recorder import Recorder

CLUSTER = "aws:msk/cluster:Cluster"


@functools.cache
def recorded(**settings: Any) -> Recorder:
    args = KafkaArgs(
        settings=sections.Kafka(**settings),
        cluster_name="mlplatform-dev",
        vpc_id="vpc-1",
        subnet_ids={"a": "subnet-a", "b": "subnet-b", "c": "subnet-c"},
        client_security_group_id="sg-nodes",
        key_arn=KEY,
        log_key_arn=KEY.replace("0001", "0002"),
        log_group_name="/mlplatform/dev/kafka",
        protection=sections.Protection(protect=True, retain_on_delete=True),
    )
    return record(lambda opts: Kafka("kafka", args, opts))


def cluster(**settings: Any) -> Any:
    return recorded(**settings).one(CLUSTER).inputs


def properties(settings: sections.Kafka, zones: int) -> dict[str, str]:
    lines = server_properties(settings, zones=zones).splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_a_client_signs_in_with_iam_over_tls_and_in_no_other_way() -> None:
    found = cluster()
    assert found["clientAuthentication"] == {"sasl": {"iam": True, "scram": False}, "unauthenticated": False}
    assert found["encryptionInfo"]["encryptionInTransit"] == {"clientBroker": "TLS", "inCluster": True}
    assert found["encryptionInfo"]["encryptionAtRestKmsKeyArn"] == KEY


@pytest.mark.parametrize(("brokers", "copies"), [(2, 2), (3, 3), (6, 3)])
def test_every_topic_that_somebody_may_use_is_made_with_a_copy_in_each_zone(brokers: int, copies: int) -> None:
    found = recorded(brokers=brokers).of_type("aws:msk/topic:Topic")
    made = {one.inputs["name"] for one in found}
    used = {prefix for identity in IDENTITIES for prefix in identity.kafka_topics if prefix != "*"}
    assert used
    assert all(any(topic.startswith(prefix.removesuffix("*")) for topic in made) for prefix in used)
    for one in found:
        assert one.inputs["replicationFactor"] == copies
        assert one.inputs["partitionCount"] >= brokers
        assert one.inputs["clusterArn"].split(":")[5].startswith("cluster/kafka-cluster")
        assert one.protect
    # Brokers make none by themselves.
    assert properties(sections.Kafka(brokers=brokers), 3)["auto.create.topics.enable"] == "false"


def test_the_nodes_alone_reach_the_brokers() -> None:
    rules = recorded().of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert {one.inputs["referencedSecurityGroupId"] for one in rules} == {"sg-nodes"}
    assert {one.inputs["fromPort"] for one in rules} == {9098, 11001, 11002}
    assert cluster()["brokerNodeGroupInfo"]["securityGroups"] == ["kafka-security-group-id"]
    assert "connectivityInfo" not in cluster()["brokerNodeGroupInfo"]


def test_it_is_a_stateful_cluster_without_zookeeper() -> None:
    found = recorded().one(CLUSTER)
    assert (found.protect, found.retain_on_delete) == (True, True)
    assert found.inputs["kafkaVersion"].endswith(".kraft")


def test_dev_runs_on_brokers_that_the_version_has() -> None:
    """kafka.t3.small is refused with Kafka 4: a version above 3 needs another default of `config.Kafka`."""
    default = sections.Kafka().instance_type
    assert not (default == "kafka.t3.small" and int(engine_versions.KAFKA.split(".")[0]) > 3)


@given(brokers=st.integers(2, 30), zones=st.integers(2, 3))
def test_the_loss_of_a_zone_stops_and_loses_nothing(brokers: int, zones: int) -> None:
    found = properties(sections.Kafka(brokers=brokers), zones)
    copies, in_sync = int(found["default.replication.factor"]), int(found["min.insync.replicas"])
    assert 2 <= copies <= min(brokers, zones)
    assert in_sync == copies - 1 >= 1
    assert found["unclean.leader.election.enable"] == "false"


def test_topics_are_made_on_purpose_and_keep_events_as_configured() -> None:
    found = properties(sections.Kafka(retention_hours=42), 3)
    assert found["auto.create.topics.enable"] == "false"
    assert found["log.retention.hours"] == "42"
    configuration = recorded(retention_hours=42).one("aws:msk/configuration:Configuration").inputs
    assert "log.retention.hours=42" in configuration["serverProperties"].splitlines()


def test_volumes_grow_up_to_the_limit_and_a_plan_leaves_them_as_they_are() -> None:
    found = recorded(storage_gib=20, max_storage_gib=90)
    target = found.one("aws:appautoscaling/target:Target").inputs
    assert (target["maxCapacity"], target["scalableDimension"]) == (90, "kafka:broker-storage:VolumeSize")
    policy = found.one("aws:appautoscaling/policy:Policy").inputs["targetTrackingScalingPolicyConfiguration"]
    assert (policy["targetValue"], policy["disableScaleIn"]) == (60, True)
    assert policy["predefinedMetricSpecification"] == {"predefinedMetricType": "KafkaBrokerStorageUtilization"}
    storage = "brokerNodeGroupInfo.storageInfo.ebsStorageInfo.volumeSize"
    assert found.one(CLUSTER).ignore_changes == (storage,)


def test_volumes_without_room_do_not_grow() -> None:
    assert not recorded(storage_gib=20, max_storage_gib=20).of_type("aws:appautoscaling/target:Target")


def test_logs_and_metrics_are_kept_as_configured() -> None:
    group = recorded(log_retention_days=60).one("aws:cloudwatch/logGroup:LogGroup").inputs
    assert (group["name"], group["retentionInDays"]) == ("/mlplatform/dev/kafka", 60)
    logs = cluster()["loggingInfo"]["brokerLogs"]["cloudwatchLogs"]
    assert logs == {"enabled": True, "logGroup": "/mlplatform/dev/kafka"}
    prometheus = cluster()["openMonitoring"]["prometheus"]
    assert prometheus == {"jmxExporter": {"enabledInBroker": True}, "nodeExporter": {"enabledInBroker": True}}


@pytest.mark.parametrize("level", ["DEFAULT", "PER_BROKER", "PER_TOPIC_PER_BROKER"])
def test_the_detail_of_metrics_is_one_that_msk_has(level: str) -> None:
    assert cluster(monitoring=level)["enhancedMonitoring"] == level
    assert level in schemas("AWS::MSK::Cluster")[0]["properties"]["EnhancedMonitoring"]["enum"]


def test_providers_are_explicit() -> None:
    assert_explicit_providers(recorded())
