"""A version of the data set appears whole or not at all, also when the machine is switched off in between.

Everything is written into a staging folder beside the versions. It becomes a version by one rename, and readers are
sent to it by one replacement of ``LATEST.json``. A run holds a lock meanwhile, so whatever else is staged there was
left by a run that is dead, and is removed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from platform_contract import DatasetPointer, FeatureManifest, FileDigest
from pydantic import ValidationError
from upath import UPath

POINTER: Final = "LATEST.json"
MANIFEST: Final = "manifest.json"
_STAGING: Final = ".staging-"
_LOCK: Final = ".lock"


@contextmanager
def exclusive(folder: UPath, say: Callable[[str], None]) -> Iterator[None]:
    """Only one run at a time prepares the data set in `folder`; another waits. The lock dies with its process.

    An object store has no locks. Two runs there write the same content to the same version.
    """
    if not _is_local(folder):
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with Path(str(folder / _LOCK)).open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another run is preparing {folder}: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def staging(folder: UPath) -> Iterator[UPath]:
    """A new folder beside the versions in `folder`, gone at the end; what dead runs have left goes first."""
    folder.mkdir(parents=True, exist_ok=True)
    if _is_local(folder):
        for left in folder.glob(f"{_STAGING}*"):
            remove(left)
    made = folder / f"{_STAGING}{uuid.uuid4().hex}"
    made.mkdir()
    try:
        yield made
    finally:
        remove(made)


def take_parts(written: UPath, target: UPath) -> list[UPath]:
    """Moves the Parquet files that Spark wrote into `target`, under names that tell only their order."""
    target.mkdir(parents=True, exist_ok=True)
    parts = []
    for number, part in enumerate(sorted(written.glob("*.parquet"), key=lambda path: path.name)):
        name = target / f"part-{number:05}.parquet"
        part.rename(name)
        parts.append(name)
    remove(written)
    return parts


def digest(version: UPath, path: UPath, rows: int) -> FileDigest:
    content = path.read_bytes()
    relative = str(path).removeprefix(f"{version}/")
    return FileDigest(path=relative, rows=rows, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def install(staged: UPath, target: UPath, aside: UPath) -> None:
    """Makes a staged folder a version. A damaged one that has its name is moved `aside` first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.rename(aside)
    staged.rename(target)


def point_to(folder: UPath, version: str) -> None:
    """Sends readers of the data set to `version`, in one step."""
    text = DatasetPointer(version=version).model_dump_json(indent=2) + "\n"
    pointer = folder / POINTER
    if not _is_local(folder):
        pointer.write_text(text, encoding="utf-8")  # a put to an object store is one step
        return
    beside = folder / f"{_STAGING}{POINTER}"
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(pointer)


def current_version(folder: UPath) -> str | None:
    """The version that readers are sent to; none if there is none or the pointer cannot be read."""
    try:
        return DatasetPointer.model_validate_json((folder / POINTER).read_text(encoding="utf-8")).version
    except (OSError, ValidationError):
        return None


def intact_manifest(version: UPath) -> FeatureManifest | None:
    """The manifest of a version of which every file is there and is what it was when it was written."""
    try:
        manifest = FeatureManifest.model_validate_json((version / MANIFEST).read_text(encoding="utf-8"))
        files = [*manifest.files, *(file for part in manifest.lookup_files.values() for file in part)]
        intact = all(digest(version, version / file.path, file.rows) == file for file in files)
    except (OSError, ValidationError):
        return None
    return manifest if intact else None


def remove(path: UPath) -> None:
    """Removes a file or a folder with all that is in it."""
    if not _is_local(path):
        if path.exists():
            path.fs.rm(path.path, recursive=True)
    elif path.is_dir():
        shutil.rmtree(str(path), ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_local(path: UPath) -> bool:
    return path.protocol in {"", "file"}
