"""What a run can leave on a machine: processes, listeners, files in temporary folders and beside its results."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import psutil
from listening import listening

from bench.kills.namespaces import OWN_FOLDERS

JAVAS: Final = "hsperfdata_"
"""A Java that starts takes the files of dead ones out of it, and leaves the folder (HotSpot's perfMemory_posix.cpp)."""
NAMES_OF_A_RUN: Final = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"[0-9a-f]{32}"), "ID"),
    # A receipt of a publication is named by what the registry was, moments among it.
    (re.compile(r"(?<=receipts/)[0-9a-f]{24}"), "DIGEST"),
    (re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d[._]\d+"), "MOMENT"),
)
"""Parts of a path that differ between two runs that are both right."""


def processes() -> set[str]:
    """Every process but this one; a dead one that nobody has asked after is none."""
    found = set()
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.add(f"process {process.pid}: {' '.join(process.cmdline())[:120]}")
        except psutil.NoSuchProcess:
            continue
    return found


def listeners() -> set[str]:
    """Every TCP socket that listens, whoever holds it."""
    return {f"listener on port {port}" for _, port in listening(os.getpid()).values()}


def temporary() -> set[str]:
    """What lies in the folders that everybody may write to, but for a folder that all Java programs of a user share."""
    found = {path for folder in OWN_FOLDERS for path in Path(folder).rglob("*")}
    return {f"temporary {path}" for path in found if not (path.name.startswith(JAVAS) and path.is_dir())}


def leftovers() -> set[str]:
    """What no run may leave, where nothing was before."""
    return processes() | listeners() | temporary()


def files(folder: Path) -> list[str]:
    """The files and empty folders below `folder`, with what differs from run to run taken out of their names."""
    found = []
    for path in folder.rglob("*"):
        if path.is_dir() and any(path.iterdir()):
            continue
        name = str(path.relative_to(folder))
        for pattern, word in NAMES_OF_A_RUN:
            name = pattern.sub(word, name)
        found.append(name)
    return sorted(found)
