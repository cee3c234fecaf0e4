"""Who EMR's nodes are, and who reaches them: made before the cluster, because the database must know its clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import pulumi
import pulumi_aws as aws

from mlplatform.foundation.aws.emr.policies import (
    MANAGED_TAG,
    SERVICE_POLICY,
    EmrResources,
    instance_statements,
    service_statements,
    trust_emr,
)
from mlplatform.iam_policies import policy, trust_service

ANYWHERE: Final = "0.0.0.0/0"
SERVICE_PORT: Final = 9443
"""On which the primary node talks to EMR in a private subnet (EMR management guide, "Working with EMR-managed security
groups")."""

Part = Literal["primary", "core", "service"]


@dataclass(frozen=True, kw_only=True)
class EmrSecurityGroupsArgs:
    """Inputs of `EmrSecurityGroups`."""

    vpc_id: pulumi.Input[str]


class EmrSecurityGroups(pulumi.ComponentResource):
    """The three groups of a cluster in private subnets. EMR itself adds what its nodes need among each other."""

    primary_id: pulumi.Output[str]
    """Of the primary node, on which the Hive metastore runs: a client of the database."""
    core_id: pulumi.Output[str]
    service_id: pulumi.Output[str]

    def __init__(self, name: str, args: EmrSecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:emr_access:EmrSecurityGroups", name, None, opts)
        self._name, self._vpc_id = name, args.vpc_id
        self._child = pulumi.ResourceOptions(parent=self)
        self.primary_id = self._group("primary", "Primary node of EMR")
        self.core_id = self._group("core", "Core and task nodes of EMR")
        self.service_id = self._group("service", "The EMR service on its way to the nodes")
        for part, group in (("primary", self.primary_id), ("core", self.core_id)):
            # Packages, the lake, the database and AWS's own API; EMR's default groups have the same rule.
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-{part}-out",
                security_group_id=group,
                description="Out of the subnet through NAT and endpoints",
                cidr_ipv4=ANYWHERE,
                ip_protocol="-1",
                opts=self._child,
            )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-service-from-primary",
            security_group_id=self.service_id,
            description="The primary node to the EMR service",
            referenced_security_group_id=self.primary_id,
            ip_protocol="tcp",
            from_port=SERVICE_PORT,
            to_port=SERVICE_PORT,
            opts=self._child,
        )
        self.register_outputs({"primaryId": self.primary_id})

    def _group(self, part: Part, description: str) -> pulumi.Output[str]:
        group = aws.ec2.SecurityGroup(
            f"{self._name}-{part}",
            description=description,
            vpc_id=self._vpc_id,
            # EMR adds rules that name the other groups and never takes them away: without this none could be deleted.
            revoke_rules_on_delete=True,
            tags={"Name": f"{self._name}-{part}", **MANAGED_TAG},
            opts=self._child,
        )
        return group.id


@dataclass(frozen=True, kw_only=True)
class EmrRolesArgs:
    """Inputs of `EmrRoles`."""

    resources: EmrResources


class EmrRoles(pulumi.ComponentResource):
    """The role of the service, and that of its nodes."""

    service_role_arn: pulumi.Output[str]
    instance_role_arn: pulumi.Output[str]
    instance_profile_arn: pulumi.Output[str]
    rights: tuple[pulumi.Resource, ...]
    """What gives the roles their rights: a cluster that starts earlier fails."""

    def __init__(self, name: str, args: EmrRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:emr_access:EmrRoles", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        instances = aws.iam.Role(
            f"{name}-nodes",
            description="Nodes of EMR, and so every job on them",
            assume_role_policy=trust_service("ec2.amazonaws.com"),
            opts=child,
        )
        service = aws.iam.Role(
            f"{name}-service",
            description="EMR itself: starts and stops nodes",
            assume_role_policy=trust_emr(args.resources.place),
            opts=child,
        )
        self.rights = (
            aws.iam.RolePolicy(
                f"{name}-nodes-policy",
                role=instances.name,
                policy=policy(*instance_statements(args.resources)),
                opts=child,
            ),
            aws.iam.RolePolicy(
                f"{name}-service-policy",
                role=service.name,
                policy=policy(*service_statements(args.resources, instances.arn)),
                opts=child,
            ),
            aws.iam.RolePolicyAttachment(
                f"{name}-service-managed-policy", role=service.name, policy_arn=SERVICE_POLICY, opts=child
            ),
        )
        profile = aws.iam.InstanceProfile(f"{name}-nodes-profile", role=instances.name, opts=child)
        self.service_role_arn, self.instance_role_arn = service.arn, instances.arn
        self.instance_profile_arn = profile.arn
        self.register_outputs({"serviceRoleArn": self.service_role_arn})
