"""Boxes with words in SVG: the few shapes that the picture is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

FONT: Final = "font-family='system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif'"
INK, FAINT, PAPER = "#1f2933", "#52606d", "#ffffff"
LINE: Final = 17
"""Pixels from one line of small words to the next."""


@dataclass(frozen=True)
class Card:
    """A thing of the platform: its name, what it is, and its number in the way of the main job."""

    name: str
    lines: Sequence[str]
    colour: str
    step: int = 0
    chips: Sequence[str] = ()
    """What runs on it."""

    @property
    def height(self) -> int:
        """Pixels that it needs at least."""
        return 40 + LINE * len(self.lines) + (10 if self.chips else 4) + 23 * len(self.chips)


@dataclass
class Picture:
    """An SVG document under construction; lengths are pixels from the upper left corner."""

    width: int
    height: int
    title: str
    parts: list[str] = field(default_factory=list)

    def box(self, x: int, y: int, width: int, height: int, *, fill: str, stroke: str, dashed: bool = False) -> None:
        """A frame with round corners."""
        dash = " stroke-dasharray='6 4'" if dashed else ""
        self.parts.append(
            f"<rect x='{x}' y='{y}' width='{width}' height='{height}' rx='8' fill='{fill}' stroke='{stroke}'{dash}/>"
        )

    def words(self, x: int, y: int, text: str, *, size: int = 13, colour: str = INK, bold: bool = False) -> None:
        """A line of text that begins there."""
        weight = " font-weight='600'" if bold else ""
        self.parts.append(f"<text x='{x}' y='{y}' font-size='{size}' fill='{colour}'{weight}>{escape(text)}</text>")

    def badge(self, x: int, y: int, number: int) -> None:
        """A number in a circle."""
        self.parts.append(f"<circle cx='{x}' cy='{y}' r='11' fill='{INK}'/>")
        self.parts.append(
            f"<text x='{x}' y='{y + 5}' font-size='13' fill='{PAPER}' text-anchor='middle' font-weight='600'>"
            f"{number}</text>"
        )

    def card(self, x: int, y: int, width: int, height: int, card: Card) -> None:
        """A card; its words are not folded (a test holds that they fit)."""
        self.box(x, y, width, height, fill=PAPER, stroke="#cbd2d9")
        self.parts.append(
            f"<path d='M{x} {y + 8}a8 8 0 0 1 8 -8h{width - 16}a8 8 0 0 1 8 8v1h-{width}z' fill='{card.colour}'/>"
        )
        self.words(x + 12, y + 29, card.name, size=15, bold=True)
        if card.step:
            self.badge(x + width - 20, y + 26, card.step)
        for number, line in enumerate(card.lines):
            self.words(x + 12, y + 48 + LINE * number, line, size=12, colour=FAINT)
        top = y + 40 + LINE * len(card.lines) + 4
        for number, chip in enumerate(card.chips):
            self.parts.append(
                f"<rect x='{x + 10}' y='{top + 23 * number}' width='{width - 20}' height='20' rx='10'"
                f" fill='{card.colour}' fill-opacity='0.14'/>"
            )
            self.words(x + 20, top + 14 + 23 * number, chip, size=12)

    def text(self) -> str:
        """The document."""
        head = (
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {self.width} {self.height}' width='{self.width}'"
            f" height='{self.height}' role='img' {FONT}>\n<title>{escape(self.title)}</title>\n"
        )
        paper = f"<rect width='{self.width}' height='{self.height}' fill='{PAPER}'/>"
        return head + "\n".join([paper, *self.parts]) + "\n</svg>\n"
