"""How many nodes a set of pods needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from platform_contract.executor_profile import NodeShape

from mlplatform.config.service_settings import NodesOfType

NO_LIMIT: Final = 10**9
"""Of pods on a node."""


@dataclass(frozen=True, order=True)
class Need:
    """What a pod asks for."""

    memory_mib: int
    cpu_millicores: int

    def __str__(self) -> str:
        """As messages say it."""
        return f"{self.cpu_millicores} millicores and {self.memory_mib} MiB"


def fits(need: Need, node: NodeShape) -> bool:
    """Whether an empty node can hold the pod."""
    return need.memory_mib <= node.allocatable_memory_mib and need.cpu_millicores <= node.allocatable_cpu_millicores


def room(node: NodeShape) -> str:
    """As messages say it."""
    return f"{node.allocatable_cpu_millicores} millicores and {node.allocatable_memory_mib} MiB"


def at_most(most: int, least: int, otherwise: str) -> str:
    """The remedy for a number that is too large, of which the least that can be is known, too."""
    return f"use at most {most}, or {otherwise}" if most >= least else f"use {otherwise}"


def enough(nodes: NodesOfType, needed: int, pods: str) -> str:
    """The remedy for nodes that are too few.

    Args:
        nodes: those of a service type.
        needed: how many would do.
        pods: the keys that say how many pods there are.
    """
    if needed > nodes.largest_size:
        return f"lower {pods}: they would need {needed} nodes, and there can be {nodes.largest_size} at most"
    return f"use at least {needed}, or lower {pods}"


def nodes_needed(pods: Iterable[tuple[Need, int]], node: NodeShape, most_pods: int = NO_LIMIT) -> int:
    """Nodes that hold so many of each pod: the largest first, each on the first node with room.

    Args:
        pods: what each asks for, and how many of them there are.
        node: a node without any.
        most_pods: places that the kubelet has for them.

    Raises:
        ValueError: a pod does not fit an empty node.
    """
    nodes: list[_Alike] = []
    for need, count in sorted(pods, reverse=True):
        if not fits(need, node) or most_pods < 1:
            raise ValueError(f"{need} do not fit {node.name}")
        # As many empty nodes as pods are always enough.
        empty = _Alike(node.allocatable_memory_mib, node.allocatable_cpu_millicores, most_pods, count)
        nodes = [one for one in _placed(need, count, [*nodes, empty]) if one.is_used(empty)]
    return sum(one.count for one in nodes)


@dataclass(frozen=True)
class _Alike:
    """Nodes that are filled alike: counted, not listed."""

    memory: int
    cpu: int
    places: int
    count: int

    def is_used(self, empty: _Alike) -> bool:
        return self.places != empty.places

    def with_pods(self, need: Need, each: int, count: int) -> _Alike:
        """So many of the nodes, each with so many pods more."""
        return _Alike(
            self.memory - each * need.memory_mib,
            self.cpu - each * need.cpu_millicores,
            self.places - each,
            count,
        )

    def room_for(self, need: Need) -> int:
        return min(self.places, self.memory // need.memory_mib, self.cpu // need.cpu_millicores)


def _placed(need: Need, count: int, nodes: list[_Alike]) -> list[_Alike]:
    """The nodes after so many pods were put on them, in the order of the nodes."""
    found = []
    for alike in nodes:
        each = alike.room_for(need)
        full, rest = min(divmod(count, each), (alike.count, 0)) if each else (0, 0)
        found += [
            alike.with_pods(need, each, full),
            alike.with_pods(need, rest, 1 if rest else 0),
            alike.with_pods(need, 0, alike.count - full - (1 if rest else 0)),
        ]
        count -= full * each + rest
    return [alike for alike in found if alike.count]
