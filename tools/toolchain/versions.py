"""Versions, and which of the machine's own programs will do in the place of a pinned one."""

from __future__ import annotations

import re
from dataclasses import dataclass


class ToolchainError(Exception):
    """What is wrong and what to do, for a person."""


@dataclass(frozen=True, order=True)
class Version:
    """A release; what follows the three numbers (`-dispatcher`, `+unknown`) is left out."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}.{self.patch}"


def find_version(text: str) -> Version | None:
    """The first `1.2.3` in what a program prints of itself, with or without a `v`."""
    match = re.search(r"(?<![\d.])(\d+)\.(\d+)\.(\d+)(?!\.?\d)", text)
    return Version(*map(int, match.groups())) if match else None


@dataclass(frozen=True)
class Range:
    """How far the machine's own program may be from the pinned one, in minor versions of the same major."""

    older: int
    newer: int | None
    """None: any number."""

    def allows(self, own: Version, pinned: Version) -> bool:
        if own.major != pinned.major or own.minor < pinned.minor - self.older:
            return False
        return self.newer is None or own.minor <= pinned.minor + self.newer

    def words(self, pinned: Version) -> str:
        """The range for a person, as in "v1.33 to v1.35"."""
        lowest = f"v{pinned.major}.{pinned.minor - self.older}"
        if self.newer is None:
            return f"{lowest} or a newer v{pinned.major}"
        return f"{lowest} to v{pinned.major}.{pinned.minor + self.newer}"


# A newer engine of one major serves older SDKs: Pulumi's promise. One that is older than the SDK in
# infra/requirements.lock may work, but nothing promises it: so the oldest that fits is of the SDK's own minor.
PULUMI_RANGE = Range(older=2, newer=None)
# Kubernetes' own policy for kubectl and the API server.
KUBECTL_RANGE = Range(older=1, newer=1)
