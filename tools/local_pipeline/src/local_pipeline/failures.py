"""How a failed step is told, wherever it ran: as a process of this machine, or in a pod."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

TAIL_LINES: Final = 15
MISTAKE: Final = 2
"""The exit status of a command that has told a person what is wrong: click's, and all commands of this repository."""


def why_it_failed(title: str, status: int | None, lines: Sequence[str], *, how: str, log: str) -> str:
    """Why a step failed: in its own words if those are for a person, otherwise the end of its log.

    Args:
        title: what the step does, for a person.
        status: its exit status; None if there is none.
        lines: what it has said, on standard error at least.
        how: what became of it, as in ``was killed by signal 9``.
        log: what the lines are the log of, and where, as in ``its log, step.log``.
    """
    if status == MISTAKE:
        start = next((i for i in reversed(range(len(lines))) if lines[i].startswith("Error: ")), max(0, len(lines) - 1))
        return f"{title}: " + ("\n".join(lines[start:]).removeprefix("Error: ") or f"{how}, and said nothing")
    return f"{title}: the step {how}. The end of {log}:\n{tail(lines)}"


def tail(lines: Sequence[str]) -> str:
    """The end of a log, indented."""
    return "\n".join(f"  {line}" for line in lines[-TAIL_LINES:]) or "  (nothing)"
