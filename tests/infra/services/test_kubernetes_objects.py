"""What is true of every Kubernetes object and of every pod, whichever service made it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import kubernetes_validate
import pytest
from infra_endpoints import manifests, pods, recorded
from mlplatform import service_types, versions
from mlplatform.deployments.serving import APPS
from mlplatform.services.tenancy.service_accounts import WITH_TOKEN
from recorder import Recorded

WITHOUT_SCHEMA = {"RayCluster"}
"""Custom resources: their schema is in their operator's chart."""
MEANT_FOR = {
    "mlflow-server": service_types.SYSTEM,
    "mlflow-database-setup": service_types.SYSTEM,
    "ray-head": service_types.RAY,
    "ray-worker-standard": service_types.RAY,
    "spark-executor": service_types.SPARK_EXECUTOR,
    "serving-model-api-server": service_types.SERVING,
    "serving-flight-api-embedded-server": service_types.SERVING,
    "serving-flight-api-shared-server": service_types.SERVING,
}
SPEAK_TO_THE_API = {"ray-head"}
"""Pods that get a token of the Kubernetes API although their service account does not give one."""

OBJECTS = {one.name: one for one in manifests(recorded())}
WITH_SCHEMA = [name for name, one in OBJECTS.items() if one.inputs["kind"] not in WITHOUT_SCHEMA]
PODS = pods(recorded())


def whole_numbers(value: Any) -> Any:
    """Protocol buffers know no whole numbers; JSON schema does."""
    if isinstance(value, dict):
        return {key: whole_numbers(part) for key, part in value.items()}
    if isinstance(value, list):
        return [whole_numbers(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def validate(manifest: Any) -> None:
    kubernetes_validate.validate(whole_numbers(manifest), versions.KUBERNETES, strict=True)


@pytest.mark.parametrize("name", sorted(WITH_SCHEMA))
def test_an_object_is_what_the_pinned_kubernetes_accepts(name: str) -> None:
    validate(OBJECTS[name].inputs)


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_is_what_the_pinned_kubernetes_accepts(name: str) -> None:
    manifest = whole_numbers(deepcopy(PODS[name]))
    validate({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": manifest["spec"]})


def test_an_unknown_field_is_seen() -> None:
    broken = deepcopy(dict(OBJECTS["mlflow-server"].inputs))
    broken["spec"]["template"]["spec"]["nodeSelektor"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="nodeSelektor"):
        validate(broken)


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_lands_on_the_nodes_of_its_service_type_alone(name: str) -> None:
    spec, kind = PODS[name]["spec"], MEANT_FOR[name]
    assert spec["nodeSelector"] == kind.labels
    assert spec["tolerations"] == kind.tolerations
    assert PODS[name]["metadata"]["labels"][service_types.LABEL] == kind.name


def test_service_types_exclude_each_other() -> None:
    for kind in service_types.SERVICE_TYPES:
        others = [one for one in service_types.SERVICE_TYPES if one != kind]
        assert kind.labels not in [one.labels for one in others]
        tolerated = [(one["key"], one["value"]) for one in kind.tolerations]
        for other in others:
            assert any((taint.key, taint.value) not in tolerated for taint in other.taints)


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_has_no_more_rights_than_a_process_needs(name: str) -> None:
    spec = PODS[name]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    assert not [volume for volume in spec["volumes"] if "hostPath" in volume]
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_gets_a_token_of_the_api_only_if_it_is_on_the_list(name: str) -> None:
    assert PODS[name]["spec"]["automountServiceAccountToken"] is (name in SPEAK_TO_THE_API)


def test_a_service_account_gives_a_token_only_if_it_is_on_the_list() -> None:
    given = {
        (one.inputs["metadata"]["namespace"], one.inputs["metadata"]["name"])
        for one in manifests(recorded(), "ServiceAccount")
        if one.inputs["automountServiceAccountToken"]
    }
    assert given == WITH_TOKEN


@pytest.mark.parametrize("name", sorted(set(PODS) - {"spark-executor"}))  # Spark sizes an executor
def test_a_container_is_promised_all_that_it_may_use(name: str) -> None:
    for container in PODS[name]["spec"]["containers"]:
        assert {"cpu", "memory"} <= container["resources"]["limits"].keys()
        assert container["resources"]["requests"] == container["resources"]["limits"]


@pytest.mark.parametrize("name", sorted(set(PODS) - {"spark-executor"}))  # Spark names the image
def test_an_image_is_named_by_digest(name: str) -> None:
    for container in PODS[name]["spec"]["containers"]:
        assert "@sha256:" in container["image"]


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_has_space_for_temporary_files_which_is_bounded(name: str) -> None:
    assert [v["emptyDir"]["sizeLimit"] for v in PODS[name]["spec"]["volumes"] if v["name"] == "tmp"]


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_mounts_each_of_its_volumes_once(name: str) -> None:
    spec = PODS[name]["spec"]
    mounted = [mount["name"] for mount in spec["containers"][0]["volumeMounts"]]
    assert sorted(mounted) == sorted(volume["name"] for volume in spec["volumes"])


def selects(service: Recorded) -> list[str]:
    wanted = service.inputs["spec"]["selector"].items()
    return [name for name, pod in PODS.items() if wanted <= pod["metadata"]["labels"].items()]


@pytest.mark.parametrize("name", ["mlflow-service", *(f"serving-{app.name}-service" for app in APPS)])
def test_a_service_selects_the_pods_of_one_deployment_at_a_port_they_have(name: str) -> None:
    (pod,) = selects(OBJECTS[name])
    (port,) = OBJECTS[name].inputs["spec"]["ports"]
    assert port["targetPort"] in [one["name"] for one in PODS[pod]["spec"]["containers"][0]["ports"]]


def test_every_object_names_its_provider() -> None:
    assert not [one.name for one in recorded().resources if one.type.startswith("kubernetes:") and not one.provider]
