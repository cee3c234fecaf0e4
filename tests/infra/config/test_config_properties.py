"""What holds for every configuration, not for the shipped ones alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from config_strategies.accepted import accepted_configs
from config_strategies.changes import changed_configs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from infra_configs import ENVIRONMENTS, changed, refusal
from mlplatform.address_plan import address_plan
from mlplatform.config.base import AwsEnvironment
from mlplatform.config.executor_profile import executor_profile, profile_on
from mlplatform.config.faults import ConfigError
from mlplatform.config.reading import read_config

# Drawing a configuration takes most of the time of an example.
QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)


@QUIET
@given(accepted_configs())
def test_an_accepted_config_survives_a_round_trip_and_its_executor_fits_every_node(
    drawn: tuple[AwsEnvironment, dict[str, Any]],
) -> None:
    environment, values = drawn
    config = read_config(environment, values)
    assert read_config(environment, json.loads(config.model_dump_json(by_alias=True))) == config
    shapes = config.node_groups.spark_executor.shapes
    for shape in shapes:
        profile_on(config.spark.executor, shape)
    profile = executor_profile(config.spark.executor, config.node_groups.spark_executor, "/fallback")
    assert profile.pod_memory_mib <= min(shape.allocatable_memory_mib for shape in shapes)


@settings(QUIET, max_examples=150)
@given(changed_configs())
def test_a_changed_config_is_named_by_its_section_or_works(drawn: tuple[AwsEnvironment, dict[str, Any], str]) -> None:
    environment, values, section = drawn
    message = refusal(environment, values)
    if message is not None:
        assert section in message
        assert "correct it" not in message, "pydantic's own words: a kind of fault that reading.py does not know"
        return
    config = read_config(environment, values)
    executor_profile(config.spark.executor, config.node_groups.spark_executor, "/fallback")
    address_plan(config.network.cidr, config.aws.zones)


@settings(QUIET, max_examples=200)
@given(
    st.sampled_from(ENVIRONMENTS),
    st.fixed_dictionaries(
        {
            "cores": st.integers(1, 20),
            "heapMib": st.integers(450, 70_000),
            "overheadMib": st.integers(384, 10_000),
            "localDir": st.fixed_dictionaries(
                {"kind": st.sampled_from(["emptyDir", "localDisk", "claim"]), "sizeGib": st.integers(1, 600)}
            ),
            "instances": st.integers(1, 8),
            "maxInstances": st.none() | st.integers(1, 100),
        }
    ),
)
def test_an_executor_of_any_size_fits_or_is_refused(environment: AwsEnvironment, sizes: dict[str, Any]) -> None:
    changes = {f"spark.executor.{key}": value for key, value in sizes.items()}
    values = changed(environment, changes)
    message = refusal(environment, values)
    if message is not None:
        assert all(line.startswith("  mlplatform:spark.executor.") for line in message.splitlines()[1:])
        return
    config = read_config(environment, values)
    for shape in config.node_groups.spark_executor.shapes:
        profile = profile_on(config.spark.executor, shape)
        together = min(
            shape.allocatable_memory_mib // profile.pod_memory_mib,
            shape.allocatable_cpu_millicores // (profile.cores * 1000),
        )
        assert profile.local_dir.kind == "persistentVolumeClaim" or (
            together * profile.local_dir.size_gib <= shape.local_disk_gib
        )


def test_a_value_that_is_wrong_alone_is_found_by_the_property() -> None:
    with pytest.raises(ConfigError, match=r"mlplatform:kafka\.brokers: is too small"):
        read_config("dev", {"kafka": {"brokers": 0}})
