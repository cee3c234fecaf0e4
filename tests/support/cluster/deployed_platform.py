"""The stack `local`, deployed by the real engine onto a control plane with pretended nodes of all service types."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cluster_requests import Asked, Requests
from control_plane import PRETENDED, ControlPlane
from engine_clouds import Cloud, Ran
from infra_configs import local_config
from mlplatform.config.workload_sections import Images
from mlplatform.service_types import SERVICE_TYPES
from offline_providers.kubernetes.apply import KubernetesApply

DIGEST: Final = "sha256:" + "0123456789abcdef" * 4
CPU_MILLICORES, MEMORY_MIB, DISK_GIB, PODS = 16_000, 65_536, 1024, 110
"""Of every node."""
PLAIN: Final = "plain"
"""Nodes of no service type: no label, no taint. A pod that does not say where it belongs ends up on one."""
NODES: Final[Mapping[str, int]] = {
    "system": 20,
    "spark-driver": 20,
    "spark-executor": 300,
    "ray": 400,
    "serving": 200,
    # Nothing that the stack itself starts belongs on these: whatever is found there is misplaced.
    "notebook": 40,
    PLAIN: 20,
}
"""Service type → nodes of the large cluster: 1,000."""
MLFLOW_REPLICAS: Final = 10
ZONES: Final = 3


def platform_values() -> dict[str, Any]:
    """The stack's file for that cluster, with all images.

    The quotas of the namespaces follow the nodes that the file names, so those of this stack leave room for what the
    large cluster can hold, and none has to be raised for a test.
    """
    groups = {"spark-driver": "sparkDriver", "spark-executor": "sparkExecutor"}
    size = {"cpuMillicores": CPU_MILLICORES, "memoryMib": MEMORY_MIB}
    return local_config(
        {
            "nodeGroups": {
                groups.get(name, name): {**size, "maxSize": NODES[name]}
                for name in ("system", "spark-driver", "spark-executor", "ray", "serving", "notebook")
            },
            "nodeGroups.sparkExecutor.diskGib": DISK_GIB,
            "mlflow": {"replicas": MLFLOW_REPLICAS},
            # Small ones, whatever the file has: the cluster shall be full of pods, not of gibibytes.
            "spark.executor.cores": 1,
            "ray.headCpu": 1,
            "ray.headMemoryGib": 2,
            "ray.workerGroups": [{"name": "small", "cpu": 1, "memoryGib": 2, "minWorkers": 1, "maxWorkers": 1}],
            "images": {field.alias or name: DIGEST for name, field in Images.model_fields.items()},
        }
    )


def add_nodes(requests: Requests, counts: Mapping[str, int], first: int = 0) -> None:
    """Nodes of service types, labelled and tainted as those of `make cluster` are.

    Args:
        requests: to the control plane.
        counts: service type, or `PLAIN`, → how many.
        first: number of the first of each.
    """
    kinds = {kind.name: kind for kind in SERVICE_TYPES}
    size = {
        "cpu": f"{CPU_MILLICORES}m",
        "memory": f"{MEMORY_MIB}Mi",
        "ephemeral-storage": f"{DISK_GIB}Gi",
        "pods": str(PODS),
    }
    wanted = []
    for type_, count in counts.items():
        kind = kinds.get(type_)
        for number in range(first, first + count):
            name = f"{type_}-{number}"
            labels = {
                "kubernetes.io/hostname": name,
                "topology.kubernetes.io/zone": f"local-{'abc'[number % ZONES]}",
                PRETENDED: "true",
                **(kind.labels if kind else {}),
            }
            taints = [{"key": one.key, "value": one.value, "effect": one.effect} for one in kind.taints] if kind else []
            node = {
                "metadata": {"name": name, "labels": labels},
                "spec": {"taints": taints},
                "status": {"allocatable": size, "capacity": size},
            }
            wanted.append(Asked("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", **node}))
    requests.many(wanted)


def deploy_platform(plane: ControlPlane, folder: Path) -> Ran:
    """Applies the whole stack; its pods need a node of each service type.

    Raises:
        AssertionError: with all that the engine has said.
    """
    ran = Cloud(folder).run("local", "up", platform_values(), KubernetesApply(str(plane.kubeconfig())))
    assert not ran.outcome.failed, ran.errors
    return ran
