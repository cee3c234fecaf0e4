"""The picture of the platform is drawn from its resources, is what is committed, and can be read."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from infra_configs import REPOSITORY
from mlplatform.service_types import LABEL
from picture.__main__ import ENVIRONMENT, PATH, drawn
from picture.shapes import Card
from picture.subjects import data_services, node_groups, regional_services
from whole_program import record

TEXT = "{http://www.w3.org/2000/svg}text"
LONGEST = 36
"""Characters of small words across a card: a browser draws them up to 6 pixels wide."""


@pytest.fixture(scope="module")
def cards() -> list[Card]:
    found = record(ENVIRONMENT)
    return [*node_groups(found), *data_services(found), *regional_services(found)]


def test_the_picture_is_the_one_that_is_committed() -> None:
    assert PATH.read_text() == drawn(), "the resources have changed: run 'make picture', and look at it"


def test_every_group_of_nodes_and_what_runs_there_is_in_it(cards: list[Card]) -> None:
    told = {node.text or "" for node in ET.fromstring(drawn()).iter(TEXT)}  # noqa: S314 - our own
    found = record(ENVIRONMENT)
    groups = {one.inputs["labels"][LABEL] for one in found.of_type("aws:eks/nodeGroup:NodeGroup")}
    assert groups == {"system", "spark-driver", "spark-executor", "ray", "serving", "notebook"} <= told
    by_name = {card.name: card for card in cards}
    assert list(by_name["ray"].chips) == ["Ray head", "Ray workers"]
    assert sorted(by_name["serving"].chips) == ["flight-api-embedded", "flight-api-shared", "model-api"]
    assert by_name["system"].chips[0] == "MLflow"
    spark = found.one("aws:eks/nodeGroup:NodeGroup", "nodes-spark-executor").inputs["scalingConfig"]
    assert by_name["spark-executor"].lines[1] == f"0 to {spark['maxSize']:.0f} nodes, spot"


def test_the_main_job_comes_by_every_number_once(cards: list[Card]) -> None:
    assert sorted(card.step for card in cards if card.step) == [1, 2, 3, 4, 5]


def test_no_words_are_wider_than_their_card(cards: list[Card]) -> None:
    lines = [line for card in cards for line in (card.name, *card.lines, *card.chips)]
    assert [line for line in lines if len(line) > LONGEST] == []


def test_the_readme_shows_it() -> None:
    assert f"]({PATH.relative_to(REPOSITORY).as_posix()})" in (REPOSITORY / "README.md").read_text()
