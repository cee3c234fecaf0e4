"""Every alarm watches what CloudWatch measures: a metric that its service publishes, with dimensions it comes with.

The catalogue is AWS' documentation (`tests/support/infra/aws_catalogue/cloudwatch_metrics.yaml` says which page, and of
which day). CloudWatch takes an alarm on a metric that nobody publishes; it then never rings, or always.
"""

from __future__ import annotations

import re
from typing import Final

import pytest
from aws_catalogue.metrics import ALARM, catalogue, is_published, watched
from mlplatform.config.base import AwsEnvironment
from whole_program import ENVIRONMENTS, record


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_alarm_watches_a_metric_that_its_service_publishes(environment: AwsEnvironment) -> None:
    recorder = record(environment)
    [kafka] = recorder.of_type("aws:msk/cluster:Cluster")
    level = kafka.inputs.get("enhancedMonitoring", "DEFAULT")
    alarms = recorder.of_type(ALARM)
    assert all(watched(one) for one in alarms), "what does this alarm look at?"
    assert [
        (one.name, *which) for one in alarms for which in watched(one) if not is_published(*which, level=level)
    ] == []


@pytest.mark.parametrize(
    ("namespace", "metric", "dimensions"),
    [
        ("AWS/RDS", "FreeStorageSpaces", {"DBInstanceIdentifier"}),
        ("AWS/Rds", "FreeStorageSpace", {"DBInstanceIdentifier"}),
        ("AWS/RDS", "FreeStorageSpace", {"DbInstance"}),
        ("AWS/Kafka", "ActiveControllerCount", {"Cluster Name", "Broker ID"}),
    ],
)
def test_the_catalogue_knows_no_other(namespace: str, metric: str, dimensions: set[str]) -> None:
    assert not is_published(namespace, metric, dimensions)


def test_a_metric_of_a_higher_level_is_published_at_that_level_alone() -> None:
    which = ("AWS/Kafka", "TrafficBytes", {"Cluster Name", "Broker ID"})
    assert is_published(*which, level="PER_BROKER")
    assert not is_published(*which)


def test_the_catalogue_says_where_it_is_from_and_of_which_day() -> None:
    assert all(re.match(r"\d{4}-\d\d-\d\d$", entry["of"]) and entry["source"] for entry in catalogue().values())


PERCENTAGES: Final = {"KafkaDataLogsDiskUsed", "RootDiskUsed", "CpuUser", "HDFSUtilization", "PercentIOLimit"}
"""Metrics that are shares of a hundred (source: the same pages)."""
CONNECTION_BYTES: Final = 9_531_392
MOST_CONNECTIONS: Final = 5_000
"""RDS for PostgreSQL takes LEAST(memory / 9531392, 5000) connections (source: RDS user guide, "Quotas and constraints",
maximum number of database connections)."""
MEMORY_GIB: Final = {"db.t4g.medium": 4, "db.t4g.large": 8, "db.m7g.large": 8, "db.m7g.xlarge": 16}
"""Source: RDS user guide, "Hardware specifications for DB instance classes"."""


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_alarm_is_about_something_that_there_is(environment: AwsEnvironment) -> None:
    recorder = record(environment)
    there = {
        "DBInstanceIdentifier": {one.inputs["identifier"] for one in recorder.of_type("aws:rds/instance:Instance")},
        "Cluster Name": {one.inputs["clusterName"] for one in recorder.of_type("aws:msk/cluster:Cluster")},
        "JobFlowId": {f"{one.name}-id" for one in recorder.of_type("aws:emr/cluster:Cluster")},
    }
    watched_by = [
        (alarm.name, name, value)
        for alarm in recorder.of_type(ALARM)
        for name, value in (alarm.inputs.get("dimensions") or {}).items()
        if name in there
    ]
    assert {name for _, name, _ in watched_by} >= {"DBInstanceIdentifier"}
    assert [one for one in watched_by if one[2] not in there[one[1]]] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_threshold_is_a_value_that_can_be_reached(environment: AwsEnvironment) -> None:
    recorder = record(environment)
    (database,) = recorder.of_type("aws:rds/instance:Instance")
    memory = MEMORY_GIB[database.inputs["instanceClass"]] * 2**30
    most = min(memory // CONNECTION_BYTES, MOST_CONNECTIONS)
    seen = set()
    for alarm in recorder.of_type(ALARM):
        for _, metric, _ in watched(alarm):
            if metric in PERCENTAGES:
                assert 0 < alarm.inputs["threshold"] < 100, alarm.name
            if metric == "DatabaseConnections":
                assert most / 2 < alarm.inputs["threshold"] < most, alarm.name
            seen.add(metric)
    assert "DatabaseConnections" in seen
