"""Kubernetes objects in a plan: checked against the SDK's types with no cluster."""

from __future__ import annotations

import re
from typing import Any

import pytest
from offline_providers.faults import OfflineError
from offline_providers.kubernetes.plan import KubernetesPlan
from offline_providers.provider import Diff, Target
from offline_providers.wire import UNKNOWN, Secret

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
RAY = "kubernetes:ray.io/v1:RayCluster"
RELEASE = "kubernetes:helm.sh/v3:Release"
SPEC: dict[str, Any] = {
    "selector": {"matchLabels": {"app": "a"}},
    "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
}


@pytest.fixture(scope="module")
def plan() -> KubernetesPlan:
    return KubernetesPlan()


def at(token: str, name: str = "it") -> Target:
    return Target(f"urn:pulumi:dev::p::{token}::{name}", name, token, "default")


def reasons(plan: KubernetesPlan, token: str, inputs: dict[str, Any]) -> dict[str, str]:
    return {failure.property: failure.reason for failure in plan.check(at(token), {}, inputs).failures}


def diff(plan: KubernetesPlan, token: str, old: dict[str, Any], new: dict[str, Any]) -> Diff:
    before = plan.check(at(token), {}, old)
    after = plan.check(at(token), before.inputs, new)
    assert not [*before.failures, *after.failures]
    return plan.diff(at(token), before.inputs, before.inputs, after.inputs)


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (DEPLOYMENT, {"spec": SPEC}),
        ("kubernetes:core/v1:Namespace", {"metadata": {"name": "ml"}}),
        ("kubernetes:core/v1:ConfigMap", {"data": {"a": "b"}}),
        ("kubernetes:core/v1:Secret", {"stringData": Secret({"a": "b"})}),
        (
            "kubernetes:core/v1:Service",
            {"spec": {"ports": [{"port": 80, "targetPort": "http"}], "selector": {"a": "b"}}},
        ),
        ("kubernetes:core/v1:ServiceAccount", {"metadata": {"annotations": UNKNOWN}}),
        ("kubernetes:core/v1:PersistentVolumeClaim", {"spec": {"accessModes": ["ReadWriteMany"]}}),
        ("kubernetes:rbac.authorization.k8s.io/v1:Role", {"rules": [{"verbs": ["get"], "resources": ["pods"]}]}),
        (
            "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
            {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}, "subjects": []},
        ),
        ("kubernetes:storage.k8s.io/v1:StorageClass", {"provisioner": "efs.csi.aws.com"}),
        ("kubernetes:networking.k8s.io/v1:NetworkPolicy", {"spec": {"podSelector": {}}}),
        ("kubernetes:batch/v1:Job", {"spec": {"template": SPEC["template"]}}),
        ("kubernetes:scheduling.k8s.io/v1:PriorityClass", {"value": 1000}),
        ("kubernetes:ray.io/v1:RayCluster", {"spec": {"anything": [1, 2]}}),
        (RELEASE, {"chart": "kuberay-operator", "values": {"a": {"b": 1}}}),
    ],
)
def test_a_right_object_is_accepted_and_knows_what_it_is(
    plan: KubernetesPlan, token: str, inputs: dict[str, Any]
) -> None:
    checked = plan.check(at(token), {}, inputs)
    assert not checked.failures
    if token != RELEASE:
        assert checked.inputs["kind"] == token.rsplit(":", 1)[-1]
        assert checked.inputs["apiVersion"] == token.split(":")[1].removeprefix("core/")


def test_what_is_wrong_in_a_pod_is_named_to_the_place(plan: KubernetesPlan) -> None:
    container = {"image": "i", "ports": [{"containerPort": "http"}], "resource": {}}
    template = {**SPEC["template"], "spec": {"containers": [container]}}
    place = "spec.template.spec.containers[0]"
    assert reasons(plan, DEPLOYMENT, {"spec": {**SPEC, "template": template, "replicas": "3"}}) == {
        "spec.replicas": "'spec.replicas' must be a whole number, not a string",
        f"{place}.ports[0].containerPort": f"'{place}.ports[0].containerPort' must be a whole number, not a string",
        f"{place}.resource": f"there is no property '{place}.resource'; is 'resources' meant?",
        f"{place}.name": f"the property '{place}.name' is required and missing",
    }


def test_another_kind_or_version_than_the_types_is_refused(plan: KubernetesPlan) -> None:
    assert reasons(plan, DEPLOYMENT, {"apiVersion": "apps/v1beta1", "kind": "Deploymint", "spec": SPEC}) == {
        "apiVersion": "'apiVersion' must be 'apps/v1', not 'apps/v1beta1'",
        "kind": "'kind' must be 'Deployment', not 'Deploymint'",
    }


def test_the_metadata_of_a_custom_resource_is_checked(plan: KubernetesPlan) -> None:
    token = RAY
    found = reasons(plan, token, {"metadata": {"label": {"a": "b"}, "annotations": {"a": 1}}})
    assert set(found) == {"metadata.label", "metadata.annotations.a"}
    assert reasons(plan, token, {"apiVersion": "ray.io/v1alpha1"}) == {
        "apiVersion": "'apiVersion' must be 'ray.io/v1', not 'ray.io/v1alpha1'"
    }


