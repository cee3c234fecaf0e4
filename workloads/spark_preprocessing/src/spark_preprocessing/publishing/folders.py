"""Files in folders of a POSIX file system: locks, and renames in one step."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Final

from spark_preprocessing.publishing.store import Hold, Say, Seen, Store

_LOCK: Final = ".lock"


class Locked(Hold):
    """A lock of the file system dies with its process, and not before."""

    def check(self) -> None:
        """It is still held: nobody can take it away."""


class Folders(Store):
    """Locations are absolute paths."""

    @contextmanager
    def hold(self, folder: str, say: Say) -> Iterator[Hold]:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with Path(folder, _LOCK).open("w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"another run is preparing {folder}: waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield Locked()

    def read(self, location: str) -> bytes:
        with self.open(location) as file:
            return file.read()

    def open(self, location: str) -> AbstractContextManager[IO[bytes]]:
        # A pipe that nobody writes to would be waited for.
        handle = os.open(location, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        kind = os.fstat(handle).st_mode
        if stat.S_ISREG(kind):
            return os.fdopen(handle, "rb")
        os.close(handle)
        if stat.S_ISDIR(kind):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), location)
        raise OSError(errno.EINVAL, "it is a pipe or a device, and no file", location)

    def write(self, location: str, content: bytes) -> None:
        beside = Path(location).with_name(f".staging-{Path(location).name}")
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(location)

    def see(self, location: str) -> Seen:
        try:
            return Seen(self.read(location))
        except FileNotFoundError:
            return Seen(None)

    def replace(self, location: str, content: bytes, seen: Seen) -> bool:  # noqa: ARG002 - the lock has seen to that
        self.write(location, content)
        return True

    def files(self, folder: str) -> list[str]:
        return sorted(str(path) for path in Path(folder).rglob("*") if path.is_file())

    def folders(self, folder: str, prefix: str) -> list[str]:
        return sorted(str(path) for path in Path(folder).glob(f"{prefix}*") if path.is_dir())

    def make_folder(self, folder: str) -> None:
        Path(folder).mkdir(parents=True, exist_ok=True)

    def move(self, source: str, target: str) -> None:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(source).rename(target)

    def remove(self, location: str) -> None:
        path = Path(location)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    def install(self, staged: str, target: str, aside: str, hold: Hold) -> None:
        hold.check()
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        if Path(target).exists():
            Path(target).rename(aside)
        Path(staged).rename(target)
