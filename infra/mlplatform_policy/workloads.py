"""Kubernetes: what pods may be, and where their images come from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from mlplatform_policy.rules import resource_rule
from mlplatform_policy.view import UNKNOWN, ResourceView, Value, dig, items

PRIVILEGED: Final[frozenset[tuple[str, str]]] = frozenset()
"""(logical name, container) of containers that may be privileged, run as root or see their node's files. There is none:
the drivers and network plugins that have to are add-ons of EKS, and shuffle folders on a node's disk are asked for by
Spark itself."""
CAPABILITIES: Final = frozenset({"NET_BIND_SERVICE"})
"""What a container may add: what Pod Security Standards allow in ``restricted``."""


def pod_specs(value: Value) -> Iterator[Mapping[str, Any]]:
    """Every pod's ``spec`` in an object, however deep: of deployments, jobs, custom resources, and of pod templates
    that are a text in a ConfigMap."""
    if isinstance(value, Mapping):
        if isinstance(value.get("containers"), list | tuple) or value.get("containers") is UNKNOWN:
            yield value
        for part in value.values():
            yield from pod_specs(part)
    elif isinstance(value, str) and '"containers"' in value.replace("'", '"'):
        yield from pod_specs(_parsed(value))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from pod_specs(part)


def _parsed(text: str) -> Value:
    try:
        return json.loads(text)
    except ValueError:
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError:
            return None


def _containers(resource: ResourceView) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each container with its pod's spec."""
    for spec in pod_specs(resource.properties):
        for kind in ("initContainers", "containers"):
            for container in items(spec.get(kind)):
                if isinstance(container, Mapping):
                    yield spec, container


@resource_rule("pods-unprivileged", "No container has more rights on its node than its work needs.", "kubernetes:*")
def pods_unprivileged(resource: ResourceView) -> Iterator[str]:
    """Pod Security Standards, ``restricted``, in the order in which a reader finds it in a manifest."""
    for spec in pod_specs(resource.properties):
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if spec.get(key) is True:
                yield f"its pods are part of their node's own world ({key}): leave it out"
        for volume in items(spec.get("volumes")):
            if dig(volume, "hostPath") is not None and (resource.name, "") not in PRIVILEGED:
                yield f"volume {dig(volume, 'name')} shows the node's files (hostPath): use another kind of volume"
    for spec, container in _containers(resource):
        name = str(container.get("name"))
        if (resource.name, name) not in PRIVILEGED:
            yield from (f"container {name} {fault}" for fault in _faults(spec, container))


def _faults(spec: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
    security = container.get("securityContext") or {}
    if security is UNKNOWN:
        return

    def either(key: str) -> Value:
        own = dig(security, key)
        return dig(spec, "securityContext", key) if own is None else own

    if dig(security, "privileged") is True:
        yield "is privileged: leave privileged out"
    if either("runAsNonRoot") not in (True, UNKNOWN) or either("runAsUser") == 0:
        yield "may run as root: set runAsNonRoot, and a runAsUser other than 0"
    if dig(security, "allowPrivilegeEscalation") not in (False, UNKNOWN):
        yield "may get more rights than it started with: set allowPrivilegeEscalation to false"
    if "ALL" not in items(dig(security, "capabilities", "drop")):
        yield "keeps capabilities of root: drop ALL"
    added = {str(one) for one in items(dig(security, "capabilities", "add"))} - CAPABILITIES
    if added:
        yield f"adds capabilities ({', '.join(sorted(added))}): leave them out"
    if dig(either("seccompProfile"), "type") not in ("RuntimeDefault", "Localhost", UNKNOWN):
        yield "may make any system call: set seccompProfile to RuntimeDefault"


@resource_rule("images-by-digest", "Images are named by digest: what was tested is what runs.", "kubernetes:*")
def images_by_digest(resource: ResourceView) -> Iterator[str]:
    """A template without an image gets it from elsewhere, as Spark's executors do."""
    for _, container in _containers(resource):
        image = container.get("image")
        if isinstance(image, str) and "@sha256:" not in image:
            yield f"container {container.get('name')} names {image} by tag: name its digest, …@sha256:…"


@resource_rule("memory-limited", "Containers have a memory limit: a leak ends its pod, not its node.", "kubernetes:*")
def memory_limited(resource: ResourceView) -> Iterator[str]:
    """A template without an image is completed elsewhere, with its size."""
    for _, container in _containers(resource):
        if container.get("image") is not None and dig(container, "resources", "limits", "memory") in (None, ""):
            yield f"container {container.get('name')} has no memory limit: set resources.limits.memory"


@resource_rule(
    "charts-pinned", "Helm charts are pinned.", "kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v4:Chart"
)
def charts_pinned(resource: ResourceView) -> Iterator[str]:
    """Without a version Helm takes the newest."""
    if resource.get("version") in (None, ""):
        yield "takes the chart's newest version: set version"


RULES = (pods_unprivileged, images_by_digest, memory_limited, charts_pinned)
