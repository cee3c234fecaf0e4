"""What a given cluster must have, besides room for each pod."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlplatform.config.checks.fitting import Need, fits, nodes_needed
from mlplatform.config.checks.system import MLFLOW_SERVER
from mlplatform.config.executor_profile import smallest_shape
from mlplatform.config.faults import Fault
from mlplatform.config.local_model import InCluster, LocalNodeGroups
from mlplatform.config.workload_sections import Mlflow, Spark

STAND_IN: Final = Need(memory_mib=768, cpu_millicores=200)
"""The database or the broker (`mlplatform.foundation.incluster.pods`; a test compares the two)."""


def system_pods_fit(node_groups: LocalNodeGroups, mlflow: Mlflow) -> Iterator[Fault]:
    """MLflow, the job that makes its databases or a roll-out's second server, and the stand-ins share these nodes."""
    group = node_groups.system
    if not group.enabled:
        yield Fault("nodeGroups.system.maxSize", "leaves no node for MLflow and the database", 0, "use at least 1")
        return
    pods = [(MLFLOW_SERVER, mlflow.replicas + 1), (STAND_IN, 2)]
    node = smallest_shape(group)
    if not fits(MLFLOW_SERVER, node):
        yield Fault(
            "nodeGroups.system.memoryMib",
            f"or cpuMillicores is too small for MLflow's server, which asks for {MLFLOW_SERVER}",
            group.memory_mib,
            f"use at least {MLFLOW_SERVER.memory_mib} MiB and {MLFLOW_SERVER.cpu_millicores} millicores",
        )
        return
    needed = nodes_needed(pods, node)
    if needed > group.max_size:
        yield Fault(
            "nodeGroups.system.maxSize",
            "is too small for MLflow, its databases' job and the stand-ins",
            group.max_size,
            f"use at least {needed}, or larger nodes",
        )


def executors_have_no_disks_of_their_own(spark: Spark) -> Iterator[Fault]:
    """There is neither an NVMe array nor a storage class here."""
    kind = spark.executor.local_dir.kind
    if kind != "emptyDir":
        yield Fault("spark.executor.localDir.kind", "is nothing that this environment has", kind, "use emptyDir")


def folder_is_its_own(in_cluster: InCluster) -> Iterator[Fault]:
    """Pods write to what is in it."""
    if in_cluster.folder.count("/") < 2:
        yield Fault(
            "inCluster.folder",
            "is a folder right below the root, which pods would write to",
            in_cluster.folder,
            "use one of its own, as /srv/mlplatform",
        )
