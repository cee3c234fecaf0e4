"""No key is without effect: another value of it changes a resource or an output, or is refused beside the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal, get_args, get_origin

import pytest
from config_paths import leaves, put
from effects import Found, find_effects
from mlplatform.config.base import Environment
from mlplatform.config.local_model import LocalConfig
from mlplatform.config.model import PlatformConfig
from mlplatform.config.reading import faults_in, models_within, read_sections
from mlplatform.program import main
from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from recorder import Recorder, build
from whole_program import complete_config

ROLES: Final = [f"arn:aws:iam::123456789012:role/{name}" for name in ("one", "two")]
DIGEST: Final = "sha256:" + "fedcba9876543210" * 4
IMAGE: Final = f"localhost:5000/another@{DIGEST}"
GROUPS: Final = ("system", "sparkDriver", "sparkExecutor", "ray", "serving", "notebook")
SERVICES: Final = ("modelApi", "flightApiEmbedded", "flightApiShared")
ROOM: Final = {"cpuMillicores": 16_000, "memoryMib": 65_536, "maxSize": 9}
IMAGES: Final = ("mlflowTracking", "sparkPreprocessing", "rayTraining", "bentoModelApi", "bentoFlightApi")


def nvme(size: str) -> list[str]:
    return [f"m6id.{size}", f"m5d.{size}"]


@dataclass(frozen=True)
class Case:
    """A configuration in which keys are changed."""

    environment: Environment
    base: Mapping[str, Any]
    """What it has other than the stack's file: all that can be on is on, and there is room for one more of each."""
    others: Mapping[str, Any]
    """Key → its other value, where that is not the next number or the next of the values that are allowed."""
    only: frozenset[str] | None = None
    """The keys that are changed; None for all that the configuration has."""
    never: frozenset[str] = field(default_factory=frozenset)
    """Keys that are changed in another case."""


EVERYWHERE: Final = {
    "mlflow.experiment": "another",
    "mlflow.registeredModel": "another",
    "ray.workerGroups[0].name": "another",
    "spark.executor.minRegisteredResourcesRatio": 0.9,
    **{f"images.{name}": DIGEST for name in IMAGES},
}
MAX_SIZES: Final = frozenset(f"nodeGroups.{group}.maxSize" for group in GROUPS)
SWITCHES: Final = frozenset(
    {
        *(f"serving.{name}.enabled" for name in SERVICES[1:]),
        "spark.executor.decommissioning",
        "spark.executor.localDir.kind",
        # Of AWS.
        "owner.accountId",
        "aws.region",
        "aws.zones",
        *(f"nodeGroups.{group}.localDisks" for group in GROUPS),
        "nodeGroups.notebook.enabled",
        "kafka.enabled",
        "emr.enabled",
        "emr.virtualCluster",
        "protection.protect",
        # Of local.
        "inCluster.kubeRay",
        "inCluster.standIns.kafka",
        *MAX_SIZES,
    }
)
"""Keys on which it depends whether, or where, others have an effect: they are changed in recordings of their own."""

