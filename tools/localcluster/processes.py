"""Programs that stay: each has a log and a file with its process and start time, so that no stranger is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.localcluster.layout import BASE, LocalClusterError

GRACE = 10.0


def start_time(pid: int) -> str | None:
    """When a process began, in ticks; None when there is none, or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] == "Z" else fields[19]


def start(name: str, command: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
    """Starts a program that outlives this one."""
    for folder in ("run", "logs"):
        (BASE / folder).mkdir(parents=True, exist_ok=True)
    with (BASE / "logs" / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=BASE,
            env={**os.environ, "HOME": str(BASE), **(variables or {})},
        )  # fmt: skip
    (BASE / "run" / f"{name}.pid").write_text(f"{process.pid} {start_time(process.pid)}")


def pid_of(path: Path) -> int | None:
    """The process of a pid file, if it is still the one that was started."""
    try:
        pid, began = path.read_text().split()
    except (OSError, ValueError):
        return None
    return int(pid) if start_time(int(pid)) == began else None


def table() -> dict[str, int | None]:
    """Name → process, None for one that has ended."""
    return {path.stem: pid_of(path) for path in sorted((BASE / "run").glob("*.pid"))}


def all_run() -> bool:
    """Whether the cluster is up: one of its programs that has ended is enough for no."""
    found = table()
    return bool(found) and all(found.values())


def end(pids: Sequence[int], grace: float = GRACE) -> None:
    """Asks processes to end, then makes them."""
    began = {pid: start_time(pid) for pid in pids}
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, grace)):
        left = [pid for pid in pids if began[pid] is not None and start_time(pid) == began[pid]]
        for pid in left:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        until = time.monotonic() + seconds
        while time.monotonic() < until and any(start_time(pid) == began[pid] for pid in left):
            time.sleep(0.1)


def run(*command: str, said: str | None = None, check: bool = True) -> str:
    """A command to its end; what it prints."""
    done = subprocess.run(command, input=said, capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise LocalClusterError(f"`{' '.join(command)}` failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout
