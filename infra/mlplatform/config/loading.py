"""Where the configuration comes from: the stack that the engine runs."""

from __future__ import annotations

import json
from typing import Any, cast

import pulumi
from pulumi.runtime import config as runtime_config

from mlplatform.config.base import ENVIRONMENTS, Environment
from mlplatform.config.faults import ConfigError
from mlplatform.config.local_model import LocalConfig
from mlplatform.config.model import PlatformConfig
from mlplatform.config.reading import read_config

__all__ = ["ConfigError", "load_config", "read_config", "stack_values"]


def load_config() -> PlatformConfig | LocalConfig:
    """The configuration of the stack that runs; the only place that reads `pulumi.Config`.

    A stack is an environment and has its name: the names of what it makes, and the contract that its users read, know
    these environments and no others.

    Raises:
        ConfigError: the stack is no environment, or its file is wrong; the message names everything that is.
    """
    stack = pulumi.get_stack()
    if stack not in ENVIRONMENTS:
        names = ", ".join(ENVIRONMENTS)
        raise ConfigError(
            f"The stack is called {stack}, but an environment is one of {names}: 'pulumi stack select dev', or 'pulumi"
            " stack init dev' the first time."
        )
    return read_config(cast("Environment", stack), stack_values(pulumi.get_project()))


def stack_values(project: str) -> dict[str, Any]:
    """All values of the project's keys, without the project's name, those that nobody knows included.

    `pulumi.Config` answers only for keys that one asks for, so that a misspelt one would go unseen.
    """
    known = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    prefix = f"{project}:"
    keys = [key.removeprefix(prefix) for key in known if key.startswith(prefix)]
    config = pulumi.Config(project)
    return {key: _parsed(config.get(key)) for key in sorted(keys)}


def _parsed(text: str | None) -> object:
    """The engine hands objects over as JSON, and anything else as the text that it is."""
    try:
        return json.loads(text or "null")
    except json.JSONDecodeError:
        return text
