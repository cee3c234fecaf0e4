from __future__ import annotations

import base64
import email
import functools
import importlib
import itertools
from typing import Any

import pytest
import yaml
from aws_account import CLUSTER, KEY, assert_explicit_providers, node_group, node_groups, record
from iam_documents import trust_of
from mlplatform import versions
from mlplatform.config.sections import NodeGroups as Settings
from mlplatform.foundation.aws.eks.node_groups import NodeGroups, NodeGroupsArgs
from mlplatform.foundation.aws.eks.user_data import user_data
from mlplatform.instance_types import DISK_PODS_SHARE, INSTANCE_TYPES, max_pods
from mlplatform.service_types import SERVICE_TYPES, SPARK_EXECUTOR, SYSTEM
from platform_contract.executor_profile import eks_allocatable_memory_mib
from recorder import Recorded, Recorder

GROUP, TEMPLATE, TAG = "aws:eks/nodeGroup:NodeGroup", "aws:ec2/launchTemplate:LaunchTemplate", "aws:autoscaling/tag:Tag"
TAGS = {"platform": "mlplatform", "owner": "ml-platform"}
EXECUTORS = ("r6id.2xlarge", "r5d.2xlarge")


@functools.cache
def recorded(settings: Settings | None = None) -> Recorder:
    executors = node_group(*EXECUTORS, capacity_type="spot", local_disks=True, disk_gib=60, max_size=20)
    usual = node_groups(system=node_group(min_size=2), spark_executor=executors)
    args = NodeGroupsArgs(
        settings=settings or usual,
        cluster_name=CLUSTER,
        subnet_ids={"a": "subnet-a", "b": "subnet-b"},
        security_group_id="sg-cluster",
        key_arn=KEY,
        tags=TAGS,
    )
    return record(lambda opts: NodeGroups("nodes", args, opts))


def group(name: str) -> Recorded:
    return recorded().one(GROUP, f"nodes-{name}")


def hints_of(name: str) -> dict[str, str]:
    found = [one.inputs["tag"] for one in recorded().of_type(TAG) if one.name.startswith(f"nodes-{name}-")]
    assert all(tag["propagateAtLaunch"] is False for tag in found)
    return {tag["key"].removeprefix("k8s.io/cluster-autoscaler/node-template/"): tag["value"] for tag in found}


def test_each_service_type_has_a_node_group_with_its_label_and_taints() -> None:
    assert {one.name for one in recorded().of_type(GROUP)} == {f"nodes-{one.name}" for one in SERVICE_TYPES}
    for service_type in SERVICE_TYPES:
        inputs = group(service_type.name).inputs
        assert service_type.labels.items() <= inputs["labels"].items()
        taints = [(one["key"], one["value"], one["effect"]) for one in inputs["taints"]]
        assert taints == [(one.key, one.value, "NO_SCHEDULE") for one in service_type.taints]
    assert_explicit_providers(recorded())


def test_no_two_groups_tolerate_each_others_pods() -> None:
    for left, right in itertools.permutations(SERVICE_TYPES, 2):
        tolerated = {(one["key"], one["value"]) for one in left.tolerations}
        taints = {(one["key"], one["value"]) for one in group(right.name).inputs["taints"]}
        assert not taints <= tolerated, f"a pod of {left.name} can land on a node of {right.name}"


def test_a_disabled_group_is_not_made() -> None:
    found = recorded(node_groups(notebook=node_group(enabled=False)))
    names = {one.name for one in found.of_type(GROUP)}
    assert "nodes-notebook" not in names
    assert not any("notebook" in one.name for one in found.resources)


def test_executors_are_spot_of_several_types_over_all_zones() -> None:
    inputs = group(SPARK_EXECUTOR.name).inputs
    assert (inputs["capacityType"], inputs["instanceTypes"]) == ("SPOT", list(EXECUTORS))
    assert inputs["subnetIds"] == ["subnet-a", "subnet-b"]
    assert group(SYSTEM.name).inputs["capacityType"] == "ON_DEMAND"


def test_a_group_of_one_zone_has_that_zones_subnet_alone_and_is_never_balanced() -> None:
    found = recorded(node_groups(spark_driver=node_group(zone="b")))
    assert found.one(GROUP, "nodes-spark-driver").inputs["subnetIds"] == ["subnet-b"]
    assert found.one(GROUP, "nodes-serving").inputs["subnetIds"] == ["subnet-a", "subnet-b"]


def test_the_autoscaler_and_not_the_program_decides_how_many_nodes_there_are() -> None:
    for one in recorded().of_type(GROUP):
        assert one.ignore_changes == ("scalingConfig.desiredSize",)
    assert group(SYSTEM.name).inputs["scalingConfig"] == {"minSize": 2, "maxSize": 4, "desiredSize": 2}
    assert group(SPARK_EXECUTOR.name).inputs["scalingConfig"] == {"minSize": 0, "maxSize": 20, "desiredSize": 0}


@pytest.mark.parametrize(
    ("types", "image"),
    [
        (("m7i.large",), "AL2023_x86_64_STANDARD"),
        (("m7g.large",), "AL2023_ARM_64_STANDARD"),
    ],
)
def test_the_machine_image_follows_from_the_instance_types(types: tuple[str, ...], image: str) -> None:
    found = recorded(node_groups(ray=node_group(*types)))
    assert found.one(GROUP, "nodes-ray").inputs["amiType"] == image
    assert found.one(GROUP, "nodes-ray").inputs["version"] == versions.KUBERNETES


