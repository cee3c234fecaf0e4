"""AWS resources against CloudFormation's schemas: enumerations, patterns, bounds, and what must be there."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from cloudformation import faults, properties
from cloudformation_table import COUNTERPARTS, NOT_COMPARED
from mlplatform.config.base import AwsEnvironment
from policy_views import plain
from recorder import Recorded
from whole_program import ENVIRONMENTS, made_up, record


def resource_faults(resource: Recorded, inputs: Any, environment: AwsEnvironment = "dev") -> list[str]:
    counterpart = COUNTERPARTS[resource.type]
    return faults(counterpart.type, properties(counterpart, inputs), made_up(environment))


def aws(environment: AwsEnvironment) -> list[Recorded]:
    return [one for one in record(environment).resources if one.type.startswith("aws:")]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_cloudformation_would_accept_every_resource(environment: AwsEnvironment) -> None:
    found = {
        f"{one.type} {one.name}": its
        for one in aws(environment)
        if one.type in COUNTERPARTS and (its := resource_faults(one, plain(one.inputs), environment))
    }
    assert found == {}


def test_every_type_is_compared_or_it_says_why_not() -> None:
    types = {one.type for environment in ENVIRONMENTS for one in aws(environment)}
    assert types - COUNTERPARTS.keys() - NOT_COMPARED.keys() == set()
    assert (COUNTERPARTS.keys() | NOT_COMPARED.keys()) - types == set()


def put(*path: str | int, value: Any) -> Callable[[Any], None]:
    def change(inputs: Any) -> None:
        for part in path[:-1]:
            inputs = inputs[part]
        inputs[path[-1]] = value

    return change


def remove(*path: str | int) -> Callable[[Any], None]:
    def change(inputs: Any) -> None:
        for part in path[:-1]:
            inputs = inputs[part]
        del inputs[path[-1]]

    return change


@pytest.mark.parametrize(
    ("type_", "change", "fault"),
    [
        ("aws:rds/instance:Instance", put("engineVersion", value="17.99"), "EngineVersion: '17.99' is not one of"),
        ("aws:rds/instance:Instance", put("instanceClass", value="db.m99.large"), "DBInstanceClass: 'db.m99.large'"),
        ("aws:msk/cluster:Cluster", put("enhancedMonitoring", value="PER_BORKER"), "EnhancedMonitoring: 'PER_BORKER'"),
        (
            "aws:msk/cluster:Cluster",
            put("encryptionInfo", "encryptionInTransit", "clientBroker", value="SSL"),
            "EncryptionInfo.EncryptionInTransit.ClientBroker: 'SSL' is not one of",
        ),
        ("aws:msk/cluster:Cluster", remove("kafkaVersion"), "-: 'KafkaVersion' is a required property"),
        ("aws:efs/fileSystem:FileSystem", put("throughputMode", value="fast"), "ThroughputMode: 'fast'"),
        (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            put("rules", 0, "status", value="On"),
            "LifecycleConfiguration.Rules.0.Status: 'On' is not one of",
        ),
        ("aws:ecr/repository:Repository", put("imageTagMutability", value="NEVER"), "ImageTagMutability: 'NEVER'"),
        ("aws:kms/key:Key", put("deletionWindowInDays", value=31), "PendingWindowInDays: 31 is greater than"),
        ("aws:eks/nodeGroup:NodeGroup", put("taints", 0, "effect", value="NoSchedule"), "Taints.0.Effect: "),
        ("aws:eks/nodeGroup:NodeGroup", put("nodeRoll", value="misspelt"), "-: Additional properties"),
        ("aws:cloudwatch/logGroup:LogGroup", put("retentionInDays", value=31), "RetentionInDays: 31 is not one of"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", put("comparisonOperator", value=">"), "ComparisonOperator: '>'"),
        (
            "aws:emr/cluster:Cluster",
            put("autoTerminationPolicy", "idleTimeout", value="soon"),
            "AutoTerminationPolicy.IdleTimeout: 'soon' is not of type integer",
        ),
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            put("metadataOptions", "httpTokens", value={}),
            "LaunchTemplateData.Meta",
        ),
    ],
)
def test_a_mistake_is_found(type_: str, change: Callable[[Any], None], fault: str) -> None:
    resource = next(one for one in aws("dev") if one.type == type_)
    inputs = copy.deepcopy(plain(resource.inputs))
    assert resource_faults(resource, inputs) == []
    change(inputs)
    found = resource_faults(resource, inputs)
    assert [one for one in found if one.startswith(fault)], found
