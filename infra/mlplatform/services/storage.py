"""Storage of pods: a class for shuffle volumes, and claims on the shared file system where it is mounted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from mlplatform import naming
from mlplatform.config.executor_profile import SHUFFLE_STORAGE_CLASS
from mlplatform.endpoints import BlockStorage, SharedVolume, VolumeUse
from mlplatform.kubernetes.pods import metadata
from mlplatform.kubernetes.volumes import bound_claim

MOUNTS: Final[Mapping[VolumeUse, tuple[str, ...]]] = {
    "models": (naming.NAMESPACE_RAY, naming.NAMESPACE_SERVING, naming.NAMESPACE_NOTEBOOKS),
    "notebooks": (naming.NAMESPACE_NOTEBOOKS,),
}
"""Part of the shared file system → namespaces with a claim on it, which is named like the part."""


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """Inputs of `Storage`."""

    namespaces: Mapping[str, pulumi.Input[str]]
    shared_volumes: Mapping[str, SharedVolume]
    block_storage: BlockStorage | None


class Storage(pulumi.ComponentResource):
    """The storage class and the claims."""

    claims: Mapping[tuple[str, str], pulumi.Output[str]]
    """(namespace, part) → name of the claim, known when it is there."""

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:storage:Storage", name, None, opts)
        if args.block_storage:
            k8s.storage.v1.StorageClass(
                f"{name}-shuffle",
                metadata=metadata(None, name=SHUFFLE_STORAGE_CLASS),
                provisioner=args.block_storage.provisioner,
                parameters=args.block_storage.parameters,
                # A volume belongs to a zone: it must wait until its pod has one.
                volume_binding_mode="WaitForFirstConsumer",
                reclaim_policy="Delete",
                allow_volume_expansion=True,
                # A class cannot be changed, and its name is in the contract.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.claims = {
            (namespace, use): self._claim(name, use, args.shared_volumes[use], namespace, args.namespaces[namespace])
            for use, namespaces in MOUNTS.items()
            if use in args.shared_volumes
            for namespace in namespaces
        }
        self.register_outputs({})

    def _claim(
        self, name: str, use: str, shared: SharedVolume, namespace: str, there: pulumi.Input[str]
    ) -> pulumi.Output[str]:
        return bound_claim(
            f"{name}-{use}-{namespace}",
            use,
            there,
            source=shared.source,
            access_mode="ReadWriteMany",
            opts=pulumi.ResourceOptions(parent=self),
        )
