"""What the Kubernetes objects of a stack say of each other: names, ports and paths, followed from one to the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from recorder import Recorded, Recorder

APP: Final = "mlplatform.io/app"
MADE_ELSEWHERE: Final = {
    "spark": ("spark-driver",),
    "ray": ("ray-training",),
}
"""Namespace → apps whose pods are no objects of the program: jobs of the pipeline, and whoever submits to Spark."""
RAY_PORTS: Final = {"client": 10001, "dashboard": 8265, "gcs-server": 6379}
"""Where Ray's head listens (Ray's documentation, "Configuring Ray": ports)."""


@dataclass(frozen=True)
class Pod:
    """A pod that the program describes."""

    name: str
    """Of the resource that makes it."""
    namespace: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]

    @property
    def ports(self) -> dict[str, int]:
        """Name → number of the ports that its containers say they listen at."""
        return {
            str(port["name"]): int(port["containerPort"])
            for container in self.containers
            for port in container.get("ports", ())
        }

    def is_selected(self, selector: Mapping[str, str]) -> bool:
        return all(self.labels.get(key) == value for key, value in selector.items())


class Objects:
    """All objects of a stack, to be asked."""

    def __init__(self, recorder: Recorder) -> None:
        self._all = [
            one
            for one in recorder.resources
            if one.type.startswith("kubernetes:") and not one.type.startswith("kubernetes:helm.sh/")
        ]

    def of(self, kind: str) -> list[Recorded]:
        return [one for one in self._all if one.inputs.get("kind") == kind]

    def names(self, kind: str) -> set[tuple[str, str]]:
        """(namespace, name) of all of a kind; both as the cluster knows them."""
        return {place_of(one) for one in self.of(kind)}

    def find(self, kind: str, place: tuple[str, str]) -> Recorded | None:
        """The object of a kind with this namespace and name."""
        return next((one for one in self.of(kind) if place_of(one) == place), None)

    @cached_property
    def pods(self) -> list[Pod]:
        return list(self._pods())

    def _pods(self) -> Iterator[Pod]:
        for kind in ("Deployment", "Job", "StatefulSet", "DaemonSet"):
            for one in self.of(kind):
                yield _pod(one.name, one, one.inputs["spec"]["template"])
        for one in self.of("RayCluster"):
            yield _pod("ray-head", one, one.inputs["spec"]["headGroupSpec"]["template"])
            for group in one.inputs["spec"]["workerGroupSpecs"]:
                yield _pod(f"ray-{group['groupName']}", one, group["template"])
        for one in self.of("ConfigMap"):
            for key, text in one.inputs["data"].items():
                if key.endswith(".json") and '"kind": "Pod"' in text:
                    yield _pod(one.name, one, json.loads(text))

    def selected(self, namespace: str, selector: Mapping[str, str]) -> list[Pod]:
        return [pod for pod in self.pods if pod.namespace == namespace and pod.is_selected(selector)]

    def behind(self, service: Recorded) -> list[Pod]:
        """The pods that a service leads to."""
        return self.selected(service.inputs["metadata"]["namespace"], service.inputs["spec"]["selector"])

    def config_map(self, namespace: str, name: str) -> Mapping[str, str] | None:
        one = self.find("ConfigMap", (namespace, name))
        return None if one is None else dict(one.inputs["data"])


def name_of(one: Recorded) -> str:
    """The name in the cluster; the recorder names what has none after its resource."""
    return str(one.inputs["metadata"].get("name") or one.name)


def place_of(one: Recorded) -> tuple[str, str]:
    """Namespace and name in the cluster."""
    return str(one.inputs["metadata"].get("namespace", "")), name_of(one)


def probes(pod: Pod) -> Iterator[tuple[Mapping[str, Any], str, Mapping[str, Any]]]:
    """Container, kind (`startupProbe`) and probe, of all that a pod has."""
    for container in pod.containers:
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            if kind in container:
                yield container, kind, container[kind]


def strings(value: Any) -> Iterator[str]:
    """Every text within a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for inner in value.values() for text in strings(inner))
    elif isinstance(value, list):
        yield from (text for inner in value for text in strings(inner))


def _pod(name: str, maker: Recorded, template: Mapping[str, Any]) -> Pod:
    return Pod(name, maker.inputs["metadata"]["namespace"], template["metadata"].get("labels", {}), template["spec"])


def option(command: list[str], name: str) -> str | None:
    """The value of `--name VALUE` in a command."""
    return command[command.index(name) + 1] if name in command else None
