"""Spark's driver and executors against the nodes they run on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from platform_contract.executor_profile import NodeShape

from mlplatform.config.checks.fitting import at_most
from mlplatform.config.checks.node_groups import is_known
from mlplatform.config.executor_profile import (
    PYTHON_OVERHEAD_SHARE,
    SMALLEST_OVERHEAD_MIB,
    driver_pod_memory_mib,
    executor_pod_memory_mib,
    smallest_shape,
)
from mlplatform.config.faults import NOT_GIVEN, Fault
from mlplatform.config.sections import NodeGroup, NodeGroups
from mlplatform.config.service_settings import NodesByType
from mlplatform.config.workload_sections import Executor, Spark

LEAST_DRIVER_MIB, LEAST_HEAP_MIB = 512, 450
"""The lower bounds of `Spark.driver_memory_mib` and of `Executor.heap_mib`."""
NODE_START_SECONDS: Final = 180
"""What a node takes from the autoscaler's decision to ready pods, with the pull of a large image: two to three minutes
(Spark's own default of 30 s is too short)."""


def driver_fits(node_groups: NodesByType, spark: Spark) -> Iterator[Fault]:
    """The memory of the driver's pod fits every instance type. (How much CPU it asks for, its own manifest says.)"""
    if not is_known(node_groups.spark_driver):
        return
    node, memory = smallest_shape(node_groups.spark_driver), driver_pod_memory_mib(spark)
    if memory > node.allocatable_memory_mib:
        # Below 960 MiB Spark's smallest overhead counts, above it a share of the heap.
        most = min(
            int(node.allocatable_memory_mib / (1 + PYTHON_OVERHEAD_SHARE)),
            node.allocatable_memory_mib - SMALLEST_OVERHEAD_MIB,
        )
        yield Fault(
            "spark.driverMemoryMib",
            f"makes a pod of {memory} MiB with Python's overhead, but {node.name} leaves {node.allocatable_memory_mib}",
            spark.driver_memory_mib,
            at_most(most, LEAST_DRIVER_MIB, "larger nodes in nodeGroups.sparkDriver"),
        )


def executor_fits(node_groups: NodesByType, spark: Spark) -> Iterator[Fault]:
    """The executor's pod fits every instance type of its group: memory, CPU, and the disk of its shuffle files."""
    if not is_known(node_groups.spark_executor):
        return
    executor, node = spark.executor, smallest_shape(node_groups.spark_executor)
    memory = executor_pod_memory_mib(executor)
    if memory > node.allocatable_memory_mib:
        yield Fault(
            "spark.executor.heapMib",
            f"makes a pod of {memory} MiB (heap {executor.heap_mib}, overhead {executor.overhead_mib}, off-heap"
            f" {executor.off_heap_mib}, Python {executor.pyspark_memory_mib}), but {node.name} leaves"
            f" {node.allocatable_memory_mib}",
            executor.heap_mib,
            at_most(
                executor.heap_mib - (memory - node.allocatable_memory_mib),
                LEAST_HEAP_MIB,
                "less of overheadMib, offHeapMib and pysparkMemoryMib, or larger nodes in nodeGroups.sparkExecutor",
            ),
        )
    if executor.cores * 1000 > node.allocatable_cpu_millicores:
        yield Fault(
            "spark.executor.cores",
            f"is more than the {node.allocatable_cpu_millicores} millicores that {node.name} leaves",
            executor.cores,
            at_most(node.allocatable_cpu_millicores // 1000, 1, "larger nodes in nodeGroups.sparkExecutor"),
        )


def shuffle_files_fit(node_groups: NodesByType, spark: Spark) -> Iterator[Fault]:
    """All executors of a node share its disk; a claim is a disk of its own."""
    group, executor = node_groups.spark_executor, spark.executor
    if executor.local_dir.kind == "claim" or not is_known(group):
        return
    if not all(shape.local_disk_gib for shape in group.shapes):
        return  # an array without disks: said by nodeGroups' own check
    size = executor.local_dir.size_gib
    for node in sorted(group.shapes, key=lambda shape: (shape.local_disk_gib, shape.name)):
        count = executors_per_node(executor, node)
        if size * count > node.local_disk_gib:
            yield Fault(
                "spark.executor.localDir.sizeGib",
                f"needs {size * count} GiB for the {count} executors that fit a node, but {node.name} has"
                f" {node.local_disk_gib} for pods",
                size,
                at_most(
                    node.local_disk_gib // count,
                    1,
                    "a larger nodeGroups.sparkExecutor.diskGib"
                    + (", types with larger NVMe disks, or kind claim" if isinstance(group, NodeGroup) else ""),
                ),
            )
            return  # the node with the least room says it for the others


def executors_per_node(executor: Executor, node: NodeShape) -> int:
    """Executors that a node holds, by memory and CPU."""
    return min(
        node.allocatable_memory_mib // executor_pod_memory_mib(executor),
        node.allocatable_cpu_millicores // (executor.cores * 1000),
    )


def local_disks_are_there(node_groups: NodeGroups, spark: Spark) -> Iterator[Fault]:
    """Shuffle on NVMe needs NVMe."""
    if spark.executor.local_dir.kind == "localDisk" and not node_groups.spark_executor.local_disks:
        yield Fault(
            "spark.executor.localDir.kind",
            "wants the node's NVMe disks, but nodeGroups.sparkExecutor.localDisks is off",
            "localDisk",
            "use emptyDir or claim, or turn localDisks on",
        )


def executors_have_nodes(node_groups: NodesByType, spark: Spark) -> Iterator[Fault]:
    """Spark would ask for executors that no node comes for."""
    group, executor = node_groups.spark_executor, spark.executor
    if executor.max_instances is not None and executor.max_instances < executor.instances:
        yield Fault(
            "spark.executor.maxInstances",
            f"is below instances, {executor.instances}",
            executor.max_instances,
            f"use at least {executor.instances}, or remove it",
        )
        return
    if not is_known(group):
        return
    most = executors_per_node(executor, smallest_shape(group)) * group.max_size
    for key, wanted in (("instances", executor.instances), ("maxInstances", executor.max_instances)):
        if wanted is not None and 0 < most < wanted:
            yield Fault(
                f"spark.executor.{key}",
                f"is more than the {most} executors that the {group.max_size} nodes of nodeGroups.sparkExecutor hold",
                wanted,
                f"use at most {most}, or raise nodeGroups.sparkExecutor.maxSize",
            )


def waits_for_nodes(node_groups: NodeGroups, spark: Spark) -> Iterator[Fault]:
    """A job that does not wait for the first nodes crawls along on the first executor that happens to come up."""
    group, executor = node_groups.spark_executor, spark.executor
    if not is_known(group):
        return
    there = executors_per_node(executor, smallest_shape(group)) * group.min_size
    given = executor.max_registered_resources_waiting_seconds
    if there < executor.instances and given < NODE_START_SECONDS:
        yield Fault(
            "spark.executor.maxRegisteredResourcesWaitingSeconds",
            f"is shorter than the start of a node, and only {there} of {executor.instances} executors fit the nodes"
            " that are always there",
            given,
            f"use at least {NODE_START_SECONDS}, or raise nodeGroups.sparkExecutor.minSize",
        )


def spot_executors_hand_over(node_groups: NodeGroups, spark: Spark) -> Iterator[Fault]:
    """An executor on a spot node loses its shuffle files with it, and the job computes them again."""
    if node_groups.spark_executor.capacity_type == "spot" and spark.executor.decommissioning is None:
        yield Fault(
            "spark.executor.decommissioning",
            "is not there, but executors run on spot nodes",
            NOT_GIVEN,
            "add 'decommissioning: {}', or use onDemand in nodeGroups.sparkExecutor",
        )


CHECKS = (
    driver_fits,
    executor_fits,
    shuffle_files_fit,
    local_disks_are_there,
    executors_have_nodes,
    waits_for_nodes,
    spot_executors_hand_over,
)
