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


def with_contract(outputs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**outputs, "contract": {**outputs["contract"], **changes}}


def test_a_platform_with_another_contract_is_one_sentence_with_both_versions(platform_outputs: dict[str, Any]) -> None:
    with pytest.raises(pulumi.RunError, match=r"it is of version 2\.0, and this reader knows 1\.0: update"):
        consumer(with_contract(platform_outputs, contract_version="2.0"))


def test_a_contract_without_a_version_is_none(platform_outputs: dict[str, Any]) -> None:
    contract = {key: value for key, value in platform_outputs["contract"].items() if key != "contract_version"}
    with pytest.raises(pulumi.RunError, match=r"it has no contract_version, and this reader knows 1\.0"):
        consumer({**platform_outputs, "contract": contract})


def test_a_key_more_is_left_out_of_a_newer_contract_and_refused_in_one_of_the_same_version(
    platform_outputs: dict[str, Any],
) -> None:
    found = consumer(with_contract(platform_outputs, contract_version="1.1", feature_store={"address": "x"}))
    assert found.one("aws:iam/policy:Policy").inputs == consumer(platform_outputs).one("aws:iam/policy:Policy").inputs
    with pytest.raises(pulumi.RunError, match=r"not what its version, 1\.0, promises \(see feature_store\)"):
        consumer(with_contract(platform_outputs, feature_store={"address": "x"}))


@pytest.mark.parametrize("output", ["contract", "region"])
def test_a_platform_without_the_output_is_one_sentence_that_names_it(
    platform_outputs: dict[str, Any], output: str
) -> None:
    outputs = {key: value for key, value in platform_outputs.items() if key != output}
    with pytest.raises(pulumi.RunError, match=rf"^The stack {STACK} has no output {output}: "):
        consumer(outputs)


def test_the_stack_local_gives_no_rights_on_aws() -> None:
    with pytest.raises(pulumi.RunError, match=r"environment local has its lake at .*, and a policy of AWS gives"):
        consumer(record("local").outputs)