def test_the_machine_images_are_ones_that_eks_has() -> None:
    manager: Any = importlib.import_module("cfnlint.schema.manager")
    schema = manager.ProviderSchemaManager().get_resource_schema("eu-central-1", "AWS::EKS::Nodegroup").schema
    assert set(versions.AMI_TYPES.values()) <= set(schema["properties"]["AmiType"]["enum"])
    assert {"NO_SCHEDULE"} <= set(schema["definitions"]["Taint"]["properties"]["Effect"]["enum"])


def test_a_pod_cannot_reach_the_nodes_own_credentials() -> None:
    for one in recorded().of_type(TEMPLATE):
        options = one.inputs["metadataOptions"]
        assert (options["httpTokens"], options["httpPutResponseHopLimit"]) == ("required", 1)


def test_root_volumes_are_gp3_of_the_configured_size_and_encrypted_with_our_key() -> None:
    for one in recorded().of_type(TEMPLATE):
        (device,) = one.inputs["blockDeviceMappings"]
        disk = device["ebs"]
        assert (device["deviceName"], disk["volumeType"]) == ("/dev/xvda", "gp3")
        assert (disk["encrypted"], disk["kmsKeyId"]) == ("true", KEY)
        assert disk["volumeSize"] == (60 if "executor" in one.name else 50)


def test_instances_volumes_and_network_interfaces_say_whose_they_are() -> None:
    for one in recorded().of_type(TEMPLATE):
        kinds = {part["resourceType"]: part["tags"] for part in one.inputs["tagSpecifications"]}
        assert set(kinds) == {"instance", "volume", "network-interface"}
        assert all(TAGS.items() <= tags.items() for tags in kinds.values())
        assert one.inputs["vpcSecurityGroupIds"] == ["sg-cluster"]


def test_a_group_comes_after_the_rights_of_its_nodes_which_are_few() -> None:
    attachments = recorded().of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert {one.inputs["policyArn"].rsplit("/", 1)[1] for one in attachments} == {
        "AmazonEKSWorkerNodePolicy",
        "AmazonEC2ContainerRegistryPullOnly",
    }
    assert trust_of(recorded(), "nodes-role")["Principal"] == {"Service": "ec2.amazonaws.com"}
    for one in recorded().of_type(GROUP):
        assert {attachment.urn for attachment in attachments} <= set(one.depends_on)


@pytest.mark.parametrize("service_type", SERVICE_TYPES, ids=lambda one: one.name)
def test_the_autoscaler_knows_a_group_without_a_node(service_type: Any) -> None:
    found = hints_of(service_type.name)
    for key, value in service_type.labels.items():
        assert found[f"label/{key}"] == value
    for taint in service_type.taints:
        assert found[f"taint/{taint.key}"] == f"{taint.value}:{taint.effect}"
    assert "resources/ephemeral-storage" in found


def test_the_autoscaler_counts_local_disks_where_there_are_some_and_else_the_root_volume() -> None:
    smallest = min(INSTANCE_TYPES[name].local_disk_gib for name in EXECUTORS)
    executor = hints_of(SPARK_EXECUTOR.name)["resources/ephemeral-storage"]
    assert executor == f"{int(smallest * DISK_PODS_SHARE) - 1}Gi"
    assert hints_of("serving")["resources/ephemeral-storage"] == "44Gi"


def node_config(inputs: Any) -> Any:
    message = email.message_from_bytes(base64.b64decode(inputs["userData"]))
    (part,) = [one for one in message.walk() if one.get_content_type() == "application/node.eks.aws"]
    return yaml.safe_load(str(part.get_payload()))


def test_local_disks_become_one_array_only_where_the_config_says_so() -> None:
    executor = node_config(recorded().one(TEMPLATE, "nodes-spark-executor-template").inputs)
    assert (executor["apiVersion"], executor["kind"]) == ("node.eks.aws/v1alpha1", "NodeConfig")
    assert executor["spec"]["instance"] == {"localStorage": {"strategy": "RAID0"}}
    assert "instance" not in node_config(recorded().one(TEMPLATE, "nodes-serving-template").inputs)["spec"]


def test_user_data_is_the_same_for_the_same_settings() -> None:
    types = [INSTANCE_TYPES[name] for name in EXECUTORS]
    assert user_data(types, local_disks=True) == user_data(types, local_disks=True)


@pytest.mark.parametrize("facts", INSTANCE_TYPES.values(), ids=lambda facts: facts.name)
def test_no_node_takes_more_pods_than_it_has_addresses_and_reserved_memory_for(facts: Any) -> None:
    limit = max_pods([facts])
    assert 0 < limit <= facts.max_pods
    assert limit <= (110 if facts.vcpus < 30 else 250)
    # The contract counts with at least as many pods, so that what it promises to executors is there.
    assert eks_allocatable_memory_mib(facts.memory_mib, facts.max_pods) <= eks_allocatable_memory_mib(
        facts.memory_mib, limit
    )


def test_a_group_of_several_types_has_the_limit_of_the_least() -> None:
    types = [INSTANCE_TYPES["m7g.large"], INSTANCE_TYPES["m7g.xlarge"]]
    assert max_pods(types) == INSTANCE_TYPES["m7g.large"].max_pods
