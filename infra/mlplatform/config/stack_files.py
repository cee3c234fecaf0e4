"""Stack files as they lie there, for who looks at an environment without an engine: its prices and its quotas."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import yaml

from mlplatform.config.base import AwsEnvironment
from mlplatform.config.faults import ConfigError
from mlplatform.config.model import PlatformConfig
from mlplatform.config.reading import read_without_owner
from mlplatform.naming import PLATFORM


def read_stack_file(folder: Path, environment: AwsEnvironment) -> tuple[PlatformConfig, bool]:
    """The configuration in ``Pulumi.<env>.yaml``, and whether it names its account.

    Where it does not, or names no address for alarms, the section `owner` stands for nobody.

    Raises:
        ConfigError: something else is wrong with it; the message names everything that is.
        OSError: there is none.
    """
    values = stack_file_values(folder, environment)
    owner = values.get("owner")
    return read_without_owner(environment, values), isinstance(owner, dict) and "accountId" in owner


def stack_file_values(folder: Path, environment: str) -> dict[str, Any]:
    """Key without ``mlplatform:`` → value, as the engine hands it over.

    Raises:
        ConfigError: the file is no YAML, or no stack file.
        OSError: there is none.
    """
    name = f"Pulumi.{environment}.yaml"
    try:
        read = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name} is no YAML: {' '.join(str(error).split())}") from error
    config = read.get("config") if isinstance(read, dict) else None
    if not isinstance(config, dict):
        raise ConfigError(f"{name} has no section 'config', in which the keys {PLATFORM}:… are.")
    prefix = f"{PLATFORM}:"
    return {
        str(key).removeprefix(prefix): _plain(value) for key, value in config.items() if str(key).startswith(prefix)
    }


def _plain(value: object) -> object:
    """As JSON has it: the engine hands a date over as the text of a time, and keys as texts."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=value.tzinfo or dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return f"{value.isoformat()}T00:00:00Z"
    return value
