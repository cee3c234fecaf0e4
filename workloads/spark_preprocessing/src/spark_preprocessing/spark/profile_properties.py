"""The Spark properties that an executor profile renders to.

Names and meanings: Spark's documentation, "Configuration" and "Running Spark on Kubernetes". A test asks the Spark that
is installed whether it knows each of them.
"""

from __future__ import annotations

from typing import Final

from platform_contract import ClaimVolume, EmptyDirVolume, ExecutorProfile, HostPathVolume
from platform_contract.executor_profile import LocalDirVolume

from spark_preprocessing.locations import spark_path

VOLUME_NAME: Final = "spark-local-dir-1"
"""A volume whose name starts with ``spark-local-dir-`` becomes an executor's ``spark.local.dir``."""

VOLUME_PATH: Final = "/var/data/spark-local-dir-1"

REUSING_SHUFFLE: Final = "org.apache.spark.shuffle.KubernetesLocalDiskShuffleDataIO"
"""Makes an executor look for the shuffle files of the one whose volume it took over."""


def profile_properties(profile: ExecutorProfile) -> dict[str, str]:
    """The properties by name. The profile has been checked against its node when it was read."""
    return {
        **_size(profile),
        **_allocation(profile),
        **_local_dir(profile.local_dir),
        **_decommissioning(profile),
    }


def _size(profile: ExecutorProfile) -> dict[str, str]:
    """Spark asks Kubernetes for the sum of all four kinds of memory, as request and as limit."""
    properties = {
        "spark.executor.cores": str(profile.cores),
        "spark.executor.memory": f"{profile.heap_mib}m",
        "spark.executor.memoryOverhead": f"{profile.overhead_mib}m",
        "spark.memory.offHeap.enabled": _boolean(profile.off_heap_mib > 0),
    }
    if profile.off_heap_mib:
        properties["spark.memory.offHeap.size"] = f"{profile.off_heap_mib}m"
    if profile.pyspark_memory_mib:
        properties["spark.executor.pyspark.memory"] = f"{profile.pyspark_memory_mib}m"
    return properties


def _allocation(profile: ExecutorProfile) -> dict[str, str]:
    properties = {
        "spark.kubernetes.allocation.batch.size": str(profile.allocation_batch_size),
        "spark.kubernetes.allocation.batch.delay": f"{profile.allocation_batch_delay_seconds}s",
        "spark.kubernetes.allocation.executor.timeout": f"{profile.executor_creation_timeout_seconds}s",
        "spark.scheduler.minRegisteredResourcesRatio": str(profile.min_registered_resources_ratio),
        "spark.scheduler.maxRegisteredResourcesWaitingTime": f"{profile.max_registered_resources_waiting_seconds}s",
        "spark.dynamicAllocation.enabled": _boolean(profile.max_instances is not None),
    }
    if profile.max_instances is None:
        return {**properties, "spark.executor.instances": str(profile.instances)}
    return {
        **properties,
        "spark.dynamicAllocation.initialExecutors": str(profile.instances),
        "spark.dynamicAllocation.maxExecutors": str(profile.max_instances),
        "spark.dynamicAllocation.executorIdleTimeout": f"{profile.executor_idle_timeout_seconds}s",
        # Kubernetes has no external shuffle service: an executor with shuffle files in use must not be taken away.
        "spark.dynamicAllocation.shuffleTracking.enabled": "true",
    }


def _local_dir(volume: LocalDirVolume) -> dict[str, str]:
    prefix = f"spark.kubernetes.executor.volumes.{volume.kind}.{VOLUME_NAME}"
    properties = {f"{prefix}.mount.path": VOLUME_PATH, f"{prefix}.mount.readOnly": "false"}
    match volume:
        case EmptyDirVolume():
            # No medium: one in memory would count against the pod's memory.
            properties[f"{prefix}.options.sizeLimit"] = f"{volume.size_gib}Gi"
        case HostPathVolume():
            properties[f"{prefix}.options.path"] = str(volume.path)
        case ClaimVolume():
            reuse = _boolean(volume.reuse)
            properties |= {
                f"{prefix}.options.claimName": "OnDemand",
                f"{prefix}.options.storageClass": volume.storage_class,
                f"{prefix}.options.sizeLimit": f"{volume.size_gib}Gi",
                "spark.kubernetes.driver.ownPersistentVolumeClaim": reuse,
                "spark.kubernetes.driver.reusePersistentVolumeClaim": reuse,
                "spark.kubernetes.driver.waitToReusePersistentVolumeClaim": reuse,
            }
            if volume.reuse:
                properties["spark.shuffle.sort.io.plugin.class"] = REUSING_SHUFFLE
    return properties


def _decommissioning(profile: ExecutorProfile) -> dict[str, str]:
    settings = profile.decommissioning
    if settings is None:
        return {"spark.decommission.enabled": "false"}
    properties = {
        "spark.decommission.enabled": "true",
        "spark.storage.decommission.enabled": "true",
        "spark.storage.decommission.rddBlocks.enabled": "true",
        "spark.storage.decommission.shuffleBlocks.enabled": "true",
        "spark.kubernetes.executor.terminationGracePeriodSeconds": f"{settings.grace_period_seconds}s",
    }
    if settings.fallback_storage is not None:
        # Spark joins names to this path as they are, so it must end with a slash.
        properties["spark.storage.decommission.fallbackStorage.path"] = f"{spark_path(settings.fallback_storage)}/"
    return properties


def _boolean(value: bool) -> str:
    return "true" if value else "false"
