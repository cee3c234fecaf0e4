"""What the cluster autoscaler must know of a group that has no node yet: tags of its auto-scaling group.

(Source: kubernetes/autoscaler, cluster-autoscaler/cloudprovider/aws/README.md, "Auto-Discovery Setup".)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlplatform.service_types import ServiceType

TEMPLATE: Final = "k8s.io/cluster-autoscaler/node-template"


@dataclass(frozen=True)
class Hint:
    """One tag."""

    role: str
    """Part of the logical name."""
    key: str
    value: str


def hints(service_type: ServiceType, disk_gib: int) -> tuple[Hint, ...]:
    """Labels, taints and the disk of a node that the group would start.

    Args:
        service_type: the group's.
        disk_gib: what the pods of a node may use of its disk.
    """
    labels = [
        Hint(f"label-{_short(key)}", f"{TEMPLATE}/label/{key}", value) for key, value in service_type.labels.items()
    ]
    taints = [
        Hint(f"taint-{_short(taint.key)}", f"{TEMPLATE}/taint/{taint.key}", f"{taint.value}:{taint.effect}")
        for taint in service_type.taints
    ]
    disk = Hint("ephemeral-storage", f"{TEMPLATE}/resources/ephemeral-storage", f"{disk_gib}Gi")
    return (*labels, *taints, disk)


def _short(key: str) -> str:
    return key.rsplit("/", 1)[-1].lower()
