"""Draws the platform from the resources that the program registers: ``make picture``.

The picture is committed, and a test holds that it is what this draws; `make golden` draws it anew too.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from whole_program import record

from picture.shapes import FAINT, Card, Picture
from picture.subjects import WAY, cluster, data_services, network, node_groups, regional_services

ENVIRONMENT: Final = "prod"
PATH: Final = Path(__file__).resolve().parents[4] / "docs" / "pictures" / "platform.svg"
CARD, GAP, MARGIN, HEADING = 226, 14, 20, 40
"""Pixels: the width of a card, and what is around it."""


def drawn() -> str:
    """The picture, as an SVG document."""
    found = record(ENVIRONMENT)
    groups, inside, outside = node_groups(found), data_services(found), regional_services(found)
    rows = [groups[start : start + 3] for start in range(0, len(groups), 3)]
    heights = [max(card.height for card in row) for row in rows]
    plane_height = HEADING + sum(heights) + GAP * (len(heights) - 1) + MARGIN
    column = max(_height(inside), plane_height)
    heights = [height + (column - plane_height) // len(rows) for height in heights]
    network_height = HEADING + column + 34 + MARGIN
    account_height = HEADING + max(network_height, _height(outside)) + MARGIN
    plane_width = 3 * CARD + 2 * GAP + 2 * MARGIN
    network_width = plane_width + CARD + GAP + 2 * MARGIN
    width = network_width + CARD + GAP + 4 * MARGIN
    picture = Picture(width, 2 * MARGIN + account_height + 76, "The platform, drawn from the program's own resources")

    x = y = MARGIN
    picture.box(x, y, width - 2 * MARGIN, account_height, fill="#f5f7fa", stroke="#9aa5b1", dashed=True)
    picture.words(x + MARGIN, y + 27, f"AWS account of {ENVIRONMENT}", size=15, bold=True)
    x, y = x + MARGIN, y + HEADING
    heading, ways = network(found)
    picture.box(x, y, network_width, network_height, fill="#eef4ff", stroke="#8fb0ea")
    picture.words(x + MARGIN, y + 27, heading, size=15, bold=True)
    picture.words(x + MARGIN, y + network_height - 18, "   ·   ".join(ways), colour=FAINT)
    picture.box(x + MARGIN, y + HEADING, plane_width, column, fill="#fff7ec", stroke="#e5b97a")
    picture.words(x + 2 * MARGIN, y + HEADING + 27, cluster(found), size=15, bold=True)
    top = y + 2 * HEADING
    for row, height in zip(rows, heights, strict=True):
        for number, card in enumerate(row):
            picture.card(x + 2 * MARGIN + number * (CARD + GAP), top, CARD, height, card)
        top += height + GAP
    _column(picture, x + MARGIN + plane_width + GAP, y + HEADING, inside, column)
    _column(picture, x + network_width + GAP, y, outside, network_height)
    _way(picture, MARGIN, 2 * MARGIN + account_height, width)
    return picture.text()


def _height(cards: list[Card]) -> int:
    return sum(card.height for card in cards) + GAP * (len(cards) - 1)


def _column(picture: Picture, x: int, y: int, cards: list[Card], height: int) -> None:
    """Cards below each other, as tall together as what is beside them."""
    spare = (height - _height(cards)) // len(cards)
    for card in cards:
        picture.card(x, y, CARD, card.height + spare, card)
        y += card.height + spare + GAP


def _way(picture: Picture, x: int, y: int, width: int) -> None:
    """The main job, in words beside its numbers."""
    picture.words(x, y + 14, "The main job", size=15, bold=True)
    step = (width - 2 * x) // 3
    for number, words in enumerate(WAY):
        left, top = x + 12 + step * (number % 3), y + 36 + 26 * (number // 3)
        picture.badge(left, top, number + 1)
        picture.words(left + 18, top + 5, words)


def draw() -> None:
    """Writes the picture."""
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(drawn(), encoding="utf-8")


if __name__ == "__main__":
    draw()
    print(PATH)
    sys.exit(0)
