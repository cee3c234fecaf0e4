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

GIB = 2**30
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
    cpu_by_process: dict[str, float]
    """Name of a process → seconds of CPU, those of its namesakes included."""


def run_watched(module: str, *words: str) -> Watched:
    """Runs ``python -m MODULE WORDS…`` in a fresh process.

    Raises:
        click.ClickException: it failed; with the end of what it wrote.
    """
    command = [sys.executable, "-m", module, *words]
    peak = 0
    cpu: dict[int, float] = {}
    names: dict[int, str] = {}
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr)
        try:
            while process.poll() is None:
                tree = _tree(process.pid)
                peak = max(peak, sum(_pss(pid) for pid in tree))
                cpu |= {pid: seconds for pid in tree if (seconds := _cpu(pid)) is not None}
                # Ray renames a process once it knows what the process is for.
                names |= {pid: name for pid in tree if (name := _name(pid))}
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
        told = json.loads(stdout.read().splitlines()[-1])
        return Watched(wall, sum(cpu.values()), peak, told, _by_name(cpu, names))


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median and range."""
    return {name: round(of(values), 3) for name, of in (("median", statistics.median), ("min", min), ("max", max))}


def told_seconds(run: Watched) -> float:
    """What a run says it took, without the start of its process."""
    return float(run.told["seconds"])


def cost(runs: Sequence[Watched]) -> dict[str, dict[str, float]]:
    """CPU and memory of the runs of one contestant."""
    return {
        "cpu_seconds": summary([run.cpu for run in runs]),
        "peak_memory_gib": summary([run.peak_pss / GIB for run in runs]),
    }


def ratio(ones: Sequence[Watched], others: Sequence[Watched], of: Callable[[Watched], float]) -> float:
    """Of the medians."""
    return round(statistics.median(map(of, ones)) / statistics.median(map(of, others)), 3)


def largest(runs: Sequence[Watched], least: float = 0.02) -> dict[str, float]:
    """Process → seconds of CPU, the median of the runs, the largest first; without those that take less than that share
    of all."""
    names = dict.fromkeys(name for run in runs for name in run.cpu_by_process)
    found = {name: statistics.median(run.cpu_by_process.get(name, 0.0) for run in runs) for name in names}
    whole = sum(found.values())
    kept = {name: round(seconds, 2) for name, seconds in found.items() if seconds >= least * whole}
    return dict(sorted(kept.items(), key=lambda one: -one[1]))


def _by_name(cpu: dict[int, float], names: dict[int, str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for pid, seconds in cpu.items():
        name = names.get(pid, "?")
        found[name] = found.get(name, 0.0) + seconds
    return found


def _name(pid: int) -> str:
    """``ray::TrainController.run``, the module of a Python process, or the program; empty for one that has gone."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    if words[0].startswith("ray::"):
        return words[0].split("(")[0].strip()
    script = next((word for word in words[1:] if word.endswith(".py")), None)
    if "-m" in words:
        return words[words.index("-m") + 1]
    return Path(script or words[0]).name


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
