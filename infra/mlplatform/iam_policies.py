"""IAM policy documents as data: built in one place, so that one rule sees them all.

A statement on resource ``*`` is refused unless each of its actions is on `ANY_RESOURCE`, where a comment says why AWS
leaves no other way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pulumi

VERSION: Final = "2012-10-17"

ANY_RESOURCE: Final = frozenset(
    {
        # A registry-wide token; which repositories it opens is decided by the other actions.
        "ecr:GetAuthorizationToken",
        # Descriptions have no resource-level permissions.
        "logs:DescribeLogGroups",
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInstances",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeTags",
        "ec2:DescribeVpcs",
        "ec2:DescribeAccountAttributes",
        "ec2:DescribeAddresses",
        "elasticloadbalancing:DescribeCapacityReservation",
        "elasticloadbalancing:DescribeListenerAttributes",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
    }
)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a policy."""

    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]] = ()
    """ARNs; none in a trust policy."""
    sid: str = ""
    effect: Literal["Allow", "Deny"] = "Allow"
    principals: Mapping[str, Any] | Literal["*"] | None = None
    """Who it is for: in trust and resource policies only."""
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses ``*`` where something narrower can be named."""
        free = [action for action in self.actions if action not in ANY_RESOURCE]
        if self.effect == "Allow" and self.principals is None and "*" in self.resources and free:
            raise ValueError(f"{', '.join(free)} on resource '*': name the resource, or say in ANY_RESOURCE why not")

    def rendered(self) -> dict[str, Any]:
        """As IAM reads it; values may still be Outputs."""
        parts: dict[str, Any] = {"Effect": self.effect, "Action": list(self.actions)}
        if self.sid:
            parts["Sid"] = self.sid
        if self.principals is not None:
            parts["Principal"] = self.principals
        if self.resources:
            parts["Resource"] = list(self.resources)
        if self.conditions:
            parts["Condition"] = {test: dict(values) for test, values in self.conditions.items()}
        return parts


def policy(*statements: Statement) -> pulumi.Output[str]:
    """The statements as a policy document in JSON."""
    document = {"Version": VERSION, "Statement": [statement.rendered() for statement in statements]}
    return pulumi.Output.json_dumps(document)


def trust_service(service: str, **conditions: Mapping[str, Any]) -> pulumi.Output[str]:
    """A trust policy for an AWS service, as ``ec2.amazonaws.com``."""
    return policy(Statement(actions=["sts:AssumeRole"], principals={"Service": service}, conditions=conditions))


def trust_pod_identity(
    *,
    cluster_arn: pulumi.Input[str] | None = None,
    namespace: str | None = None,
    service_account: str | None = None,
) -> pulumi.Output[str]:
    """A trust policy for EKS Pod Identity: its agent assumes the role and tags the session with the pod's names.

    Args:
        cluster_arn: the only cluster whose pods may have the role.
        namespace: the only namespace.
        service_account: the only service account.
    """
    wanted = {
        "eks-cluster-arn": cluster_arn,
        "kubernetes-namespace": namespace,
        "kubernetes-service-account": service_account,
    }
    tags = {f"aws:RequestTag/{tag}": value for tag, value in wanted.items() if value is not None}
    return policy(
        Statement(
            actions=["sts:AssumeRole", "sts:TagSession"],
            principals={"Service": "pods.eks.amazonaws.com"},
            conditions={"StringEquals": tags} if tags else {},
        )
    )
