"""Ten thousand of the platform's pods on a thousand pretended nodes: the real scheduler places them."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, Final

from cluster_requests import Asked, Requests
from control_plane import ControlPlane
from deployed_platform import NODES, add_nodes
from pod_templates import Pod, deployed_templates, executor_template, numbered, service_type_of

PODS: Final[Mapping[str, int]] = {
    "ray-head": 1000,
    "ray-worker": 3000,
    "model-api": 1000,
    "flight-api-embedded": 1000,
    "flight-api-shared": 1000,
    "spark-executor": 3000,
}
"""App → pods beside those of the stack itself: 10,000.

They are bare pods in the platform's own namespaces, so that its limits and Pod Security levels have their say; not its
quotas, which are counted anew for each pod and are then most of what is measured. MLflow, the database and the broker
are there as the stack makes them.
"""
PREFIX: Final = "scale-"
PATIENCE_SECONDS: Final = 600


@dataclass(frozen=True)
class Placed:
    """What came of it, and how long it took."""

    nodes: int
    pods: int
    creating_seconds: float
    """Until the API server had taken all."""
    binding_seconds: float
    """From the first that was created until the last had a node."""
    running_seconds: float
    """Until kwok had reported all as running."""
    cpu_ms_per_pod: Mapping[str, float]
    """Program → the CPU that a pod has cost it, all in all; ``test`` is the one that asks for them."""

    @property
    def figures(self) -> dict[str, float]:
        """For a file."""
        cost = {f"cpu_ms_per_pod_{name}": milliseconds for name, milliseconds in self.cpu_ms_per_pod.items()}
        return {
            **{name: value for name, value in asdict(self).items() if name != "cpu_ms_per_pod"},
            **cost,
            "cpu_ms_per_pod": sum(cost.values()),
            "created_per_second": self.pods / self.creating_seconds,
            "bound_per_second": self.pods / self.binding_seconds,
        }


def complete_nodes(requests: Requests, there: int) -> None:
    """Adds to the nodes of each service type, of which there are some, until the cluster is the large one.

    Raises:
        AssertionError: they do not get ready.
    """
    add_nodes(requests, {type_: count - there for type_, count in NODES.items()}, first=there)
    end = time.monotonic() + 300
    while unready := [node for node in requests.items("/api/v1/nodes") if not _is_ready(node)]:
        assert time.monotonic() < end, f"{len(unready)} nodes are not ready: {unready[0]}"
        time.sleep(0.5)


def place(plane: ControlPlane, requests: Requests) -> Placed:
    """Creates the pods and waits until each has a node and runs.

    Raises:
        AssertionError: some find none in ten minutes.
    """
    for namespace in sorted({quota["metadata"]["namespace"] for quota in requests.items("/api/v1/resourcequotas")}):
        requests.remove(f"/api/v1/namespaces/{namespace}/resourcequotas")
    templates = {**deployed_templates(requests), "spark-executor": executor_template(requests)}
    streams = [list(numbered(templates[app], f"{PREFIX}{app}", count)) for app, count in PODS.items()]
    # In turns, as they would come: the scheduler meets another service type with each pod.
    longest = max(map(len, streams))
    mixed = chain.from_iterable(
        [stream[turn * len(stream) // longest] for stream in streams if turn * len(stream) % longest < len(stream)]
        for turn in range(longest)
    )
    before, started = _cpu_seconds(plane), time.monotonic()
    requests.many(Asked(f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods", pod) for pod in mixed)
    created = time.monotonic()
    _await_none(requests, "spec.nodeName=", "have no node")
    bound = time.monotonic()
    _await_none(requests, "status.phase!=Running,status.phase!=Succeeded", "do not run")
    running = time.monotonic()
    count = sum(PODS.values())
    cost = {name: 1000 * (seconds - before[name]) / count for name, seconds in _cpu_seconds(plane).items()}
    return Placed(sum(NODES.values()), count, created - started, bound - started, running - started, cost)


def _cpu_seconds(plane: ControlPlane) -> dict[str, float]:
    return {**plane.cpu_seconds(), "test": time.process_time()}


def _await_none(requests: Requests, selector: str, what: str) -> None:
    """Until no pod of the cluster is such a one."""
    end = time.monotonic() + PATIENCE_SECONDS
    path = f"/api/v1/pods?limit=1&fieldSelector={selector.replace('=', '%3D').replace('!', '%21').replace(',', '%2C')}"
    while items := requests.one(Asked(path))["items"]:
        assert time.monotonic() < end, f"after {PATIENCE_SECONDS} s some pods still {what}: {items[0]['status']}"
        time.sleep(1)


def _is_ready(node: Mapping[str, Any]) -> bool:
    """And without the taints that Kubernetes gives to a node that is not."""
    conditions = node["status"].get("conditions") or ()
    taints = node["spec"].get("taints") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions) and not any(
        taint["key"].startswith("node.kubernetes.io/") for taint in taints
    )


def misplaced(pods: Collection[Pod], nodes: Collection[Mapping[str, Any]]) -> list[str]:
    """The pods that have no node, or one of another service type than theirs, as sentences."""
    types = {node["metadata"]["name"]: service_type_of(node["metadata"]["labels"]) for node in nodes}
    found = []
    for pod in pods:
        name, wanted = pod["metadata"]["name"], BELONGS[pod["metadata"]["labels"]["mlplatform.io/app"]]
        node = pod["spec"].get("nodeName")
        if node is None:
            found.append(f"{name} has no node")
        elif types[node] != wanted:
            found.append(f"{name} belongs on {wanted} and is on {node}, which is {types[node]}")
    return found


BELONGS: Final[Mapping[str, str]] = {
    "database-setup": "system",
    "flight-api-embedded": "serving",
    "flight-api-shared": "serving",
    "kafka": "system",
    "mlflow": "system",
    "model-api": "serving",
    "object-store": "system",
    "postgresql": "system",
    "ray-head": "ray",
    "ray-worker": "ray",
    "spark-executor": "spark-executor",
}
"""App → service type. Written down, and not read from the pods: their own labels could be wrong."""
