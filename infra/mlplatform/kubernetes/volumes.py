"""A persistent volume that is there already, and the one claim that it is for."""

from __future__ import annotations

from typing import Any, Final, Literal

import pulumi

from mlplatform.endpoints import CsiVolume, NodeFolder
from mlplatform.kubernetes.pods import core, metadata

NOMINAL_SIZE: Final = "1Gi"
"""Kubernetes wants a number; a shared file system has no size, and nothing reads it."""


def bound_claim(
    role: str,
    name: str,
    namespace: pulumi.Input[str],
    *,
    source: CsiVolume | NodeFolder,
    access_mode: Literal["ReadWriteMany", "ReadWriteOncePod"],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Registers both; returns the claim's name, known when it is there.

    Args:
        role: beginning of the logical names.
        name: the claim's.
        access_mode: many pods on many nodes, or one pod alone.
    """
    size = {"storage": NOMINAL_SIZE}
    volume = core.PersistentVolume(
        f"{role}-volume",
        metadata=metadata(None),
        spec=core.PersistentVolumeSpecArgs(
            capacity=size,
            access_modes=[access_mode],
            # The files outlive every object that leads to them.
            persistent_volume_reclaim_policy="Retain",
            storage_class_name="",
            volume_mode="Filesystem",
            claim_ref=core.ObjectReferenceArgs(namespace=namespace, name=name),
            **_source(source),
        ),
        opts=opts,
    )
    claim = core.PersistentVolumeClaim(
        f"{role}-claim",
        metadata=metadata(namespace, name=name),
        spec=core.PersistentVolumeClaimSpecArgs(
            access_modes=[access_mode],
            # Empty: bound to this volume, made by nobody.
            storage_class_name="",
            volume_name=volume.metadata.name,
            resources=core.VolumeResourceRequirementsArgs(requests=size),
        ),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True)),
    )
    return claim.metadata.name


def _source(source: CsiVolume | NodeFolder) -> dict[str, Any]:
    """As a persistent volume has it."""
    if isinstance(source, CsiVolume):
        return {"csi": core.CSIPersistentVolumeSourceArgs(driver=source.driver, volume_handle=source.handle)}
    # It must be there: a folder made on one node would be another on the next.
    return {"host_path": core.HostPathVolumeSourceArgs(path=source.path, type="Directory")}
