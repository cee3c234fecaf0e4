"""Two places that must agree: whatever an object of a stack names is there, and is of the kind that it is taken for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest
from mlplatform.config.base import ENVIRONMENTS, Environment
from pulumi.runtime import rpc
from references import APP, MADE_ELSEWHERE, RAY_PORTS, Objects, Pod, name_of, option
from whole_program import record

pytestmark = pytest.mark.parametrize("environment", ENVIRONMENTS)
OF_KUBERNETES: Final = {"system-cluster-critical", "system-node-critical"}
OF_EKS: Final = {"gp2"}
STAND_INS: Final = "platform-data"
WITHOUT_PORTS: Final = {"spark", "ray"}
"""Namespaces whose pods choose their ports as they start."""


@cache
def objects(environment: Environment) -> Objects:
    return Objects(record(environment))


def test_a_service_leads_to_a_port_of_a_pod(environment: Environment) -> None:
    wrong = []
    for one in objects(environment).of("Service"):
        spec, namespace = one.inputs["spec"], one.inputs["metadata"]["namespace"]
        if spec["selector"].get(APP) in MADE_ELSEWHERE.get(namespace, ()):
            continue
        behind = objects(environment).behind(one)
        for port in spec["ports"]:
            target = port.get("targetPort", port["port"])
            own = RAY_PORTS.values() if spec["selector"].get(APP) == "ray-head" else ()
            there = all(target in pod.ports or target in {*pod.ports.values(), *own} for pod in behind)
            if not behind or not there:
                wrong.append((one.name, target, [pod.name for pod in behind]))
    assert wrong == []


def test_a_command_listens_where_its_container_says(environment: Environment) -> None:
    wrong = []
    for pod in objects(environment).pods:
        for container in pod.containers:
            words = [str(word) for word in [*container.get("command", ()), *container.get("args", ())]]
            given, said = option(words, "--port"), [int(port["containerPort"]) for port in container.get("ports", ())]
            if given is not None and said and int(given) not in said:
                wrong.append((pod.name, given, said))
    assert wrong == []


def test_a_network_policy_opens_ports_at_which_somebody_listens(environment: Environment) -> None:
    """And every port of a service is opened to somebody."""
    wrong, opened = [], set()
    for policy in objects(environment).of("NetworkPolicy"):
        spec, namespace = policy.inputs["spec"], policy.inputs["metadata"]["namespace"]
        if namespace in WITHOUT_PORTS:
            continue
        into = objects(environment).selected(namespace, spec["podSelector"].get("matchLabels", {}))
        for rule in spec.get("ingress", ()):
            ports = {int(port["port"]) for port in rule.get("ports", ())}
            listening = {number for pod in into for number in pod.ports.values()}
            if into and ports - listening:
                wrong.append((policy.name, ports - listening))
            opened |= {(pod.name, port) for pod in into for port in ports}
    assert wrong == []
    closed = {
        (pod.name, number)
        for service in objects(environment).of("Service")
        for pod in objects(environment).selected(
            service.inputs["metadata"]["namespace"], service.inputs["spec"]["selector"]
        )
        if pod.namespace not in WITHOUT_PORTS
        for number in pod.ports.values()
    } - opened
    assert closed == set(), "nobody may reach what is served here"


def test_a_network_policy_leads_out_to_ports_at_which_somebody_listens(environment: Environment) -> None:
    wrong = []
    for policy in objects(environment).of("NetworkPolicy"):
        for rule in policy.inputs["spec"].get("egress", ()):
            ports = {int(port["port"]) for port in rule.get("ports", ())}
            for peer in rule.get("to", ()):
                app = peer.get("podSelector", {}).get("matchLabels", {})
                namespace = peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name")
                there = objects(environment).selected(namespace, app) if namespace and app else []
                known = {number for pod in there for number in pod.ports.values()}
                if app.get(APP) == "ray-head":
                    known |= set(RAY_PORTS.values())
                # The stand-in of Kafka listens at one of the ports that MSK has.
                unheard = ports - known if namespace != STAND_INS else not ports & known
                if there and unheard:
                    wrong.append((policy.name, app, ports - known))
    assert wrong == []


def _named(pod: Pod) -> Iterator[tuple[str, str, str]]:
    """(kind, name, key) of all that a pod takes from objects of its namespace; no key: all of it."""
    yield "ServiceAccount", pod.spec.get("serviceAccountName", "default"), ""
    for volume in pod.spec.get("volumes", ()):
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"], ""
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"], ""
        if "secret" in volume:
            keys = [item["key"] for item in volume["secret"].get("items") or [{"key": ""}]]
            yield from (("Secret", volume["secret"]["secretName"], key) for key in keys)
    for container in pod.containers:
        for variable in container.get("env", ()):
            source = variable.get("valueFrom", {})
            for kind, field in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
                if field in source:
                    yield kind, source[field]["name"], source[field]["key"]


def _opened(value: Any) -> Any:
    return rpc.unwrap_rpc_secret(value) if rpc.is_rpc_secret(value) else value


def test_a_pod_finds_what_it_names_in_its_namespace(environment: Environment) -> None:
    asked, missing = objects(environment), []
    for pod in asked.pods:
        for kind, name, key in _named(pod):
            if (kind, name) == ("ServiceAccount", "default"):
                continue
            if (pod.namespace, name) not in asked.names(kind):
                missing.append((pod.name, kind, name))
                continue
            [one] = [
                one
                for one in asked.of(kind)
                if (one.inputs["metadata"]["namespace"], name_of(one)) == (pod.namespace, name)
            ]
            if key and key not in {**one.inputs.get("data", {}), **_opened(one.inputs.get("stringData", {}))}:
                missing.append((pod.name, kind, f"{name}/{key}"))
    assert missing == []


def test_a_volume_that_is_mounted_is_one_of_the_pods(environment: Environment) -> None:
    wrong = []
    for pod in objects(environment).pods:
        there = {volume["name"] for volume in pod.spec.get("volumes", ())}
        mounted = {mount["name"] for container in pod.containers for mount in container.get("volumeMounts", ())}
        wrong += [(pod.name, name) for name in mounted ^ there]
    assert wrong == []


def test_a_priority_class_and_a_storage_class_are_there(environment: Environment) -> None:
    asked = objects(environment)
    priorities = {name for _, name in asked.names("PriorityClass")} | OF_KUBERNETES
    named = {pod.spec["priorityClassName"] for pod in asked.pods if pod.spec.get("priorityClassName")}
    assert named - priorities == set()
    classes = {name for _, name in asked.names("StorageClass")} | OF_EKS
    claims = {one.inputs["spec"].get("storageClassName") or "" for one in asked.of("PersistentVolumeClaim")}
    assert claims - classes - {""} == set()


def test_a_claim_and_its_volume_name_each_other(environment: Environment) -> None:
    asked, wrong = objects(environment), []
    volumes = {name_of(one): one.inputs["spec"] for one in asked.of("PersistentVolume")}
    for claim in asked.of("PersistentVolumeClaim"):
        metadata, spec = claim.inputs["metadata"], claim.inputs["spec"]
        if not spec.get("volumeName"):
            continue
        volume = volumes.get(spec["volumeName"])
        if volume is None:
            wrong.append((claim.name, "no such volume"))
            continue
        back = volume.get("claimRef", {})
        if back and (back["namespace"], back["name"]) != (metadata["namespace"], name_of(claim)):
            wrong.append((claim.name, f"the volume is for {back}"))
        if not set(spec["accessModes"]) <= set(volume["accessModes"]):
            wrong.append((claim.name, f"{spec['accessModes']} of a volume with {volume['accessModes']}"))
        if (spec.get("storageClassName") or "") != (volume.get("storageClassName") or ""):
            wrong.append((claim.name, "another storage class than its volume"))
    assert wrong == []


def test_a_volume_that_several_pods_write_lets_them(environment: Environment) -> None:
    """Files are shared between nodes: `ReadWriteOnce` would hold all but the first node's pods for ever."""
    asked, wrong = objects(environment), []
    alone = {"postgresql", "kafka", "object-store"}
    for volume in asked.of("PersistentVolume"):
        spec = volume.inputs["spec"]
        shared = spec.get("csi", {}).get("driver") == "efs.csi.aws.com" or "hostPath" in spec or "local" in spec
        if shared and volume.name.removesuffix("-volume") not in alone and "ReadWriteMany" not in spec["accessModes"]:
            wrong.append((volume.name, spec["accessModes"]))
    assert wrong == []