def test_an_object_without_a_name_gets_one_and_keeps_it(plan: KubernetesPlan) -> None:
    first = plan.check(at(DEPLOYMENT), {}, {"spec": SPEC}).inputs["metadata"]
    assert re.fullmatch("it-[0-9a-f]{8}", first["name"])
    assert first["annotations"] == {"pulumi.com/autonamed": "true"}
    assert first["namespace"] == "default"
    old = {"metadata": {**first, "name": "it-old"}}
    assert plan.check(at(DEPLOYMENT), old, {"spec": SPEC}).inputs["metadata"]["name"] == "it-old"


def test_what_belongs_to_no_namespace_gets_none(plan: KubernetesPlan) -> None:
    for token in ("kubernetes:core/v1:Namespace", "kubernetes:storage.k8s.io/v1:StorageClass"):
        inputs = {"provisioner": "p"} if "Storage" in token else {}
        assert "namespace" not in plan.check(at(token), {}, inputs).inputs["metadata"]


def test_an_id_is_namespace_and_name(plan: KubernetesPlan) -> None:
    inputs = plan.check(at(DEPLOYMENT), {}, {"metadata": {"name": "a", "namespace": "ml"}, "spec": SPEC}).inputs
    assert plan.create(at(DEPLOYMENT), inputs, preview=False).id == "ml/a"
    release = plan.check(at(RELEASE), {}, {"chart": "c", "namespace": "ray"}).inputs
    assert re.fullmatch("ray/it-[0-9a-f]{8}", plan.create(at(RELEASE), release, preview=False).id)


def test_a_preview_leaves_the_status_unknown(plan: KubernetesPlan) -> None:
    inputs = plan.check(at(DEPLOYMENT), {}, {"spec": SPEC}).inputs
    state = plan.create(at(DEPLOYMENT), inputs, preview=True)
    assert state.outputs["status"] is UNKNOWN
    assert state.outputs["spec"] == SPEC


@pytest.mark.parametrize(
    "change",
    [
        (DEPLOYMENT, {"spec": SPEC}, {"spec": {**SPEC, "replicas": 3}}, [], False),
        (
            DEPLOYMENT,
            {"metadata": {"name": "a"}, "spec": SPEC},
            {"metadata": {"name": "b"}, "spec": SPEC},
            ["metadata.name"],
            False,
        ),
        (
            DEPLOYMENT,
            {"metadata": {"name": "a"}, "spec": SPEC},
            {"metadata": {"name": "a"}, "spec": {**SPEC, "selector": {"matchLabels": {"app": "b"}}}},
            ["spec.selector.matchLabels.app"],
            True,
        ),
        (
            DEPLOYMENT,
            {"spec": SPEC},
            {"spec": {**SPEC, "selector": {"matchLabels": {"app": "b"}}}},
            ["spec.selector.matchLabels.app"],
            False,
        ),
        (
            "kubernetes:core/v1:ConfigMap",
            {"metadata": {"name": "a"}, "immutable": True, "data": {"a": "1"}},
            {"metadata": {"name": "a"}, "immutable": True, "data": {"a": "2"}},
            ["data.a"],
            True,
        ),
        ("kubernetes:core/v1:ConfigMap", {"data": {"a": "1"}}, {"data": {"a": "2"}}, [], False),
        (RELEASE, {"chart": "c", "version": "1.0.0"}, {"chart": "c", "version": "1.1.0"}, [], False),
        (RELEASE, {"chart": "c", "namespace": "a"}, {"chart": "c", "namespace": "b"}, ["namespace"], True),
    ],
)
def test_what_the_api_server_refuses_to_change_needs_a_new_object(
    plan: KubernetesPlan, change: tuple[str, dict[str, Any], dict[str, Any], list[str], bool]
) -> None:
    token, old, new, replaces, deleted_first = change
    found = diff(plan, token, old, new)
    assert list(found.replaces) == replaces
    assert bool(found.updates) is not bool(replaces)
    assert found.delete_before_replace is deleted_first


def test_an_unknown_kubeconfig_does_not_keep_objects_from_being_checked(plan: KubernetesPlan) -> None:
    checked = plan.check_config({"kubeconfig": UNKNOWN, "namespace": "ml"})
    assert not checked.failures
    assert checked.inputs["kubeconfig"] is not UNKNOWN
    assert [f.property for f in plan.check_config({"kubeconfg": "x"}).failures] == ["kubeconfg"]


def test_yaml_is_read_and_charts_are_not_rendered(plan: KubernetesPlan) -> None:
    text = "kind: A\n---\nkind: B\n---\n"
    assert plan.invoke("kubernetes:yaml:decode", {"text": text}, None) == {"result": [{"kind": "A"}, {"kind": "B"}]}
    with pytest.raises(OfflineError, match=r"kubernetes:helm:template needs Helm or a cluster.*helm\.v3\.Release"):
        plan.invoke("kubernetes:helm:template", {}, None)
