"""Runs a command and watches what it and all that it starts take."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

INTERVAL = 0.5
TICKS_PER_SECOND = 100  # of /proc/PID/stat: USER_HZ, the same on every Linux that Python's wheels run on


@dataclass(frozen=True)
class Watched:
    """What a run took."""

    wall: float
    """Seconds from start to end."""
    cpu: float
    """Seconds of CPU of all its processes, as far as they were seen."""
    peak_pss: int
    """Bytes of memory, shared pages counted once."""
    told: dict[str, Any]
    """Its last line."""


def run_watched(module: str, *words: str) -> Watched:
    """Runs ``python -m MODULE WORDS…`` in a fresh process.

    Raises:
        click.ClickException: it failed; with the end of what it wrote.
    """
    command = [sys.executable, "-m", module, *words]
    peak = 0
    cpu: dict[int, float] = {}
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr)
        try:
            while process.poll() is None:
                tree = _tree(process.pid)
                peak = max(peak, sum(_pss(pid) for pid in tree))
                cpu |= {pid: seconds for pid in tree if (seconds := _cpu(pid)) is not None}
                with suppress(subprocess.TimeoutExpired):
                    process.wait(INTERVAL)
            wall = time.monotonic() - started
        finally:
            process.terminate()
            process.wait()
        stdout.seek(0)
        stderr.seek(0)
        if process.returncode != 0:
            end = stderr.read()[-3000:]
            raise click.ClickException(f"'{' '.join(words)}' failed with status {process.returncode}:\n{end}")
        return Watched(wall, sum(cpu.values()), peak, json.loads(stdout.read().splitlines()[-1]))


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median and range."""
    return {name: round(of(values), 3) for name, of in (("median", statistics.median), ("min", min), ("max", max))}


def ratio(ones: Sequence[Watched], others: Sequence[Watched], of: Callable[[Watched], float]) -> float:
    """Of the medians."""
    return round(statistics.median(map(of, ones)) / statistics.median(map(of, others)), 3)


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def _pss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)


def _cpu(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
