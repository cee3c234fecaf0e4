"""Each pod on a node of its service type, on a cluster of a thousand nodes."""

from __future__ import annotations

import copy
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cluster_requests import Asked, Requests
from control_plane import ControlPlane
from deployed_platform import NODES, PLAIN
from engine_clouds import Ran
from placement import BELONGS, PODS, PREFIX, Placed, complete_nodes, misplaced, place
from pod_templates import Pod, deployed_templates, named, service_type_of

RESULT = Path(__file__).resolve().parents[2] / ".local" / "bench" / "placement.json"
NODES_AT_FIRST = 2


@pytest.fixture(scope="session")
def placed(platform: Ran, plane: ControlPlane, requests: Requests, pytestconfig: pytest.Config) -> Placed:
    """How fast it was is told and written down, and never judged: the machine may have other work."""
    assert not platform.outcome.failed
    assert sum(NODES.values()) == 1000
    assert sum(PODS.values()) == 10_000
    complete_nodes(requests, NODES_AT_FIRST)
    found = place(plane, requests)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({key: round(value, 2) for key, value in found.figures.items()}, indent=2) + "\n")
    said = (
        f"\n{found.pods:,} pods on {found.nodes:,} nodes: {found.figures['bound_per_second']:.0f} pods/s bound"
        f" (created in {found.creating_seconds:.0f} s, bound after {found.binding_seconds:.0f} s, running after"
        f" {found.running_seconds:.0f} s); {found.figures['cpu_ms_per_pod']:.0f} ms of CPU a pod: "
        + ", ".join(f"{name} {cost:.1f}" for name, cost in found.cpu_ms_per_pod.items())
    )
    # What a test prints is shown when it fails; this is always.
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(said)
    return found


@pytest.fixture(scope="session")
def pods(placed: Placed, requests: Requests) -> list[Pod]:
    """All of the cluster: those of the stack, and ten thousand."""
    found = requests.items("/api/v1/pods")
    assert len(found) > placed.pods
    return found


@pytest.fixture(scope="session")
def nodes(placed: Placed, requests: Requests) -> list[dict[str, Any]]:
    found = requests.items("/api/v1/nodes")
    assert len(found) == placed.nodes
    return found


def stuck(requests: Requests, pod: Pod) -> dict[str, str]:
    """The scheduler's reason, once it has looked at the pod, which has no node."""
    path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods"
    requests.one(Asked(path, pod))
    end = time.monotonic() + 300
    while time.monotonic() < end:
        found = requests.one(Asked(f"{path}/{pod['metadata']['name']}"))
        assert found["spec"].get("nodeName") is None
        for condition in found["status"].get("conditions") or ():
            if condition["type"] == "PodScheduled":
                assert found["status"]["phase"] == "Pending"
                return {key: condition[key] for key in ("status", "reason", "message")}
        time.sleep(0.2)
    raise AssertionError("the scheduler has not looked at it in 300 s")


@pytest.fixture
def model_api(requests: Requests) -> Pod:
    """One pod of the model API, to take something away from."""
    return copy.deepcopy(deployed_templates(requests)["model-api"])


def test_every_pod_is_on_a_node_of_its_service_type(pods: list[Pod], nodes: list[dict[str, Any]]) -> None:
    made = Counter(
        pod["metadata"]["labels"]["mlplatform.io/app"] for pod in pods if pod["metadata"]["name"].startswith(PREFIX)
    )
    assert made == PODS
    assert misplaced(pods, nodes) == []


def test_nodes_of_no_use_to_the_stack_stay_empty(pods: list[Pod], nodes: list[dict[str, Any]]) -> None:
    """Nodes for notebooks and drivers are empty, and so are those that everybody could run on."""
    types = {node["metadata"]["name"]: service_type_of(node["metadata"]["labels"]) for node in nodes}
    used = {types[pod["spec"]["nodeName"]] for pod in pods}
    assert used == set(BELONGS.values())
    assert used < set(types.values())


def test_the_labels_of_a_pod_name_the_service_type_that_it_belongs_to(pods: list[Pod]) -> None:
    """Network policies, budgets and people's queries go by them."""
    found = {
        (pod["metadata"]["labels"]["mlplatform.io/app"], service_type_of(pod["metadata"]["labels"])) for pod in pods
    }
    assert found == set(BELONGS.items())


def test_the_pods_of_a_service_are_spread_over_its_nodes(pods: list[Pod]) -> None:
    """The flight APIs and the model's prefer nodes with few of their kind: none has a heap of them."""
    for app in ("model-api", "flight-api-embedded", "flight-api-shared"):
        on = Counter(pod["spec"]["nodeName"] for pod in pods if pod["metadata"]["labels"]["mlplatform.io/app"] == app)
        assert len(on) > NODES["serving"] // 2, (app, len(on))


def test_a_pod_without_the_toleration_waits_and_the_scheduler_says_why(
    placed: Placed, requests: Requests, model_api: Pod
) -> None:
    del model_api["spec"]["tolerations"]
    reason = stuck(requests, named(model_api, "without-toleration"))
    assert (reason["status"], reason["reason"]) == ("False", "Unschedulable")
    assert reason["message"].startswith(f"0/{placed.nodes} nodes are available")
    tainted = placed.nodes - NODES[PLAIN]
    assert f"{tainted} node(s) had untolerated taint(s)" in reason["message"]


def test_a_pod_of_a_service_type_that_no_node_has_waits_even_where_there_is_room(
    placed: Placed, requests: Requests, model_api: Pod
) -> None:
    model_api["spec"]["nodeSelector"] = {"mlplatform.io/service-type": "no-such"}
    reason = stuck(requests, named(model_api, "of-no-such-type"))
    assert (reason["status"], reason["reason"]) == ("False", "Unschedulable")
    assert reason["message"].startswith(f"0/{placed.nodes} nodes are available")
    assert "node(s) didn't match Pod's node affinity/selector" in reason["message"]


def test_a_pod_on_a_node_of_another_kind_is_reported(
    requests: Requests, nodes: list[dict[str, Any]], model_api: Pod
) -> None:
    """The control of the whole file: a pod that is sent elsewhere gets there, and is found."""
    model_api["spec"]["nodeSelector"] = {"kubernetes.io/hostname": f"{PLAIN}-0"}
    path = f"/api/v1/namespaces/{model_api['metadata']['namespace']}/pods"
    requests.one(Asked(path, named(model_api, "sent-elsewhere")))
    end = time.monotonic() + 300
    while not (found := requests.one(Asked(f"{path}/sent-elsewhere")))["spec"].get("nodeName"):
        assert time.monotonic() < end, found["status"]
        time.sleep(0.2)
    assert misplaced([found], nodes) == [
        f"sent-elsewhere belongs on serving and is on {PLAIN}-0, which is none",
    ]
