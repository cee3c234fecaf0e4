"""What a given cluster must have, besides room for each pod."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic.alias_generators import to_camel

from mlplatform.config.checks.fitting import Need, enough, fits, nodes_needed
from mlplatform.config.checks.node_groups import ALWAYS_ON
from mlplatform.config.checks.system import MLFLOW_SERVER
from mlplatform.config.executor_profile import smallest_shape
from mlplatform.config.faults import NOT_GIVEN, Fault
from mlplatform.config.local_model import InCluster, LocalNodeGroups
from mlplatform.config.workload_sections import Mlflow, Spark

SYSTEM_FOLDERS: Final = ("bin", "boot", "dev", "etc", "lib", "lib64", "proc", "run", "sbin", "sys", "usr")
"""Of the nodes, which no pod may write to (Filesystem Hierarchy Standard 3.0)."""
NEEDED: Final = ALWAYS_ON | {"system": "MLflow and the database run there"}
"""Key of the service type → why it has a node."""
STAND_IN: Final = Need(memory_mib=768, cpu_millicores=200)
"""The database, the broker or the object store (`mlplatform.foundation.incluster.pods`; a test compares the two)."""


def database_and_lake_have_images(in_cluster: InCluster) -> Iterator[Fault]:
    """Without them nothing works: MLflow keeps its state in the one, and everybody data in the other."""
    for field, why in (
        ("postgresql", "MLflow needs a database"),
        ("object_store", "the lake needs an object store"),
    ):
        if getattr(in_cluster.stand_ins, field) is None:
            yield Fault(
                f"inCluster.standIns.{to_camel(field)}",
                f"is missing, and {why}",
                NOT_GIVEN,
                "'make images STAND_INS=1' builds its image and says how to set it",
            )


def system_pods_fit(node_groups: LocalNodeGroups, mlflow: Mlflow) -> Iterator[Fault]:
    """MLflow, the job that makes its databases or a roll-out's second server, and the stand-ins share these nodes."""
    group = node_groups.system
    if not group.enabled:
        return  # said with the others below
    pods = [(MLFLOW_SERVER, mlflow.replicas + 1), (STAND_IN, 3)]
    node = smallest_shape(group)
    for key, given, needed in (
        ("memoryMib", group.memory_mib, MLFLOW_SERVER.memory_mib),
        ("cpuMillicores", group.cpu_millicores, MLFLOW_SERVER.cpu_millicores),
    ):
        if given < needed:
            yield Fault(f"nodeGroups.system.{key}", "is too small for MLflow's server", given, f"use at least {needed}")
    if not fits(MLFLOW_SERVER, node):
        return
    needed = nodes_needed(pods, node, most_pods=group.places)
    if needed > group.max_size:
        yield Fault(
            "nodeGroups.system.maxSize",
            "is too small for MLflow, its databases' job and the stand-ins",
            group.max_size,
            enough(group, needed, "mlflow.replicas"),
        )


def needed_nodes_are_there(node_groups: LocalNodeGroups) -> Iterator[Fault]:
    """A pod waits forever for nodes of which there are none."""
    for name in type(node_groups).model_fields:
        group, key = getattr(node_groups, name), to_camel(name)
        if key in NEEDED and not group.enabled:
            yield Fault(f"nodeGroups.{key}.maxSize", f"may not be 0: {NEEDED[key]}", 0, "use at least 1")


def executors_have_no_disks_of_their_own(spark: Spark) -> Iterator[Fault]:
    """There is neither an NVMe array nor a storage class here."""
    kind = spark.executor.local_dir.kind
    if kind != "emptyDir":
        yield Fault("spark.executor.localDir.kind", "is nothing that this environment has", kind, "use emptyDir")


def folder_is_its_own(in_cluster: InCluster) -> Iterator[Fault]:
    """Pods write to what is in it."""
    _, first, *rest = in_cluster.folder.split("/")
    if not rest:
        yield Fault(
            "inCluster.folder",
            "is a folder right below the root, which pods would write to",
            in_cluster.folder,
            "use one of its own, as /srv/mlplatform",
        )
    elif first in SYSTEM_FOLDERS or in_cluster.folder.startswith("/var/lib/kubelet"):
        yield Fault(
            "inCluster.folder",
            f"is below /{first}, where the system of the nodes has its own files",
            in_cluster.folder,
            "use one of its own, as /srv/mlplatform",
        )
