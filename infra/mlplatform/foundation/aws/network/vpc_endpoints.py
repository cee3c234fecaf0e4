"""AWS services that are reached inside the VPC: cheaper than through NAT, and private."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from mlplatform.iam_policies import Statement, policy

KUBERNETES_LAYERS: Final[Mapping[str, str | None]] = {
    "eu-west-2": "767373bbdcb8270361b96548387bf2a9ad0d48758c35-eu-west-2",
    "ap-east-2": None,
    "me-south-1": None,
}
"""Buckets of registry.k8s.io's layers that are not named ``prod-registry-k8s-io-<region>``; None where clients are sent
to another region's, which they reach through NAT (kubernetes/registry.k8s.io, cmd/archeio/internal/app/buckets.go)."""


@dataclass(frozen=True, kw_only=True)
class VpcEndpointsArgs:
    """Inputs of `VpcEndpoints`."""

    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    account_id: str
    region: str
    services: Sequence[str]
    """Interface endpoints, by the last part of their name, ``ecr.api``."""
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Zone → subnet of the interface endpoints."""
    route_table_ids: Sequence[pulumi.Input[str]]
    """Route tables that lead to S3 through the gateway endpoint, which costs nothing."""


class VpcEndpoints(pulumi.ComponentResource):
    """The gateway endpoint of S3, and an interface endpoint for each service."""

    def __init__(self, name: str, args: VpcEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:vpc_endpoints:VpcEndpoints", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=args.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{args.region}.s3",
            route_table_ids=args.route_table_ids,
            policy=policy(*s3_endpoint_statements(args.account_id, args.region)),
            tags={"Name": f"{name}-s3"},
            opts=child,
        )
        group = aws.ec2.SecurityGroup(
            f"{name}-security-group",
            description="HTTPS from the VPC to the interface endpoints",
            vpc_id=args.vpc_id,
            opts=child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-https",
            security_group_id=group.id,
            description="HTTPS from the VPC",
            cidr_ipv4=args.vpc_cidr,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=child,
        )
        for service in args.services:
            # Without a policy of its own: some services (eks-auth) offer none, and the callers' policies still hold.
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=args.vpc_id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{args.region}.{service}",
                private_dns_enabled=True,
                subnet_ids=list(args.subnet_ids.values()),
                security_group_ids=[group.id],
                tags={"Name": f"{name}-{service}"},
                opts=child,
            )
        self.register_outputs({})


def s3_endpoint_statements(account_id: str, region: str) -> tuple[Statement, ...]:
    """What may pass the gateway endpoint: nothing is written to a bucket of another account, so that data cannot leave
    this way; public data can be read."""
    own = {"aws:PrincipalAccount": account_id}
    return (
        Statement(
            sid="OwnBuckets",
            actions=["s3:*"],
            resources=["*"],
            principals="*",
            conditions={"StringEquals": {**own, "s3:ResourceAccount": account_id}},
        ),
        Statement(
            sid="ReadElsewhere",
            actions=["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:GetBucketLocation"],
            resources=["*"],
            principals="*",
            conditions={"StringEquals": own},
        ),
        # Requests that AWS signs itself or that nobody signs: image layers (ECR), packages of Amazon Linux and EMR.
        Statement(
            sid="AwsOwnBuckets",
            actions=["s3:GetObject"],
            resources=[
                f"arn:aws:s3:::{bucket}/*"
                for bucket in (
                    *layer_buckets(region),
                    f"al2023-repos-{region}-de612dc2",
                    f"repo.{region}.emr.amazonaws.com",
                    f"prod.{region}.appinfo.src",
                    f"{region}.elasticmapreduce",
                )
            ],
            principals="*",
        ),
    )


def layer_buckets(region: str) -> list[str]:
    """Where the registries of the platform's images keep their layers, as far as that is S3 in the region.

    Charts' images come from the registries that their makers publish them in, through NAT; a client inside AWS is sent
    on to a bucket of its own region, and so to the endpoint.
    """
    found = [f"prod-{region}-starport-layer-bucket"]
    if kubernetes := KUBERNETES_LAYERS.get(region, f"prod-registry-k8s-io-{region}"):
        found.append(kubernetes)
    if region == "us-east-1":
        found.append("quayio-production-s3")
    return found
