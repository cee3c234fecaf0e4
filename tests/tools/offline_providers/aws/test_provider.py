"""The simulated AWS: names, ids, outputs, changes and deletions, one resource at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from offline_providers.aws.provider import DEFAULTS, Aws
from offline_providers.provider import Diff, State, Target
from offline_providers.wire import UNKNOWN, Secret, has_unknown

ACCOUNT = "111122223333"
REGION = "eu-central-1"
VPC = "aws:ec2/vpc:Vpc"
DATABASE = "aws:rds/instance:Instance"
NODES = {
    "clusterName": "c",
    "nodeRoleArn": "arn",
    "subnetIds": ["subnet-1"],
    "scalingConfig": {"desiredSize": 1, "minSize": 1, "maxSize": 2},
}
KAFKA = {
    "kafkaVersion": "3.6.0",
    "numberOfBrokerNodes": 3,
    "brokerNodeGroupInfo": {"clientSubnets": ["s"], "instanceType": "kafka.t3.small", "securityGroups": ["sg"]},
}
LIMITS = ("minimumCapacityUnits", "maximumCapacityUnits")
ACCESS = {"clusterName": "c", "principalArn": "p", "policyArn": "q"}
# Type, inputs, what the id looks like, and what some outputs do.
Known = tuple[str, dict[str, Any], str, dict[str, str]]
IDS: list[Known] = [
    (VPC, {"cidrBlock": "10.0.0.0/16"}, "vpc-[0-9a-f]{17}", {"arn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-.*"}),
    ("aws:ec2/subnet:Subnet", {"vpcId": "v"}, "subnet-[0-9a-f]{17}", {"arn": ".*:subnet/subnet-.*"}),
    ("aws:ec2/securityGroup:SecurityGroup", {}, "sg-[0-9a-f]{17}", {"ownerId": ACCOUNT}),
    ("aws:ec2/eip:Eip", {}, "eipalloc-[0-9a-f]{17}", {"publicIp": r"203\.0\.113\.\d+"}),
    ("aws:ec2/natGateway:NatGateway", {}, "nat-[0-9a-f]{17}", {}),
    ("aws:ec2/vpcEndpoint:VpcEndpoint", {"vpcId": "v"}, "vpce-[0-9a-f]{17}", {}),
    ("aws:ec2/launchTemplate:LaunchTemplate", {}, "lt-[0-9a-f]{17}", {"name": "it-[0-9a-f]{7}"}),
    ("aws:iam/role:Role", {"assumeRolePolicy": "{}"}, "it-[0-9a-f]{7}", {"arn": f"arn:aws:iam::{ACCOUNT}:role/it-.*"}),
    ("aws:iam/policy:Policy", {"policy": "{}", "name": "p"}, f"arn:aws:iam::{ACCOUNT}:policy/p", {}),
    ("aws:s3/bucket:Bucket", {"bucket": "lake"}, "lake", {"arn": "arn:aws:s3:::lake"}),
    ("aws:kms/key:Key", {}, "[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", {"arn": f".*:{ACCOUNT}:key/.*"}),
    (
        "aws:ecr/repository:Repository",
        {"name": "ml/ray"},
        "ml/ray",
        {"repositoryUrl": rf"{ACCOUNT}\.dkr\.ecr\.{REGION}\.amazonaws\.com/ml/ray"},
    ),
    (
        DATABASE,
        {"instanceClass": "db.t4g.micro", "engine": "postgres"},
        "db-[0-9A-Z]{13}",
        {"endpoint": rf"it-[0-9a-f]{{7}}\..*\.{REGION}\.rds\.amazonaws\.com:5432", "port": "5432"},
    ),
    (
        "aws:eks/cluster:Cluster",
        {"roleArn": "arn", "name": "c", "vpcConfig": {"subnetIds": ["s"]}},
        "c",
        {"endpoint": rf"https://[0-9A-F]{{32}}\.gr7\.{REGION}\.eks\.amazonaws\.com", "vpcConfig": ".*'sg-.*"},
    ),
    ("aws:eks/nodeGroup:NodeGroup", {**NODES, "nodeGroupName": "n"}, "c:n", {"arn": ".*:nodegroup/c/n/.*"}),
    ("aws:efs/fileSystem:FileSystem", {}, "fs-[0-9a-f]{17}", {"dnsName": rf"fs-.*\.efs\.{REGION}\.amazonaws\.com"}),
    (
        "aws:msk/cluster:Cluster",
        {**KAFKA, "clusterName": "k"},
        f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/k/.*",
        {"bootstrapBrokersSaslIam": r"b-1\..*:9098,b-2\..*:9098,b-3\..*:9098"},
    ),
    ("aws:secretsmanager/secret:Secret", {"name": "s"}, ".*:secret:s-[0-9a-f]{6}", {}),
    ("aws:cloudwatch/logGroup:LogGroup", {"name": "/a/b"}, "/a/b", {"arn": ".*:log-group:/a/b"}),
]


def create(aws: Aws, target: Target, inputs: dict[str, Any], *, preview: bool = False) -> State:
    checked = aws.check(target, {}, inputs)
    assert checked.failures == []
    return aws.create(target, checked.inputs, preview=preview)


def diff(aws: Aws, target: Target, old: dict[str, Any], new: dict[str, Any]) -> Diff:
    state = create(aws, target, old)
    checked = aws.check(target, state.inputs, new)
    assert checked.failures == []
    return aws.diff(target, state.inputs, state.outputs, checked.inputs)


@pytest.mark.parametrize("known", IDS, ids=[entry[0] for entry in IDS])
def test_ids_and_outputs_have_the_form_of_the_real_ones(aws: Aws, at: Callable[..., Target], known: Known) -> None:
    token, inputs, id_form, outputs = known
    state = create(aws, at(token), inputs)
    assert re.fullmatch(id_form, state.id), state.id
    for name, form in outputs.items():
        assert re.fullmatch(form, str(state.outputs[name])), (name, state.outputs[name])
    assert not has_unknown(state.outputs)


@pytest.mark.parametrize("known", IDS, ids=[entry[0] for entry in IDS])
def test_a_preview_tells_the_inputs_and_leaves_the_rest_unknown(
    aws: Aws, at: Callable[..., Target], known: Known
) -> None:
    token, inputs, _, _ = known
    state = create(aws, at(token), inputs, preview=True)
    for name, value in inputs.items():
        if not isinstance(value, dict):
            assert state.outputs[name] == value
    decided = set(state.outputs) - set(inputs) - {"region", "tagsAll"} - set(state.inputs)
    assert decided
    assert {name for name in decided if state.outputs[name] is not UNKNOWN} == set()


def test_the_same_inputs_give_the_same_outputs_and_others_give_others(aws: Aws, at: Callable[..., Target]) -> None:
    one = create(aws, at(VPC), {"cidrBlock": "10.0.0.0/16"})
    assert create(aws, at(VPC), {"cidrBlock": "10.0.0.0/16"}) == one
    assert create(aws, at(VPC), {"cidrBlock": "10.1.0.0/16"}).id != one.id
    assert create(aws, at(VPC, "other"), {"cidrBlock": "10.0.0.0/16"}).id != one.id


def test_the_providers_tags_are_on_everything_under_the_resources_own(aws: Aws, at: Callable[..., Target]) -> None:
    state = create(aws, at(VPC), {"tags": {"owner": "data", "Name": "net"}})
    assert state.outputs["tags"] == {"owner": "data", "Name": "net"}
    assert state.outputs["tagsAll"] == {"environment": "dev", "owner": "data", "Name": "net"}


def test_a_change_of_the_providers_tags_is_a_change_of_every_resource(aws: Aws, at: Callable[..., Target]) -> None:
    state = create(aws, at(VPC), {})
    other = aws.configured({"region": REGION, "defaultTags": '{"tags": {"environment": "prod"}}'})
    moved = Target(at(VPC).urn, "it", VPC, other)
    assert aws.diff(moved, state.inputs, state.outputs, state.inputs) == Diff(updates=("tagsAll",))
    assert aws.diff(at(VPC), state.inputs, state.outputs, state.inputs) == Diff()


def test_a_secret_stays_secret_and_the_sdks_secrets_become_so(aws: Aws, at: Callable[..., Target]) -> None:
    inputs = {"instanceClass": "db.t4g.micro", "username": Secret("admin"), "password": "hunter2"}
    state = create(aws, at(DATABASE), inputs)
    assert state.outputs["username"] == Secret("admin")
    assert state.outputs["password"] == Secret("hunter2")


def test_a_database_that_keeps_its_own_password_tells_where(aws: Aws, at: Callable[..., Target]) -> None:
    state = create(aws, at(DATABASE), {"instanceClass": "m", "manageMasterUserPassword": True})
    [secret] = state.outputs["masterUserSecrets"]
    assert secret["secretArn"].startswith(f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-")
    assert create(aws, at(DATABASE), {"instanceClass": "m"}).outputs["masterUserSecrets"] == []


def test_what_only_aws_makes_can_be_looked_into(aws: Aws, at: Callable[..., Target]) -> None:
    nodes = create(aws, at("aws:eks/nodeGroup:NodeGroup"), {**NODES, "nodeGroupName": "n"})
    assert nodes.outputs["resources"][0]["autoscalingGroups"][0]["name"].startswith("eks-n-")
    # No table has this one: its form is the SDK's.
    certificate = create(aws, at("aws:acm/certificate:Certificate"), {"domainName": "example.org"})
    [option] = certificate.outputs["domainValidationOptions"]
    assert set(option) >= {"domainName", "resourceRecordName", "resourceRecordValue"}


def test_a_write_only_value_is_not_kept(aws: Aws, at: Callable[..., Target]) -> None:
    inputs = {"secretId": "s", "secretStringWo": Secret("hunter2"), "secretStringWoVersion": 1}
    state = create(aws, at("aws:secretsmanager/secretVersion:SecretVersion"), inputs)
    assert "secretStringWo" not in state.outputs
    assert state.outputs["secretStringWoVersion"] == 1


# -- names


def test_a_resource_without_a_name_gets_one_and_keeps_it(aws: Aws, at: Callable[..., Target]) -> None:
    role = at("aws:iam/role:Role", "nodes")
    first = aws.check(role, {}, {"assumeRolePolicy": "{}"})
    assert re.fullmatch("nodes-[0-9a-f]{7}", first.inputs["name"])
    assert first.inputs[DEFAULTS] == ["name"]
    kept = aws.check(role, {**first.inputs, "name": "nodes-old"}, {"assumeRolePolicy": "{}"})
    assert kept.inputs["name"] == "nodes-old"


def test_a_name_or_a_prefix_of_the_program_is_left_alone(aws: Aws, at: Callable[..., Target]) -> None:
    role = at("aws:iam/role:Role")
    assert aws.check(role, {}, {"assumeRolePolicy": "{}", "name": "mine"}).inputs["name"] == "mine"
    assert "name" not in aws.check(role, {}, {"assumeRolePolicy": "{}", "namePrefix": "mine-"}).inputs


def test_a_bucket_is_named_in_small_letters(aws: Aws, at: Callable[..., Target]) -> None:
    assert aws.check(at("aws:s3/bucket:Bucket", "Lake"), {}, {}).inputs["bucket"].islower()


# -- changes

Change = tuple[str, dict[str, Any], dict[str, Any], list[str]]
REPLACED: list[Change] = [
    # Not in the table: the SDK's text says so.
    (
        "aws:directoryservice/ipRoute:IpRoute",
        {"directoryId": "d", "cidrIp": "10.0.0.0/24"},
        {"directoryId": "d", "cidrIp": "10.1.0.0/24"},
        ["cidrIp"],
    ),
    (VPC, {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.1.0.0/16"}, ["cidrBlock"]),
    (
        "aws:ec2/subnet:Subnet",
        {"vpcId": "v", "availabilityZone": "eu-central-1a"},
        {"vpcId": "v", "availabilityZone": "eu-central-1b"},
        ["availabilityZone"],
    ),
    (
        DATABASE,
        {"instanceClass": "m", "engine": "postgres", "storageEncrypted": False},
        {"instanceClass": "m", "engine": "mysql", "storageEncrypted": True},
        ["engine", "storageEncrypted"],
    ),
    ("aws:efs/fileSystem:FileSystem", {"encrypted": False}, {"encrypted": True}, ["encrypted"]),
    (
        "aws:msk/cluster:Cluster",
        KAFKA,
        {**KAFKA, "brokerNodeGroupInfo": {**KAFKA["brokerNodeGroupInfo"], "clientSubnets": ["t"]}},  # type: ignore[dict-item]
        ["brokerNodeGroupInfo.clientSubnets[0]"],
    ),
    ("aws:eks/nodeGroup:NodeGroup", NODES, {**NODES, "instanceTypes": ["m7i.large"]}, ["instanceTypes"]),
    ("aws:s3/bucketPolicy:BucketPolicy", {"bucket": "a", "policy": "{}"}, {"bucket": "b", "policy": "{}"}, ["bucket"]),
    (VPC, {"region": "eu-central-1"}, {"region": "eu-west-1"}, ["region"]),
    (
        "aws:emr/managedScalingPolicy:ManagedScalingPolicy",
        {"clusterId": "c", "computeLimits": [{"unitType": "Instances", **dict.fromkeys(LIMITS, 1)}]},
        {"clusterId": "c", "computeLimits": [{"unitType": "Instances", **dict.fromkeys(LIMITS, 2)}]},
        [f"computeLimits[0].{limit}" for limit in LIMITS],
    ),
    # Within a component that another process registers: read in the provider's source.
    (
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        {**ACCESS, "accessScope": {"type": "cluster"}},
        {**ACCESS, "accessScope": {"type": "namespace"}},
        ["accessScope.type"],
    ),
]
CHANGED: list[Change] = [
    # The SDK's texts speak of new resources here for some cases only, and of a "resizing operation".
    (
        "aws:elasticache/replicationGroup:ReplicationGroup",
        {"description": "cache", "transitEncryptionEnabled": False, "numNodeGroups": 1},
        {"description": "cache", "transitEncryptionEnabled": True, "numNodeGroups": 2},
        ["transitEncryptionEnabled", "numNodeGroups"],
    ),
    (VPC, {"enableDnsHostnames": False}, {"enableDnsHostnames": True}, ["enableDnsHostnames"]),
    (VPC, {"tags": {"a": "1"}}, {"tags": {"a": "2", "b.c": "3"}}, ["tags.a", 'tags["b.c"]']),
    (
        DATABASE,
        {"instanceClass": "m", "identifier": "a", "backupRetentionPeriod": 1},
        {"instanceClass": "l", "identifier": "b", "backupRetentionPeriod": 7},
        ["instanceClass", "identifier", "backupRetentionPeriod"],
    ),
    (
        "aws:eks/nodeGroup:NodeGroup",
        {**NODES, "launchTemplate": {"id": "lt-1", "version": "1"}},
        {**NODES, "launchTemplate": {"id": "lt-1", "version": "2"}},
        ["launchTemplate.version"],
    ),
    ("aws:msk/cluster:Cluster", KAFKA, {**KAFKA, "numberOfBrokerNodes": 6}, ["numberOfBrokerNodes"]),
    ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 7}, {"retentionInDays": 30}, ["retentionInDays"]),
]


@pytest.mark.parametrize("change", REPLACED)
def test_what_cannot_be_changed_in_place_needs_a_new_resource(
    aws: Aws, at: Callable[..., Target], change: Change
) -> None:
    token, old, new, places = change
    found = diff(aws, at(token), old, new)
    assert (list(found.replaces), list(found.updates)) == (places, [])


@pytest.mark.parametrize("change", CHANGED)
def test_what_can_be_changed_in_place_is(aws: Aws, at: Callable[..., Target], change: Change) -> None:
    token, old, new, places = change
    found = diff(aws, at(token), old, new)
    assert (list(found.updates), list(found.replaces)) == (places, [])


@pytest.mark.parametrize("known", IDS, ids=[entry[0] for entry in IDS])
def test_the_same_inputs_are_no_change(aws: Aws, at: Callable[..., Target], known: Known) -> None:
    token, inputs, _, _ = known
    assert diff(aws, at(token), inputs, inputs) == Diff()


def test_marking_a_value_secret_is_no_change_to_the_cloud(aws: Aws, at: Callable[..., Target]) -> None:
    assert diff(aws, at(VPC), {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": Secret("10.0.0.0/16")}) == Diff()


def test_an_unknown_where_a_new_resource_may_be_needed_needs_one(aws: Aws, at: Callable[..., Target]) -> None:
    assert diff(aws, at(VPC), {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": UNKNOWN}).replaces == ("cidrBlock",)


def test_with_a_fixed_name_the_old_one_goes_first(aws: Aws, at: Callable[..., Target]) -> None:
    role = at("aws:iam/role:Role")
    old, new = {"assumeRolePolicy": "{}", "path": "/a/"}, {"assumeRolePolicy": "{}", "path": "/b/"}
    assert not diff(aws, role, old, new).delete_before_replace
    assert diff(aws, role, {**old, "name": "n"}, {**new, "name": "n"}).delete_before_replace
    # As the bridge has it: it looks at whose the name is, not at whether it stays.
    assert diff(aws, role, {**old, "name": "n"}, {**new, "name": "m"}).delete_before_replace
    assert not diff(aws, role, {**old, "name": "n"}, {**old, "name": "n", "description": "d"}).delete_before_replace


def test_what_pulumi_aws_deletes_first_is_deleted_first(aws: Aws, at: Callable[..., Target]) -> None:
    policy = at("aws:ecr/lifecyclePolicy:LifecyclePolicy")
    assert diff(
        aws, policy, {"repository": "r", "policy": "1"}, {"repository": "r", "policy": "2"}
    ).delete_before_replace


def test_an_update_keeps_what_aws_decided(aws: Aws, at: Callable[..., Target]) -> None:
    old = create(aws, at(DATABASE), {"instanceClass": "m", "engine": "postgres", "maxAllocatedStorage": 100})
    checked = aws.check(at(DATABASE), old.inputs, {"instanceClass": "l", "engine": "postgres"})
    for preview in (True, False):
        new = aws.update(at(DATABASE), old, checked.inputs, preview=preview)
        assert new["instanceClass"] == "l"
        assert new["endpoint"] == old.outputs["endpoint"]
        assert "maxAllocatedStorage" not in new
        assert not has_unknown(new)


def test_an_update_of_a_cluster_keeps_what_aws_put_into_its_vpc_config(aws: Aws, at: Callable[..., Target]) -> None:
    target = at("aws:eks/cluster:Cluster")
    old = create(aws, target, {"roleArn": "arn", "vpcConfig": {"subnetIds": ["s"], "endpointPublicAccess": True}})
    checked = aws.check(target, old.inputs, {"roleArn": "arn", "vpcConfig": {"subnetIds": ["s", "t"]}})
    new = aws.update(target, old, checked.inputs, preview=False)["vpcConfig"]
    assert new["clusterSecurityGroupId"] == old.outputs["vpcConfig"]["clusterSecurityGroupId"]
    assert new["subnetIds"] == ["s", "t"]
    assert "endpointPublicAccess" not in new


def test_a_launch_template_counts_its_versions(aws: Aws, at: Callable[..., Target]) -> None:
    target = at("aws:ec2/launchTemplate:LaunchTemplate")
    old = create(aws, target, {"imageId": "ami-1"})
    new = aws.check(target, old.inputs, {"imageId": "ami-2"}).inputs
    assert old.outputs["latestVersion"] == 1
    assert aws.update(target, old, new, preview=True)["latestVersion"] is UNKNOWN
    assert aws.update(target, old, new, preview=False)["latestVersion"] == 2
