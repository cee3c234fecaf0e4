"""The add-ons that run on nodes of their own: names inside the cluster, and volumes on EBS and EFS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from mlplatform import versions
from mlplatform.foundation.aws.pod_identity.roles import Place, PodRole, PodRoleArgs
from mlplatform.iam_policies import Statement
from mlplatform.service_types import SYSTEM

ON_SYSTEM_NODES: Final[Mapping[str, Any]] = {"nodeSelector": SYSTEM.labels, "tolerations": SYSTEM.tolerations}
EBS_ACCOUNT: Final = "ebs-csi-controller-sa"
EFS_ACCOUNT: Final = "efs-csi-controller-sa"


@dataclass(frozen=True, kw_only=True)
class AddOnsArgs:
    """Inputs of `AddOns`."""

    cluster_name: pulumi.Input[str]
    account_id: str
    region: str
    key_arn: pulumi.Input[str]
    """Encrypts volumes of pods."""
    nodes: Sequence[pulumi.Resource]
    """The system node group: an add-on without a node to run on never becomes ready."""


class AddOns(pulumi.ComponentResource):
    """CoreDNS and the drivers of EBS and EFS; the other add-ons come with the `Cluster`."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: AddOnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:addons:AddOns", name, None, opts)
        self._name, self._args = name, args
        self._place = Place(account_id=args.account_id, region=args.region)
        ebs = self._role(
            "aws-ebs-csi-driver",
            EBS_ACCOUNT,
            # Volumes that carry its own tag, and no others.
            managed=["arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2"],
            statements=_volume_key(self._place, args.key_arn),
        )
        efs = self._role("aws-efs-csi-driver", EFS_ACCOUNT, statements=_file_systems(self._place))
        self.ready = (
            self._add_on("coredns", ON_SYSTEM_NODES),
            # The part of a driver that mounts volumes runs on every node, whatever its taints (EFS by default).
            self._add_on(
                "aws-ebs-csi-driver",
                {"controller": ON_SYSTEM_NODES, "node": {"tolerateAllTaints": True}},
                ebs,
                EBS_ACCOUNT,
            ),
            self._add_on(
                "aws-efs-csi-driver",
                {"controller": ON_SYSTEM_NODES},
                efs,
                EFS_ACCOUNT,
            ),
        )
        self.register_outputs({})

    def _role(
        self, add_on: str, account: str, *, statements: Sequence[Statement], managed: Sequence[str] = ()
    ) -> PodRole:
        return PodRole(
            f"{self._name}-{add_on}",
            PodRoleArgs(
                place=self._place,
                cluster_name=self._args.cluster_name,
                namespace="kube-system",
                service_account=account,
                statements=statements,
                managed_policies=managed,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _add_on(
        self, add_on: str, configuration: Mapping[str, Any], role: PodRole | None = None, account: str = ""
    ) -> aws.eks.Addon:
        identities = (
            [aws.eks.AddonPodIdentityAssociationArgs(role_arn=role.arn, service_account=account)] if role else None
        )
        return aws.eks.Addon(
            f"{self._name}-{add_on}",
            cluster_name=self._args.cluster_name,
            addon_name=add_on,
            addon_version=versions.ADD_ONS[add_on],
            configuration_values=pulumi.Output.json_dumps(configuration),
            pod_identity_associations=identities,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*self._args.nodes, *(role.policies if role else ())]),
        )


def _volume_key(place: Place, key_arn: pulumi.Input[str]) -> tuple[Statement, ...]:
    """What EBS does with the key in the driver's name (source: EBS guide, "Requirements for Amazon EBS
    encryption").

    Through EC2 alone: the secrets of Kubernetes are under the same key.
    """
    via_ec2 = {"StringEquals": {"kms:ViaService": f"ec2.{place.region}.amazonaws.com"}}
    return (
        Statement(
            sid="Grants",
            actions=["kms:CreateGrant"],
            resources=[key_arn],
            conditions={**via_ec2, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        Statement(
            sid="Key",
            actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncrypt*"],
            resources=[key_arn],
            conditions=via_ec2,
        ),
    )


def _file_systems(place: Place) -> tuple[Statement, ...]:
    """Volumes on EFS are access points that this program makes: the driver only looks."""
    return (
        Statement(
            sid="Look",
            actions=[
                "elasticfilesystem:DescribeAccessPoints",
                "elasticfilesystem:DescribeFileSystems",
                "elasticfilesystem:DescribeMountTargets",
            ],
            resources=[
                place.arn("elasticfilesystem", "file-system/*"),
                place.arn("elasticfilesystem", "access-point/*"),
            ],
        ),
        Statement(sid="Zones", actions=["ec2:DescribeAvailabilityZones"], resources=["*"]),
    )
