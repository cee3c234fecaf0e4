"""Whose pods have a token of the Kubernetes API: what admission has put into live pods, not what a manifest says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from cluster_requests import Asked, Requests
from pod_templates import executor_pod


def has_token(pod: Mapping[str, Any]) -> bool:
    """Whether a volume of the pod has a token of its account."""
    sources = [
        source
        for volume in pod["spec"].get("volumes") or ()
        for source in (volume.get("projected") or {}).get("sources") or ()
    ]
    return any("serviceAccountToken" in source for source in sources)


@pytest.fixture
def pods(requests: Requests, names: SimpleNamespace) -> list[dict[str, Any]]:
    """All pods of the platform as it was deployed."""
    return [
        pod
        for namespace in names.namespaces
        for pod in requests.items(f"/api/v1/namespaces/{namespace}/pods")
        if pod["metadata"].get("ownerReferences")
    ]


def admitted(requests: Requests, pod: Mapping[str, Any]) -> dict[str, Any]:
    """The pod as it would be, with all that admission adds; it is not made."""
    return requests.one(Asked(f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods?dryRun=All", pod))


def test_no_pod_of_the_stack_has_a_token(pods: list[dict[str, Any]]) -> None:
    """On a cluster without KubeRay nothing that runs all the time speaks to Kubernetes."""
    apps = {pod["metadata"]["labels"]["mlplatform.io/app"] for pod in pods}
    assert apps == {
        "database-setup",
        "flight-api-embedded",
        "flight-api-shared",
        "kafka",
        "mlflow",
        "model-api",
        "object-store",
        "postgresql",
        "ray-head",
        "ray-worker",
    }
    assert [pod["metadata"]["name"] for pod in pods if has_token(pod)] == []


def test_every_pod_of_the_stack_runs_as_an_account_of_the_platform(
    pods: list[dict[str, Any]], names: SimpleNamespace
) -> None:
    """The accounts called `default` give their pods a token; so no pod may be left to them."""
    found = {f"{pod['metadata']['namespace']}/{pod['spec']['serviceAccountName']}" for pod in pods}
    # Spark's pods and notebooks come and go, and are none of the stack's own.
    assert found == set(names.accounts) - {"spark/spark-driver", "spark/spark-executor", "notebooks/notebook"}


@pytest.mark.usefixtures("platform")
def test_an_executor_has_none_and_a_driver_has_one(requests: Requests) -> None:
    """The driver is the control: were tokens not given out here at all, no test of this file would mean a thing."""
    executor = executor_pod(requests, "spark-executor-of-a-test")
    assert not has_token(admitted(requests, executor))
    driver = json.loads(json.dumps(executor))
    driver["spec"]["serviceAccountName"] = "spark-driver"
    # Its manifest says nothing, as whoever writes one would: the account decides.
    del driver["spec"]["automountServiceAccountToken"]
    assert has_token(admitted(requests, driver))


@pytest.mark.parametrize(
    "account",
    [
        "mlflow/database-setup",
        "mlflow/mlflow",
        "notebooks/notebook",
        "ray/ray",
        "serving/flight-api",
        "serving/model-api",
        "spark/spark-executor",
    ],
)
def test_an_account_without_rights_gives_its_pods_no_token_even_if_they_do_not_refuse_it(
    requests: Requests, names: SimpleNamespace, account: str
) -> None:
    assert account in names.accounts
    namespace, name = account.split("/")
    pod = executor_pod(requests, "pod-of-a-test")
    pod["metadata"]["namespace"] = namespace
    spec = {key: value for key, value in pod["spec"].items() if key != "automountServiceAccountToken"}
    assert not has_token(admitted(requests, {**pod, "spec": {**spec, "serviceAccountName": name}}))
