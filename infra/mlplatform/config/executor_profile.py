"""Spark's pods as the configuration sizes them, and the executor's profile for the contract."""

from __future__ import annotations

from typing import Final

from platform_contract.executor_profile import (
    ClaimVolume,
    Decommissioning,
    EmptyDirVolume,
    ExecutorProfile,
    LocalDirVolume,
    NodeShape,
)

from mlplatform.config.service_settings import NodesOfType
from mlplatform.config.workload_sections import Executor, Spark

PROFILE_NAME: Final = "platform"
SHUFFLE_STORAGE_CLASS: Final = "mlplatform-shuffle"
"""The storage class of `localDir: {kind: claim}`."""
PYTHON_OVERHEAD_SHARE: Final = 0.4
"""Of a driver's heap: Spark's own default for Python on Kubernetes (spark.kubernetes.memoryOverheadFactor)."""
SMALLEST_OVERHEAD_MIB: Final = 384
"""Spark's lower bound of that overhead."""


def smallest_shape(nodes: NodesOfType) -> NodeShape:
    """What a pod can count on, whichever instance type its node has.

    The types of a group have the same size, so that they differ by the number of pods that memory is reserved for.

    Raises:
        KeyError: a size is not known; the configuration's checks have refused it before.
    """
    shapes = nodes.shapes
    tightest = min(shapes, key=lambda shape: (shape.allocatable_memory_mib, shape.local_disk_gib, shape.name))
    return tightest.model_copy(update={"local_disk_gib": min(shape.local_disk_gib for shape in shapes)})


def driver_pod_memory_mib(spark: Spark) -> int:
    """The memory of a driver's pod: its heap, and what Spark adds for Python, in MiB."""
    return spark.driver_memory_mib + max(SMALLEST_OVERHEAD_MIB, int(PYTHON_OVERHEAD_SHARE * spark.driver_memory_mib))


def executor_pod_memory_mib(executor: Executor) -> int:
    """The memory of an executor's pod, as `ExecutorProfile.pod_memory_mib` counts it, in MiB."""
    return executor.heap_mib + executor.overhead_mib + executor.off_heap_mib + executor.pyspark_memory_mib


def local_dir(executor: Executor) -> LocalDirVolume:
    """The volume of an executor's shuffle files.

    `localDisk` is an emptyDir too: with `localDisks` the kubelet's directory, where emptyDirs are, is on the NVMe
    array, so that a pod needs no hostPath (which Pod Security refuses), has a limit that is enforced, and leaves
    nothing behind.
    """
    volume = executor.local_dir
    if volume.kind == "claim":
        return ClaimVolume(size_gib=volume.size_gib, storage_class=SHUFFLE_STORAGE_CLASS)
    return EmptyDirVolume(size_gib=volume.size_gib)


def profile_on(executor: Executor, node: NodeShape, fallback_storage: str | None = None) -> ExecutorProfile:
    """The executor's profile on a node.

    Raises:
        pydantic.ValidationError: an executor does not fit the node.
    """
    leaving = executor.decommissioning
    return ExecutorProfile(
        name=PROFILE_NAME,
        node=node,
        cores=executor.cores,
        heap_mib=executor.heap_mib,
        overhead_mib=executor.overhead_mib,
        off_heap_mib=executor.off_heap_mib,
        pyspark_memory_mib=executor.pyspark_memory_mib,
        local_dir=local_dir(executor),
        instances=executor.instances,
        max_instances=executor.max_instances,
        allocation_batch_size=executor.allocation_batch_size,
        min_registered_resources_ratio=executor.min_registered_resources_ratio,
        max_registered_resources_waiting_seconds=executor.max_registered_resources_waiting_seconds,
        decommissioning=None
        if leaving is None
        else Decommissioning(
            grace_period_seconds=leaving.grace_period_seconds,
            fallback_storage=fallback_storage if leaving.fallback_storage else None,
        ),
    )


def executor_profile(executor: Executor, nodes: NodesOfType, fallback_storage: str | None = None) -> ExecutorProfile:
    """The environment's executor profile, on the node that leaves it the least room.

    Args:
        executor: its settings.
        nodes: those that executors run on.
        fallback_storage: where shuffle blocks go when no executor takes them (an area of the lake); used only if the
            configuration wants it.
    """
    return profile_on(executor, smallest_shape(nodes), fallback_storage)
