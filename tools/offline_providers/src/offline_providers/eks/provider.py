"""pulumi-eks, simulated: its components register the resources that the real ones do, without AWS.

What is simulated is a `Cluster` whose nodes come from elsewhere (`aws.eks.NodeGroup`) and a `ManagedNodeGroup`.
Anything else is refused, so that a plan never shows less than what would be made.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from offline_providers.components import Component
from offline_providers.eks.parts import (
    access_entries,
    cluster_addons,
    cluster_security_group,
    joined,
    kubeconfig_of,
    merged_tags,
    node_security_group,
    oidc_provider,
    without_missing,
)
from offline_providers.faults import OfflineError
from offline_providers.provider import Provider
from offline_providers.sdk.checking import check
from offline_providers.sdk.schema import Sdk
from offline_providers.wire import UNKNOWN, Properties, Reference, Secret, Value, plain

ROLE: Final = "aws:iam/role:Role"
ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
NOT_SIMULATED: Final = (
    "autoMode",
    "creationRoleProvider",
    "fargate",
    "instanceRole",
    "instanceRoles",
    "nodeGroupOptions",
    "proxy",
    "storageClasses",
)


class Eks(Provider):
    """The simulated provider `eks`."""

    name = "eks"

    def __init__(self) -> None:
        self.sdk = Sdk("pulumi_eks")
        self.version = self.sdk.version
        self._versions = {
            "aws": Sdk("pulumi_aws").version,
            "kubernetes": Sdk("pulumi_kubernetes").version,
            "eks": self.version,
        }

    def construct(self, request: provider_pb2.ConstructRequest) -> provider_pb2.ConstructResponse:
        schema = self.sdk.schema(request.type)
        builders = {
            "eks:index:Cluster": _cluster,
            "eks:index:ManagedNodeGroup": _managed_node_group,
        }
        builder = builders.get(request.type)
        if schema is None or builder is None:
            simulated = ", ".join(token.split(":")[-1] for token in builders)
            raise OfflineError(
                f"{request.type} ({request.name}) is not simulated offline; {simulated} are. Use aws.eks.NodeGroup and"
                " aws.eks.Addon, which are resources of the simulated AWS."
            )
        component = Component(request, self._versions)
        failures = check(schema.inputs, component.inputs)
        if failures:
            told = "; ".join(failure.reason for failure in failures)
            raise OfflineError(f"{request.type} ({request.name}): {told}")
        return builder(component)


def _cluster(made: Component) -> provider_pb2.ConstructResponse:
    given = made.inputs
    _refuse_what_is_not_simulated(made)
    needs = {urn for urns in made.input_dependencies.values() for urn in urns}
    role_arn, role_needs = _cluster_role(made)
    security_group = cluster_security_group(made)
    group_id = security_group.id if security_group else None
    cluster = made.register(
        "aws:eks/cluster:Cluster",
        f"{made.name}-eksCluster",
        _cluster_inputs(given, made.name, role_arn, group_id),
        after={*needs, *role_needs, *([security_group.urn] if security_group else [])},
    )
    node_group, ingress = node_security_group(made, cluster, security_group)
    kubeconfig = kubeconfig_of(cluster)
    made.register(
        "pulumi:providers:kubernetes",
        f"{made.name}-eks-k8s",
        {"kubeconfig": kubeconfig if kubeconfig is UNKNOWN else Secret(kubeconfig)},
        after=[cluster.urn],
    )
    cluster_addons(made, cluster)
    access_entries(made, cluster)
    oidc = oidc_provider(made, cluster)
    issuer = cluster.get("identities", 0, "oidcs", 0, "issuer")
    own_group = cluster.get("vpcConfig", "clusterSecurityGroupId")
    secret = UNKNOWN if kubeconfig is UNKNOWN else Secret(kubeconfig)
    state: Properties = {
        "eksCluster": cluster.reference,
        "clusterSecurityGroup": security_group.reference if security_group else None,
        "nodeSecurityGroup": node_group.reference if node_group else None,
        "eksClusterIngressRule": ingress.reference if ingress else None,
        "clusterSecurityGroupId": security_group.id if security_group else own_group,
        "nodeSecurityGroupId": node_group.id if node_group else own_group,
        "clusterIngressRuleId": ingress.get("securityGroupRuleId") if ingress else "",
        "kubeconfigJson": secret,
        "kubeconfig": UNKNOWN if kubeconfig is UNKNOWN else Secret(json.loads(kubeconfig)),
        "oidcIssuer": issuer if issuer is UNKNOWN else str(issuer).removeprefix("https://"),
        "oidcProviderUrl": issuer,
        "oidcProviderArn": oidc.get("arn") if oidc else "",
        "instanceRoles": [],
        "defaultNodeGroupAsgName": "",
        "fargateProfileId": "",
        "fargateProfileStatus": "",
        "autoModeNodeRoleName": "",
    }
    children = [child.urn for child in (cluster, security_group, node_group, ingress, oidc) if child]
    return made.finish(state, dict.fromkeys(state, children))


def _refuse_what_is_not_simulated(made: Component) -> None:
    given = made.inputs
    used = [name for name in NOT_SIMULATED if given.get(name) not in (None, False)]
    if used:
        raise OfflineError(f"eks.Cluster ({made.name}): {', '.join(used)} cannot be planned offline.")
    if plain(given.get("skipDefaultNodeGroup")) is not True:
        raise OfflineError(
            f"eks.Cluster ({made.name}): the default node group is not simulated: set skip_default_node_group=True and"
            " make node groups with aws.eks.NodeGroup."
        )
    if given.get("vpcId") is None:
        raise OfflineError(f"eks.Cluster ({made.name}): without vpc_id it looks up the account's default VPC. Give it.")
    either = [name for name in ("publicSubnetIds", "privateSubnetIds") if given.get(name) is not None]
    if given.get("subnetIds") is not None and either:
        raise OfflineError(
            f"eks.Cluster ({made.name}): subnetIds, and the use of publicSubnetIds and/or privateSubnetIds are mutually"
            " exclusive."
        )


def _cluster_inputs(given: Properties, name: str, role_arn: Value, group_id: Value) -> Properties:
    subnets = given.get("subnetIds")
    if subnets is None:
        subnets = joined(given.get("publicSubnetIds"), given.get("privateSubnetIds"))
    vpc = {
        "subnetIds": subnets,
        "securityGroupIds": [group_id] if group_id is not None else None,
        "endpointPrivateAccess": given.get("endpointPrivateAccess"),
        "endpointPublicAccess": given.get("endpointPublicAccess"),
        "publicAccessCidrs": given.get("publicAccessCidrs"),
    }
    network = {"serviceIpv4Cidr": given.get("kubernetesServiceIpAddressRange"), "ipFamily": given.get("ipFamily")}
    key, mode = given.get("encryptionConfigKeyArn"), given.get("authenticationMode")
    return {
        "name": given.get("name"),
        "roleArn": role_arn,
        "version": given.get("version"),
        "bootstrapSelfManagedAddons": given.get("bootstrapSelfManagedAddons", True),
        "vpcConfig": without_missing(vpc),
        "kubernetesNetworkConfig": without_missing(network) or None,
        "encryptionConfig": {"provider": {"keyArn": key}, "resources": ["secrets"]} if key is not None else None,
        "accessConfig": (
            {"authenticationMode": mode, "bootstrapClusterCreatorAdminPermissions": True} if mode is not None else None
        ),
        "enabledClusterLogTypes": given.get("enabledClusterLogTypes"),
        "upgradePolicy": given.get("upgradePolicy"),
        "deletionProtection": given.get("deletionProtection"),
        "tags": merged_tags(f"{name}-eksCluster", given.get("clusterTags"), given.get("tags")),
    }


def _cluster_role(made: Component) -> tuple[Any, set[str]]:
    role = made.inputs.get("serviceRole")
    if isinstance(role, Reference):
        return made.look_up(role).get("arn"), {role.urn}
    if role is not None:
        return UNKNOWN, set()
    outer = made.register("eks:index:ServiceRole", f"{made.name}-eksRole", {}, custom=False)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Effect": "Allow",
                "Principal": {"Service": ["eks.amazonaws.com"]},
            }
        ],
    }
    inner = made.register(
        ROLE,
        f"{made.name}-eksRole-role",
        {
            "assumeRolePolicy": json.dumps(trust),
            "description": "Allows EKS to manage clusters on your behalf.",
            "tags": made.inputs.get("tags"),
        },
        parent=outer.urn,
    )
    policy = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    digest = hashlib.sha1(policy.encode(), usedforsecurity=False).hexdigest()[:8]
    attached = made.register(
        ATTACHMENT,
        f"{made.name}-eksRole-{digest}",
        {"policyArn": policy, "role": inner.get("name")},
        parent=outer.urn,
        after=[inner.urn],
    )
    return inner.get("arn"), {inner.urn, attached.urn}


def _managed_node_group(made: Component) -> provider_pb2.ConstructResponse:
    given = made.inputs
    name = given.get("clusterName")
    if name is None or given.get("nodeRoleArn") is None or given.get("subnetIds") is None:
        raise OfflineError(
            f"eks.ManagedNodeGroup ({made.name}) is simulated with cluster_name, node_role_arn and subnet_ids alone."
        )
    schema = Sdk("pulumi_aws").schema("aws:eks/nodeGroup:NodeGroup")
    known = schema.inputs if schema else {}
    scaling = given.get("scalingConfig") or {"desiredSize": 2, "minSize": 1, "maxSize": 2}
    inputs = {**{key: value for key, value in given.items() if key in known}, "scalingConfig": scaling}
    needs = {urn for urns in made.input_dependencies.values() for urn in urns}
    group = made.register("aws:eks/nodeGroup:NodeGroup", made.name, inputs, after=needs)
    return made.finish({"nodeGroup": group.reference}, {"nodeGroup": [group.urn]})
