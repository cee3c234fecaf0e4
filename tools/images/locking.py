"""Writes the lock file of an image anew: which files of Maven Central it is made of, and the SHA-256 of each."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tools.images.catalogue import ROOT, Image, ImagesError
from tools.images.maven import LOCK, Artifact, download, locked
from tools.images.processes import run_logged

PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
RESOLVED = re.compile(r"^\s+(?P<group>[^\s:]+):(?P<name>[^\s:]+):jar:(?P<version>[^\s:]+):(compile|runtime)\b")


def lock(image: Image, folder: Path, say: Callable[[str], None]) -> str:
    """Resolves what the image's pom.xml wants, and writes the digests.

    Args:
        folder: below which there is work in progress.

    Returns: what has come of it, as a sentence.

    Raises ImagesError when it has no pom.xml, or when something cannot be had.
    """
    path = image.folder / LOCK
    pom = image.folder / "pom.xml"
    if not pom.is_file():
        raise ImagesError(f"{image.name}: there is no {pom.relative_to(ROOT)}, out of which a lock file is made.")
    if shutil.which("mvn") is None:
        raise ImagesError("mvn is not on PATH (Debian and Ubuntu: 'apt-get install --no-install-recommends maven').")
    before = path.read_text() if path.is_file() else ""
    # A version stays what it was: a digest that is known is not replaced by what a server says today.
    known = {(one.group, one.name, one.version): one.digest for one in locked(image)}
    artifacts = resolved(pom, image.name, folder)
    cache = folder / "maven"
    cache.mkdir(parents=True, exist_ok=True)
    say(f"{image.name}: getting {len(artifacts)} files")
    pinned = []
    for one in artifacts:
        wanted = replace(one, digest=known.get((one.group, one.name, one.version), ""))
        pinned.append(replace(wanted, digest=download(wanted, cache / one.file, image.name)))
    text = "".join(f"{one.line}\n" for one in pinned)
    if text == before:
        return f"images: {path.relative_to(ROOT)} says so already"
    path.write_text(text)
    return f"images: {path.relative_to(ROOT)} is written: {len(pinned)} files"


def resolved(pom: Path, what: str, folder: Path) -> list[Artifact]:
    """All that a pom.xml wants at run time, what its dependencies want included, sorted."""
    answer = folder / "tmp" / f"{what}.dependencies"
    answer.parent.mkdir(parents=True, exist_ok=True)
    command = ["mvn", "--batch-mode", "--file", str(pom), f"{PLUGIN}:list", "-DincludeScope=runtime"]
    try:
        run_logged(
            [*command, f"-DoutputFile={answer}"],
            f"Resolving what {what} wants",
            folder / "logs" / f"{what}-lock.log",
            {},
        )
        return parsed(answer.read_text())
    finally:
        answer.unlink(missing_ok=True)


def parsed(answer: str) -> list[Artifact]:
    """What `dependency:list` has written.

    Raises ImagesError at something that is no plain jar.
    """
    found = []
    for line in re.sub(r"\x1b\[[0-9;]*m", "", answer).splitlines():
        if line.startswith(" ") and line.strip() not in {"", "none"}:
            match = RESOLVED.match(line)
            if match is None:
                raise ImagesError(f"Maven wants what is no plain jar: {line.strip()}")
            found.append(Artifact(match["group"], match["name"], match["version"]))
    return sorted(found, key=lambda one: one.file)
