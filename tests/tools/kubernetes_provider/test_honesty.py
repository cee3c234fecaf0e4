"""What does not work ends in an error that says so, soon, and the state says no more than is true."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from control_plane import ControlPlane
from kubernetes import client
from kubernetes_programs import Opened, config_map, deployment, operations, program_of, told
from offline_providers.engine import OfflineStack
from offline_providers.faults import OfflineError
from offline_providers.kubernetes.client import Cluster


def recorded(stack: OfflineStack) -> dict[str, dict[str, Any]]:
    """Name → what the state says of each object of Kubernetes."""
    found = stack.export().get("resources", [])
    return {one["urn"].split("::")[-1]: one for one in found if one["type"].startswith("kubernetes:")}


def in_the_background(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def fail_to_pull(plane: ControlPlane, namespace: str) -> None:
    """As a kubelet reports it; a pretended node pulls nothing."""
    core, until = plane.core(), time.monotonic() + 300
    waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
    status = {
        "phase": "Pending",
        "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [
            {
                "name": "app",
                "image": "example.org/no-such:1",
                "imageID": "",
                "ready": False,
                "restartCount": 0,
                "state": {"waiting": waiting},
            }
        ],
    }
    while time.monotonic() < until:
        pods = core.list_namespaced_pod(namespace).items
        for pod in pods:
            core.patch_namespaced_pod_status(pod.metadata.name, namespace, {"status": status})
        if pods:
            return
        time.sleep(0.1)


def test_an_image_that_cannot_be_pulled_is_named_and_the_next_up_mends_it(
    stack: Opened, sdk: SimpleNamespace, plane: ControlPlane, namespace: str
) -> None:
    # A node that nobody looks after: its pods stay as the test says.
    plane.add_node(f"still-{namespace}", pretended=False)
    still = deployment(sdk, namespace, "example.org/no-such:1", node_name=f"still-{namespace}")
    with stack(program_of(sdk, still)) as made:
        thread = in_the_background(lambda: fail_to_pull(plane, namespace))
        outcome = made.run("up")
        assert outcome.failed
        assert "its image example.org/no-such:1 cannot be pulled" in told(outcome)
        assert recorded(made)["app"]["initErrors"]
    with stack(program_of(sdk, deployment(sdk, namespace))) as made:
        thread.join()
        assert operations(made.run("up")) == {"update": 1}
        assert "initErrors" not in recorded(made)["app"]


def test_a_pod_that_no_node_can_hold_is_told_with_the_schedulers_words(
    stack: Opened, sdk: SimpleNamespace, namespace: str
) -> None:
    nowhere: dict[str, Any] = {"node_selector": {"mlplatform.io/service-type": "nowhere"}}
    with stack(program_of(sdk, deployment(sdk, namespace, **nowhere))) as made:
        outcome = made.run("up")
        assert outcome.failed
        assert "finds no node" in told(outcome)
        assert "node affinity/selector" in told(outcome)
        assert "FailedScheduling" in told(outcome)
        assert "app" in recorded(made)
        assert not made.run("destroy").failed


def test_an_invalid_object_is_refused_in_the_plan_already_and_recorded_nowhere(
    stack: Opened, sdk: SimpleNamespace, namespace: str
) -> None:
    def wrong(opts: Any) -> object:
        ports = [{"port": 99999, "target_port": 1}]
        metadata = {"name": "app", "namespace": namespace}
        return sdk.k8s.core.v1.Service("app", metadata=metadata, spec={"ports": ports}, opts=opts)

    with stack(program_of(sdk, wrong)) as made:
        for operation in ("preview", "up"):
            outcome = made.run(operation)
            assert outcome.failed
            assert f"Service {namespace}/app: invalid: spec.ports[0].port: Invalid value: 99999" in told(outcome)
        assert recorded(made) == {}


def test_what_is_forbidden_is_told_with_who_asked_for_what(stack: Opened, sdk: SimpleNamespace, namespace: str) -> None:
    with stack(program_of(sdk, config_map(sdk, namespace, a="1")), user="nobody") as made:
        outcome = made.run("up")
        assert outcome.failed
        assert f"ConfigMap {namespace}/settings: forbidden" in told(outcome)
        assert 'User "nobody" cannot patch resource "configmaps"' in told(outcome)
        assert recorded(made) == {}


def test_pods_that_a_quota_refuses_are_told_with_the_quota(
    stack: Opened, sdk: SimpleNamespace, plane: ControlPlane, namespace: str
) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    plane.core().create_namespaced_resource_quota(namespace, quota)
    with stack(program_of(sdk, deployment(sdk, namespace))) as made:
        outcome = made.run("up")
        assert outcome.failed
        assert "its pods are refused" in told(outcome)
        assert "exceeded quota: none" in told(outcome)


def test_a_namespace_that_is_part_of_the_same_plan_is_no_error_of_it(stack: Opened, sdk: SimpleNamespace) -> None:
    def space(opts: Any) -> object:
        return sdk.k8s.core.v1.Namespace("later", metadata={"name": "later"}, opts=opts)

    with stack(program_of(sdk, space, config_map(sdk, "later", a="1"))) as made:
        assert not made.run("preview").failed


def test_what_is_not_awaited_is_not_waited_for(stack: Opened, sdk: SimpleNamespace, namespace: str) -> None:
    def waiting(opts: Any) -> object:
        labels = {"app": "app"}
        return sdk.k8s.apps.v1.Deployment(
            "app",
            metadata={"name": "app", "namespace": namespace, "annotations": {"pulumi.com/skipAwait": "true"}},
            spec={
                "selector": {"match_labels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"node_selector": {"no": "where"}, "containers": [{"name": "app", "image": "app:1"}]},
                },
            },
            opts=opts,
        )

    with stack(program_of(sdk, waiting)) as made:
        assert not made.run("up").failed


def claim(sdk: SimpleNamespace, namespace: str, class_name: str) -> Callable[[Any], object]:
    spec = {
        "access_modes": ["ReadWriteOnce"],
        "storage_class_name": class_name,
        "resources": {"requests": {"storage": "1Gi"}},
    }
    metadata = {"name": "data", "namespace": namespace, "annotations": {"pulumi.com/timeoutSeconds": "2"}}
    return lambda opts: sdk.k8s.core.v1.PersistentVolumeClaim("data", metadata=metadata, spec=spec, opts=opts)


@pytest.mark.parametrize("mode", ["Immediate", "WaitForFirstConsumer"])
def test_a_claim_is_awaited_where_its_class_binds_at_once(
    stack: Opened, sdk: SimpleNamespace, plane: ControlPlane, namespace: str, mode: str
) -> None:
    name = f"class-{namespace}"
    classes = client.StorageV1Api(plane.core().api_client)
    classes.create_storage_class(
        {"metadata": {"name": name}, "provisioner": "example.org/nobody", "volumeBindingMode": mode}
    )
    with stack(program_of(sdk, claim(sdk, namespace, name))) as made:
        outcome = made.run("up")
        if mode == "WaitForFirstConsumer":
            assert not outcome.failed
            return
        assert f"not ready after 2 s: no volume of the class {name} is bound to it" in told(outcome)
        volume = {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"},
            "hostPath": {"path": "/nowhere"},
            "storageClassName": name,
        }
        plane.core().create_persistent_volume({"metadata": {"name": name}, "spec": volume})
        # The controller of volumes looks again every quarter of a minute.
        until = time.monotonic() + 300
        while (outcome := made.run("up")).failed and time.monotonic() < until:
            continue
        assert not outcome.failed
        assert "initErrors" not in recorded(made)["data"]


def test_a_program_may_give_an_object_less_time(stack: Opened, sdk: SimpleNamespace, namespace: str) -> None:
    def hurried(opts: Any) -> object:
        times = sdk.pulumi.ResourceOptions(custom_timeouts=sdk.pulumi.CustomTimeouts(create="3s"))
        make = deployment(sdk, namespace, node_name="no-such-node")
        return make(sdk.pulumi.ResourceOptions.merge(opts, times))

    with stack(program_of(sdk, hurried)) as made:
        assert "not ready after 3 s: 0 of 1 pods are available" in told(made.run("up"))


def test_a_cluster_that_does_not_answer_is_named(plane: ControlPlane) -> None:
    content = plane.kubeconfig().read_text().replace(plane.address, "https://127.0.0.1:9")
    with pytest.raises(OfflineError, match=r"https://127.0.0.1:9 does not answer .* Is the cluster running"):
        Cluster(content, None).get({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "b"}})


@pytest.mark.parametrize(("kubeconfig", "context"), [("/no/such/file", None), ("{}", None), (None, "no-such-context")])
def test_a_kubeconfig_that_cannot_be_used_is_one_sentence(
    plane: ControlPlane, kubeconfig: str | None, context: str | None
) -> None:
    with pytest.raises(OfflineError, match=r"^no cluster can be reached: .* Name a kubeconfig"):
        Cluster(kubeconfig or str(plane.kubeconfig()), context)
