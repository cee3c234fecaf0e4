"""What was started is stopped, with all below it, by its own pid and by nothing else."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from local_pipeline.processes import Ledger, MemoryWatch, Running, Started, adopt_orphans, memory_bytes, stop_tree

SLEEP = "import time; time.sleep(300)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); {SLEEP}"
PARENT = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {child!r}]);"
    " print(child.pid, flush=True); import time; time.sleep({seconds})"
)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "processes.json")


@pytest.fixture
def stranger() -> Iterator[psutil.Process]:
    """A process that nobody here may touch."""
    with subprocess.Popen([sys.executable, "-c", SLEEP]) as process:
        yield psutil.Process(process.pid)
        process.kill()


def start(ledger: Ledger, code: str) -> Running:
    command = [sys.executable, "-c", code]
    return Running("it", command, ledger=ledger, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, environ={})


def first_line(running: Running) -> str:
    assert running.popen.stdout is not None
    return str(running.popen.stdout.readline().strip())


def test_stopping_a_process_stops_what_it_had_started(ledger: Ledger, stranger: psutil.Process) -> None:
    running = start(ledger, PARENT.format(child=SLEEP, seconds=300))
    child = int(first_line(running))
    running.stop()
    assert not psutil.pid_exists(child)
    assert not psutil.pid_exists(running.popen.pid)
    assert ledger.read() == []
    assert stranger.is_running()


def test_a_process_that_ignores_the_request_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        stop_tree(psutil.Process(process.pid), patience_seconds=0.2)
    assert not psutil.pid_exists(process.pid)


def test_what_a_command_left_behind_is_found_and_stopped(ledger: Ledger, stranger: psutil.Process) -> None:
    adopt_orphans()
    running = start(ledger, PARENT.format(child=SLEEP, seconds=0))
    child = int(first_line(running))
    running.popen.wait()
    assert psutil.pid_exists(child)
    running.stop()
    running.stop_leftovers()
    assert not psutil.pid_exists(child)
    assert stranger.is_running()


def test_the_next_run_stops_what_a_killed_one_has_left(tmp_path: Path, ledger: Ledger) -> None:
    killed = (
        "import subprocess, sys, os; from pathlib import Path; from local_pipeline.processes import Ledger, Running;"
        f" Running('server', [sys.executable, '-c', {SLEEP!r}], ledger=Ledger(Path({str(tmp_path)!r}) /"
        " 'processes.json'), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, environ={});"
        " os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == -9
    (entry,) = ledger.read()
    assert len(entry.processes()) == 1
    assert ledger.stop_all() == ["server"]
    assert entry.processes() == []
    assert ledger.stop_all() == []


def test_a_run_that_is_killed_before_it_could_write_down_what_it_starts_starts_nothing(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, os; from pathlib import Path; from local_pipeline.processes import Ledger, Running\n"
        "class Killed(Ledger):\n"
        "    def add(self, started): print(started.pid, flush=True); os.kill(os.getpid(), 9)\n"
        f"Running('it', ['touch', {str(tmp_path / 'ran')!r}], stdout=subprocess.DEVNULL,"
        f" stderr=subprocess.DEVNULL, environ={{}}, ledger=Killed(Path({str(tmp_path / 'ledger')!r})))"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False, text=True, stdout=subprocess.PIPE)
    assert killed.returncode == -9
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(killed.stdout)).wait(timeout=300)
    assert not (tmp_path / "ran").exists()


def test_a_suspended_process_can_end_as_it_is_asked_to(tmp_path: Path, ledger: Ledger) -> None:
    ended = tmp_path / "ended"
    running = start(
        ledger,
        f"import signal; signal.signal(signal.SIGTERM, lambda *_: (open({str(ended)!r}, 'w'), exit()));"
        f" print('up', flush=True); {SLEEP}",
    )
    first_line(running)
    psutil.Process(running.popen.pid).suspend()
    running.stop()
    assert ended.exists()


def test_what_outlived_a_step_of_a_killed_run_is_stopped_too(ledger: Ledger, stranger: psutil.Process) -> None:
    running = start(ledger, PARENT.format(child=SLEEP, seconds=0))
    child = psutil.Process(int(first_line(running)))
    running.popen.wait()
    assert child.is_running()
    assert ledger.stop_all() == ["it"]
    gone, _ = psutil.wait_procs([child], timeout=120)
    assert gone == [child]
    running.stop()
    assert stranger.is_running()


def test_a_process_that_has_the_pid_of_an_ended_one_is_not_touched(ledger: Ledger, stranger: psutil.Process) -> None:
    ledger.add(Started("ended long ago", stranger.pid, stranger.create_time() - 1000))
    assert ledger.stop_all() == []
    assert stranger.is_running()


def test_a_ledger_that_cannot_be_read_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "processes.json").write_text('[{"name"')
    assert Ledger(tmp_path / "processes.json").read() == []


def test_the_memory_of_children_is_counted() -> None:
    watch = MemoryWatch(interval_seconds=0.05)
    watch.start()
    alone = memory_bytes(psutil.Process(os.getpid()))
    hold = f"held = bytearray(200 * 2**20); print('up', flush=True); {SLEEP}"
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seen_until = time.monotonic() + 300
        while watch.peak_bytes < alone + 200 * 2**20 and time.monotonic() < seen_until:
            time.sleep(0.05)
        process.kill()
    watch.stop()
    assert watch.peak_bytes >= alone + 200 * 2**20
    watch.start_stretch()
    assert watch.stretch_peak_bytes == 0
