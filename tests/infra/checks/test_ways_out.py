"""The ports of what is not ours: name servers, the Kubernetes API, kubelets, webhooks, brokers and the database."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Final

import pytest
from mlplatform.config.base import ENVIRONMENTS, Environment
from references import RAY_PORTS, Objects
from whole_program import record

pytestmark = pytest.mark.parametrize("environment", ENVIRONMENTS)
# Where each listens, by whose documentation.
DNS: Final = 53  # Kubernetes, "DNS for Services and Pods"
API: Final = {443, 6443}  # Kubernetes, "Ports and Protocols"; the service is at 443
KUBELET: Final = 10250  # Kubernetes, "Ports and Protocols"
WEBHOOK: Final = 9443  # controller-runtime, webhook.DefaultPort; the charts keep it
CREDENTIALS: Final = 80  # EKS, "EKS Pod Identity agent": 169.254.170.23:80
HTTPS: Final = 443
BROKERS: Final = {9092, 9094, 9096, 9098}  # MSK, "Port information"
DATABASE: Final = 5432  # PostgreSQL, RDS
KNOWN: Final = {DNS, *API, KUBELET, WEBHOOK, CREDENTIALS, HTTPS, *BROKERS, DATABASE, *RAY_PORTS.values()}


@cache
def objects(environment: Environment) -> Objects:
    return Objects(record(environment))


def ways(environment: Environment, namespace: str, direction: str) -> set[tuple[int, str]]:
    """(port, protocol) of all rules of a direction in a namespace that name ports."""
    return {
        (int(port["port"]), port.get("protocol", "TCP"))
        for policy in objects(environment).of("NetworkPolicy")
        if policy.inputs["metadata"]["namespace"] == namespace
        for rule in policy.inputs["spec"].get(direction, ())
        for port in rule.get("ports", ())
    }


def namespaces(environment: Environment) -> set[str]:
    return {one.inputs["metadata"]["namespace"] for one in objects(environment).of("NetworkPolicy")}


def contract(environment: Environment) -> dict[str, Any]:
    text = (objects(environment).config_map("spark", "platform-contract") or {})["contract.json"]
    found: dict[str, Any] = json.loads(text)
    return found


def test_no_rule_names_a_port_at_which_nobody_listens(environment: Environment) -> None:
    ours = {number for pod in objects(environment).pods for number in pod.ports.values()}
    wrong = {
        (namespace, port)
        for namespace in namespaces(environment)
        for direction in ("ingress", "egress")
        for port, _ in ways(environment, namespace, direction)
        if port not in KNOWN | ours
    }
    assert wrong == set()


def test_every_pod_that_may_speak_at_all_finds_names(environment: Environment) -> None:
    for namespace in namespaces(environment):
        out = ways(environment, namespace, "egress")
        assert not out or {(DNS, "UDP"), (DNS, "TCP")} <= out, namespace


def test_whoever_asks_the_kubernetes_api_reaches_it(environment: Environment) -> None:
    for namespace in ("spark", "ray"):
        assert {(port, "TCP") for port in API} <= ways(environment, namespace, "egress"), namespace


def test_operators_are_reached_by_what_asks_them(environment: Environment) -> None:
    if "platform-system" in namespaces(environment):
        into, out = ways(environment, "platform-system", "ingress"), ways(environment, "platform-system", "egress")
        assert {(WEBHOOK, "TCP"), (KUBELET, "TCP")} <= into
        assert (KUBELET, "TCP") in out


def test_credentials_and_the_cloud_are_reached_where_there_is_one(environment: Environment) -> None:
    if environment != "local":
        for namespace in ("mlflow", "spark", "ray", "notebooks", "serving"):
            assert {(CREDENTIALS, "TCP"), (HTTPS, "TCP")} <= ways(environment, namespace, "egress"), namespace


def test_the_brokers_and_the_database_of_the_contract_are_reached(environment: Environment) -> None:
    told = contract(environment)
    brokers = {int(address.rpartition(":")[2]) for address in told.get("kafka", {}).get("bootstrap_servers", ())}
    assert brokers <= BROKERS
    assert {(port, "TCP") for port in brokers} <= ways(environment, "spark", "egress")
    assert (told["database"]["port"], "TCP") in ways(environment, "mlflow", "egress")
    assert told["database"]["port"] == DATABASE
