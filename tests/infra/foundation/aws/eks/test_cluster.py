from __future__ import annotations

import functools
import json
import re

from aws_account import ACCOUNT, CLUSTER, CLUSTER_ARN, KEY, REGION, assert_explicit_providers, record
from iam_documents import trust_of
from mlplatform import versions
from mlplatform.config.sections import Cluster as Settings
from mlplatform.foundation.aws.eks.cluster import Cluster, ClusterArgs
from pulumi.runtime import rpc
from recorder import Recorded, Recorder

ADD_ON = "aws:eks/addon:Addon"
ADMIN, VIEWER = f"arn:aws:iam::{ACCOUNT}:role/platform/Admin", f"arn:aws:iam::{ACCOUNT}:role/Viewer"


@functools.cache
def recorded(settings: Settings | None = None) -> Recorder:
    args = ClusterArgs(
        settings=settings or Settings(admin_role_arns=(ADMIN,), viewer_role_arns=(VIEWER,), log_retention_days=90),
        cluster_name=CLUSTER,
        account_id=ACCOUNT,
        region=REGION,
        vpc_id="vpc-1",
        node_subnet_ids={"a": "subnet-a", "b": "subnet-b"},
        key_arn=KEY,
        log_key_arn=KEY,
    )
    return record(lambda opts: Cluster("cluster", args, opts))


def control_plane(settings: Settings | None = None) -> Recorded:
    return recorded(settings).one("eks:index:Cluster")


def test_the_api_answers_inside_the_vpc_and_nowhere_else_unless_it_is_asked_to() -> None:
    inputs = control_plane().inputs
    assert inputs["endpointPrivateAccess"] is True
    assert inputs["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in inputs


def test_the_public_endpoint_answers_the_configured_ranges() -> None:
    inputs = control_plane(Settings(endpoint_public_access=True, public_access_cidrs=("198.51.100.0/24",))).inputs
    assert inputs["endpointPublicAccess"] is True
    assert inputs["publicAccessCidrs"] == ["198.51.100.0/24"]


def test_secrets_are_encrypted_and_the_version_is_the_pinned_one() -> None:
    inputs = control_plane().inputs
    assert inputs["encryptionConfigKeyArn"] == KEY
    assert inputs["version"] == versions.KUBERNETES


def test_all_control_plane_logs_go_to_an_encrypted_group_that_is_there_first() -> None:
    group = recorded().one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["name"] == f"/aws/eks/{CLUSTER}/cluster"
    assert (group.inputs["kmsKeyId"], group.inputs["retentionInDays"]) == (KEY, 90)
    assert group.urn in control_plane().depends_on
    logs = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    assert sorted(control_plane().inputs["enabledClusterLogTypes"]) == logs


def test_people_come_in_by_access_entries_alone() -> None:
    inputs = control_plane().inputs
    assert inputs["authenticationMode"] == "API"
    policies = {
        entry["principalArn"]: entry["accessPolicies"]["cluster"]["policyArn"]
        for entry in inputs["accessEntries"].values()
    }
    # EKS user guide, "Associate access policies with access entries".
    assert policies == {
        ADMIN: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        VIEWER: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
    }


def test_roles_of_one_name_on_two_paths_are_two_entries() -> None:
    twice = (f"arn:aws:iam::{ACCOUNT}:role/a/Admin", f"arn:aws:iam::{ACCOUNT}:role/b/Admin")
    assert len(control_plane(Settings(admin_role_arns=twice)).inputs["accessEntries"]) == 2


def test_the_kubeconfig_is_secret_wherever_it_goes() -> None:
    provider = recorded().one("pulumi:providers:kubernetes")
    assert rpc.is_rpc_secret(provider.inputs["kubeconfig"])
    assert set(control_plane().secret_outputs) == {"kubeconfig", "kubeconfigJson"}


def test_a_renewed_kubeconfig_replaces_nothing_in_the_cluster() -> None:
    assert recorded().one("pulumi:providers:kubernetes").inputs["clusterIdentifier"] == CLUSTER


def test_the_add_ons_that_nodes_need_are_pinned_and_come_after_the_cluster() -> None:
    add_ons = recorded().of_type(ADD_ON)
    assert {one.inputs["addonName"] for one in add_ons} == {"vpc-cni", "kube-proxy", "eks-pod-identity-agent"}
    for one in add_ons:
        assert one.inputs["addonVersion"] == versions.ADD_ONS[one.inputs["addonName"]]
        assert one.inputs["clusterName"] == CLUSTER
        assert control_plane().urn in one.depends_on
    assert_explicit_providers(recorded())


def test_nobody_else_installs_add_ons_or_nodes() -> None:
    inputs = control_plane().inputs
    assert inputs["bootstrapSelfManagedAddons"] is False
    assert inputs["useDefaultVpcCni"] is True  # pulumi-eks' word for: make no add-on of it
    assert inputs["kubeProxyAddonOptions"]["enabled"] is False
    assert inputs["corednsAddonOptions"]["enabled"] is False
    assert inputs["skipDefaultNodeGroup"] is True


def test_the_network_plugin_enforces_network_policies_with_a_role_of_its_own() -> None:
    plugin = recorded().one(ADD_ON, "cluster-vpc-cni")
    configuration = json.loads(plugin.inputs["configurationValues"])
    assert configuration["enableNetworkPolicy"] == "true"
    # Strict would cut off the add-ons' own pods, for which nobody writes policies.
    assert configuration["env"]["NETWORK_POLICY_ENFORCING_MODE"] == "standard"
    (identity,) = plugin.inputs["podIdentityAssociations"]
    assert identity["serviceAccount"] == "aws-node"
    agent = recorded().one(ADD_ON, "cluster-eks-pod-identity-agent")
    assert agent.urn in plugin.depends_on
    tags = trust_of(recorded(), "cluster-vpc-cni")["Condition"]["StringEquals"]
    assert tags == {
        "aws:RequestTag/eks-cluster-arn": CLUSTER_ARN,
        "aws:RequestTag/kubernetes-namespace": "kube-system",
        "aws:RequestTag/kubernetes-service-account": "aws-node",
    }


def test_the_add_ons_of_the_kubernetes_version_are_meant_for_it() -> None:
    assert versions.ADD_ONS["kube-proxy"].startswith(f"v{versions.KUBERNETES}.")
    assert all(re.fullmatch(r"v\d+\.\d+\.\d+-eksbuild\.\d+", version) for version in versions.ADD_ONS.values())