CASES: Final = {
    "aws": Case(
        "dev",
        {
            "cluster": {
                "endpointPublicAccess": True,
                "publicAccessCidrs": ["203.0.113.0/24"],
                "adminRoleArns": ROLES[:1],
                "viewerRoleArns": [],
                "logRetentionDays": 30,
                "deletionProtection": False,
            },
            "kafka.brokers": 6,
            **{f"nodeGroups.{group}.instanceTypes": nvme("2xlarge") for group in GROUPS},
            **{f"nodeGroups.{group}.minSize": 1 for group in GROUPS},
            **{f"nodeGroups.{group}.maxSize": 20 for group in GROUPS},
            **{f"nodeGroups.{group}.diskGib": 300 for group in GROUPS},
            **{f"nodeGroups.{group}.capacityType": "spot" for group in ("serving", "notebook")},
            "nodeGroups.ray.zone": "a",
            "ray.workerGroups[0].cpu": 5,
        },
        {
            **EVERYWHERE,
            "owner.team": "others",
            "owner.costCentre": "ML-2",
            "owner.alertEmail": "others@example.org",
            "network.cidr": "10.21.0.0/16",
            "network.interfaceEndpoints": ["ecr.api", "sts", "kms"],
            "cluster.publicAccessCidrs": ["198.51.100.0/24"],
            "cluster.adminRoleArns": [],
            "cluster.viewerRoleArns": ROLES[1:],
            **{f"nodeGroups.{group}.instanceTypes": nvme("4xlarge") for group in GROUPS},
            **{f"nodeGroups.{group}.zone": "b" for group in GROUPS},
            "database.instanceClass": "db.m7g.large",
            "kafka.instanceType": "kafka.m7g.large",
            "kafka.brokers": 12,
            **{f"emr.{one}InstanceType": "m7g.2xlarge" for one in ("primary", "core")},
            "emr.taskInstanceTypes": ["m7g.2xlarge"],
        },
        never=SWITCHES - MAX_SIZES,
    ),
    "aws, switches": Case(
        "dev",
        {
            **{f"nodeGroups.{group}.instanceTypes": nvme("2xlarge") for group in GROUPS},
            "nodeGroups.sparkExecutor.capacityType": "onDemand",
            "spark.executor.decommissioning": None,
            "kafka.brokers": 6,
        },
        {
            "owner.accountId": "210987654321",
            "aws.region": "eu-west-1",
            "aws.zones": ["a", "b"],
            "spark.executor.decommissioning": {},
            "spark.executor.localDir.kind": "claim",
        },
        only=SWITCHES - MAX_SIZES,
    ),
    "local": Case(
        "local",
        {
            "inCluster.kubeRay": "chart",
            **{f"nodeGroups.{group}.{key}": value for group in GROUPS for key, value in ROOM.items()},
            "nodeGroups.sparkExecutor.diskGib": 500,
            "spark.executor.maxInstances": 4,
            "spark.executor.decommissioning": {"gracePeriodSeconds": 100, "fallbackStorage": False},
            "ray.workerGroups[0].maxWorkers": 4,
            **{f"serving.{name}.maxReplicas": 2 for name in SERVICES},
        },
        {
            **EVERYWHERE,
            "inCluster.context": "another",
            "inCluster.folder": "/srv/another",
            "inCluster.registry": "localhost:5001/another",
            "inCluster.passwordSeed": "another-seed-that-nobody-uses",
            "inCluster.standIns.postgresql": IMAGE,
            "inCluster.standIns.objectStore": IMAGE,
            # Nobody makes these nodes: what is too small for MLflow is refused.
            "nodeGroups.system.cpuMillicores": 500,
            "nodeGroups.system.memoryMib": 1024,
        },
        never=SWITCHES,
    ),
    "local, switches": Case(
        "local",
        {
            **{f"nodeGroups.{group}.{key}": value for group in GROUPS for key, value in ROOM.items()},
            "nodeGroups.sparkExecutor.diskGib": 500,
            "spark.executor.maxInstances": 2,
        },
        {"inCluster.standIns.kafka": None, "spark.executor.decommissioning": {}, "nodeGroups.system.maxSize": 0},
        only=SWITCHES,
    ),
}


@cache
def base_of(name: str) -> dict[str, Any]:
    """The whole configuration of a case, defaults included."""
    case = CASES[name]
    values = complete_config(case.environment)
    sections, faults = read_sections(values, model_of(case.environment))
    assert faults == []
    whole = {to_camel(key): one.model_dump(by_alias=True, mode="json") for key, one in sections.items()}
    if "inCluster" in whole:
        whole["inCluster"]["passwordSeed"] = values["inCluster"]["passwordSeed"]
    return put(whole, case.base)


def model_of(environment: Environment) -> type[PlatformConfig | LocalConfig]:
    return LocalConfig if environment == "local" else PlatformConfig


def changed_keys(name: str) -> dict[str, Any]:
    """Key → other value, of all that a case changes."""
    case = CASES[name]
    there = dict(leaves(base_of(name)))
    keys = (there.keys() if case.only is None else there.keys() & case.only) - case.never
    return {key: case.others[key] if key in case.others else another(case, key, there[key]) for key in sorted(keys)}


def another(case: Case, key: str, value: Any) -> Any:
    """The next of the values that are allowed, or the next number."""
    allowed = literals(case.environment, key)
    if allowed:
        return allowed[(allowed.index(value) + 1) % len(allowed)]
    if isinstance(value, bool):
        return not value
    assert isinstance(value, int), f"{key} has no other value in its case"
    return value + 1


def literals(environment: Environment, key: str) -> tuple[Any, ...]:
    """The values that are allowed; none where there is no list of them."""
    *_, last = fields_on(environment, key)
    return tuple(
        value for _, one in last if get_origin(one.annotation) is Literal for value in get_args(one.annotation)
    )


