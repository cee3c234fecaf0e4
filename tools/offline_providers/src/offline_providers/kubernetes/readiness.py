"""Whether an object is what it is meant to be, not merely there; and why not, while there is still time to mend it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from offline_providers.kubernetes.client import Cluster, named

IMAGE: Final = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "RegistryUnavailable"}
SETTINGS: Final = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
CRASHES: Final = 3
"""A container that has ended so often does not get better by itself."""
EVENTS: Final = 5
"""Warnings that a message shows."""
SKIP: Final = "pulumi.com/skipAwait"
UNSCHEDULABLE: Final = "mlplatform.io/unschedulableSeconds"
"""Annotation: how long a pod may wait for a node, where nodes are started on demand."""


@dataclass(frozen=True)
class Patience:
    """How long what looks hopeless may last, in seconds: a registry or a mounted secret may only be late."""

    image: float = 15
    settings: float = 15
    crashes: float = 10
    """Pods of what was there before count until the controller has made new ones."""
    unschedulable: float = 30
    period: float = 0.5
    """Between two looks."""


@dataclass(frozen=True)
class Trouble:
    """What keeps an object from being ready, and how long that may last; None: as long as the object may take."""

    what: str
    lasts: float | None = None


@dataclass
class Watch:
    """One object on its way."""

    cluster: Cluster
    patience: Patience
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _since: dict[str, float] = field(default_factory=dict)

    def until_ready(self, manifest: Mapping[str, Any], seconds: float) -> tuple[dict[str, Any], list[str]]:
        """The object when it is ready, or when there is no hope, with the reasons; no reasons: it is ready."""
        end = self.clock() + seconds
        while True:
            live = self.cluster.get(manifest)
            if live is None:
                return dict(manifest), [f"{named(manifest)} was removed by somebody else while it was awaited"]
            troubles = list(self._troubles(live))
            if not troubles:
                return live, []
            now = self.clock()
            hopeless = [one.what for one in troubles if self._is_over(one, now)]
            if hopeless or now >= end:
                first = hopeless or [f"not ready after {seconds:.0f} s: {one.what}" for one in troubles]
                return live, [*dict.fromkeys(first), *self._warnings(live)]
            self.sleep(self.patience.period)

    def _is_over(self, trouble: Trouble, now: float) -> bool:
        # Its first line: what a container said last differs from one look to the next.
        since = self._since.setdefault(trouble.what.partition("\n")[0], now)
        return trouble.lasts is not None and now - since >= trouble.lasts

    def _troubles(self, live: Mapping[str, Any]) -> Iterator[Trouble]:
        annotations = live["metadata"].get("annotations") or {}
        if annotations.get(SKIP) == "true":
            return
        own = {"PersistentVolumeClaim": self._claim, "RayCluster": self._ray_cluster}
        look = own.get(live["kind"]) or _LOOKS.get(live["kind"])
        if look is None:
            return
        troubles = list(look(live))
        yield from troubles
        if troubles and live["kind"] in WITH_PODS:
            wait = float(annotations.get(UNSCHEDULABLE) or self.patience.unschedulable)
            for pod in self._pods(live):
                yield from self._pod_troubles(pod, wait)

    def _claim(self, live: Mapping[str, Any]) -> Iterator[Trouble]:
        """A claim on a volume that is named, or of a class that binds at once.

        Any other is bound when its first pod comes, which may be made after it.
        """
        spec = live["spec"]
        if (live.get("status") or {}).get("phase") == "Bound":
            return
        if spec.get("volumeName"):
            yield Trouble(f"it is not bound to {spec['volumeName']}")
        elif name := spec.get("storageClassName"):
            about = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}}
            if (self.cluster.get(about) or {}).get("volumeBindingMode") == "Immediate":
                yield Trouble(f"no volume of the class {name} is bound to it")

    def _ray_cluster(self, live: Mapping[str, Any]) -> Iterator[Trouble]:
        """KubeRay's: ready when its head and the workers that it is to have are."""
        yield from _generation(live)
        status = live.get("status") or {}
        conditions = {one["type"]: one for one in status.get("conditions") or ()}
        refused, head = conditions.get("ReplicaFailure", {}), conditions.get("HeadPodReady", {})
        workers, wanted = status.get("readyWorkerReplicas", 0), status.get("desiredWorkerReplicas", 0)
        if refused.get("status") == "True":
            yield Trouble(f"its pods are refused: {refused.get('message')}", 5)
        if head.get("status") != "True":
            yield Trouble(f"its head is not ready: {head.get('message') or 'no operator has looked after it'}")
        elif workers < wanted:
            yield Trouble(f"{workers} of {wanted} workers are ready")
        # A change ends all pods, and for a moment the status is still about those.
        pods = self._all_pods(live)
        heads = [pod for pod in pods if pod["metadata"]["labels"].get("ray.io/node-type") == "head"]
        if any(pod["metadata"].get("deletionTimestamp") for pod in pods):
            yield Trouble("pods of the version before are still there")
        elif not heads or any(list(_pod(pod)) for pod in heads):
            yield Trouble("its head's pod is not ready")

    def _all_pods(self, live: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Those of an object, whatever version of it they are of."""
        if live["kind"] == "RayCluster":
            labels = {"ray.io/cluster": live["metadata"]["name"]}
        else:
            labels = (live["spec"].get("selector") or {}).get("matchLabels") or {}
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        return self.cluster.listed("Pod", live["metadata"]["namespace"], label_selector=selector)

    def _pods(self, live: Mapping[str, Any]) -> list[dict[str, Any]]:
        if live["kind"] == "Pod":
            return [dict(live)]
        pods = self._all_pods(live)
        # Of a roll-out, what is new: what was there before is somebody else's trouble.
        newest = max((pod["metadata"]["creationTimestamp"] for pod in pods), default="")
        return [
            pod
            for pod in pods
            if pod["metadata"]["creationTimestamp"] == newest and not pod["metadata"].get("deletionTimestamp")
        ]

    def _pod_troubles(self, pod: Mapping[str, Any], unschedulable: float) -> Iterator[Trouble]:
        status, name = pod.get("status") or {}, named({**pod, "kind": "Pod"})
        for condition in status.get("conditions") or ():
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                yield Trouble(f"{name} finds no node: {condition.get('message', '')}", unschedulable)
        for container in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
            waiting = (container.get("state") or {}).get("waiting") or {}
            reason = waiting.get("reason", "")
            about = f"{name}: container {container['name']}"
            if reason in IMAGE:
                lasts = 0 if reason == "InvalidImageName" else self.patience.image
                yield Trouble(f"{about}: its image {container.get('image')} cannot be pulled", lasts)
            elif reason in SETTINGS:
                yield Trouble(f"{about} cannot be made: {waiting.get('message', reason)}", self.patience.settings)
            elif container.get("restartCount", 0) >= CRASHES and not container.get("ready"):
                ended = (container.get("lastState") or {}).get("terminated") or {}
                said = self.cluster.last_words(pod["metadata"]["namespace"], pod["metadata"]["name"], container["name"])
                words = f". Its last words:\n{said}" if said else ""
                yield Trouble(
                    f"{about} has ended {CRASHES} times (exit code {ended.get('exitCode', '?')}){words}",
                    self.patience.crashes,
                )

    def _warnings(self, live: Mapping[str, Any]) -> list[str]:
        """The last warnings about the object and its pods."""
        namespace = live["metadata"].get("namespace")
        if namespace is None:
            return []
        about = {live["metadata"]["name"]}
        if live["kind"] in WITH_PODS:
            about |= {pod["metadata"]["name"] for pod in self._pods(live)}
        events = [
            event
            for event in self.cluster.listed("Event", namespace, field_selector="type=Warning")
            if event["involvedObject"].get("name") in about
        ]
        events.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
        return [f"{event.get('reason')}: {event.get('message')}" for event in events[-EVENTS:]]


def _generation(live: Mapping[str, Any]) -> Iterator[Trouble]:
    if (live.get("status") or {}).get("observedGeneration", 0) < live["metadata"].get("generation", 1):
        yield Trouble("its controller has not seen it yet")


def _deployment(live: Mapping[str, Any]) -> Iterator[Trouble]:
    yield from _generation(live)
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    for condition in status.get("conditions") or ():
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            yield Trouble(f"its pods are refused: {condition.get('message')}", 5)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if updated < wanted:
        yield Trouble(f"{updated} of {wanted} pods are of this version")
    elif status.get("replicas", 0) > updated:
        yield Trouble(f"{status['replicas'] - updated} pods of the version before are still there")
    elif available < wanted:
        yield Trouble(f"{available} of {wanted} pods are available")


def _stateful_set(live: Mapping[str, Any]) -> Iterator[Trouble]:
    yield from _generation(live)
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    if min(status.get("readyReplicas", 0), status.get("updatedReplicas", 0)) < wanted:
        yield Trouble(f"{status.get('readyReplicas', 0)} of {wanted} pods are ready")


def _daemon_set(live: Mapping[str, Any]) -> Iterator[Trouble]:
    yield from _generation(live)
    status = live.get("status") or {}
    wanted = status.get("desiredNumberScheduled", 0)
    if min(status.get("numberAvailable", 0), status.get("updatedNumberScheduled", 0)) < wanted:
        yield Trouble(f"{status.get('numberAvailable', 0)} of {wanted} pods are available")


def _job(live: Mapping[str, Any]) -> Iterator[Trouble]:
    conditions = {
        one["type"]: one for one in (live.get("status") or {}).get("conditions") or () if one["status"] == "True"
    }
    if "Failed" in conditions:
        yield Trouble(f"it has failed: {conditions['Failed'].get('message')}", 0)
    elif "Complete" not in conditions:
        yield Trouble("it has not ended")


def _pod(live: Mapping[str, Any]) -> Iterator[Trouble]:
    status = live.get("status") or {}
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions") or ())
    if status.get("phase") == "Failed":
        yield Trouble(f"it has failed: {status.get('message') or status.get('reason') or ''}", 0)
    elif not ready and status.get("phase") != "Succeeded":
        yield Trouble(f"it is {status.get('phase', 'Pending')}")


def _service(live: Mapping[str, Any]) -> Iterator[Trouble]:
    balancer = ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    if live["spec"].get("type") == "LoadBalancer" and not balancer:
        yield Trouble("its load balancer has no address")


def _namespace(live: Mapping[str, Any]) -> Iterator[Trouble]:
    if (live.get("status") or {}).get("phase") != "Active":
        yield Trouble("it is being removed: wait until it is gone")


def _definition(live: Mapping[str, Any]) -> Iterator[Trouble]:
    conditions = (live.get("status") or {}).get("conditions") or ()
    if not any(one["type"] == "Established" and one["status"] == "True" for one in conditions):
        yield Trouble("its kind is not served yet")


_LOOKS: Final[dict[str, Callable[[Mapping[str, Any]], Iterator[Trouble]]]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "Pod": _pod,
    "Service": _service,
    "Namespace": _namespace,
    "CustomResourceDefinition": _definition,
}
WITH_PODS: Final = {"Deployment", "StatefulSet", "DaemonSet", "Job", "Pod", "RayCluster"}
