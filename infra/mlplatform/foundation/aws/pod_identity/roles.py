"""IAM roles that pods get through EKS Pod Identity: each for one service account of one cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from mlplatform.iam_policies import Statement, policy, trust_pod_identity


@dataclass(frozen=True, kw_only=True)
class Place:
    """The account and region, as they are in ARNs."""

    account_id: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource of the account in the region."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def cluster_arn(self, cluster_name: pulumi.Input[str]) -> pulumi.Output[str]:
        """ARN of an EKS cluster."""
        return pulumi.Output.concat(self.arn("eks", "cluster/"), cluster_name)


@dataclass(frozen=True, kw_only=True)
class PodRoleArgs:
    """Inputs of `PodRole`."""

    place: Place
    cluster_name: pulumi.Input[str]
    namespace: str
    service_account: str
    statements: Sequence[Statement] = ()
    """An inline policy; none when empty."""
    managed_policies: Sequence[str] = ()
    """ARNs of AWS's own policies."""


class PodRole(pulumi.ComponentResource):
    """The role, and what it may do. Not yet bound to its service account."""

    arn: pulumi.Output[str]
    policies: tuple[pulumi.Resource, ...]
    """What gives the role its rights: a pod that starts earlier is refused."""

    def __init__(self, name: str, args: PodRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:pod_roles:PodRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            # IAM allows 64 characters, 8 of which Pulumi adds.
            name,
            description=f"Pods of service account {args.namespace}/{args.service_account}",
            assume_role_policy=trust_pod_identity(
                cluster_arn=args.place.cluster_arn(args.cluster_name),
                namespace=args.namespace,
                service_account=args.service_account,
            ),
            opts=child,
        )
        policies: list[pulumi.Resource] = [
            aws.iam.RolePolicyAttachment(f"{name}-{arn.rsplit('/', 1)[-1]}", role=role.name, policy_arn=arn, opts=child)
            for arn in args.managed_policies
        ]
        if args.statements:
            document = policy(*args.statements)
            policies.append(aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=document, opts=child))
        self.arn, self.policies = role.arn, tuple(policies)
        self.register_outputs({"arn": self.arn})
