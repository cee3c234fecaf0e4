"""Pods that try to open connections, to see which of them the network policies let through."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from kubernetes import client
from mlplatform import naming, service_types

from tools.localplatform.jobs import Step
from tools.localplatform.running import remove_jobs, run_step
from tools.localplatform.site import Site

TARGETS: Final[Mapping[str, str]] = {
    "database": "postgresql.platform-data:5432",
    "broker": "kafka.platform-data:9092",
    "mlflow": "mlflow.mlflow:5000",
    "ray-head": "ray-head.ray:10001",
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


def reached(site: Site, namespace: str, app: str, service_account: str) -> set[str]:
    """What a pod of that namespace and app reaches. It runs where any pod finds room: policies know no nodes."""
    step = Step(
        name="probe",
        title=f"what {namespace}/{app} reaches",
        command=("python3", "-c", PROBE, json.dumps(TARGETS)),
        image="bento_flight_api",
        namespace=namespace,
        app=app,
        service_account=service_account,
        service_type=service_types.SERVING,
        cpu_millicores=50,
        memory_mib=64,
    )
    image = f"{site.registry}/bento_flight_api@{site.images()['images.bentoFlightApi']}"
    try:
        found = run_step(site, step, image, lambda _: None)
    finally:
        remove_jobs(site, [step])
    return {name for name, answer in found.items() if answer}


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
