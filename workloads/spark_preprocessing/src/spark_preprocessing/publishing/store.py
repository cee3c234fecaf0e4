"""What publishing asks of a place: a folder of a file system, or a prefix of an object store.

Locations are the contract's, as text: an absolute path or ``s3://BUCKET/PREFIX``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Final

MANIFEST: Final = "manifest.json"
"""The last file of a version to be there: without it a version is none."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Seen:
    """A small file as it was read. A later `Store.replace` takes effect only if it is still that one."""

    content: bytes | None
    """None: it was not there."""
    tag: str = ""
    """Tells this content from what others may write in its place, where the store can compare."""


class Hold(ABC):
    """The right to publish, which one run at a time has."""

    @abstractmethod
    def check(self) -> None:
        """Raises PreprocessingError when another run may have taken it over in the meantime."""


class Store(ABC):
    """Files by location. What cannot be reached or is refused is an OSError or a PreprocessingError."""

    @abstractmethod
    def hold(self, folder: str, say: Say) -> AbstractContextManager[Hold]:
        """Waits for the right to publish in `folder`, and has it inside the block."""

    @abstractmethod
    def read(self, location: str) -> bytes:
        """A file's content; FileNotFoundError when there is none."""

    @abstractmethod
    def open(self, location: str) -> AbstractContextManager[IO[bytes]]:
        """A file's content piece by piece, for one that may be too big to be held; errors as of `read`."""

    @abstractmethod
    def write(self, location: str, content: bytes) -> None:
        """Makes or replaces a file: whoever reads it sees the old content or the new, never a part."""

    @abstractmethod
    def see(self, location: str) -> Seen:
        """A small file as it is now."""

    @abstractmethod
    def replace(self, location: str, content: bytes, seen: Seen) -> bool:
        """As `write`, but only if the file is still what was `seen`; whether it was."""

    @abstractmethod
    def files(self, folder: str) -> list[str]:
        """The locations of all files below `folder`, sorted; none if there is no such folder."""

    @abstractmethod
    def folders(self, folder: str, prefix: str) -> list[str]:
        """The locations of the folders directly in `folder` whose names begin with `prefix`, sorted."""

    @abstractmethod
    def make_folder(self, folder: str) -> None:
        """Makes it, and those above it, where folders are more than a part of a file's name."""

    @abstractmethod
    def move(self, source: str, target: str) -> None:
        """Gives a file another name."""

    @abstractmethod
    def remove(self, location: str) -> None:
        """Removes a file, or a folder with all that is in it; nothing happens if it is not there."""

    @abstractmethod
    def install(self, staged: str, target: str, aside: str, hold: Hold) -> None:
        """Makes `target` hold what `staged` holds, the `MANIFEST` last.

        Args:
            staged: what has been written; it is gone afterwards, or removed with the staging folder.
            target: the folder that readers will be sent to; what is in it now, if anything, is not wanted.
            aside: where a store that can give a folder another name moves that first.
            hold: checked again and again, if it takes long.
        """
