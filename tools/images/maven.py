"""Files of Maven Central that go into images: each pinned by its SHA-256, fetched once, and looked at every time.

The lock file `maven.sha256` beside a Containerfile has a line for each: digest, group:artifact:version and,
where there is one for each processor, whose it is. It names no server: that is Maven Central, or MAVEN_REPOSITORY.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import shutil
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tools.images.catalogue import ROOT, Image, ImagesError

LOCK = "maven.sha256"
CENTRAL = "https://repo1.maven.org/maven2"
VARIABLE = "MAVEN_REPOSITORY"
"""Names another address of the same files: a mirror."""
LINE = re.compile(
    r"(?P<digest>[0-9a-f]{64})  (?P<coordinates>[^\s:]+:[^\s:]+:[^\s:]+)(  (?P<architecture>amd64|arm64))?"
)
SECONDS, INTERVAL, PIECE = 60.0, 30.0, 1 << 20
HINT = f"Is the network there? {VARIABLE} names another address of the same files; what is here already stays."


@dataclass(frozen=True)
class Artifact:
    """One file, and what it must be."""

    group: str
    name: str
    version: str
    digest: str = ""
    architecture: str = ""
    """The processor that it is for; empty: any."""

    @property
    def file(self) -> str:
        return f"{self.name}-{self.version}.jar"

    @property
    def path(self) -> str:
        """In a repository."""
        return f"{self.group.replace('.', '/')}/{self.name}/{self.version}/{self.file}"

    @property
    def line(self) -> str:
        """Of a lock file."""
        processor = f"  {self.architecture}" if self.architecture else ""
        return f"{self.digest}  {self.group}:{self.name}:{self.version}{processor}"


def locked(image: Image) -> list[Artifact]:
    """What the image's lock file names; nothing when it has none.

    Raises ImagesError when a line is not one.
    """
    path = image.folder / LOCK
    if not path.is_file():
        return []
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = LINE.fullmatch(line)
        if match is None:
            raise ImagesError(
                f"{path.relative_to(ROOT)}, line {number}: not a SHA-256 and group:artifact:version"
                " with two blanks between them. Take the file back from git."
            )
        group, name, version = match["coordinates"].split(":")
        found.append(Artifact(group, name, version, match["digest"], match["architecture"] or ""))
    return found


def locked_for(image: Image, architecture: str) -> list[Artifact]:
    """Of those, the ones for a processor."""
    return [one for one in locked(image) if one.architecture in {"", architecture}]


def repository() -> str:
    """Where the files are."""
    return (os.environ.get(VARIABLE) or CENTRAL).rstrip("/")


def digest_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetched(artifacts: Sequence[Artifact], cache: Path, what: str, say: Callable[[str], None]) -> list[Path]:
    """The files, in the same order; only those are fetched that are not in the cache, whole.

    Args:
        what: whose they are, for those who read what is said.

    Raises ImagesError when the repository cannot be reached, or has something else.
    """
    missing = [one for one in artifacts if not _is_there(one, cache)]
    if missing:
        host = urlsplit(repository()).hostname
        say(f"{what}: getting {len(missing)} {'file' if len(missing) == 1 else 'files'} from {host}")
        cache.mkdir(parents=True, exist_ok=True)
        started = told = time.monotonic()
        for number, one in enumerate(missing):
            if time.monotonic() - told >= INTERVAL:
                told = time.monotonic()
                say(f"{what}: {told - started:.0f} s … {number} of {len(missing)}, now {one.file}")
            download(one, cache / one.file, what)
        count = sum((cache / one.file).stat().st_size for one in missing)
        say(f"{what}: got {count / 1e6:.0f} MB in {time.monotonic() - started:.0f} s")
    return [cache / one.file for one in artifacts]


def download(artifact: Artifact, target: Path, what: str) -> str:
    """Fetches one file, which has its name only when it is what it must be; its digest.

    Raises ImagesError when it cannot be had, or is not what it must be.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as output:
            for piece in _pieces(f"{repository()}/{artifact.path}", f"{what}: {artifact.file}"):
                output.write(piece)
        found = digest_of_file(part)
        if artifact.digest and found != artifact.digest:
            raise ImagesError(
                f"{what}: {artifact.file} is not the file that {LOCK} names: its SHA-256 is {found}, not"
                f" {artifact.digest}. It is removed. Do not go on: ask whoever runs your repository"
                f" ({urlsplit(repository()).hostname})."
            )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return found


def unpack(jar: Path, folder: Path) -> None:
    """The archive (.txz) that is within a jar.

    Raises ImagesError when there is none.
    """
    with zipfile.ZipFile(jar) as outer:
        inner = next((name for name in outer.namelist() if name.endswith(".txz")), None)
        if inner is None:
            raise ImagesError(f"{jar.name} has no archive in it: is it the right one?")
        with outer.open(inner) as packed, tarfile.open(fileobj=packed, mode="r:xz") as archive:
            if hasattr(tarfile, "data_filter"):
                archive.extractall(folder, filter="data")
            else:  # Python before 3.11.4; Debian 12 has 3.11.2
                archive.extractall(folder, _as_ours(archive))  # noqa: S202 - what it takes is looked at


def _as_ours(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members with this user as their owner, whom alone they may be written by: what the filter ``data`` does.

    What it refuses besides, paths that lead out of the folder, an archive of a pinned digest does not have.
    """
    for member in archive:
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        member.mode &= 0o755
        yield member


def put(image: Image, files: Sequence[Path], context: Path) -> None:
    """Puts fetched files where the image's Containerfile takes them from: as they are, or unpacked."""
    if image.unpacked:
        for path in files:
            unpack(path, context / "archive")
    elif files:
        (context / "jars").mkdir()
        for path in files:
            shutil.copyfile(path, context / "jars" / path.name)


def _is_there(artifact: Artifact, cache: Path) -> bool:
    path = cache / artifact.file
    return path.is_file() and digest_of_file(path) == artifact.digest


def _pieces(url: str, what: str) -> Sequence[bytes]:
    """What an address answers. Jars of stand-ins are small: one at a time fits into memory."""
    host, pieces = urlsplit(url).hostname, []
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - Maven Central, or what a person named
            while piece := answer.read(PIECE):
                pieces.append(piece)
            wanted = answer.headers.get("Content-Length")
    except urllib.error.HTTPError as answer:
        raise ImagesError(f"{what} cannot be had: {host} says {answer.code} ({answer.reason}). {HINT}") from answer
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise ImagesError(f"{what} cannot be had: {host or url} was not reached ({reason}). {HINT}") from error
    if wanted and int(wanted) != sum(map(len, pieces)):
        raise ImagesError(f"{what} has ended too early. Run it again: what is here already stays.")
    return pieces
