"""Which of each program is used: the machine's own or the built one, and why."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tools.toolchain.building import is_built, path_of
from tools.toolchain.machine import Go, find_own, why_not_go
from tools.toolchain.programs import Program
from tools.toolchain.versions import ToolchainError

SWITCH = "TOOLCHAIN"


class Source(StrEnum):
    """Where a program comes from, in the words that `status` shows."""

    OWN = "machine's own"
    BUILT = "built"
    MISSING = "not built yet"
    CANNOT = "cannot be built"


@dataclass(frozen=True)
class Choice:
    """One program's state. `path` is None as long as there is nothing to run."""

    program: Program
    source: Source
    version: str
    path: Path | None
    why: str


def only_pinned() -> bool:
    """Whether the caller wants the pinned programs whatever the machine has.

    Raises ToolchainError when TOOLCHAIN says something else.
    """
    value = os.environ.get(SWITCH, "")
    if value not in {"", "pinned"}:
        raise ToolchainError(f"{SWITCH}={value} is not known: set {SWITCH}=pinned, or leave it away.")
    return value == "pinned"


def choose(program: Program, folder: Path, go: Go | None) -> Choice:
    """Looks at the machine and at what is built; builds nothing."""
    note = ""
    if program.own is None:
        note = "only the pinned version is used"
    elif only_pinned():
        note = f"{SWITCH}=pinned"
    elif own := find_own(program, folder):
        said = str(own.version) if own.version else "no version it would tell"
        fitting = program.own.words(program.version)
        if own.version and program.own.allows(own.version, program.version):
            return Choice(program, Source.OWN, said, own.path, f"{fitting} fits")
        note = f"{own.path} is {said}; {fitting} would fit"
    else:
        note = f"no {program.name} on PATH; {program.own.words(program.version)} would fit"
    if is_built(program, folder, go):
        return Choice(program, Source.BUILT, str(program.version), path_of(program, folder), note)
    if reason := why_not_go(program, go):
        return Choice(program, Source.CANNOT, str(program.version), None, f"{reason}; {note}")
    return Choice(program, Source.MISSING, str(program.version), None, note)
