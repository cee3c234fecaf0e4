"""What the doctor says: one sentence for each thing, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    GOOD = "good"
    LACKS = "lacks"
    """`make run` or `make test` cannot work without it."""
    NOTE = "note"
    """Something else cannot work without it, or nobody can tell."""


@dataclass(frozen=True)
class Finding:
    """One thing."""

    level: Level
    text: str
    """A sentence; of what is lacking it says what to do."""


def good(text: str) -> Finding:
    """It is there."""
    return Finding(Level.GOOD, text)


def lacks(text: str) -> Finding:
    """It is needed and not there."""
    return Finding(Level.LACKS, text)


def note(text: str) -> Finding:
    """Worth knowing."""
    return Finding(Level.NOTE, text)
