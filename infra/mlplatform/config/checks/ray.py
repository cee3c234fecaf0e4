"""Ray's pods against its nodes, and trainings against its workers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlplatform.config.checks.fitting import Need, at_most, enough, fits, nodes_needed, room
from mlplatform.config.checks.node_groups import is_known
from mlplatform.config.executor_profile import smallest_shape
from mlplatform.config.faults import Fault
from mlplatform.config.service_settings import NodesByType
from mlplatform.config.workload_sections import Ray, RayWorkerGroup

AUTOSCALER: Final = Need(memory_mib=512, cpu_millicores=500)
"""KubeRay's container beside the head (`mlplatform.services.ray.cluster`; a test compares the two)."""


def worker_groups_make_sense(ray: Ray) -> Iterator[Fault]:
    """KubeRay wants names that differ and bounds in order."""
    names = [group.name for group in ray.worker_groups]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield Fault("ray.workerGroups", "has two groups of one name", name, "rename one")
    for index, group in enumerate(ray.worker_groups):
        key = f"ray.workerGroups[{index}]"
        if group.min_workers > group.max_workers:
            yield Fault(
                f"{key}.maxWorkers",
                f"is below minWorkers, {group.min_workers}",
                group.max_workers,
                f"use at least {group.min_workers}, or lower minWorkers",
            )


def head_fits(node_groups: NodesByType, ray: Ray) -> Iterator[Fault]:
    """The head's pod, and KubeRay's autoscaler in it, fit a node."""
    if not is_known(node_groups.ray):
        return
    node, need = smallest_shape(node_groups.ray), _head(ray)
    memory, cpu = node.allocatable_memory_mib, node.allocatable_cpu_millicores
    what = f"makes a pod of {need} with KubeRay's autoscaler, but {node.name} leaves {room(node)}"
    larger = "larger nodes in nodeGroups.ray"
    if need.memory_mib > memory:
        most = (memory - AUTOSCALER.memory_mib) // 1024
        yield Fault("ray.headMemoryGib", what, ray.head_memory_gib, at_most(most, 2, larger))
    if need.cpu_millicores > cpu:
        most = (cpu - AUTOSCALER.cpu_millicores) // 1000
        yield Fault("ray.headCpu", what, ray.head_cpu, at_most(most, 1, larger))


def workers_fit(node_groups: NodesByType, ray: Ray) -> Iterator[Fault]:
    """A worker's pod fits a node of its group."""
    if not is_known(node_groups.ray):
        return
    node = smallest_shape(node_groups.ray)
    for index, group in enumerate(ray.worker_groups):
        need = _worker(group)
        key = f"ray.workerGroups[{index}]"
        if need.memory_mib > node.allocatable_memory_mib:
            yield Fault(
                f"{key}.memoryGib",
                f"is more than the {node.allocatable_memory_mib} MiB that {node.name} leaves",
                group.memory_gib,
                at_most(node.allocatable_memory_mib // 1024, 1, "larger nodes"),
            )
        if need.cpu_millicores > node.allocatable_cpu_millicores:
            yield Fault(
                f"{key}.cpu",
                f"is more than the {node.allocatable_cpu_millicores} millicores that {node.name} leaves",
                group.cpu,
                at_most(node.allocatable_cpu_millicores // 1000, 1, "larger nodes"),
            )


def all_workers_fit(node_groups: NodesByType, ray: Ray) -> Iterator[Fault]:
    """Ray would ask for workers that no node comes for."""
    nodes = node_groups.ray
    if not is_known(nodes):
        return
    node = smallest_shape(nodes)
    pods = [(_head(ray), 1), *((_worker(group), group.max_workers) for group in ray.worker_groups)]
    if not all(fits(need, node) for need, _ in pods):
        return  # said by the checks above
    needed = nodes_needed(pods, node, nodes.places)
    if needed > nodes.max_size:
        yield Fault(
            "nodeGroups.ray.maxSize",
            "is too small for all workers of ray.workerGroups and the head",
            nodes.max_size,
            enough(nodes, needed, "maxWorkers of ray.workerGroups"),
        )


def training_fits(ray: Ray) -> Iterator[Fault]:
    """A training that asks for more than Ray can grow to waits forever."""
    per_worker, groups = ray.training_cpus_per_worker, ray.worker_groups
    small = [index for index, group in enumerate(groups) if group.cpu < per_worker]
    for index in small:
        yield Fault(
            f"ray.workerGroups[{index}].cpu",
            f"is fewer than the {per_worker} CPUs of a training's worker (ray.trainingCpusPerWorker), which would never"
            " run there",
            groups[index].cpu,
            f"use at least {per_worker}, or lower ray.trainingCpusPerWorker",
        )
    if small:
        return
    most = sum(group.cpu // per_worker * group.max_workers for group in groups)
    if ray.training_workers > most:
        yield Fault(
            "ray.trainingWorkers",
            f"is more than ray.workerGroups can hold of {per_worker} CPUs each",
            ray.training_workers,
            f"use at most {most}, or raise maxWorkers",
        )


def _head(ray: Ray) -> Need:
    return Need(
        memory_mib=ray.head_memory_gib * 1024 + AUTOSCALER.memory_mib,
        cpu_millicores=ray.head_cpu * 1000 + AUTOSCALER.cpu_millicores,
    )


def _worker(group: RayWorkerGroup) -> Need:
    return Need(memory_mib=group.memory_gib * 1024, cpu_millicores=group.cpu * 1000)


CHECKS = (worker_groups_make_sense, head_fits, workers_fit, all_workers_fit, training_fits)
