"""Spark's driver and executors against the nodes they run on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from platform_contract.executor_profile import NodeShape

from mlplatform.config.checks.fitting import Need
from mlplatform.config.checks.node_groups import is_known
from mlplatform.config.executor_profile import (
    driver_pod_memory_mib,
    executor_pod_memory_mib,
    smallest_shape,
)
from mlplatform.config.faults import NOT_GIVEN, Fault
from mlplatform.config.sections import NodeGroups
from mlplatform.config.service_settings import NodesByType
from mlplatform.config.workload_sections import Executor, Spark

NODE_START_SECONDS: Final = 180
"""What a node takes from the autoscaler's decision to ready pods, with the pull of a large image: two to three minutes
(Spark's own default of 30 s is too short)."""


def driver_fits(node_groups: NodesByType, spark: Spark) -> Iterator[Fault]:
    """The driver's pod fits every instance type."""
    if not is_known(node_groups.spark_driver):
        return
    node = smallest_shape(node_groups.spark_driver)
    need = Need(driver_pod_memory_mib(spark), spark.driver_cpu * 1000)
    if need.memory_mib > node.allocatable_memory_mib:
        yield Fault(
            "spark.driverMemoryMib",
            f"makes a pod of {need.memory_mib} MiB with Python's overhead, but {node.name} leaves"
            f" {node.allocatable_memory_mib}",
            spark.driver_memory_mib,
            "lower it, or use larger types in nodeGroups.sparkDriver",
        )
    if need.cpu_millicores > node.allocatable_cpu_millicores:
        yield Fault(
            "spark.driverCpu",
            f"is more than the {node.allocatable_cpu_millicores} millicores that {node.name} leaves",
            spark.driver_cpu,
            f"use at most {node.allocatable_cpu_millicores // 1000}",
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
            "lower it, or use larger types in nodeGroups.sparkExecutor",
        )
    if executor.cores * 1000 > node.allocatable_cpu_millicores:
        yield Fault(
            "spark.executor.cores",
            f"is more than the {node.allocatable_cpu_millicores} millicores that {node.name} leaves",
            executor.cores,
            f"use at most {node.allocatable_cpu_millicores // 1000}",
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
                f"use at most {node.local_disk_gib // count}, a larger nodeGroups.sparkExecutor.diskGib, types with"
                " larger NVMe disks, or kind claim",
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
            "turn localDisks on, or use emptyDir or claim",
        )


def executors_have_nodes(node_groups: NodesByType, spark: Spark) -> Iterator[Fault]:
    """Spark would ask for executors that no node comes for."""
    group, executor = node_groups.spark_executor, spark.executor
    if executor.max_instances is not None and executor.max_instances < executor.instances:
        yield Fault(
            "spark.executor.maxInstances",
            f"is below instances, {executor.instances}",
            executor.max_instances,
            "raise it, or remove it",
        )
        return
    if not is_known(group):
        return
    node = smallest_shape(group)
    most = executors_per_node(executor, node) * group.max_size
    key, wanted = (
        ("instances", executor.instances)
        if executor.max_instances is None
        else ("maxInstances", executor.max_instances)
    )
    if 0 < most < wanted:
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
