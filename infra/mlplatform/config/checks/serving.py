"""Serving deployments and notebooks against their nodes."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic.alias_generators import to_camel

from mlplatform.config.checks.fitting import Need, fits, nodes_needed, room
from mlplatform.config.checks.node_groups import is_known
from mlplatform.config.executor_profile import smallest_shape
from mlplatform.config.faults import Fault
from mlplatform.config.service_settings import NodesByType
from mlplatform.config.workload_sections import Notebooks, Service, Serving


def enabled_services(serving: Serving) -> dict[str, Service]:
    """Key → settings of what is deployed."""
    services = {to_camel(name): getattr(serving, name) for name in Serving.model_fields}
    return {key: service for key, service in services.items() if service.enabled}


def replicas_are_in_order(serving: Serving) -> Iterator[Fault]:
    """Kubernetes refuses a minimum above the maximum."""
    for key, service in enabled_services(serving).items():
        if service.min_replicas > service.max_replicas:
            yield Fault(
                f"serving.{key}.minReplicas",
                f"is above maxReplicas, {service.max_replicas}",
                service.min_replicas,
                "lower it, or raise maxReplicas",
            )


def services_have_nodes(node_groups: NodesByType, serving: Serving) -> Iterator[Fault]:
    """A deployment waits forever for nodes of a group that is off."""
    if not node_groups.serving.enabled:
        for key in enabled_services(serving):
            yield Fault(
                f"serving.{key}.enabled",
                "is on, but nodeGroups.serving is off",
                True,
                "turn it off, or nodeGroups.serving on",
            )


def notebooks_have_nodes(node_groups: NodesByType, notebooks: Notebooks) -> Iterator[Fault]:
    """Notebook servers wait forever for nodes of a group that is off."""
    if notebooks.enabled and not node_groups.notebook.enabled:
        yield Fault(
            "notebooks.enabled", "is on, but nodeGroups.notebook is off", True, "turn it off, or nodeGroups.notebook on"
        )


def services_fit(node_groups: NodesByType, serving: Serving) -> Iterator[Fault]:
    """Each pod fits a node, and all of them at their maximum fit the group."""
    group, services = node_groups.serving, enabled_services(serving)
    if not is_known(group):
        return
    node = smallest_shape(group)
    pods = {key: Need(one.memory_mib, one.cpu_millicores) for key, one in services.items()}
    small = {key: need for key, need in pods.items() if fits(need, node)}
    for key in sorted(pods.keys() - small.keys()):
        memory = pods[key].memory_mib > node.allocatable_memory_mib
        yield Fault(
            f"serving.{key}.{'memoryMib' if memory else 'cpuMillicores'}",
            f"is more than {node.name} leaves a pod, {room(node)}",
            services[key].memory_mib if memory else services[key].cpu_millicores,
            "lower it, or use larger types in nodeGroups.serving",
        )
    needed = nodes_needed([(need, services[key].max_replicas) for key, need in small.items()], node)
    if needed > group.max_size:
        yield Fault(
            "nodeGroups.serving.maxSize",
            "is too small for all services at their maxReplicas",
            group.max_size,
            f"use at least {needed}, or lower maxReplicas",
        )


CHECKS = (replicas_are_in_order, services_have_nodes, notebooks_have_nodes, services_fit)
