"""The processes that a run starts: remembered by pid and start time, measured, and stopped by those alone."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import psutil

PATIENCE_SECONDS: Final = 15.0
"""How long a process may take to stop by itself before it is killed."""

SAME_START_SECONDS: Final = 5.0
"""Two tellings of one process's start may differ by a step of the machine's clock, which they are counted back from."""

_GATE: Final = 'read -r _ && exec "$@" </dev/null'
"""Shell script that becomes the command once it has read a line, and ends when there will be none."""

_PR_SET_CHILD_SUBREAPER: Final = 36  # <linux/prctl.h>


def adopt_orphans() -> None:
    """Makes this process the parent of those whose own parent ends, so that none of them is lost (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def memory_bytes(process: psutil.Process) -> int:
    """The memory of one process, with what it shares counted in part (PSS), or RSS where that is not told."""
    try:
        full = process.memory_full_info()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
    return int(getattr(full, "pss", 0) or full.rss)


def tree(process: psutil.Process) -> list[psutil.Process]:
    """A process and all below it; empty when it has ended."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


class MemoryWatch(threading.Thread):
    """Samples the memory of all processes below this one, and keeps the highest sum of each named stretch."""

    def __init__(self, interval_seconds: float = 0.5) -> None:
        super().__init__(name="memory-watch", daemon=True)
        self._interval = interval_seconds
        self._stop_asked = threading.Event()
        self._own = psutil.Process()
        self.peak_bytes = 0
        self.stretch_peak_bytes = 0

    def start_stretch(self) -> None:
        """From now on `stretch_peak_bytes` is about what comes."""
        self.stretch_peak_bytes = 0

    def run(self) -> None:
        while not self._stop_asked.is_set():
            now = sum(memory_bytes(process) for process in tree(self._own))
            self.peak_bytes = max(self.peak_bytes, now)
            self.stretch_peak_bytes = max(self.stretch_peak_bytes, now)
            self._stop_asked.wait(self._interval)

    def stop(self) -> None:
        self._stop_asked.set()
        self.join()


def stop_tree(root: psutil.Process, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Asks a process to end, waits, and then kills what is left of it and of all that it had started."""
    family = tree(root)
    with contextlib.suppress(psutil.NoSuchProcess):
        root.send_signal(signal.SIGTERM)
        root.resume()  # one that was suspended could not end
    psutil.wait_procs([root], timeout=patience_seconds)
    # What it should have stopped itself, with what came while we waited.
    rest = {process for member in family for process in tree(member)}
    _, left = psutil.wait_procs(list(rest), timeout=2)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=5)


@dataclass(frozen=True)
class Started:
    """A process that was started here. The start time tells it from a later one with the same pid."""

    name: str
    pid: int
    create_time: float

    def processes(self) -> list[psutil.Process]:
        """The process if it is still that one and still runs, or else what it had started and what outlived it."""
        try:
            found = psutil.Process(self.pid)
            if abs(found.create_time() - self.create_time) >= SAME_START_SECONDS:
                return []  # the pid is another's by now, and it is nobody's while a process of its session runs
            if found.status() != psutil.STATUS_ZOMBIE:
                return [found]
        except psutil.NoSuchProcess:
            pass
        return [process for process in psutil.process_iter() if process.pid != self.pid and self._has_started(process)]

    def _has_started(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error, OSError):
            # Whatever `Running` starts is a session of its own.
            return os.getsid(process.pid) == self.pid and process.status() != psutil.STATUS_ZOMBIE
        return False


class Ledger:
    """A file with every process that a run has started and not yet stopped, so that the next run can clean up."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Started]:
        try:
            return [Started(**entry) for entry in json.loads(self._path.read_text())]
        except (FileNotFoundError, json.JSONDecodeError, TypeError):
            return []

    def add(self, started: Started) -> None:
        self._write([*self.read(), started])

    def remove(self, started: Started) -> None:
        self._write([entry for entry in self.read() if entry != started])

    def stop_all(self) -> list[str]:
        """Stops what is still there; the names of what was."""
        stopped = []
        for entry in self.read():
            left = entry.processes()
            for process in left:
                stop_tree(process)
            if left:
                stopped.append(entry.name)
            self.remove(entry)
        return stopped

    def _write(self, entries: list[Started]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps([vars(entry) for entry in entries]))
        beside.replace(self._path)


class Running:
    """A command that was started here, in a session of its own, with its entry in the ledger.

    It gets no Ctrl-C of the terminal: this process gets it, and stops the command in order.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        ledger: Ledger,
        stdout: int | IO[str],
        stderr: int | IO[str],
        environ: Mapping[str, str],
    ) -> None:
        self._ledger = ledger
        self._before = set(psutil.Process().children(recursive=True))
        self.popen = subprocess.Popen(
            ["/bin/sh", "-c", _GATE, name, *command],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, **environ},
            start_new_session=True,
        )
        self.entry = Started(name, self.popen.pid, _create_time(self.popen.pid))
        # The command starts when it is in the ledger: if this process is killed before, nothing is ever started.
        ledger.add(self.entry)
        if self.popen.stdin:
            with contextlib.suppress(BrokenPipeError):  # it was killed at once
                self.popen.stdin.write("\n")
                self.popen.stdin.close()

    def stop(self) -> None:
        """Ends the command if it still runs, and whatever it has left behind."""
        for found in self.entry.processes():
            stop_tree(found)
        self.popen.wait()
        if self.popen.stdout:
            self.popen.stdout.close()
        self._ledger.remove(self.entry)

    def stop_leftovers(self) -> None:
        """Ends what was started since this command was and has lost its parent; for one command at a time."""
        for orphan in set(psutil.Process().children()) - self._before:
            stop_tree(orphan, patience_seconds=3)


def _create_time(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:  # it ended at once
        return time.time()
