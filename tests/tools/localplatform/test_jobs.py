"""The jobs of the pipeline: placed, sized and secured like every other pod of the platform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from infra_configs import local_config
from mlplatform.config.checks.ray import AUTOSCALER
from mlplatform.config.executor_profile import smallest_shape
from mlplatform.config.local_model import LocalConfig
from mlplatform.identities import IDENTITIES
from mlplatform.services.storage import MOUNTS
from whole_program import record

from tools.localcluster.layout import NODES
from tools.localplatform.jobs import PREPARE, PUBLISH, STEPS, TRAIN, Step, job

IMAGE = "127.0.0.1:5000/mlplatform/any@sha256:" + "0" * 64
each = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)


def configuration() -> LocalConfig:
    return LocalConfig(environment="local", **local_config({}))


def pod_of(step: Step) -> Mapping[str, Any]:
    pod: Mapping[str, Any] = job(step, step.name, IMAGE)["spec"]["template"]["spec"]
    return pod


@each
def test_a_step_runs_on_the_nodes_of_its_service_type_alone(step: Step) -> None:
    pod = pod_of(step)
    assert pod["nodeSelector"] == step.service_type.labels
    assert [(one["key"], one["value"]) for one in pod["tolerations"]] == [
        (taint.key, taint.value) for taint in step.service_type.taints
    ]


@each
def test_a_step_meets_the_restricted_pod_security_standard_on_a_read_only_root(step: Step) -> None:
    (container,) = pod_of(step)["containers"]
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert pod_of(step)["securityContext"]["runAsNonRoot"] is True
    assert pod_of(step)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


@each
def test_a_step_uses_an_account_and_claims_that_the_platform_makes(step: Step) -> None:
    assert (step.namespace, step.service_account) in {(one.namespace, one.service_account) for one in IDENTITIES}
    for volume in pod_of(step)["volumes"]:
        if claim := volume.get("persistentVolumeClaim"):
            assert step.namespace in MOUNTS[claim["claimName"]]


@each
def test_a_step_reaches_the_lake_as_its_own_account_and_has_no_other_key(step: Step) -> None:
    made = {
        (one.inputs["metadata"]["namespace"], one.inputs["metadata"]["name"])
        for one in record("local").of_type("kubernetes:core/v1:Secret")
        if one.name.startswith("lake-secrets-")
    }
    (container,) = pod_of(step)["containers"]
    (source,) = container["envFrom"]
    assert source == {"secretRef": {"name": f"lake-{step.service_account}"}}
    assert (step.namespace, source["secretRef"]["name"]) in made


@each
def test_only_the_driver_that_asks_for_executors_has_a_token(step: Step) -> None:
    assert pod_of(step)["automountServiceAccountToken"] is (step is PREPARE)


def test_every_step_has_room_beside_what_is_always_there() -> None:
    config = configuration()
    driver, ray = smallest_shape(config.node_groups.spark_driver), smallest_shape(config.node_groups.ray)
    assert PREPARE.cpu_millicores <= driver.allocatable_cpu_millicores
    assert PREPARE.memory_mib <= driver.allocatable_memory_mib
    head_cpu = config.ray.head_cpu * 1000 + AUTOSCALER.cpu_millicores
    head_memory = config.ray.head_memory_gib * 1024 + AUTOSCALER.memory_mib
    for step in (TRAIN, PUBLISH):
        assert step.cpu_millicores + head_cpu <= ray.allocatable_cpu_millicores
        assert step.memory_mib + head_memory <= ray.allocatable_memory_mib


@pytest.mark.parametrize("step", [TRAIN, PUBLISH], ids=lambda step: step.name)
def test_a_driver_shares_the_heads_node_and_leaves_the_other_to_the_worker(step: Step) -> None:
    """A worker takes a node whole, and comes after the driver."""
    (term,) = pod_of(step)["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["labelSelector"]["matchLabels"] == {"mlplatform.io/app": "ray-head"}
    assert term["topologyKey"] == "kubernetes.io/hostname"


def test_the_cluster_of_this_machine_has_the_nodes_that_the_stack_wants() -> None:
    groups = configuration().node_groups
    for field in type(groups).model_fields:
        group = getattr(groups, field)
        if group is None or not group.enabled:
            continue
        there = [one for one in NODES if one.service_type == field.replace("_", "-")]
        assert len(there) == group.max_size, field
        assert all(one.memory_gib * 1024 >= group.memory_mib for one in there), field
