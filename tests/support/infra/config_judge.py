"""Judges one configuration: refused with a key and a remedy, or accepted and within what the other side takes."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import kubernetes_validate
from cloudformation import faults as cloudformation_faults
from cloudformation import properties
from cloudformation_table import COUNTERPARTS
from mlplatform import versions
from mlplatform.config.base import Environment
from mlplatform.config.executor_profile import executor_profile
from mlplatform.config.faults import ConfigError
from mlplatform.config.local_model import LocalConfig
from mlplatform.config.model import PlatformConfig
from mlplatform.config.reading import read_config
from policy_views import plain
from recorder import Recorder, build

LINE: Final = re.compile(r"  mlplatform:[A-Za-z0-9_.\[\]-]+: [^\n]+: [^\n]+")
COMMAND: Final = re.compile(r"  pulumi config set --stack \w+ --path 'mlplatform:owner\.\w+' '<[^>]+>'")
INT32: Final = 2**31 - 1
DNS_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""RFC 1123 (Kubernetes' `IsDNS1123Label`)."""


@dataclass(frozen=True)
class Verdict:
    """How a configuration was taken."""

    accepted: bool
    complaints: list[str]
    """What is wrong with that; none for most."""


def complaints(environment: Environment, values: Mapping[str, Any]) -> list[str]:
    """What is wrong with how the configuration was taken; none for most."""
    return judged(environment, values).complaints


def judged(environment: Environment, values: Mapping[str, Any]) -> Verdict:
    """Reads the configuration, and judges the message or what was made of it."""
    try:
        config = read_config(environment, values)
    except ConfigError as error:
        return Verdict(accepted=False, complaints=list(_unclear(environment, str(error))))
    except Exception as error:  # noqa: BLE001 - any other is a finding
        return Verdict(accepted=False, complaints=[f"raised {type(error).__name__}: {error}"])
    return Verdict(accepted=True, complaints=_refused_elsewhere(config))


def _refused_elsewhere(config: PlatformConfig | LocalConfig) -> list[str]:
    """What MLflow or Kubernetes refuse of an accepted configuration, by its name or its size."""
    executor_profile(config.spark.executor, config.node_groups.spark_executor, "/fallback")
    dumped = json.loads(config.model_dump_json(by_alias=True))
    found = [f"{path}: no 32-bit number" for path, one in _leaves(dumped) if type(one) is int and abs(one) > INT32]
    found += [
        f"{key}: MLflow refuses it"
        for key, name in (("experiment", config.mlflow.experiment), ("model", config.mlflow.registered_model))
        if not mlflow_takes(name)
    ]
    found += [
        f"{group.name}: no name in Kubernetes"
        for group in config.ray.worker_groups
        if not DNS_LABEL.fullmatch(f"ray-worker-{group.name}")
    ]
    return found


def mlflow_takes(name: str) -> bool:
    """As `_validate_model_name` of mlflow/utils/validation.py has it; a test in its environment compares the two."""
    normal = posixpath.normpath(name)
    path = normal != name or normal == "." or normal.startswith(("..", "/"))
    return bool(name.strip()) and not set("/:") & set(name) and not path


def _unclear(environment: str, message: str) -> Iterator[str]:
    """A message of another form than a head, then a line for each fault with its key and a remedy."""
    for line in message.split("\n"):
        head = re.fullmatch(
            rf"Pulumi\.{environment}\.yaml (has \d+ faults?:|lacks what only its owner knows\. Type:)", line
        )
        if not (head or LINE.fullmatch(line) or COMMAND.fullmatch(line)):
            yield f"a line without a key or a remedy: {line!r}"
        if line.endswith("correct it"):
            yield f"pydantic's own words: {line!r}"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def refused_resources(environment: Environment, values: Mapping[str, Any]) -> list[str]:
    """Resources of the whole program, with an accepted configuration, that the other side's schemas refuse."""
    from mlplatform.program import main

    recorder = build(main, values, environment)
    return [*_by_kubernetes(recorder), *_by_cloudformation(recorder)]


def _by_kubernetes(recorder: Recorder) -> Iterator[str]:
    for one in recorder.resources:
        if one.type.startswith("kubernetes:") and "helm.sh" not in one.type and "ray.io" not in one.type:
            try:
                kubernetes_validate.validate(plain(one.inputs), versions.KUBERNETES, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{one.type} {one.name}: {error.message}"


def _by_cloudformation(recorder: Recorder) -> Iterator[str]:
    made_up = {f"{one.name}-id" for one in recorder.resources}
    made_up |= {f"arn:aws:kms:eu-central-1:123456789012:key/{one.name}" for one in recorder.resources}
    for one in recorder.resources:
        if one.type in COUNTERPARTS:
            counterpart = COUNTERPARTS[one.type]
            for fault in cloudformation_faults(counterpart.type, properties(counterpart, plain(one.inputs)), made_up):
                yield f"{one.type} {one.name}: {fault}"
