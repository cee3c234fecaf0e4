"""A `RayCluster` is awaited until its operator says that head and workers are ready. The operator is the test."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
import yaml
from control_plane import PROGRAMS, ControlPlane
from kubernetes import client, watch
from kubernetes_programs import Opened, operations, program_of, told

KIND: Final = PROGRAMS.with_name("share") / "kuberay-operator" / "ray.io_rayclusters.yaml"
GROUP: Final = ("ray.io", "v1")


@pytest.fixture(scope="module")
def objects(plane: ControlPlane) -> client.CustomObjectsApi:
    """Of KubeRay's kind, which the cluster serves from now on."""
    api = plane.core().api_client
    definition = yaml.safe_load(Path(KIND).read_text())
    client.ApiextensionsV1Api(api).create_custom_resource_definition(definition)
    return client.CustomObjectsApi(api)


def said(objects: client.CustomObjectsApi, namespace: str, **status: Any) -> None:
    """What the operator says of the cluster, of what it is now."""
    live = objects.get_namespaced_custom_object(*GROUP, namespace, "rayclusters", "ray")
    body = {"status": {"observedGeneration": live["metadata"]["generation"], **status}}
    objects.patch_namespaced_custom_object_status(*GROUP, namespace, "rayclusters", "ray", body)


def head_is(ready: str, message: str = "") -> list[dict[str, str]]:
    when = "2026-01-01T00:00:00Z"
    return [{"type": "HeadPodReady", "status": ready, "message": message, "reason": "Test", "lastTransitionTime": when}]


def await_ready(plane: ControlPlane, namespace: str, pod: str) -> None:
    """The pretended node takes longer than a Ray cluster may here, when the machine has much to do."""
    for event in watch.Watch().stream(
        plane.core().list_namespaced_pod, namespace, field_selector=f"metadata.name={pod}", timeout_seconds=60
    ):
        conditions = {one.type: one.status for one in event["object"].status.conditions or ()}
        if conditions.get("Ready") == "True":
            return
    raise AssertionError(f"{pod} is not ready after a minute")


def test_a_ray_cluster_is_not_up_before_its_operator_says_so(
    stack: Opened, sdk: SimpleNamespace, plane: ControlPlane, objects: client.CustomObjectsApi, namespace: str
) -> None:
    pod = {"spec": {"containers": [{"name": "ray", "image": "example.org/ray:1"}]}}

    def cluster(opts: Any) -> object:
        return sdk.k8s.apiextensions.CustomResource(
            "ray",
            api_version="/".join(GROUP),
            kind="RayCluster",
            metadata={"name": "ray", "namespace": namespace, "annotations": {"pulumi.com/timeoutSeconds": "2"}},
            spec={"headGroupSpec": {"rayStartParams": {}, "template": pod}},
            opts=opts,
        )

    with stack(program_of(sdk, cluster)) as made:
        assert "not ready after 2 s: its controller has not seen it yet" in told(made.run("up"))
        said(objects, namespace, conditions=head_is("False", "containers with unready status: [ray]"))
        assert "its head is not ready: containers with unready status: [ray]" in told(made.run("up"))
        said(objects, namespace, conditions=head_is("True"), desiredWorkerReplicas=2, readyWorkerReplicas=1)
        assert "1 of 2 workers are ready" in told(made.run("up"))
        said(objects, namespace, conditions=head_is("True"), desiredWorkerReplicas=2, readyWorkerReplicas=2)
        assert "its head's pod is not ready" in told(made.run("up"))
        labels = {"ray.io/cluster": "ray", "ray.io/node-type": "head"}
        plane.core().create_namespaced_pod(namespace, {"metadata": {"name": "head", "labels": labels}, **pod})
        await_ready(plane, namespace, "head")
        assert not made.run("up").failed
        assert operations(made.run("up")) == {"same": 1}
