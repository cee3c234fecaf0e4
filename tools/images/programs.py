"""What an image takes of the toolchain: a program without C, which needs nothing beside it in an image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tools.images.catalogue import ROOT, Image, ImagesError, own_architecture
from tools.toolchain.building import ensure_built, path_of
from tools.toolchain.machine import find_go
from tools.toolchain.programs import known_program
from tools.toolchain.versions import ToolchainError

TOOLCHAIN = ROOT / ".local" / "toolchain"
PLACE = "program"
"""Folder of a build's context that it is in."""


def program_of(image: Image) -> Path | None:
    """Where the image's program is; None when it takes none.

    Raises ImagesError when it is not built.
    """
    if not image.program:
        return None
    path = path_of(known_program(image.program), TOOLCHAIN)
    if not path.is_file():
        raise ImagesError(
            f"{image.name}: {image.program} is not built: run 'python3 tools/toolchain/toolchain.py ensure"
            f" {image.program}'."
        )
    return path


def ensure_program(image: Image, architecture: str, say: Callable[[str], None]) -> None:
    """Builds the image's program unless it is there, which takes Go and minutes.

    Raises ImagesError when it cannot be had, or is for another processor than the image.
    """
    if not image.program:
        return
    if architecture != own_architecture():
        raise ImagesError(
            f"{image.name}: {image.program} is built for this machine's processor alone: build the image on one that"
            f" is {architecture}."
        )

    def waiting() -> None:
        say(f"{image.name}: another process is building {image.program}: waiting for it")

    try:
        if ensure_built(known_program(image.program), TOOLCHAIN, find_go(), lambda _: None, waiting):
            say(f"{image.name}: {image.program} is built")
    except ToolchainError as fault:
        raise ImagesError(f"{image.name}: {fault}") from fault
