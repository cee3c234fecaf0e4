"""The pictures of the documents: shown, small, and made by commands that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PICTURES = sorted((ROOT / "docs" / "pictures").iterdir())
LARGEST = 150 * 1024
"""Bytes: whoever clones the repository gets all that were ever committed."""


def test_a_document_shows_each() -> None:
    texts = {path: path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))}
    shown = {path.parent / name for path, text in texts.items() for name in re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)}
    assert shown == set(PICTURES)
    assert {path.name for path in PICTURES} == {"platform.svg", "swagger.png", "mlflow.png"}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_none_is_large_and_none_names_a_machine(picture: Path) -> None:
    content = picture.read_bytes()
    assert 5_000 < len(content) <= LARGEST
    if picture.suffix == ".png":
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        width = int.from_bytes(content[16:20])
        assert 800 <= width <= 1400
    else:
        assert b"href" not in content, "it draws nothing from elsewhere"


def test_the_commands_that_make_them_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^picture:.*\n(\t.*\n)*.*-m picture$", makefile, re.MULTILINE)
    assert re.search(r"^screenshots:.*\n\t.*tools/screenshots\.py$", makefile, re.MULTILINE)
