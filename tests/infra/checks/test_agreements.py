"""Two places that must agree: probes, load balancers and the contract with the pods and services that they lead to."""

from __future__ import annotations

import json
from functools import cache
from ipaddress import ip_network
from pathlib import PurePosixPath

import pytest
from mlplatform.config.base import ENVIRONMENTS, Environment
from references import RAY_PORTS, Objects, name_of, place_of, probes, strings
from whole_program import record

pytestmark = pytest.mark.parametrize("environment", ENVIRONMENTS)


@cache
def objects(environment: Environment) -> Objects:
    return Objects(record(environment))


def test_a_probe_asks_a_port_of_its_container(environment: Environment) -> None:
    wrong = []
    for pod in objects(environment).pods:
        for container, kind, probe in probes(pod):
            port = (probe.get("httpGet") or probe.get("tcpSocket") or {}).get("port")
            known = {key for one in container.get("ports", ()) for key in (one["name"], one["containerPort"])}
            known |= set(RAY_PORTS.values()) if container["name"] == "ray-head" else set()
            if port is not None and port not in known:
                wrong.append((pod.name, kind, port))
    assert wrong == []


def test_a_load_balancer_asks_what_says_that_a_pod_is_ready(environment: Environment) -> None:
    prefix, wrong = "service.beta.kubernetes.io/aws-load-balancer-healthcheck-", []
    for one in objects(environment).of("Service"):
        notes = one.inputs["metadata"].get("annotations", {})
        if f"{prefix}path" not in notes:
            continue
        behind = objects(environment).selected(one.inputs["metadata"]["namespace"], one.inputs["spec"]["selector"])
        ready = {
            probe["httpGet"]["path"] for pod in behind for _, kind, probe in probes(pod) if kind == "readinessProbe"
        }
        if ready != {notes[f"{prefix}path"]} or notes[f"{prefix}protocol"] != "http":
            wrong.append((one.name, notes[f"{prefix}path"], ready))
    assert wrong == []


def test_a_pod_finds_the_contract_where_it_looks_for_it(environment: Environment) -> None:
    asked, wrong, looked = objects(environment), [], 0
    for pod in asked.pods:
        sources = {volume["name"]: volume.get("configMap", {}).get("name") for volume in pod.spec.get("volumes", ())}
        for container in pod.spec["containers"]:
            path = next((one["value"] for one in container.get("env", ()) if one["name"] == "PLATFORM_CONTRACT"), None)
            if path is None:
                continue
            looked += 1
            folder, file = str(PurePosixPath(path).parent), PurePosixPath(path).name
            names = [sources.get(mount["name"]) for mount in container["volumeMounts"] if mount["mountPath"] == folder]
            found = [asked.config_map(pod.namespace, name) for name in names if name]
            if len(found) != 1 or file not in (found[0] or {}):
                wrong.append((pod.name, path, names))
    assert looked > 3
    assert wrong == []


def test_the_contract_leads_to_services_that_are_there(environment: Environment) -> None:
    """Addresses inside the cluster, `name.namespace.svc…:port`, of whatever the contract names."""
    asked = objects(environment)
    ports = {
        place_of(one): {int(port["port"]) for port in one.inputs["spec"].get("ports", ())}
        for one in asked.of("Service")
    }
    # KubeRay makes the head's service.
    if asked.of("RayCluster"):
        [cluster] = asked.of("RayCluster")
        ports["ray", f"{name_of(cluster)}-head-svc"] = set(RAY_PORTS.values())
    text = (asked.config_map("notebooks", "platform-contract") or {})["contract.json"]
    addresses = [value for value in strings(json.loads(text)) if ".svc.cluster.local:" in value]
    assert len(addresses) > 4
    wrong = []
    for address in addresses:
        host, _, port = address.split("://")[-1].split("/")[0].partition(":")
        name, namespace = host.split(".")[:2]
        if int(port) not in ports.get((namespace, name), set()):
            wrong.append(address)
    assert wrong == []


def test_a_drivers_pod_finds_the_template_that_the_contract_names(environment: Environment) -> None:
    asked = objects(environment)
    text = (asked.config_map("spark", "platform-contract") or {})["contract.json"]
    spark = json.loads(text)["spark"]
    # Whoever submits to Spark writes this name into the driver's pod.
    template = (asked.config_map("spark", "spark-executor-template") or {})[
        PurePosixPath(spark["executor_pod_template"]).name
    ]
    assert (spark["namespace"], spark["service_account"]) in asked.names("ServiceAccount")
    assert json.loads(template)["kind"] == "Pod"


def test_a_load_balancer_reaches_pods_themselves_at_a_port_that_they_have(environment: Environment) -> None:
    """A readiness gate is of pods that are targets by their addresses (source: AWS Load Balancer Controller, "Pod
    readiness gate"), and a port of a health check that is a number is the target's own (same, "Annotations")."""
    prefix = "service.beta.kubernetes.io/aws-load-balancer"
    recorder = record(environment)
    gated = [
        one
        for one in recorder.of_type("kubernetes:core/v1:Namespace")
        if one.inputs["metadata"].get("labels", {}).get("elbv2.k8s.aws/pod-readiness-gate-inject") == "enabled"
    ]
    for service in recorder.of_type("kubernetes:core/v1:Service"):
        annotations = service.inputs["metadata"].get("annotations") or {}
        if service.inputs["spec"].get("loadBalancerClass") == "service.k8s.aws/nlb":
            assert gated
            assert annotations[f"{prefix}-nlb-target-type"] == "ip", service.name
            assert annotations[f"{prefix}-healthcheck-port"] == "traffic-port", service.name


def test_the_address_of_the_api_is_the_first_of_the_clusters_services(environment: Environment) -> None:
    """Kubernetes gives the service `kubernetes` that address (source: its reference of kube-apiserver,
    `--service-cluster-ip-range`); a policy that lets pods ask the API names it."""
    for cluster in record(environment).of_type("eks:index:Cluster"):
        services = ip_network(cluster.inputs["kubernetesServiceIpAddressRange"])
        peers = {
            peer["ipBlock"]["cidr"]
            for one in record(environment).of_type("kubernetes:networking.k8s.io/v1:NetworkPolicy")
            for rule in one.inputs["spec"].get("egress") or ()
            for peer in rule.get("to") or ()
            if "ipBlock" in peer
        }
        assert f"{services[1]}/32" in peers
