"""Serving deployments against their nodes."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic.alias_generators import to_camel

from mlplatform.config.checks.fitting import Need, enough, fits, nodes_needed, room
from mlplatform.config.checks.node_groups import is_known
from mlplatform.config.executor_profile import smallest_shape
from mlplatform.config.faults import Fault
from mlplatform.config.service_settings import NodesByType
from mlplatform.config.workload_sections import Service, Serving


def enabled_services(serving: Serving) -> dict[str, Service]:
    """Key → settings of what is deployed."""
    services = {to_camel(name): getattr(serving, name) for name in Serving.model_fields}
    return {key: service for key, service in services.items() if service.enabled}


def replicas_are_in_order(serving: Serving) -> Iterator[Fault]:
    """Kubernetes refuses a minimum above the maximum."""
    for key, service in enabled_services(serving).items():
        if service.min_replicas > service.max_replicas:
            yield Fault(
                f"serving.{key}.maxReplicas",
                f"is below minReplicas, {service.min_replicas}",
                service.max_replicas,
                f"use at least {service.min_replicas}, or lower minReplicas",
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


def the_asked_are_there(serving: Serving) -> Iterator[Fault]:
    """The wrapping API of pattern A has no model of its own."""
    if serving.flight_api_embedded.enabled and not serving.model_api.enabled:
        yield Fault(
            "serving.modelApi.enabled",
            "is off, but serving.flightApiEmbedded is on, which asks it",
            False,
            "use true, or turn serving.flightApiEmbedded off",
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
        for part, given, most in (
            ("memoryMib", services[key].memory_mib, node.allocatable_memory_mib),
            ("cpuMillicores", services[key].cpu_millicores, node.allocatable_cpu_millicores),
        ):
            if given > most:
                yield Fault(
                    f"serving.{key}.{part}",
                    f"is more than {node.name} leaves a pod, {room(node)}",
                    given,
                    f"use at most {most}, or larger nodes in nodeGroups.serving",
                )
    if not small:
        return
    # A roll-out starts a pod before it ends one, of one service after the other if there is no room for more.
    counts = [(need, services[key].max_replicas) for key, need in small.items()] + [(max(small.values()), 1)]
    needed = nodes_needed(counts, node, most_pods=group.places)
    if needed > group.max_size:
        yield Fault(
            "nodeGroups.serving.maxSize",
            "is too small for all services at their maxReplicas, with one pod more while they are rolled out",
            group.max_size,
            enough(group, needed, "maxReplicas of serving"),
        )


CHECKS = (replicas_are_in_order, services_have_nodes, the_asked_are_there, services_fit)
