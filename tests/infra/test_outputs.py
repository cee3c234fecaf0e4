"""What other teams read of a stack: all of it documented, none of it secret, and nothing that is promised goes away."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from infra_endpoints import ALL_IMAGES, recorded, run_with
from mlplatform import outputs, outputs_page
from mlplatform.outputs import OUTPUTS, StackOutput
from recorder import Secret

TYPES: dict[str, Any] = {
    "string": str,
    "integer": (int, float),
    "array of strings": list,
    "object": dict,
    "object of strings": dict,
}

RETYPED, ADDED = StackOutput("pendingImages", "string", ""), StackOutput("more", "string", "")

# Every version that was ever published. A line is added for a new version; none is ever changed or removed.
DIGESTS = {"outputs-1.0.json": "6b03721837e303227ef0226fd3760271d2ceef2655c85c1e07ab2199ea0029b5"}


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: output.name)
def test_an_output_has_the_type_that_it_is_said_to_have(output: StackOutput) -> None:
    value = recorded().outputs[output.name]
    assert isinstance(value, TYPES[output.type])
    assert output.type != "integer" or value == int(value)


def test_the_catalogue_is_what_is_exported() -> None:
    assert recorded().outputs.keys() == {output.name for output in OUTPUTS}


def test_no_output_is_secret_or_holds_credentials() -> None:
    for name, value in recorded().outputs.items():
        assert not isinstance(value, Secret), name
    text = json.dumps(recorded().outputs).lower()
    assert not re.search(r"kubeconfig|password|token|private.?key|aws_secret|akia[0-9a-z]{16}", text)


def test_an_output_that_is_not_in_the_catalogue_is_a_mistake() -> None:
    with (
        patch.object(outputs, "OUTPUTS", OUTPUTS[1:]),
        pytest.raises(ValueError, match=r"OUTPUTS and what is exported differ: \['outputsVersion'\]"),
    ):
        run_with.__wrapped__()


def test_images_that_are_missing_are_named_by_their_keys_in_the_configuration() -> None:
    assert recorded().outputs["pendingImages"] == []
    without = recorded(tuple(one for one in ALL_IMAGES if one != "bento_flight_api"))
    assert without.outputs["pendingImages"] == ["bentoFlightApi"]


def test_the_page_is_up_to_date() -> None:
    assert outputs_page.PAGE.read_text() == outputs_page.page(), "run 'python -m mlplatform.outputs_page'"


def test_the_catalogue_is_what_its_version_was_published_as() -> None:
    published = outputs_page.SCHEMAS / f"outputs-{outputs.OUTPUTS_VERSION}.json"
    assert published.read_text() == outputs_page.lock(), (
        "OUTPUTS changed: raise OUTPUTS_VERSION (the second number for an added output, the first for anything else),"
        " run 'python -m mlplatform.outputs_page', and add its digest here"
    )


def test_no_published_version_was_changed_or_removed() -> None:
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in outputs_page.SCHEMAS.glob("outputs-*.json")
    }
    assert found == DIGESTS


def test_a_version_keeps_what_earlier_ones_with_the_same_first_number_promised() -> None:
    now = {output.name: output.type for output in OUTPUTS}
    major = outputs.OUTPUTS_VERSION.split(".")[0]
    for path in outputs_page.SCHEMAS.glob(f"outputs-{major}.*.json"):
        assert json.loads(path.read_text())["outputs"].items() <= now.items(), path.name


@pytest.mark.parametrize(
    "changed",
    [OUTPUTS[:-1], (*OUTPUTS[:-1], RETYPED), (*OUTPUTS, ADDED)],
    ids=["removed", "retyped", "added"],
)
def test_publishing_refuses_a_change_without_a_version_step(tmp_path: Path, changed: tuple[StackOutput, ...]) -> None:
    outputs_page.publish(tmp_path)
    assert outputs_page.publish(tmp_path).exists()
    with (
        patch.object(outputs_page, "OUTPUTS", changed),
        pytest.raises(outputs_page.PublishedError, match="raise OUTPUTS_VERSION"),
    ):
        outputs_page.publish(tmp_path)


def test_without_brokers_the_output_is_there_and_empty() -> None:
    assert run_with(kafka=None).outputs["kafkaBootstrapServers"] == []
