"""Everything is closed; what is open is in the table of flows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from infra_endpoints import PEERS, manifests, recorded, run_with
from mlplatform import naming
from mlplatform.endpoints import PodPeer
from mlplatform.kubernetes.network_flows import Peer, Pods, flows
from mlplatform.kubernetes.pods import APP_LABEL
from recorder import Recorder

NAMESPACES = {*naming.WORKLOAD_NAMESPACES, naming.NAMESPACE_SYSTEM}
ALL = (*flows(5432),)


def policies(recorder: Recorder) -> Iterator[dict[str, Any]]:
    for one in manifests(recorder, "NetworkPolicy"):
        yield {"name": one.name, "namespace": one.inputs["metadata"]["namespace"], **one.inputs["spec"]}


def test_every_namespace_refuses_everything_by_default() -> None:
    denied = {
        policy["namespace"]
        for policy in policies(recorded())
        if policy["podSelector"] == {}
        and sorted(policy["policyTypes"]) == ["Egress", "Ingress"]
        and not {"ingress", "egress"} & policy.keys()
    }
    assert denied == NAMESPACES
    assert {one.inputs["metadata"]["name"] for one in manifests(recorded(), "Namespace")} < NAMESPACES


def test_no_rule_is_open_to_everyone() -> None:
    for policy in policies(recorded()):
        for rule in policy.get("ingress", []):
            assert rule["from"], policy["name"]
        for rule in policy.get("egress", []):
            assert rule["to"], policy["name"]


def test_names_are_resolved_everywhere_and_by_the_cluster_alone() -> None:
    found = [policy for policy in policies(recorded()) if policy["name"].endswith("-dns")]
    assert {policy["namespace"] for policy in found} == NAMESPACES
    for policy in found:
        ((rule,),) = [policy["egress"]]
        assert rule["to"][0]["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}
        assert {(port["protocol"], port["port"]) for port in rule["ports"]} == {("UDP", 53), ("TCP", 53)}


def test_a_flow_between_pods_is_open_at_both_of_its_ends() -> None:
    for flow in ALL:
        if isinstance(flow.source, Pods) and isinstance(flow.target, Pods):
            assert opened(flow.source, "egress", "to", flow.target, flow.ports), flow
            assert opened(flow.target, "ingress", "from", flow.source, flow.ports), flow


def opened(at: Pods, side: str, key: str, other: Pods, ports: tuple[int, ...]) -> bool:
    selector = {"matchLabels": {APP_LABEL: at.app}} if at.app else {}
    wanted = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": other.namespace}},
        "podSelector": {"matchLabels": {APP_LABEL: other.app}} if other.app else {},
    }
    return any(
        [wanted] == rule[key] and tuple(port["port"] for port in rule.get("ports", [])) == ports
        for policy in policies(recorded())
        if policy["namespace"] == at.namespace and policy["podSelector"] == selector
        for rule in policy.get(side, [])
    )


def test_the_database_is_reached_by_mlflow_and_by_who_makes_it_and_by_nobody_else() -> None:
    assert reach(recorded(), PEERS.database[0], 5432) == {("mlflow", "mlflow"), ("mlflow", "database-setup")}


def test_the_brokers_are_reached_by_spark_alone() -> None:
    assert reach(recorded(), PEERS.kafka[0], 9098) == {("spark", "")}


def test_the_kubernetes_api_is_reached_by_those_who_have_a_token() -> None:
    reaching = reach(recorded(), "172.20.0.1/32", 443)
    assert reaching == {("spark", "spark-driver"), ("ray", "ray-head"), ("platform-system", "")}


def reach(recorder: Recorder, cidr: str | PodPeer, port: int) -> set[tuple[str, str]]:
    return {
        (policy["namespace"], policy["podSelector"].get("matchLabels", {}).get(APP_LABEL, ""))
        for policy in policies(recorder)
        for rule in policy.get("egress", [])
        if {"ipBlock": {"cidr": cidr}} in rule["to"] and port in [one["port"] for one in rule["ports"]]
    }


def test_where_there_is_no_cloud_a_rule_without_a_peer_is_left_out() -> None:
    without = run_with(peers=replace(PEERS, credentials=(), kafka=()))
    assert reach(without, PEERS.database[0], 5432)
    for policy in policies(without):
        assert all(rule["to"] for rule in policy.get("egress", [])), policy["name"]
    assert not reach(without, PEERS.kafka[0], 9098)


def test_every_flow_says_why_and_every_peer_is_used() -> None:
    assert all(flow.why for flow in ALL)
    used = {party.name for flow in ALL for party in (flow.source, flow.target) if isinstance(party, Peer)}
    assert used == {"database", "kafka", "object_store", "private", "https", "kubernetes_api", "credentials"}
