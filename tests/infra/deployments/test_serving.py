"""The serving deployments run what the workload packages have, and stay up while they change."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from infra_endpoints import ALL_IMAGES, PEERS, example_config, manifests, pods, recorded, run_with
from mlplatform.config.workload_sections import Service, Serving
from mlplatform.deployments.serving import APPS, DRAIN_SECONDS, GRACE_SECONDS
from mlplatform.kubernetes.pods import ENVIRONMENT

SOURCE = Path(__file__).resolve().parents[3] / "workloads" / "bento_serving" / "src"
NAMES = [app.name for app in APPS]


def container(name: str) -> Any:
    (found,) = pods(recorded())[f"serving-{name}-server"]["spec"]["containers"]
    return found


@pytest.mark.parametrize("app", [app for app in APPS if ":" in app.target], ids=lambda app: app.name)
def test_the_command_serves_a_class_that_the_package_has(app: Any) -> None:
    module, _, name = app.target.partition(":")
    tree = ast.parse((SOURCE / f"{module.replace('.', '/')}.py").read_text())
    assert name in [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert app.target in container(app.name)["command"]


def test_the_environment_is_what_bentoml_must_find_when_it_is_imported() -> None:
    text = (SOURCE / "bento_serving" / "surroundings.py").read_text()
    (returned,) = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Dict)]
    wanted = {key.value for key in returned.keys if isinstance(key, ast.Constant)}
    for name in NAMES:
        assert wanted | ENVIRONMENT.keys() <= {one["name"] for one in container(name)["env"]}


def test_requests_under_way_may_take_as_long_as_the_package_allows() -> None:
    assert f"SHUTDOWN_SECONDS: Final = {GRACE_SECONDS}\n" in (SOURCE / "bento_serving" / "serving.py").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_roll_out_takes_no_pod_away_before_the_next_is_ready(name: str) -> None:
    spec = recorded().one("kubernetes:apps/v1:Deployment", f"serving-{name}-server").inputs["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert container(name)["lifecycle"] == {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}}
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] > DRAIN_SECONDS + GRACE_SECONDS


@pytest.mark.parametrize("name", NAMES)
def test_probes_ask_what_bentoml_answers(name: str) -> None:
    paths = {kind: container(name)[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}


@pytest.mark.parametrize("name", NAMES)
def test_pods_come_and_go_with_load_between_the_configured_bounds(name: str) -> None:
    scaler = recorded().one("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", f"serving-{name}-autoscaler")
    spec = scaler.inputs["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 6)
    assert spec["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 60}
    assert spec["scaleTargetRef"]["name"] == f"serving-{name}-server"
    # The autoscaler's number would be overwritten at every `up`.
    assert "replicas" not in recorded().one("kubernetes:apps/v1:Deployment", f"serving-{name}-server").inputs["spec"]


@pytest.mark.parametrize("name", NAMES)
def test_pods_are_spread_over_zones_and_nodes_and_lose_one_at_a_time(name: str) -> None:
    spread = pods(recorded())[f"serving-{name}-server"]["spec"]["topologySpreadConstraints"]
    assert {one["topologyKey"] for one in spread} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
    budget = recorded().one("kubernetes:policy/v1:PodDisruptionBudget", f"serving-{name}-budget").inputs["spec"]
    assert budget == {"maxUnavailable": 1, "selector": {"matchLabels": {"mlplatform.io/app": name}}}


def test_only_pattern_b_mounts_the_models_and_cannot_write_them() -> None:
    mounting = {
        name: [mount for mount in container(name)["volumeMounts"] if mount["mountPath"] == "/mnt/models"]
        for name in NAMES
    }
    assert {name for name, found in mounting.items() if found} == {"flight-api-shared"}
    assert mounting["flight-api-shared"][0]["readOnly"] is True


def service(recorder: Any, name: str) -> Any:
    return recorder.one("kubernetes:core/v1:Service", f"serving-{name}-service").inputs


def test_the_flight_apis_answer_in_the_private_network_and_the_model_api_in_the_cluster() -> None:
    assert service(recorded(), "model-api")["spec"]["type"] == "ClusterIP"
    for name in ("flight-api-embedded", "flight-api-shared"):
        spec = service(recorded(), name)["spec"]
        assert spec["type"] == "LoadBalancer"
        assert spec["loadBalancerClass"] == "service.k8s.aws/nlb"
        assert spec["loadBalancerSourceRanges"] == list(PEERS.private)
        assert spec["allocateLoadBalancerNodePorts"] is False


def test_without_load_balancers_all_answer_inside_the_cluster() -> None:
    without = run_with(load_balancers=None)
    for name in NAMES:
        assert service(without, name)["spec"]["type"] == "ClusterIP"


def test_an_up_does_not_wait_for_what_needs_the_pipeline_to_have_run() -> None:
    waiting = {
        one.name
        for kind in ("Deployment", "Service")
        for one in manifests(recorded(), kind)
        if one.inputs["metadata"].get("annotations", {}).get("pulumi.com/skipAwait") == "true"
    }
    apps = ("flight-api-embedded", "flight-api-shared")
    assert waiting == {f"serving-{app}-{role}" for app in apps for role in ("server", "service")}


def test_a_service_that_is_off_is_not_deployed() -> None:
    config = example_config(serving=Serving(flight_api_shared=Service(enabled=False)))
    made = {one.name for one in manifests(run_with(config), "Deployment")}
    assert "serving-flight-api-shared-server" not in made
    assert "serving-flight-api-embedded-server" in made


def test_a_service_without_an_image_is_left_out() -> None:
    without = recorded(tuple(one for one in ALL_IMAGES if one != "bento_flight_api"))
    made = {one.name for one in manifests(without, "Deployment")}
    assert made == {"mlflow-server", "serving-model-api-server"}


def test_pods_are_replaced_when_the_contract_changes() -> None:
    def digest(recorder: Any) -> str:
        return str(pods(recorder)["serving-model-api-server"]["metadata"]["annotations"]["mlplatform.io/contract"])

    assert digest(recorded()) == digest(run_with())
    assert digest(recorded()) != digest(run_with(kafka=None))
