"""Configurations for tests: the stack files as they are shipped, with an example of what only an owner knows."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from mlplatform.config.base import AwsEnvironment, Environment
from mlplatform.config.faults import ConfigError
from mlplatform.config.model import PlatformConfig
from mlplatform.config.reading import read_config

REPOSITORY: Final = Path(__file__).resolve().parents[3]
ENVIRONMENTS: Final[tuple[AwsEnvironment, ...]] = ("dev", "staging", "prod")
EXAMPLE_OWNER: Final = {
    "accountId": "123456789012",
    "alertEmail": "on-call@example.org",
}


def stack_file(environment: str) -> dict[str, Any]:
    """``Pulumi.<env>.yaml`` as it is; a new one each time."""
    return copy.deepcopy(_read(environment))


@cache
def _read(environment: str) -> dict[str, Any]:
    text = (REPOSITORY / f"Pulumi.{environment}.yaml").read_text(encoding="utf-8")
    read: dict[str, Any] = yaml.safe_load(text)
    return read


def stack_config(environment: str) -> dict[str, Any]:
    """Key without ``mlplatform:`` → value, with `EXAMPLE_OWNER`; a new one each time."""
    values = stack_file(environment)["config"]
    return {
        "owner": dict(EXAMPLE_OWNER),
        **{key.removeprefix("mlplatform:"): value for key, value in values.items() if key.startswith("mlplatform:")},
    }


EXAMPLE_CLUSTER: Final = {
    "folder": "/srv/mlplatform",
    "registry": "localhost:5000/mlplatform",
    "passwordSeed": "example-of-a-seed-that-nobody-uses",
    "standIns": {
        key: f"localhost:5000/mlplatform/{repository}@sha256:{'0123456789abcdef' * 4}"
        for key, repository in (("postgresql", "postgresql"), ("objectStore", "object-store"), ("kafka", "kafka"))
    },
}


@cache
def platform_config(environment: AwsEnvironment) -> PlatformConfig:
    """The environment's configuration."""
    return read_config(environment, stack_config(environment))


class _Removed:
    def __str__(self) -> str:
        return "removed"


REMOVED: Final = _Removed()
"""Instead of a value: the key is taken out."""


def changed(environment: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """`stack_config` with other values; keys as messages name them, ``ray.workerGroups[0].cpu``."""
    return _changed(stack_config(environment), changes)


def local_config(changes: Mapping[str, Any]) -> dict[str, Any]:
    """As `changed`, for the environment `local` on `EXAMPLE_CLUSTER`."""
    values = {key.removeprefix("mlplatform:"): value for key, value in stack_file("local")["config"].items()}
    return _changed({**values, "inCluster": {**values["inCluster"], **copy.deepcopy(EXAMPLE_CLUSTER)}}, changes)


def _changed(values: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    for path, value in changes.items():
        parts = path.replace("[", ".").replace("]", "").split(".")
        *parents, last = [int(part) if part.isdigit() else part for part in parts]
        place: Any = values
        for part in parents:
            place = place[part] if isinstance(part, int) else place.setdefault(part, {})
        if value is REMOVED:
            del place[last]
        else:
            place[last] = value
    return values


@dataclass(frozen=True)
class Bad:
    """A configuration that must be refused, with the faults that must be named: no more and no fewer."""

    environment: Environment
    changes: Mapping[str, Any]
    lines: tuple[str, ...]
    """Without ``mlplatform:``."""

    def __str__(self) -> str:
        """Name of the test's case."""
        return f"{self.environment}: {'; '.join(f'{key}={value}' for key, value in self.changes.items())}"[:80]

    @property
    def message(self) -> str:
        """All of the message."""
        count = "1 fault" if len(self.lines) == 1 else f"{len(self.lines)} faults"
        return "\n  mlplatform:".join([f"Pulumi.{self.environment}.yaml has {count}:", *self.lines])


def bad(environment: AwsEnvironment, changes: Mapping[str, Any], *lines: str) -> Bad:
    """A row of a table of `Bad`."""
    return Bad(environment, changes, lines)


def bad_local(changes: Mapping[str, Any], *lines: str) -> Bad:
    """As `bad`, of the environment `local`."""
    return Bad("local", changes, lines)


def message_of(case: Bad) -> str:
    """The message with which the configuration is refused."""
    local = case.environment == "local"
    values = local_config(case.changes) if local else changed(case.environment, case.changes)
    return refusal(case.environment, values) or "accepted"


def refusal(environment: Environment, values: Mapping[str, Any]) -> str | None:
    """The message with which the configuration is refused, or None if it is accepted."""
    try:
        read_config(environment, values)
    except ConfigError as error:
        return str(error)
    return None
