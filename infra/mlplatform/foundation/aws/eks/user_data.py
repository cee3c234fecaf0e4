"""What a node is told when it starts: a part for nodeadm, which EKS joins with its own (cluster, labels)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Final

import yaml

from mlplatform.instance_types import InstanceTypeFacts, max_pods

LOCAL_DISKS_MOUNT: Final = "/mnt/k8s-disks/0"
"""Where nodeadm mounts the array of local disks; the kubelet's and containerd's directories are then on it."""
BOUNDARY: Final = "mlplatform"


def node_config(types: Sequence[InstanceTypeFacts], *, local_disks: bool) -> dict[str, Any]:
    """The NodeConfig of nodeadm (``node.eks.aws/v1alpha1``)."""
    spec: dict[str, Any] = {"kubelet": {"config": {"maxPods": max_pods(types)}}}
    if local_disks:
        spec["instance"] = {"localStorage": {"strategy": "RAID0"}}
    return {"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig", "spec": spec}


def user_data(types: Sequence[InstanceTypeFacts], *, local_disks: bool) -> str:
    """The user data of a launch template: MIME, in base64."""
    document = yaml.safe_dump(node_config(types, local_disks=local_disks), explicit_start=True, sort_keys=True)
    lines = (
        "MIME-Version: 1.0",
        f'Content-Type: multipart/mixed; boundary="{BOUNDARY}"',
        "",
        f"--{BOUNDARY}",
        "Content-Type: application/node.eks.aws",
        "",
        document,
        f"--{BOUNDARY}--",
        "",
    )
    return base64.b64encode("\n".join(lines).encode()).decode()
