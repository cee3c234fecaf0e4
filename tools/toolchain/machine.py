"""What this machine has of its own: programs on PATH, and Go."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.toolchain.programs import Program
from tools.toolchain.versions import ToolchainError, Version, find_version

# The first Go that fetches a newer one by itself when a go.mod asks for it.
FETCHES_ITSELF = (1, 21)


@dataclass(frozen=True)
class OwnProgram:
    """A program on PATH; the version is None when it does not say one."""

    path: Path
    version: Version | None


@dataclass(frozen=True)
class Go:
    """The `go` on PATH: its version, and what it is set to do when a `go.mod` wants a newer one."""

    path: Path
    version: str
    toolchain: str


def version_of(path: Path, arguments: tuple[str, ...]) -> str:
    """What a program prints of its version; "" when it does not run, or takes more than 20 seconds."""
    with tempfile.TemporaryDirectory() as home:
        # Pulumi would otherwise ask a server for the newest release, and write a log below the caller's home.
        environ = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_HOME": home}
        command = [str(path), *arguments]
        try:
            done = subprocess.run(
                command, env=environ, text=True, capture_output=True, timeout=20, check=False, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
            return ""
    return done.stdout + done.stderr if done.returncode == 0 else ""


def find_own(program: Program, folder: Path) -> OwnProgram | None:
    """The first of that name on PATH, but for what the toolchain itself has built into `folder`."""
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    others = [place for place in places if place and not Path(place).resolve().is_relative_to(folder.resolve())]
    path = shutil.which(program.name, path=os.pathsep.join(others)) if others else None
    if path is None:
        return None
    return OwnProgram(Path(path).absolute(), find_version(version_of(Path(path), program.version_arguments)))


def find_go() -> Go | None:
    """The machine's Go; None when there is none.

    Raises ToolchainError when there is one that does not run.
    """
    path = shutil.which("go")
    if path is None:
        return None
    # From the root folder no go.mod has a say, so this neither fetches nor refuses anything.
    done = subprocess.run(
        [path, "env", "GOVERSION", "GOTOOLCHAIN"], cwd="/", text=True, capture_output=True, check=False
    )
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines or not _numbers(lines[0]):
        raise ToolchainError(f"{path} does not run: {done.stderr.strip() or done.stdout.strip()}. Install Go anew.")
    # A Go older than 1.21 answers the second question with an empty line.
    return Go(Path(path), lines[0], lines[1] if len(lines) > 1 and lines[1] else "local")


def why_not_go(program: Program, go: Go | None) -> str | None:
    """Why this Go cannot build the program, and what to install; None when it can."""
    wanted = program.oldest_go
    if go is None:
        return f"Go is not on PATH: install Go {wanted} or newer to build {program.name}"
    have, need = _numbers(go.version), _numbers(wanted)
    if have >= need or (have >= FETCHES_ITSELF and go.toolchain != "local"):
        return None
    return f"{go.version} is too old (and is not set to fetch a newer one): {program.name} needs Go {wanted} or newer"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
