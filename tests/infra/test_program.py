"""The program as a whole: what the configuration accepts, it can be run with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from config_strategies.accepted import accepted_configs
from hypothesis import HealthCheck, given, settings
from infra_configs import stack_config
from mlplatform.config.faults import ConfigError
from mlplatform.program import main
from recorder import build


@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
@given(accepted_configs())
def test_no_accepted_configuration_makes_the_program_raise(drawn: tuple[str, Mapping[str, Any]]) -> None:
    """The strategy draws refused ones too, now and then; those must be refused before anything is registered."""
    environment, values = drawn
    try:
        recorder = build(main, values, environment)
    except ConfigError:
        return
    assert recorder.outputs["contract"]["environment"] == environment


def test_a_faulty_stack_file_registers_nothing() -> None:
    with pytest.raises(ConfigError, match=r"mlplatform:aws\.region"):
        build(main, {**stack_config("dev"), "aws": {"region": "nowhere"}}, "dev")


def test_a_stack_of_another_name_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"^The stack is called production, but an environment is one of local"):
        build(main, stack_config("prod"), "production")
