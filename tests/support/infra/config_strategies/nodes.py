"""Node groups that hold what runs on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from mlplatform.config.checks.fitting import Need, nodes_needed
from mlplatform.config.checks.system import CONTROLLER, CONTROLLERS, MLFLOW_SERVER
from mlplatform.instance_types import DAEMON_PODS, INSTANCE_TYPES, max_pods, node_shape
from platform_contract.executor_profile import NodeShape

Draw = Callable[[SearchStrategy[Any]], Any]


def node_group(
    draw: Draw,
    architecture: str,
    *,
    spot: bool = False,
    local_disks: bool = False,
    burstable: bool = False,
    least_vcpus: int = 2,
) -> dict[str, Any]:
    """A node group; it may be spot, have local disks, or burstable types, where it is said so."""
    disks = local_disks and draw(st.booleans())
    names = draw(st.sampled_from(_alike(architecture, disks, burstable, least_vcpus)))
    types = draw(st.lists(st.sampled_from(names), unique=True, min_size=1, max_size=5))
    most = draw(st.integers(1, 8))
    return {
        "instanceTypes": types,
        "capacityType": draw(st.sampled_from(["spot", "onDemand"])) if spot and len(types) > 1 else "onDemand",
        "minSize": draw(st.integers(0, most)),
        "maxSize": most,
        "diskGib": draw(st.integers(30, 500)),
        "localDisks": disks,
    }


@cache
def _alike(architecture: str, disks: bool, burstable: bool, least_vcpus: int) -> list[list[str]]:
    """Types that may be in a group together, for each size."""
    found: dict[tuple[int, int], list[str]] = {}
    for one in INSTANCE_TYPES.values():
        kind = (one.architecture, one.gpus, bool(one.disks) or not disks)
        if kind == (architecture, 0, True) and one.vcpus >= least_vcpus and (burstable or not one.burstable):
            found.setdefault((one.vcpus, one.memory_mib), []).append(one.name)
    return list(found.values())


def shapes_of(group: dict[str, Any]) -> list[NodeShape]:
    types = [INSTANCE_TYPES[name] for name in group["instanceTypes"]]
    return [node_shape(one, one.local_disk_gib if group["localDisks"] else group["diskGib"]) for one in types]


def tightest(group: dict[str, Any]) -> NodeShape:
    return min(shapes_of(group), key=lambda shape: shape.allocatable_memory_mib)


def hold(draw: Draw, group: dict[str, Any], pods: list[tuple[Need, int]], least: int = 0) -> None:
    """Makes the group large enough for the pods."""
    most_pods = max_pods([INSTANCE_TYPES[name] for name in group["instanceTypes"]]) - DAEMON_PODS
    needed = nodes_needed(pods, tightest(group), most_pods)
    group["maxSize"] = max(1, needed, least) + draw(st.integers(0, 2))
    group["minSize"] = draw(st.integers(least, group["maxSize"]))


def system(draw: Draw, architecture: str, replicas: int, *, prod: bool) -> dict[str, Any]:
    group = node_group(draw, architecture, burstable=not prod)
    hold(draw, group, [(CONTROLLER, CONTROLLERS), (MLFLOW_SERVER, replicas + 1)], least=2 if prod else 1)
    return group
