"""What an image takes of the toolchain: laid out with the rest, a change of it seen, told when it cannot be had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.images import programs
from tools.images.catalogue import ARCHITECTURES, STAND_INS, Image, ImagesError, own_architecture
from tools.images.context import containerfile, digest_of, lay_out
from tools.images.programs import ensure_program, program_of
from tools.toolchain.programs import PROGRAMS
from tools.toolchain.versions import ToolchainError

Write = Callable[[Path, str], Path]
SETTINGS = {"base": "id", "architecture": "amd64"}


@pytest.fixture
def store(clone: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> Image:
    """An image of the clone that takes a program, which is built."""
    monkeypatch.setattr(programs, "TOOLCHAIN", clone / "toolchain")
    image = Image("store", "store", "A store", program="versitygw", stand_in=True)
    write(image.folder / "Containerfile", "FROM ${BASE}")
    write(clone / "toolchain" / "bin" / "versitygw", "#!/bin/sh").chmod(0o755)
    return image


def test_a_program_is_laid_out_as_one_and_a_change_of_it_makes_another_image(
    store: Image, clone: Path, tmp_path: Path
) -> None:
    before = digest_of(store, None, SETTINGS)
    lay_out(store, None, clone / "tools" / "uv.lock", tmp_path / "context")
    assert (tmp_path / "context" / "program" / "versitygw").stat().st_mode & 0o777 == 0o755
    (clone / "toolchain" / "bin" / "versitygw").write_text("#!/bin/sh\necho another")
    assert digest_of(store, None, SETTINGS) != before


def test_a_program_that_is_not_built_is_one_sentence(store: Image, clone: Path) -> None:
    (clone / "toolchain" / "bin" / "versitygw").unlink()
    with pytest.raises(ImagesError, match=r"store: versitygw is not built: run '.* ensure versitygw'"):
        digest_of(store, None, SETTINGS)


def test_a_program_is_for_this_machines_processor_alone(store: Image) -> None:
    (other,) = set(ARCHITECTURES.values()) - {own_architecture()}
    with pytest.raises(ImagesError, match=rf"build the image on one that is {other}"):
        ensure_program(store, other, print)


def test_what_the_toolchain_says_of_a_build_that_fails_is_told(store: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bool:
        raise ToolchainError("Go is not on PATH.")

    monkeypatch.setattr(programs, "ensure_built", fail)
    with pytest.raises(ImagesError, match=r"^store: Go is not on PATH\.$"):
        ensure_program(store, own_architecture(), print)


def test_an_image_that_takes_no_program_asks_for_none(image: Image) -> None:
    assert program_of(image) is None
    ensure_program(image, "any", print)


@pytest.mark.parametrize("image", [one for one in STAND_INS.values() if one.program], ids=lambda one: one.name)
def test_a_stand_in_takes_a_program_that_the_toolchain_builds_from_where_it_is_put(image: Image) -> None:
    assert image.program in PROGRAMS
    assert f"COPY program/{image.program} /usr/local/bin/{image.program}" in containerfile(image)
