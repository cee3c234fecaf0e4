"""MLflow, Ray, Spark, and what becomes of them while an image is missing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pulumi
import pytest
from infra_endpoints import ALL_IMAGES, example_endpoints, manifests, pods, recorded, run_with
from mlplatform.kubernetes.chart_versions import RAY
from mlplatform.services.images import find_image
from mlplatform.services.spark.client_mode import executor_template
from recorder import Recorder, build

REPOSITORY = Path(__file__).resolve().parents[3]


def ray_cluster(recorder: Recorder) -> Any:
    return recorder.one("kubernetes:ray.io/v1:RayCluster").inputs["spec"]


def test_mlflow_starts_when_the_databases_are_made() -> None:
    job = recorded().one("kubernetes:batch/v1:Job")
    server = recorded().one("kubernetes:apps/v1:Deployment", "mlflow-server")
    assert job.urn in server.depends_on
    assert pods(recorded())[job.name]["spec"]["containers"][0]["command"] == ["mlflow-tracking", "create-databases"]
    assert "ttlSecondsAfterFinished" not in job.inputs["spec"]


def test_mlflow_signs_in_as_the_foundation_says() -> None:
    for name in ("mlflow-server", "mlflow-database-setup"):
        (container,) = pods(recorded())[name]["spec"]["containers"]
        assert {"name": "MLFLOW_TRACKING_DATABASE_AUTH", "value": "iam"} in container["env"]
        assert not [volume for volume in pods(recorded())[name]["spec"]["volumes"] if "secret" in volume]


def test_without_iam_mlflow_reads_its_own_password_from_a_file_and_no_other() -> None:
    with_files = run_with(authentication="passwordFile")

    def passwords(name: str) -> Any:
        volumes = pods(with_files)[name]["spec"]["volumes"]
        (found,) = [volume["secret"] for volume in volumes if volume["name"] == "database-passwords"]
        return found

    assert passwords("mlflow-server")["items"] == [{"key": "mlflow", "path": "mlflow"}]
    assert "items" not in passwords("mlflow-database-setup")


def test_ray_starts_with_its_head_alone_and_may_grow_to_the_configured_maximum() -> None:
    (group,) = ray_cluster(recorded())["workerGroupSpecs"]
    assert (group["minReplicas"], group["maxReplicas"]) == (0, 3)
    assert ray_cluster(recorded())["enableInTreeAutoscaling"] is True
    assert ray_cluster(recorded())["autoscalerOptions"]["version"] == "v2"
    assert ray_cluster(recorded())["autoscalerOptions"]["idleTimeoutSeconds"] == 120


def test_the_head_runs_no_tasks_and_wants_a_token() -> None:
    assert ray_cluster(recorded())["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    assert ray_cluster(recorded())["authOptions"] == {"mode": "token"}


def test_a_worker_tells_ray_of_the_cpus_and_the_memory_that_its_pod_has() -> None:
    (group,) = ray_cluster(recorded())["workerGroupSpecs"]
    assert group["rayStartParams"] == {"num-cpus": "4", "object-store-memory": str(int(0.3 * 16 * 2**30))}


def test_how_many_workers_there_are_is_the_autoscalers_and_a_new_image_reaches_the_pods() -> None:
    (group,) = ray_cluster(recorded())["workerGroupSpecs"]
    assert "replicas" not in group
    assert ray_cluster(recorded())["upgradeStrategy"] == {"type": "Recreate"}


def test_ray_is_told_the_version_that_its_image_has() -> None:
    lock = (REPOSITORY / "workloads" / "ray_training" / "requirements.lock").read_text()
    assert re.findall(r"^ray(?:\[[a-z,]+\])?==(\S+)", lock, re.MULTILINE) == [RAY]


def test_the_cluster_goes_before_its_operator() -> None:
    operator = recorded().one("kubernetes:helm.sh/v3:Release", "ray-operator-release")
    assert operator.urn in recorded().one("kubernetes:ray.io/v1:RayCluster").depends_on
    assert operator.inputs["version"] == "1.7.1"


def test_the_operator_has_rights_in_rays_namespace_alone() -> None:
    values = recorded().one("kubernetes:helm.sh/v3:Release", "ray-operator-release").inputs["values"]
    assert values["singleNamespaceInstall"] is True
    assert values["watchNamespace"] == ["ray"]


@pytest.mark.parametrize("name", ["ray-head", "ray-worker-standard", "spark-executor"])
def test_a_node_with_work_that_would_be_lost_is_not_emptied_to_save_money(name: str) -> None:
    annotations = pods(recorded())[name]["metadata"]["annotations"]
    assert annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"
    assert annotations["karpenter.sh/do-not-disrupt"] == "true"


@pytest.mark.parametrize(
    ("namespace", "app"), [("spark", "spark-driver"), ("ray", "ray-head"), ("ray", "ray-training")]
)
def test_nobody_evicts_a_pod_that_others_end_with(namespace: str, app: str) -> None:
    found = [
        one.inputs["spec"]
        for one in manifests(recorded(), "PodDisruptionBudget")
        if one.inputs["metadata"]["namespace"] == namespace
        and one.inputs["spec"]["selector"]["matchLabels"] == {"mlplatform.io/app": app}
    ]
    # No number of pods reaches it; a share, or ``maxUnavailable``, is for pods of controllers that can be scaled.
    assert found == [{"minAvailable": 2**31 - 1, "selector": {"matchLabels": {"mlplatform.io/app": app}}}]


def test_a_worker_waits_for_the_head_with_memory_enough_for_rays_own_check() -> None:
    values = recorded().one("kubernetes:helm.sh/v3:Release", "ray-operator-release").inputs["values"]
    assert {"name": "ENABLE_INIT_CONTAINER_INJECTION", "value": "false"} in values["env"]
    (wait,) = pods(recorded())["ray-worker-standard"]["spec"]["initContainers"]
    # KubeRay gives the token to a container of that name.
    assert wait["name"] == "wait-gcs-ready"
    assert "ray health-check --address ray-head-svc:6379" in wait["command"][-1]
    # 233 MiB were seen; a quantity of twice that and more.
    assert int(wait["resources"]["limits"]["memory"].removesuffix("Mi")) >= 512
    assert "initContainers" not in pods(recorded())["ray-head"]["spec"]


def test_the_driver_finds_the_executors_template_where_the_contract_says() -> None:
    path = recorded().outputs["contract"]["spark"]["executor_pod_template"]
    data = recorded().one("kubernetes:core/v1:ConfigMap", "spark-executor-template").inputs["data"]
    assert json.loads(data[Path(path).name]) == executor_template()


def test_priorities_that_pods_name_exist() -> None:
    made = {one.inputs["metadata"]["name"] for one in manifests(recorded(), "PriorityClass")}
    named = {pod["spec"].get("priorityClassName") for pod in pods(recorded()).values()} - {None}
    assert named == {"mlplatform-spark-executor"}
    assert named < made


def test_the_name_of_drivers_resolves_to_their_pods() -> None:
    service = recorded().one("kubernetes:core/v1:Service", "spark-driver-service").inputs["spec"]
    assert service["clusterIP"] == "None"
    assert service["selector"] == {"mlplatform.io/app": "spark-driver"}


LEFT_OUT = {
    "mlflow_tracking": {"mlplatform:mlflow:Mlflow"},
    "ray_training": {"mlplatform:ray:RayCluster"},
}


@pytest.mark.parametrize("image", sorted(LEFT_OUT))
def test_what_has_no_image_yet_is_left_out_and_the_rest_is_there(image: str) -> None:
    without = recorded(tuple(one for one in ALL_IMAGES if one != image))
    components = {one.type for one in recorded().resources if not one.custom}
    assert components - {one.type for one in without.resources} == LEFT_OUT[image]


def test_the_line_in_the_plan_says_what_is_left_out_and_what_builds_it() -> None:
    said: list[str] = []

    def program() -> None:
        endpoints = example_endpoints(images=("spark_preprocessing",))
        with patch.object(pulumi.log, "info", said.append):
            assert find_image(endpoints, "ray_training", "The Ray cluster") is None
            assert find_image(endpoints, "spark_preprocessing", "Spark") is not None

    build(program)
    assert said == ["The Ray cluster is left out of the plan: it has no image yet: `make images` builds it"]


def test_an_image_that_the_configuration_does_not_know_is_a_mistake_of_the_program() -> None:
    def program() -> None:
        find_image(example_endpoints(), "ray_trainer", "x")

    with pytest.raises(ValueError, match="ray_trainer is no field of Images"):
        build(program)
