"""Another team's stack, against the outputs that the platform's own program gives."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from recorder import Recorder, build
from whole_program import record

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "consumer"
STACK = "organization/mlplatform/dev"
main: Callable[[], None] = runpy.run_path(str(FOLDER / "delay_reports.py"))["main"]


def consumer(outputs: dict[str, Any]) -> Recorder:
    return build(main, {"platformStack": STACK}, project="delay-reports", stack_references={STACK: outputs})


@pytest.fixture(scope="module")
def platform_outputs() -> dict[str, Any]:
    return record("dev").outputs


def test_the_consumer_knows_the_platform_by_its_outputs_alone(platform_outputs: dict[str, Any]) -> None:
    found = consumer(platform_outputs)
    document = json.loads(found.one("aws:iam/policy:Policy").inputs["policy"])
    features = platform_outputs["contract"]["lake"]["features"].removeprefix("s3://")
    assert f"arn:aws:s3:::{features}/*" in document["Statement"][1]["Resource"]
    assert found.outputs["flightApi"] == platform_outputs["contract"]["serving"]["flight_api_shared"]


def test_a_platform_with_another_contract_is_one_sentence(platform_outputs: dict[str, Any]) -> None:
    changed = {**platform_outputs["contract"], "contract_version": "2.0"}
    with pytest.raises(pulumi.RunError, match=r"not the one that this stack was written for \(see contract_version\)"):
        consumer({**platform_outputs, "contract": changed})


def test_a_platform_without_the_output_is_an_error_that_names_it(platform_outputs: dict[str, Any]) -> None:
    del_ = {key: value for key, value in platform_outputs.items() if key != "contract"}
    with pytest.raises(KeyError, match="contract"):
        consumer(del_)
