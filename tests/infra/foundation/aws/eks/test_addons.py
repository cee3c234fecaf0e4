from __future__ import annotations

import functools
import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from aws_account import ACCOUNT, CLUSTER, CLUSTER_ARN, KEY, REGION, assert_explicit_providers, record
from iam_documents import findings, role_policies, statement, statements, trust_of
from mlplatform import versions
from mlplatform.foundation.aws.eks.addons import AddOns, AddOnsArgs
from mlplatform.service_types import SYSTEM
from recorder import Recorder

ADD_ON = "aws:eks/addon:Addon"
DRIVERS = {"aws-ebs-csi-driver": "ebs-csi-controller-sa", "aws-efs-csi-driver": "efs-csi-controller-sa"}


@functools.cache
def recorded() -> Recorder:
    def made(opts: pulumi.ResourceOptions) -> None:
        group = pulumi.ComponentResource("test:index:Nodes", "nodes", None, opts)
        within = pulumi.ResourceOptions(parent=group)
        nodes = aws.ec2.PlacementGroup("system-nodes", strategy="spread", opts=within)
        args = AddOnsArgs(cluster_name=CLUSTER, account_id=ACCOUNT, region=REGION, key_arn=KEY, nodes=[nodes])
        AddOns("add-ons", args, opts)

    return record(made)


def add_on(name: str) -> Any:
    return recorded().one(ADD_ON, f"add-ons-{name}").inputs


def configuration(name: str) -> Any:
    return json.loads(add_on(name)["configurationValues"])


def test_add_ons_are_pinned_and_come_after_the_nodes_they_run_on() -> None:
    found = recorded().of_type(ADD_ON)
    assert {one.inputs["addonName"] for one in found} == {"coredns", *DRIVERS}
    for one in found:
        assert one.inputs["addonVersion"] == versions.ADD_ONS[one.inputs["addonName"]]
        assert any("system-nodes" in urn for urn in one.depends_on)
    assert_explicit_providers(recorded())


def test_dns_and_the_drivers_controllers_run_on_system_nodes() -> None:
    for placed in (configuration("coredns"), *(configuration(driver)["controller"] for driver in DRIVERS)):
        assert placed["nodeSelector"] == SYSTEM.labels
        assert placed["tolerations"] == SYSTEM.tolerations


def test_volumes_can_be_mounted_on_every_node() -> None:
    assert configuration("aws-ebs-csi-driver")["node"] == {"tolerateAllTaints": True}


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_has_a_role_for_its_own_service_account_in_this_cluster(driver: str) -> None:
    (identity,) = add_on(driver)["podIdentityAssociations"]
    assert identity["serviceAccount"] == DRIVERS[driver]
    assert trust_of(recorded(), f"add-ons-{driver}")["Condition"]["StringEquals"] == {
        "aws:RequestTag/eks-cluster-arn": CLUSTER_ARN,
        "aws:RequestTag/kubernetes-namespace": "kube-system",
        "aws:RequestTag/kubernetes-service-account": DRIVERS[driver],
    }


def test_a_driver_comes_after_its_rights() -> None:
    for driver in DRIVERS:
        one = recorded().one(ADD_ON, f"add-ons-{driver}")
        assert any(urn.endswith(f"::add-ons-{driver}-policy") for urn in one.depends_on)


def test_volumes_are_encrypted_with_our_key_and_no_other() -> None:
    document = role_policies(recorded())["add-ons-aws-ebs-csi-driver-policy"]
    assert all(one["Resource"] == [KEY] for one in statements(document))
    assert statement(document, "Grants")["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


def test_the_efs_driver_changes_nothing() -> None:
    document = role_policies(recorded())["add-ons-aws-efs-csi-driver-policy"]
    actions = [action for one in statements(document) for action in one["Action"]]
    assert all(action.split(":")[1].startswith("Describe") for action in actions)


def test_the_policies_are_ones_that_iam_understands() -> None:
    assert {
        name: findings(document) for name, document in role_policies(recorded()).items() if findings(document)
    } == {}
