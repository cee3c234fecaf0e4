"""Where the configuration comes from: the stack that the engine runs."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from infra_configs import platform_config, stack_config
from mlplatform.config.loading import ConfigError, load_config
from mlplatform.config.local_model import LocalConfig
from mlplatform.config.model import PlatformConfig
from recorder import build


def loaded(values: dict[str, Any], stack: str = "dev") -> PlatformConfig | LocalConfig:
    found: list[PlatformConfig | LocalConfig] = []
    build(lambda: found.append(load_config()), values, stack)
    return found[0]


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_stack_is_the_environment(environment: Any) -> None:
    assert loaded(stack_config(environment), environment) == platform_config(environment)


def test_a_misspelt_key_is_seen_though_nobody_asks_for_it() -> None:
    with pytest.raises(ConfigError, match=r"mlplatform:kafak: is not a key of the configuration: did you mean kafka\?"):
        loaded(stack_config("dev") | {"kafak": {"brokers": 3}})


def test_a_text_where_a_section_belongs_is_named() -> None:
    with pytest.raises(ConfigError, match=r"mlplatform:kafka: is not a section with keys of its own \(given: off\)"):
        loaded(stack_config("dev") | {"kafka": "off"})


def test_a_stack_of_another_name_is_refused_in_one_sentence() -> None:
    with pytest.raises(
        ConfigError, match=r"^The stack is called anna, but an environment is one of local, dev, staging, prod: "
    ):
        loaded(stack_config("dev"), "anna")


def test_the_engine_prints_the_message_without_a_traceback() -> None:
    assert issubclass(ConfigError, pulumi.RunError)
