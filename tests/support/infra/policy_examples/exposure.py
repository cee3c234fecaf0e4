"""Examples of `mlplatform_policy.exposure`."""

from __future__ import annotations

import json
from typing import Any, Final

from mlplatform_policy.view import UNKNOWN

from policy_examples.example import broken, kept, view

GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
OLD_RULE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"
RULE: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
DATABASE: Final = "aws:rds/instance:Instance"
KAFKA: Final = "aws:msk/cluster:Cluster"
SUBNET: Final = "aws:ec2/subnet:Subnet"
CLUSTER: Final = "eks:index:Cluster"
BUCKET_POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"
SERVICE: Final = "kubernetes:core/v1:Service"
INSIDE: Final = {"endpointPrivateAccess": True}
OPEN: Final = "lets everybody in (0.0.0.0/0): name the network or the security group that needs it"
EVERYBODY: Final = "answers everybody: set endpoint_public_access to False, or name ranges in public_access_cidrs"


def policy(**statement: Any) -> dict[str, str]:
    return {"policy": json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", **statement}]})}


def public_broker(kind: str) -> dict[str, Any]:
    return {"brokerNodeGroupInfo": {"connectivityInfo": {"publicAccess": {"type": kind}}}}


def service(scheme: str | None) -> dict[str, Any]:
    annotations = {"service.beta.kubernetes.io/aws-load-balancer-scheme": scheme} if scheme else {}
    return {"metadata": {"annotations": annotations}, "spec": {"type": "LoadBalancer"}}


EXAMPLES = (
    kept(
        "no-open-ingress",
        view(GROUP, {"ingress": [{"cidrBlocks": ["10.0.0.0/8"]}], "egress": [{"cidrBlocks": ["0.0.0.0/0"]}]}),
        view(RULE, {"cidrIpv4": "10.20.0.0/16"}),
        view(RULE, {"referencedSecurityGroupId": UNKNOWN}),
        view(OLD_RULE, {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]}),
    ),
    broken("no-open-ingress", view(GROUP, {"ingress": [{"cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]}]}), OPEN),
    broken("no-open-ingress", view(OLD_RULE, {"type": "ingress", "cidrBlocks": ["0.0.0.0/0"]}), OPEN),
    broken("no-open-ingress", view(RULE, {"cidrIpv4": "0.0.0.0/0"}), OPEN),
    broken("no-open-ingress", view(RULE, {"cidrIpv6": "::/0"}), OPEN.replace("0.0.0.0/0", "::/0")),
    # Two halves of the internet are all of it.
    broken("no-open-ingress", view(RULE, {"cidrIpv4": "128.0.0.0/1"}), OPEN.replace("0.0.0.0/0", "128.0.0.0/1")),
    kept("database-private", view(DATABASE, {"publiclyAccessible": False})),
    broken(
        "database-private",
        [view(DATABASE, {}), view(DATABASE, {"publiclyAccessible": True})],
        "may get a public address: set publicly_accessible to False",
        "may get a public address: set publicly_accessible to False",
    ),
    kept("brokers-private", view(KAFKA, {}), view(KAFKA, public_broker("DISABLED"))),
    broken(
        "brokers-private",
        view(KAFKA, public_broker("SERVICE_PROVIDED_EIPS")),
        "answers the internet (SERVICE_PROVIDED_EIPS): leave public_access out",
    ),
    kept("subnets-private", view(SUBNET, {"mapPublicIpOnLaunch": False}), view(SUBNET, {})),
    broken(
        "subnets-private",
        view(SUBNET, {"mapPublicIpOnLaunch": True}),
        "gives each instance a public address: set map_public_ip_on_launch to False",
    ),
    kept(
        "cluster-endpoint-private",
        view(CLUSTER, {**INSIDE, "endpointPublicAccess": False}, environment="prod"),
        view(CLUSTER, {**INSIDE, "endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]}),
    ),
    kept("cluster-endpoint-private", view(CLUSTER, {}, environment="prod")),
    broken(
        "cluster-endpoint-private",
        view(CLUSTER, {"endpointPublicAccess": False}),
        "does not answer inside the VPC: set endpoint_private_access",
    ),
    broken("cluster-endpoint-private", view(CLUSTER, INSIDE), EVERYBODY),
    broken(
        "cluster-endpoint-private",
        view("aws:eks/cluster:Cluster", {"vpcConfig": {**INSIDE, "publicAccessCidrs": ["0.0.0.0/0"]}}),
        EVERYBODY,
    ),
    broken(
        "cluster-endpoint-private",
        view(
            CLUSTER,
            {**INSIDE, "endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]},
            environment="prod",
        ),
        "answers the internet in prod: set endpoint_public_access to False",
    ),
    kept(
        "no-public-principal",
        view(BUCKET_POLICY, policy(Principal={"AWS": "arn:aws:iam::123456789012:root"})),
        view(BUCKET_POLICY, policy(Principal="*", Effect="Deny")),
        view(BUCKET_POLICY, policy(Principal="*", Condition={"StringEquals": {"aws:PrincipalAccount": "1"}})),
        view(BUCKET_POLICY, {"policy": UNKNOWN}),
        view(ENDPOINT, policy(Principal="*", Resource=["arn:aws:s3:::a-bucket/*"])),
    ),
    broken(
        "no-public-principal",
        view(BUCKET_POLICY, policy(Principal={"AWS": ["*"]}, Sid="Readers")),
        "statement Readers allows everybody: name a principal, or a condition",
    ),
    broken(
        "no-public-principal",
        view(ENDPOINT, policy(Principal="*", Resource="*")),
        "statement without a Sid allows everybody: name a principal, or a condition",
    ),
    kept(
        "load-balancers-internal",
        view(SERVICE, service("internal")),
        view(SERVICE, {"spec": {"type": "ClusterIP"}}),
        view("aws:lb/loadBalancer:LoadBalancer", {"internal": True}),
    ),
    broken(
        "load-balancers-internal",
        [view(SERVICE, service("internet-facing")), view(SERVICE, service(None))],
        "may answer the internet: annotate aws-load-balancer-scheme with internal",
        "may answer the internet: annotate aws-load-balancer-scheme with internal",
    ),
    broken(
        "load-balancers-internal",
        view("aws:lb/loadBalancer:LoadBalancer", {}),
        "answers the internet: set internal",
    ),
)
