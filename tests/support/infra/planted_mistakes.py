"""The mistakes, as data: `planted/KIND.yaml` lists `[old text, new text, part of the path]`, the last where needed.

A mistake names the text, not a line, so it survives whatever else changes; the text must be there exactly once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

FOLDER: Final = Path(__file__).with_name("planted")
EXPLAINED: Final = Path(__file__).with_name("planted_explained.yaml")
SOURCES: Final = Path("infra") / "mlplatform"


class PlantingError(Exception):
    """A mistake that does not fit the program any more."""


@dataclass(frozen=True)
class Mistake:
    """One mistake."""

    kind: str
    old: str
    new: str
    where: str = ""

    @property
    def key(self) -> str:
        return f"{self.kind}: {self.old} → {self.new}"

    def place(self, root: Path) -> Path:
        """The file in which the text is, exactly once.

        Raises:
            PlantingError: it is nowhere, or in more than one place.
        """
        files = [path for path in sorted((root / SOURCES).rglob("*.py")) if self.where in path.as_posix()]
        found = [(path, count) for path in files if (count := path.read_text("utf-8").count(self.old))]
        if [count for _, count in found] != [1]:
            places = ", ".join(f"{path.relative_to(root)} ({count})" for path, count in found) or "nowhere"
            raise PlantingError(f"{self.key}: the text must be there once, and is {places}")
        return found[0][0]

    def plant(self, root: Path) -> tuple[Path, str]:
        """Makes the mistake; the file, and its text before."""
        path = self.place(root)
        before = path.read_text("utf-8")
        path.write_text(before.replace(self.old, self.new), "utf-8")
        return path, before


def mistakes(folder: Path = FOLDER) -> Iterator[Mistake]:
    """All mistakes, by kind."""
    for path in sorted(folder.glob("*.yaml")):
        for row in yaml.safe_load(path.read_text("utf-8")):
            yield Mistake(path.stem, *map(str, row))


def explained() -> Mapping[str, str]:
    """Key of a mistake that no test can notice → why."""
    found: dict[str, str] = yaml.safe_load(EXPLAINED.read_text("utf-8")) or {}
    return found
