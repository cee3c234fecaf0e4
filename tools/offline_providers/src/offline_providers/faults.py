"""What went wrong, told to a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offline_providers.provider import State


class OfflineError(Exception):
    """What is wrong, where, and what to do. Shown as it is, with no traceback."""


class InitError(OfflineError):
    """A resource was made and is not what it is meant to be: the engine keeps it, and the next `up` mends it."""

    def __init__(self, what: str, state: State, reasons: Sequence[str]) -> None:
        super().__init__(": ".join([what, "\n  ".join(reasons)]))
        self.state = state
        self.reasons = tuple(reasons)
