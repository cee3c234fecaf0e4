"""The parts of the simulated `eks.Cluster`: security groups, add-ons, access entries, the OIDC provider."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from offline_providers.components import Child, Component
from offline_providers.faults import OfflineError
from offline_providers.wire import UNKNOWN, Properties, Reference, Value, has_unknown, plain

GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
RULE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"
ADDON: Final = "aws:eks/addon:Addon"
ADDON_VERSION: Final = "v1.0.0-eksbuild.1"


def cluster_security_group(made: Component) -> Child | None:
    given = made.inputs.get("clusterSecurityGroup")
    if isinstance(given, Reference):
        return Child(given.urn, given.id or UNKNOWN, {}, given.version)
    if made.inputs.get("skipDefaultSecurityGroups") is True:
        return None
    name = f"{made.name}-eksClusterSecurityGroup"
    group = made.register(
        GROUP,
        name,
        {
            "vpcId": made.inputs.get("vpcId"),
            "revokeRulesOnDelete": True,
            "tags": merged_tags(name, made.inputs.get("clusterSecurityGroupTags"), made.inputs.get("tags")),
        },
        after=made.input_dependencies.get("vpcId", ()),
    )
    _rule(made, "eksClusterInternetEgressRule", group, _opened("egress", (0, 0), "-1", {"cidrBlocks": ["0.0.0.0/0"]}))
    return group


def node_security_group(
    made: Component, cluster: Child, security_group: Child | None
) -> tuple[Child | None, Child | None]:
    if security_group is None or made.inputs.get("skipDefaultSecurityGroups") is True:
        return None, None
    name = f"{made.name}-nodeSecurityGroup"
    tags = merged_tags(name, made.inputs.get("nodeSecurityGroupTags"), made.inputs.get("tags"))
    group = made.register(
        GROUP,
        name,
        {"vpcId": made.inputs.get("vpcId"), "revokeRulesOnDelete": True, "tags": tags},
        after=[cluster.urn, *made.input_dependencies.get("vpcId", ())],
    )
    other = {"sourceSecurityGroupId": security_group.id}
    needs = [security_group.urn]
    _rule(made, "eksNodeIngressRule", group, _opened("ingress", (0, 0), "-1", {"self": True}))
    _rule(made, "eksNodeClusterIngressRule", group, _opened("ingress", (1025, 65535), "tcp", other), needs)
    _rule(made, "eksExtApiServerClusterIngressRule", group, _opened("ingress", (443, 443), "tcp", other), needs)
    _rule(made, "eksNodeInternetEgressRule", group, _opened("egress", (0, 0), "-1", {"cidrBlocks": ["0.0.0.0/0"]}))
    nodes = {"sourceSecurityGroupId": group.id}
    ingress = _rule(
        made, "eksClusterIngressRule", security_group, _opened("ingress", (443, 443), "tcp", nodes), [group.urn]
    )
    return group, ingress


def _rule(made: Component, role: str, group: Child, opened: Properties, after: Iterable[str] = ()) -> Child:
    inputs = {**opened, "securityGroupId": group.id}
    return made.register(RULE, f"{made.name}-{role}", inputs, after=[group.urn, *after])


def _opened(way: str, ports: tuple[int, int], protocol: str, other: Properties) -> Properties:
    return {"type": way, "fromPort": ports[0], "toPort": ports[1], "protocol": protocol, **other}


def cluster_addons(made: Component, cluster: Child) -> None:
    proxy = made.inputs.get("kubeProxyAddonOptions") or {}
    if proxy.get("enabled", True):
        _managed_addon(made, cluster, "kube-proxy", proxy)
    cni = made.inputs.get("vpcCniOptions") or {}
    if made.inputs.get("useDefaultVpcCni") is not True:
        outer = made.register("eks:index:VpcCniAddon", f"{made.name}-vpc-cni", {}, custom=False)
        _managed_addon(made, cluster, "vpc-cni", cni, parent=outer.urn)


def _managed_addon(made: Component, cluster: Child, name: str, options: Properties, parent: str | None = None) -> None:
    values = options.get("configurationValues")
    made.register(
        ADDON,
        f"{made.name}-{name}",
        {
            "clusterName": cluster.get("name"),
            "addonName": name,
            # The real component looks a missing version up in AWS.
            "addonVersion": options.get("version") or options.get("addonVersion") or ADDON_VERSION,
            "preserve": True,
            "resolveConflictsOnCreate": options.get("resolveConflictsOnCreate") or "OVERWRITE",
            "resolveConflictsOnUpdate": options.get("resolveConflictsOnUpdate") or "OVERWRITE",
            "configurationValues": _as_json(values),
            "tags": made.inputs.get("tags"),
        },
        parent=parent,
        after=[cluster.urn],
    )


def access_entries(made: Component, cluster: Child) -> None:
    entries = made.inputs.get("accessEntries") or {}
    if entries and made.inputs.get("authenticationMode") not in {"API", "API_AND_CONFIG_MAP"}:
        raise OfflineError(f"eks.Cluster ({made.name}): accessEntries need the authentication mode 'API'.")
    needs = [cluster.urn, *made.input_dependencies.get("accessEntries", ())]
    for key, entry in entries.items():
        fixed = {"clusterName": cluster.get("name"), "principalArn": entry["principalArn"]}
        optional = {name: entry.get(name) for name in ("kubernetesGroups", "tags", "type")}
        inputs = {**fixed, **optional, "userName": entry.get("username")}
        made.register("aws:eks/accessEntry:AccessEntry", f"{made.name}-{key}", inputs, after=needs)
        for policy, association in (entry.get("accessPolicies") or {}).items():
            made.register(
                "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
                f"{made.name}-{key}-{policy}",
                {**fixed, "policyArn": association["policyArn"], "accessScope": association["accessScope"]},
                after=needs,
            )


def oidc_provider(made: Component, cluster: Child) -> Child | None:
    if made.inputs.get("createOidcProvider") is not True:
        return None
    inputs = {"clientIdLists": ["sts.amazonaws.com"], "url": cluster.get("identities", 0, "oidcs", 0, "issuer")}
    token = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"  # noqa: S105 - a type
    return made.register(token, f"{made.name}-oidcProvider", inputs, after=[cluster.urn])


def kubeconfig_of(cluster: Child) -> Value:
    values = [cluster.get("name"), cluster.get("endpoint"), cluster.get("certificateAuthority", "data")]
    if any(value is UNKNOWN for value in [*values, cluster.get("arn")]):
        return UNKNOWN
    name, endpoint, authority = values
    region = str(cluster.get("arn")).split(":")[3]
    words = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"]
    command = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": words}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "kubernetes", "cluster": {"server": endpoint, "certificate-authority-data": authority}}
            ],
            "contexts": [{"name": "aws", "context": {"cluster": "kubernetes", "user": "aws"}}],
            "current-context": "aws",
            "users": [{"name": "aws", "user": {"exec": command}}],
        }
    )


def _as_json(values: Value) -> Value:
    if values is None:
        return None
    return UNKNOWN if has_unknown(values) else json.dumps(plain(values))


def joined(*lists: Value) -> Value:
    if any(value is UNKNOWN for value in lists):
        return UNKNOWN
    return [item for value in lists for item in plain(value) or []]


def without_missing(values: Properties) -> Properties:
    return {name: value for name, value in values.items() if value is not None}


def merged_tags(name: str, *more: Value) -> Value:
    if any(value is UNKNOWN for value in more):
        return UNKNOWN
    merged = {"Name": name}
    for value in more:
        merged.update(plain(value) or {})
    return merged
