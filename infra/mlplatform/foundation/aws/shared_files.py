"""The shared file system (EFS): model files and notebooks, each part behind an access point of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pulumi
import pulumi_aws as aws

from mlplatform.config import sections
from mlplatform.config.sections import Protection
from mlplatform.iam_policies import Statement, policy
from mlplatform.stateful import stateful

Use = Literal["models", "notebooks"]
USES: Final[tuple[Use, ...]] = ("models", "notebooks")
NFS_PORT: Final = 2049
OWNER: Final = 1000
"""User and group that own the files, and the ones of every process of ours (`mlplatform.kubernetes.pods.USER`)."""
MODE: Final = "0770"
"""Of each part's root: nothing for others."""


@dataclass(frozen=True, kw_only=True)
class SharedFilesArgs:
    """Inputs of `SharedFiles`."""

    settings: sections.SharedFiles
    vpc_id: pulumi.Input[str]
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Zone → subnet of its mount target."""
    client_security_group_id: pulumi.Input[str]
    """Whose members mount it: the nodes."""
    key_arn: pulumi.Input[str]
    protection: Protection


class SharedFiles(pulumi.ComponentResource):
    """The file system: encrypted at rest and on the way, mounted through access points and in no other way."""

    file_system_id: pulumi.Output[str]
    volume_handles: Mapping[Use, pulumi.Output[str]]
    """Part → the CSI driver's handle, ``fs-…::fsap-…``; known when every zone has its mount target."""

    def __init__(self, name: str, args: SharedFilesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:shared_files:SharedFiles", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        file_system = aws.efs.FileSystem(
            f"{name}-files",
            encrypted=True,
            kms_key_id=args.key_arn,
            throughput_mode=args.settings.throughput_mode,
            lifecycle_policies=_lifecycle(args.settings),
            tags={"Name": name},
            opts=stateful(self, args.protection),
        )
        aws.efs.BackupPolicy(
            f"{name}-backup",
            file_system_id=file_system.id,
            backup_policy=aws.efs.BackupPolicyBackupPolicyArgs(
                status="ENABLED" if args.settings.backup else "DISABLED"
            ),
            opts=self._child,
        )
        targets = self._mount_targets(file_system)
        points = {use: self._access_point(use, file_system) for use in USES}
        self._policy(file_system, [point.arn for point in points.values()])
        self.file_system_id = file_system.id
        # A volume that is mounted before its zone has a target hangs: the handle waits for all of them.
        there = pulumi.Output.all(*[target.id for target in targets])
        self.volume_handles = {
            use: pulumi.Output.all(file_system.id, point.id, there).apply(lambda ids: f"{ids[0]}::{ids[1]}")
            for use, point in points.items()
        }
        self.register_outputs({"fileSystemId": self.file_system_id})

    def _mount_targets(self, file_system: aws.efs.FileSystem) -> list[aws.efs.MountTarget]:
        group = aws.ec2.SecurityGroup(
            f"{self._name}-security-group",
            description="NFS from the nodes to the shared file system",
            vpc_id=self._args.vpc_id,
            tags={"Name": self._name},
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-nfs",
            security_group_id=group.id,
            description="NFS from the nodes",
            referenced_security_group_id=self._args.client_security_group_id,
            ip_protocol="tcp",
            from_port=NFS_PORT,
            to_port=NFS_PORT,
            opts=self._child,
        )
        return [
            aws.efs.MountTarget(
                f"{self._name}-{zone}",
                file_system_id=file_system.id,
                subnet_id=subnet,
                security_groups=[group.id],
                opts=self._child,
            )
            for zone, subnet in self._args.subnet_ids.items()
        ]

    def _access_point(self, use: Use, file_system: aws.efs.FileSystem) -> aws.efs.AccessPoint:
        return aws.efs.AccessPoint(
            f"{self._name}-{use}",
            file_system_id=file_system.id,
            # Whoever mounts it is this user, whatever it says it is.
            posix_user=aws.efs.AccessPointPosixUserArgs(uid=OWNER, gid=OWNER),
            root_directory=aws.efs.AccessPointRootDirectoryArgs(
                path=f"/{use}",
                creation_info=aws.efs.AccessPointRootDirectoryCreationInfoArgs(
                    owner_uid=OWNER, owner_gid=OWNER, permissions=MODE
                ),
            ),
            tags={"Name": f"{self._name}-{use}"},
            # The path is the data's address: a point that is made anew leads to the same files.
            opts=stateful(self, self._args.protection),
        )

    def _policy(self, file_system: aws.efs.FileSystem, points: list[pulumi.Output[str]]) -> None:
        """The driver mounts without IAM; the network decides who reaches the file system, and this what they may."""
        mounted = Statement(
            sid="ThroughAccessPoints",
            actions=["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
            resources=[file_system.arn],
            principals={"AWS": "*"},
            conditions={
                "Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"},
                "StringEquals": {"elasticfilesystem:AccessPointArn": points},
            },
        )
        tls = Statement(
            sid="TlsOnly",
            effect="Deny",
            actions=["*"],
            resources=[file_system.arn],
            principals={"AWS": "*"},
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        )
        aws.efs.FileSystemPolicy(
            f"{self._name}-policy", file_system_id=file_system.id, policy=policy(mounted, tls), opts=self._child
        )


def _lifecycle(settings: sections.SharedFiles) -> list[aws.efs.FileSystemLifecyclePolicyArgs]:
    """Each move is an entry of its own; a file comes back when it is read."""
    days = settings.infrequent_access_after_days
    after = f"AFTER_{days}_DAY" if days == 1 else f"AFTER_{days}_DAYS"
    return [
        aws.efs.FileSystemLifecyclePolicyArgs(transition_to_ia=after),
        aws.efs.FileSystemLifecyclePolicyArgs(transition_to_primary_storage_class="AFTER_1_ACCESS"),
    ]
