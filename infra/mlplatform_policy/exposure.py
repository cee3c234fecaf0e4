"""Nothing answers the internet, and nobody outside the account may use anything."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from mlplatform_policy.documents import allows, principals
from mlplatform_policy.rules import resource_rule
from mlplatform_policy.view import UNKNOWN, ResourceView, Value, dig, is_on, is_set, is_shell, items

RESOURCE_POLICIES: Final = {
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:efs/fileSystemPolicy:FileSystemPolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:msk/clusterPolicy:ClusterPolicy": "policy",
}
"""Type → the property with the policy of who may use the resource."""
OPEN_TO_ALL: Final = 8
"""A shorter prefix is no network of anybody's."""


def _is_open(cidr: Value) -> bool:
    if not isinstance(cidr, str):
        return False
    return ipaddress.ip_network(cidr, strict=False).prefixlen < OPEN_TO_ALL


@resource_rule(
    "no-open-ingress",
    "No security group lets the whole internet in.",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/securityGroupRule:SecurityGroupRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
)
def no_open_ingress(resource: ResourceView) -> Iterator[str]:
    """Rules come within groups and as resources of their own, of two kinds."""
    if resource.type.endswith(":SecurityGroupIngressRule"):
        found = [resource.get("cidrIpv4"), resource.get("cidrIpv6")]
    elif resource.type.endswith(":SecurityGroupRule"):
        inward = resource.get("type") == "ingress"
        found = [*items(resource.get("cidrBlocks")), *items(resource.get("ipv6CidrBlocks"))] if inward else []
    else:
        rules = list(items(resource.get("ingress")))
        found = [cidr for rule in rules for key in ("cidrBlocks", "ipv6CidrBlocks") for cidr in items(dig(rule, key))]
    for cidr in found:
        if _is_open(cidr):
            yield f"lets everybody in ({cidr}): name the network or the security group that needs it"


@resource_rule(
    "database-private", "The database has no public address.", "aws:rds/instance:Instance", "aws:rds/cluster:Cluster"
)
def database_private(resource: ResourceView) -> Iterator[str]:
    """The default depends on the subnets, so that silence is not enough."""
    if resource.get("publiclyAccessible") not in (False, UNKNOWN):
        yield "may get a public address: set publicly_accessible to False"


@resource_rule("brokers-private", "The brokers have no public addresses.", "aws:msk/cluster:Cluster")
def brokers_private(resource: ResourceView) -> Iterator[str]:
    """Public access is off unless asked for."""
    kind = resource.get("brokerNodeGroupInfo", "connectivityInfo", "publicAccess", "type")
    if kind not in (None, "DISABLED", UNKNOWN):
        yield f"answers the internet ({kind}): leave public_access out"


@resource_rule("subnets-private", "No subnet hands out public addresses.", "aws:ec2/subnet:Subnet")
def subnets_private(resource: ResourceView) -> Iterator[str]:
    """NAT gateways and load balancers bring their own."""
    if is_on(resource.get("mapPublicIpOnLaunch")) and resource.get("mapPublicIpOnLaunch") is not UNKNOWN:
        yield "gives each instance a public address: set map_public_ip_on_launch to False"


@resource_rule(
    "cluster-endpoint-private",
    "The Kubernetes API answers inside the VPC; outside it only named ranges, and in prod nobody.",
    "eks:index:Cluster",
    "aws:eks/cluster:Cluster",
)
def cluster_endpoint_private(resource: ResourceView) -> Iterator[str]:
    """EKS's defaults are the opposite: public to everybody, and not private."""
    settings = resource.properties if resource.type == "eks:index:Cluster" else resource.get("vpcConfig")
    if settings is UNKNOWN or is_shell(resource):
        return
    if not is_on(dig(settings, "endpointPrivateAccess")):
        yield "does not answer inside the VPC: set endpoint_private_access"
    public = dig(settings, "endpointPublicAccess")
    if public in (False, UNKNOWN):
        return
    ranges = list(items(dig(settings, "publicAccessCidrs")))
    if resource.environment == "prod":
        yield "answers the internet in prod: set endpoint_public_access to False"
    elif not ranges or any(_is_open(cidr) for cidr in ranges):
        yield "answers everybody: set endpoint_public_access to False, or name ranges in public_access_cidrs"


@resource_rule(
    "no-public-principal",
    "No resource's policy allows everybody, unless a condition says who is meant.",
    *RESOURCE_POLICIES,
)
def no_public_principal(resource: ResourceView) -> Iterator[str]:
    """Of buckets, keys, file systems and whatever else has a policy of its own.

    An endpoint of the VPC is reached from inside it alone, and may name the resources instead.
    """
    for statement in allows(resource.get(RESOURCE_POLICIES[resource.type])):
        narrowed = is_set(statement.get("Condition"))
        if resource.type.endswith(":VpcEndpoint"):
            narrowed = narrowed or "*" not in items(statement.get("Resource"))
        if "*" in principals(statement) and not narrowed:
            name = statement.get("Sid") or "without a Sid"
            yield f"statement {name} allows everybody: name a principal, or a condition"


@resource_rule(
    "load-balancers-internal", "Load balancers answer inside the VPC alone.", "kubernetes:core/v1:Service", "aws:lb/*"
)
def load_balancers_internal(resource: ResourceView) -> Iterator[str]:
    """The controller's default is internal; the older one in the cluster's own code is not."""
    if resource.type.endswith("LoadBalancer") and resource.get("internal") is not True:
        yield "answers the internet: set internal"
    if resource.get("spec", "type") == "LoadBalancer":
        annotations = resource.get("metadata", "annotations") or {}
        scheme = dig(annotations, "service.beta.kubernetes.io/aws-load-balancer-scheme")
        if scheme not in ("internal", UNKNOWN):
            yield "may answer the internet: annotate aws-load-balancer-scheme with internal"


RULES = (
    no_open_ingress,
    database_private,
    brokers_private,
    subnets_private,
    cluster_endpoint_private,
    no_public_principal,
    load_balancers_internal,
)