def test_an_autoscaler_scales_what_is_there(environment: Environment) -> None:
    wrong = []
    for one in objects(environment).of("HorizontalPodAutoscaler"):
        target, namespace = one.inputs["spec"]["scaleTargetRef"], one.inputs["metadata"]["namespace"]
        there = objects(environment).find(target["kind"], (namespace, target["name"]))
        if there is None or there.inputs["apiVersion"] != target["apiVersion"]:
            wrong.append((one.name, target))
        elif "replicas" in there.inputs["spec"]:
            wrong.append((one.name, "its replicas are fixed: each up would undo the autoscaler"))
    assert wrong == []


def test_a_disruption_budget_selects_pods(environment: Environment) -> None:
    asked, wrong = objects(environment), []
    for one in asked.of("PodDisruptionBudget"):
        namespace, selector = one.inputs["metadata"]["namespace"], one.inputs["spec"]["selector"]["matchLabels"]
        elsewhere = selector.get(APP) in MADE_ELSEWHERE.get(namespace, ())
        if not elsewhere and not asked.selected(namespace, selector):
            wrong.append(one.name)
    assert wrong == []


def test_a_binding_binds_what_is_there(environment: Environment) -> None:
    asked, wrong = objects(environment), []
    for one in asked.of("RoleBinding"):
        namespace, role = one.inputs["metadata"]["namespace"], one.inputs["roleRef"]
        if (namespace, role["name"]) not in asked.names(role["kind"]):
            wrong.append((one.name, role))
        for subject in one.inputs["subjects"]:
            where = (subject.get("namespace", namespace), subject["name"])
            if subject["kind"] == "ServiceAccount" and where not in asked.names("ServiceAccount"):
                wrong.append((one.name, subject))
    assert wrong == []


def test_a_deployment_selects_its_own_pods(environment: Environment) -> None:
    for one in objects(environment).of("Deployment"):
        labels = one.inputs["spec"]["template"]["metadata"]["labels"]
        assert one.inputs["spec"]["selector"]["matchLabels"].items() <= labels.items(), one.name
