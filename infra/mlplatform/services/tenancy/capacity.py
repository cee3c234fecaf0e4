"""How much a namespace may ask for: all that the nodes of its service types can ever give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mlplatform import naming
from mlplatform.config.service_settings import NodesOfType, ServiceSettings
from mlplatform.instance_types import NodeCapacity

NODE_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    naming.NAMESPACE_SPARK: ("spark_driver", "spark_executor"),
    naming.NAMESPACE_RAY: ("ray",),
    naming.NAMESPACE_SERVING: ("serving",),
    naming.NAMESPACE_NOTEBOOKS: ("notebook",),
}
"""Namespace → fields of `NodesByType` whose nodes its pods run on."""

SMALL_POD_MIB: Final = 256
"""No pod of the platform asks for less, so a node's memory bounds its pods sooner than its addresses do."""


@dataclass(frozen=True)
class Capacity:
    """The most that the pods of a namespace may ask for together."""

    cpu_millicores: int
    memory_mib: int
    pods: int

    def __add__(self, other: Capacity) -> Capacity:
        return Capacity(
            self.cpu_millicores + other.cpu_millicores, self.memory_mib + other.memory_mib, self.pods + other.pods
        )

    def times(self, count: int) -> Capacity:
        """Of `count` nodes or pods."""
        return Capacity(self.cpu_millicores * count, self.memory_mib * count, self.pods * count)


NONE: Final = Capacity(0, 0, 0)


def namespace_capacity(config: ServiceSettings, mlflow_pod: Capacity) -> dict[str, Capacity]:
    """The capacity of each workload namespace.

    Nodes are counted at their groups' maximum and at the largest of their instance types: a quota stops what no node
    could ever hold, and never holds up what one could. MLflow shares the system nodes with controllers that must not
    starve, so it gets the size of its own pods: all replicas twice (a roll-out) and the job that makes the databases.

    Raises:
        KeyError: an instance type is not in `INSTANCE_TYPES`; the configuration's checks have refused it before.
    """
    found = {naming.NAMESPACE_MLFLOW: mlflow_pod.times(2 * config.mlflow.replicas + 1)}
    for namespace, fields in NODE_GROUPS.items():
        groups: list[NodesOfType | None] = [getattr(config.node_groups, field) for field in fields]
        found[namespace] = sum((_of(group) for group in groups if group and group.enabled), start=NONE)
    return found


def _of(nodes: NodesOfType) -> Capacity:
    kinds = nodes.capacities
    largest = Capacity(
        max(node.cpu_millicores for node in kinds),
        max(node.memory_mib for node in kinds),
        max(_pods(node) for node in kinds),
    )
    return largest.times(nodes.max_size)


def _pods(node: NodeCapacity) -> int:
    small_pods = node.memory_mib // SMALL_POD_MIB
    return small_pods if node.max_pods is None else min(node.max_pods, small_pods)
