"""What an image takes from Maven Central, for its package's environment on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tools.environments import ENVIRONMENTS
from tools.images.catalogue import FOLDER, Image, ImagesError, own_architecture
from tools.images.maven import digest_of_file, fetched, locked_for

PLACE = "share/s3a"
"""Within the environment, as within the image's."""


def place_jars(image: Image, say: Callable[[str], None], environments: Path = ENVIRONMENTS) -> str:
    """Puts them there, and nothing else.

    Returns: what has come of it, as a sentence.

    Raises ImagesError when the image takes none, its environment is not there, or one cannot be had.
    """
    wanted = locked_for(image, own_architecture())
    if image.stand_in or not wanted:
        raise ImagesError(f"{image.name} takes nothing from Maven Central that its environment could want.")
    environment = environments / image.package
    if not environment.is_dir():
        raise ImagesError(
            f"{environment} is not there: run 'python3 tools/environments.py sync {image.package}' first."
        )
    folder = environment / PLACE
    there = {path.name: digest_of_file(path) for path in folder.glob("*")} if folder.is_dir() else {}
    if there == {one.file: one.digest for one in wanted}:
        return f"images: {folder} has what {image.name} takes already"
    files = fetched(wanted, FOLDER / "maven", image.name, say)
    beside = folder.with_name(f".{folder.name}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    for path in files:
        shutil.copyfile(path, beside / path.name)
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)
    return f"images: {folder} has {len(files)} files now"
