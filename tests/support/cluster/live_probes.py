"""Pods that try to open connections, to see which of them the network policies let through."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from kubernetes import client
from mlplatform import naming, service_types
from mlplatform.kubernetes.pods import APP_LABEL, CONTAINER_SECURITY, POD_SECURITY

from tools.images.catalogue import known_image
from tools.localplatform.site import Site

TARGETS: Final[Mapping[str, str]] = {
    "database": "postgresql.platform-data:5432",
    "broker": "kafka.platform-data:9092",
    "object-store": "object-store.platform-data:7070",
    "mlflow": "mlflow.mlflow:5000",
    "ray-head": "ray-head-svc.ray:10001",
    "model-api": "model-api.serving:3000",
    "flight-api": "flight-api-shared.serving:3000",
}
PROBE: Final = """
import json, socket, sys
def reaches(place):
    host, _, port = place.partition(":")
    try:
        socket.create_connection((host + ".svc.cluster.local", int(port)), timeout=4).close()
    except TimeoutError:
        return False
    return True
print(json.dumps({name: reaches(place) for name, place in json.loads(sys.argv[1]).items()}))
"""
"""A packet that a policy drops is never answered; whatever else goes wrong ends the probe."""


def reached(site: Site, namespace: str, app: str) -> set[str]:
    """What a pod of that namespace and app reaches."""
    answers: dict[str, bool] = json.loads(said_by(site, namespace, app, PROBE, json.dumps(TARGETS)))
    return {target for target, answer in answers.items() if answer}


def said_by(site: Site, namespace: str, app: str, script: str, *words: str, secret: str | None = None) -> str:
    """What a Python program prints in a pod of that namespace and app, with the image of the flight APIs.

    It runs where any pod finds room: neither policies nor accounts know nodes.

    Args:
        secret: what its environment is taken from, as in the app's own pods.
    """
    core, name = client.CoreV1Api(site.api()), f"probe-{app}"
    size = {"cpu": "50m", "memory": "256Mi" if secret else "64Mi"}
    image = known_image("bento_flight_api")
    container = {
        "name": "probe",
        "image": f"{site.registry}/{image.repository}@{site.images()[image.key]}",
        # The image's own entry point takes them.
        "args": ["python3", "-c", script, *words],
        "envFrom": [{"secretRef": {"name": secret}}] if secret else [],
        "resources": {"requests": size, "limits": size},
        "securityContext": dict(CONTAINER_SECURITY),
    }
    where = service_types.SERVING
    spec = {
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "nodeSelector": where.labels,
        "tolerations": where.tolerations,
        "securityContext": dict(POD_SECURITY),
        "containers": [container],
    }
    core.create_namespaced_pod(namespace, {"metadata": {"name": name, "labels": {APP_LABEL: app}}, "spec": spec})
    try:
        end = time.monotonic() + 300
        while (found := core.read_namespaced_pod(name, namespace)).status.phase in {"Pending", "Running"}:
            assert time.monotonic() < end, found.status
            time.sleep(0.5)
        said = str(core.read_namespaced_pod_log(name, namespace, _preload_content=False).data.decode())
        assert found.status.phase == "Succeeded", said
    finally:
        core.delete_namespaced_pod(name, namespace, grace_period_seconds=0)
    return said


@contextmanager
def room_for_a_notebook(site: Site) -> Iterator[None]:
    """The environment has no node for notebooks, and so a quota of none: for as long as the block lasts, of one."""
    core = client.CoreV1Api(site.api())
    (quota,) = core.list_namespaced_resource_quota(naming.NAMESPACE_NOTEBOOKS).items
    one: dict[str, Any] = {"pods": "1", "requests.cpu": "1", "requests.memory": "1Gi", "limits.memory": "1Gi"}
    core.patch_namespaced_resource_quota(
        quota.metadata.name, naming.NAMESPACE_NOTEBOOKS, {"spec": {"hard": {**quota.spec.hard, **one}}}
    )
    try:
        yield
    finally:
        core.patch_namespaced_resource_quota(
            quota.metadata.name, naming.NAMESPACE_NOTEBOOKS, {"spec": {"hard": quota.spec.hard}}
        )
