"""Ray's pods against its nodes, and trainings against its workers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlplatform.config.checks.fitting import Need, fits, nodes_needed, room
from mlplatform.config.checks.node_groups import is_known
from mlplatform.config.executor_profile import smallest_shape
from mlplatform.config.faults import Fault
from mlplatform.config.service_settings import NodesByType, NodesOfType
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
                f"{key}.minWorkers",
                f"is above maxWorkers, {group.max_workers}",
                group.min_workers,
                "lower it, or raise maxWorkers",
            )
        if group.node_group == "rayGpu" and not group.gpu:
            yield Fault(f"{key}.gpu", "is 0 on nodes that have GPUs", 0, "use at least 1, or nodeGroup ray")
        if group.node_group == "ray" and group.gpu:
            yield Fault(f"{key}.gpu", "asks for GPUs of nodes that have none", group.gpu, "use 0, or nodeGroup rayGpu")


def gpu_nodes_are_there(node_groups: NodesByType, ray: Ray) -> Iterator[Fault]:
    """A worker group waits forever for nodes of a group that does not exist."""
    for index, group in enumerate(ray.worker_groups):
        if group.node_group == "rayGpu" and not (node_groups.ray_gpu and node_groups.ray_gpu.enabled):
            yield Fault(
                f"ray.workerGroups[{index}].nodeGroup",
                "is a node group that does not exist or is off",
                "rayGpu",
                "add nodeGroups.rayGpu, or use ray",
            )


def head_fits(node_groups: NodesByType, ray: Ray) -> Iterator[Fault]:
    """The head's pod, and KubeRay's autoscaler in it, fit a node."""
    if not is_known(node_groups.ray):
        return
    node, need = smallest_shape(node_groups.ray), _head(ray)
    if not fits(need, node):
        yield Fault(
            "ray.headMemoryGib" if need.memory_mib > node.allocatable_memory_mib else "ray.headCpu",
            f"makes a pod of {need} with KubeRay's autoscaler, but {node.name} leaves {room(node)}",
            ray.head_memory_gib if need.memory_mib > node.allocatable_memory_mib else ray.head_cpu,
            "lower it, or use larger types in nodeGroups.ray",
        )


def workers_fit(node_groups: NodesByType, ray: Ray) -> Iterator[Fault]:
    """A worker's pod fits a node of its group."""
    for index, group in enumerate(ray.worker_groups):
        nodes = _nodes(node_groups, group)
        if nodes is None:
            continue
        node, gpus, need = smallest_shape(nodes), nodes.gpus, _worker(group)
        key = f"ray.workerGroups[{index}]"
        if need.memory_mib > node.allocatable_memory_mib:
            yield Fault(
                f"{key}.memoryGib",
                f"is more than the {node.allocatable_memory_mib} MiB that {node.name} leaves",
                group.memory_gib,
                f"use at most {node.allocatable_memory_mib // 1024}",
            )
        if need.cpu_millicores > node.allocatable_cpu_millicores:
            yield Fault(
                f"{key}.cpu",
                f"is more than the {node.allocatable_cpu_millicores} millicores that {node.name} leaves",
                group.cpu,
                f"use at most {node.allocatable_cpu_millicores // 1000}",
            )
        if need.gpus > gpus and group.node_group == "rayGpu":
            yield Fault(f"{key}.gpu", f"is more than the {gpus} of {node.name}", group.gpu, f"use at most {gpus}")


def all_workers_fit(node_groups: NodesByType, ray: Ray) -> Iterator[Fault]:
    """Ray would ask for workers that no node comes for."""
    for key, nodes in (("ray", node_groups.ray), ("rayGpu", node_groups.ray_gpu)):
        if nodes is None or not is_known(nodes):
            continue
        node, gpus = smallest_shape(nodes), nodes.gpus
        pods = [(_worker(group), group.max_workers) for group in ray.worker_groups if group.node_group == key]
        if key == "ray":
            pods.append((_head(ray), 1))
        if not all(fits(need, node, gpus) for need, _ in pods):
            continue  # said by the checks above
        needed = nodes_needed(pods, node, gpus)
        if needed > nodes.max_size:
            yield Fault(
                f"nodeGroups.{key}.maxSize",
                "is too small for all workers of ray.workerGroups" + (" and the head" if key == "ray" else ""),
                nodes.max_size,
                f"use at least {needed}, or lower maxWorkers",
            )


def training_fits(ray: Ray) -> Iterator[Fault]:
    """A training that asks for more than Ray can grow to waits forever."""
    per_worker, groups = ray.training_cpus_per_worker, ray.worker_groups
    largest = max(group.cpu for group in groups)
    if per_worker > largest:
        yield Fault(
            "ray.trainingCpusPerWorker",
            f"is more than the {largest} CPUs of the largest worker in ray.workerGroups",
            per_worker,
            f"use at most {largest}",
        )
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
    return Need(memory_mib=group.memory_gib * 1024, cpu_millicores=group.cpu * 1000, gpus=group.gpu)


def _nodes(node_groups: NodesByType, group: RayWorkerGroup) -> NodesOfType | None:
    nodes = node_groups.ray if group.node_group == "ray" else node_groups.ray_gpu
    return nodes if is_known(nodes) else None


CHECKS = (worker_groups_make_sense, gpu_nodes_are_there, head_fits, workers_fit, all_workers_fit, training_fits)