def fields_on(environment: Environment, key: str) -> Iterator[list[tuple[str, FieldInfo]]]:
    """For each part of a key its fields, by model and name; there are several where a section has several kinds."""
    models: list[type[BaseModel]] = [model_of(environment)]
    for part in key.split("."):
        plain = part.split("[")[0]
        found = [
            (f"{model.__name__}.{name}", one)
            for model in models
            for name, one in model.model_fields.items()
            if to_camel(name) == plain
        ]
        yield found
        models = [within for _, one in found for within in models_within(one.annotation)]


def keys(model: type[BaseModel]) -> Iterator[str]:
    """Model and field of every key of a stack file."""
    for name, one in model.model_fields.items():
        if name != "environment":
            yield f"{model.__name__}.{name}"
        for inner in models_within(one.annotation):
            yield from keys(inner)


def refused(case: Case, base: dict[str, Any], key: str, value: Any) -> bool:
    """Whether a value that is right by itself is refused beside the others."""
    values = put(base, {key: value})
    assert read_sections(values, model_of(case.environment))[1] == [], f"{key} is wrong by itself"
    return bool(faults_in(case.environment, values))


@cache
def found_in(name: str) -> tuple[Found, frozenset[str]]:
    """The effects of a case's keys, and the keys of which the other value is refused."""
    case, base, keys = CASES[name], base_of(name), changed_keys(name)
    assert faults_in(case.environment, base) == []
    no = frozenset(key for key, value in keys.items() if refused(case, base, key, value))

    def record(values: Mapping[str, Any]) -> Recorder:
        return build(main, values, case.environment)

    return find_effects(record, base, {key: value for key, value in keys.items() if key not in no}), no


@pytest.mark.parametrize("name", CASES)
def test_every_key_has_an_effect(name: str) -> None:
    found, _ = found_in(name)
    assert found.without_effect == []


def test_every_key_is_changed_in_some_case() -> None:
    changed = {
        field
        for name, case in CASES.items()
        for key in changed_keys(name)
        for part in fields_on(case.environment, key)
        for field, _ in part
    }
    assert {*keys(PlatformConfig), *keys(LocalConfig)} - changed == set()


def test_keys_that_are_refused_beside_others_alone_are_these() -> None:
    """Each may have one value only, or is for `make images` and for the checks alone."""
    changed = {name: found_in(name)[0] for name in CASES}
    effective = {(name.split(",")[0], key) for name, found in changed.items() for key in (*found.spelt, *found.alone)}
    no = {(name.split(",")[0], key) for name in CASES for key in found_in(name)[1]} - effective
    assert no == {
        ("aws", "cluster.endpointPublicAccess"),
        ("aws", "imageBuild.architecture"),
        *(
            ("aws", f"nodeGroups.{group}.enabled")
            for group in ("system", "sparkDriver", "sparkExecutor", "ray", "serving")
        ),
        *(("aws", f"nodeGroups.{group}.capacityType") for group in ("system", "sparkDriver")),
        ("aws", "serving.modelApi.enabled"),
        ("local", "serving.modelApi.enabled"),
        ("local", "spark.executor.localDir.kind"),
        *(("local", f"nodeGroups.system.{key}") for key in ("cpuMillicores", "memoryMib", "maxSize")),
    }


def test_a_key_without_an_effect_is_found() -> None:
    def record(values: Mapping[str, Any]) -> Recorder:
        first, second, third = (values[key] for key in ("first", "second", "third"))
        return Recorder(outputs={"one": first, "sum": second + third, "any": bool(first - 1 or second - 1)})

    base = dict.fromkeys(("first", "second", "third", "dead", "nested"), 1)
    found = find_effects(record, base, dict.fromkeys(("first", "second", "third", "dead", "nested"), 2))
    assert found.spelt == {"first": ("output", "one")}
    assert found.alone["second"] == ("output", "any")
    assert found.alone["third"] == ("output", "sum")
    assert found.without_effect == ["dead", "nested"]


@pytest.mark.parametrize("gone", ["Owner.domain", "Spark.driver_cpu", "PlatformConfig.notebooks", "Nodes.disk_gib"])
def test_keys_that_named_nothing_are_gone(gone: str) -> None:
    assert gone not in {*keys(PlatformConfig), *keys(LocalConfig)}
