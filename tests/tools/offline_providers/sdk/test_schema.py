"""What is read from the SDKs: 60 types that a platform uses, and how their inputs are checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from offline_providers.provider import Failure
from offline_providers.sdk import shapes
from offline_providers.sdk.checking import check
from offline_providers.sdk.replacement import replaced_by, told_of
from offline_providers.sdk.replacement_read import NOT_FOR_OURS, READ
from offline_providers.sdk.schema import ResourceSchema, Sdk
from offline_providers.wire import UNKNOWN, Asset, Secret

# The least that each type takes.
LEAST: dict[str, dict[str, Any]] = {
    "aws:ec2/vpc:Vpc": {},
    "aws:ec2/subnet:Subnet": {"vpcId": "vpc-1"},
    "aws:ec2/natGateway:NatGateway": {},
    "aws:ec2/eip:Eip": {},
    "aws:ec2/internetGateway:InternetGateway": {},
    "aws:ec2/routeTable:RouteTable": {"vpcId": "vpc-1"},
    "aws:ec2/route:Route": {"routeTableId": "rtb-1"},
    "aws:ec2/routeTableAssociation:RouteTableAssociation": {"routeTableId": "rtb-1"},
    "aws:ec2/securityGroup:SecurityGroup": {},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"ipProtocol": "tcp", "securityGroupId": "sg-1"},
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {"ipProtocol": "tcp", "securityGroupId": "sg-1"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"vpcId": "vpc-1"},
    "aws:ec2/launchTemplate:LaunchTemplate": {},
    "aws:ec2/flowLog:FlowLog": {},
    "aws:eks/cluster:Cluster": {"roleArn": "arn", "vpcConfig": {"subnetIds": ["subnet-1"]}},
    "aws:eks/nodeGroup:NodeGroup": {
        "clusterName": "c",
        "nodeRoleArn": "arn",
        "subnetIds": ["subnet-1"],
        "scalingConfig": {"desiredSize": 1, "minSize": 1, "maxSize": 2},
    },
    "aws:eks/addon:Addon": {"addonName": "coredns", "clusterName": "c"},
    "aws:eks/accessEntry:AccessEntry": {"clusterName": "c", "principalArn": "arn"},
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
        "clusterName": "c",
        "namespace": "n",
        "roleArn": "arn",
        "serviceAccount": "s",
    },
    "aws:emrcontainers/virtualCluster:VirtualCluster": {
        "containerProvider": {"id": "c", "type": "EKS", "info": {"eksInfo": {"namespace": "n"}}}
    },
    "aws:emr/cluster:Cluster": {"releaseLabel": "emr-7.5.0", "serviceRole": "arn"},
    "aws:msk/cluster:Cluster": {
        "kafkaVersion": "3.6.0",
        "numberOfBrokerNodes": 3,
        "brokerNodeGroupInfo": {"clientSubnets": ["s"], "instanceType": "kafka.t3.small", "securityGroups": ["sg"]},
    },
    "aws:msk/configuration:Configuration": {"serverProperties": "a=b"},
    "aws:rds/instance:Instance": {"instanceClass": "db.t4g.micro"},
    "aws:rds/subnetGroup:SubnetGroup": {"subnetIds": ["s"]},
    "aws:rds/parameterGroup:ParameterGroup": {"family": "postgres16"},
    "aws:efs/fileSystem:FileSystem": {},
    "aws:efs/mountTarget:MountTarget": {"fileSystemId": "fs-1", "subnetId": "subnet-1"},
    "aws:efs/accessPoint:AccessPoint": {"fileSystemId": "fs-1"},
    "aws:s3/bucket:Bucket": {},
    "aws:s3/bucketPolicy:BucketPolicy": {"bucket": "b", "policy": "{}"},
    "aws:s3/bucketVersioning:BucketVersioning": {"bucket": "b", "versioningConfiguration": {"status": "Enabled"}},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"bucket": "b"},
    "aws:ecr/repository:Repository": {},
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": {"policy": "{}", "repository": "r"},
    "aws:kms/key:Key": {},
    "aws:kms/alias:Alias": {"targetKeyId": "k"},
    "aws:iam/role:Role": {"assumeRolePolicy": "{}"},
    "aws:iam/policy:Policy": {"policy": "{}"},
    "aws:iam/rolePolicy:RolePolicy": {"policy": "{}", "role": "r"},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {"policyArn": "arn", "role": "r"},
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {"clientIdLists": ["sts"], "url": "https://x"},
    "aws:secretsmanager/secret:Secret": {},
    "aws:secretsmanager/secretVersion:SecretVersion": {"secretId": "s"},
    "aws:cloudwatch/logGroup:LogGroup": {},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {},
    "aws:sns/topic:Topic": {},
    "aws:sqs/queue:Queue": {},
    "aws:cloudwatch/eventRule:EventRule": {},
    "aws:cloudwatch/eventTarget:EventTarget": {"arn": "arn", "rule": "r"},
    "aws:budgets/budget:Budget": {"budgetType": "COST", "timeUnit": "MONTHLY"},
    "aws:ssm/parameter:Parameter": {"type": "String"},
}
WRONG: dict[type, Any] = {str: 7, bool: "yes", int: "seven", float: "much"}


def _schema(sdk: Sdk, token: str) -> ResourceSchema:
    schema = sdk.schema(token)
    assert schema is not None, token
    return schema


@pytest.mark.parametrize("token", LEAST)
def test_the_least_inputs_of_a_type_are_accepted(aws_sdk: Sdk, token: str) -> None:
    assert check(_schema(aws_sdk, token).inputs, LEAST[token]) == []


@pytest.mark.parametrize("token", LEAST)
def test_without_any_of_these_an_input_is_said_to_be_missing(aws_sdk: Sdk, token: str) -> None:
    for name in LEAST[token]:
        fewer = {key: value for key, value in LEAST[token].items() if key != name}
        told = f"the property '{name}' is required and missing"
        assert check(_schema(aws_sdk, token).inputs, fewer) == [Failure(name, told)]


@pytest.mark.parametrize("token", LEAST)
def test_an_unknown_input_is_named(aws_sdk: Sdk, token: str) -> None:
    failures = check(_schema(aws_sdk, token).inputs, {**LEAST[token], "tagz": {}})
    assert [failure.property for failure in failures] == ["tagz"]
    assert failures[0].reason.startswith("there is no property 'tagz'")


@pytest.mark.parametrize("token", LEAST)
def test_each_simple_input_of_a_wrong_type_is_named(aws_sdk: Sdk, token: str) -> None:
    inputs = _schema(aws_sdk, token).inputs
    simple = {name: field.shape.type for name, field in inputs.items() if isinstance(field.shape, shapes.Scalar)}
    assert simple
    for name, kind in simple.items():
        failures = check(inputs, {**LEAST[token], name: WRONG[kind]})
        assert [failure.property for failure in failures] == [name]
        assert failures[0].reason.startswith(f"'{name}' must be {shapes.KINDS[kind]}, not ")


@pytest.mark.parametrize("token", LEAST)
def test_every_input_may_be_unknown_or_a_secret_that_is_unknown(aws_sdk: Sdk, token: str) -> None:
    inputs = _schema(aws_sdk, token).inputs
    assert check(inputs, dict.fromkeys(inputs, UNKNOWN)) == []
    assert check(inputs, {name: Secret(UNKNOWN) for name in inputs}) == []


def test_names_are_translated_as_the_sdk_does(aws_sdk: Sdk) -> None:
    inputs = _schema(aws_sdk, "aws:eks/nodeGroup:NodeGroup").inputs
    assert {field.python_name: name for name, field in inputs.items()}["node_role_arn"] == "nodeRoleArn"
    for token in LEAST:
        schema = _schema(aws_sdk, token)
        assert {field.python_name for field in schema.inputs.values()} <= set(dir(schema.cls))


def test_objects_within_objects_are_checked_all_the_way_down(aws_sdk: Sdk) -> None:
    inputs = _schema(aws_sdk, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs
    rule = {"id": "old", "status": "Enabled", "transitions": [{"days": 30, "storageClass": "GLACIER"}]}
    assert check(inputs, {"bucket": "b", "rules": [rule]}) == []
    wrong = {"id": "old", "transitions": [{"day": 30, "storageClass": 7}]}
    found = {failure.property: failure.reason for failure in check(inputs, {"bucket": "b", "rules": [rule, wrong]})}
    assert found == {
        "rules[1].transitions[0].day": ("there is no property 'rules[1].transitions[0].day'; is 'days' meant?"),
        "rules[1].transitions[0].storageClass": "'rules[1].transitions[0].storageClass' must be a string, not 7",
        "rules[1].status": "the property 'rules[1].status' is required and missing",
    }


def test_a_secret_of_a_wrong_type_is_named_and_not_shown(aws_sdk: Sdk) -> None:
    inputs = _schema(aws_sdk, "aws:rds/instance:Instance").inputs
    failures = check(inputs, {"instanceClass": "x", "allocatedStorage": Secret("hunter2")})
    assert [failure.reason for failure in failures] == ["'allocatedStorage' must be a whole number, not a string"]


def test_lists_and_maps_are_not_taken_for_each_other(aws_sdk: Sdk) -> None:
    inputs = _schema(aws_sdk, "aws:ec2/vpc:Vpc").inputs
    assert [f.reason for f in check(inputs, {"tags": ["a"]})] == ["'tags' must be an object, not a list"]
    assert [f.reason for f in check(inputs, {"tags": {"a": True}})] == ["'tags.a' must be a string, not true"]
    subnets = _schema(aws_sdk, "aws:rds/subnetGroup:SubnetGroup").inputs
    assert [f.reason for f in check(subnets, {"subnetIds": "s"})] == ["'subnetIds' must be a list, not a string"]


def test_a_policy_may_be_text_or_an_object(aws_sdk: Sdk) -> None:
    inputs = _schema(aws_sdk, "aws:iam/policy:Policy").inputs
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}
    assert check(inputs, {"policy": {"Version": "2012-10-17", "Statement": [statement]}}) == []
    assert [f.property for f in check(inputs, {"policy": 7})] == ["policy"]
    wrong = check(inputs, {"policy": {"Version": "2012-10-17", "Statement": [{**statement, "Efect": "Deny"}]}})
    assert [failure.property for failure in wrong] == ["policy.Statement[0].Efect"]


def test_files_are_files(aws_sdk: Sdk) -> None:
    inputs = _schema(aws_sdk, "aws:s3/bucketObjectv2:BucketObjectv2").inputs
    assert check(inputs, {"bucket": "b", "source": Asset({"hash": "1"})}) == []
    assert [f.property for f in check(inputs, {"bucket": "b", "source": "text"})] == ["source"]


def test_what_the_sdk_marks_as_secret_is_known(aws_sdk: Sdk) -> None:
    assert _schema(aws_sdk, "aws:rds/instance:Instance").secret_outputs >= {"password"}
    assert _schema(aws_sdk, "aws:secretsmanager/secretVersion:SecretVersion").secret_outputs >= {"secretString"}
    assert _schema(aws_sdk, "aws:ec2/vpc:Vpc").secret_outputs == frozenset()


def test_a_type_that_the_sdk_does_not_have_is_none(aws_sdk: Sdk) -> None:
    assert aws_sdk.schema("aws:ec2/vpcc:Vpcc") is None
    assert len(aws_sdk.tokens) > 1500


def test_the_versions_are_those_of_the_lock_file(aws_sdk: Sdk) -> None:
    locked = (Path(__file__).resolve().parents[4] / "infra" / "requirements.lock").read_text()
    for name, sdk in (("aws", aws_sdk), ("eks", Sdk("pulumi_eks")), ("kubernetes", Sdk("pulumi_kubernetes"))):
        found = re.search(rf"^pulumi-{name}==([\d.]+)", locked, re.MULTILINE)
        assert found is not None
        assert sdk.version == found.group(1)


def within(shape: shapes.Shape) -> Mapping[str, shapes.Field]:
    """The properties of an object, or of the objects of a list."""
    match shape:
        case shapes.Object():
            return shapes.fields_of(shape.cls)
        case shapes.Items():
            return within(shape.item)
        case shapes.Choice():
            return next((fields for option in shape.options if (fields := within(option))), {})
        case _:
            return {}


@pytest.mark.parametrize("token", sorted({*told_of(), *READ, *NOT_FOR_OURS}))
def test_what_replaces_a_resource_is_a_property_of_its_type(aws_sdk: Sdk, token: str) -> None:
    schema = aws_sdk.schema(token)
    assert schema is not None
    listed = {*replaced_by(token), *NOT_FOR_OURS.get(token, "").split(), *told_of().get(token, {}).get("updates", ())}
    missing = []
    for entry in listed:
        fields = schema.inputs
        for part in entry.split("."):
            if part not in fields:
                missing.append(entry)
                break
            fields = within(fields[part].shape)
    assert missing == []
