"""Sites to train in: a contract in a folder of its own, and the command run as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platform_contract import PlatformContract, local_contract
from ray_training.distributed.cluster import FOLDER, PREFIX

ROUNDS = "40"
"""Of every training that is compared with another."""

AGENTS = ("ray::DashboardAgent", "ray::RuntimeEnvAgent")
"""They outlive a killed cluster by a minute, and do nothing but wait for it."""


@dataclass(frozen=True)
class Site:
    """One environment in a folder of its own."""

    folder: Path
    contract: PlatformContract

    @classmethod
    def make(cls, folder: Path, *, workers: int = 1, cpus_per_worker: int = 2, **changes: Any) -> Site:
        """Writes the contract; `changes` replace parts of it."""
        contract = local_contract(folder)
        ray = contract.ray.model_copy(
            update={"workers": workers, "cpus_per_worker": cpus_per_worker, "object_store_mib": 100}
        )
        contract = contract.model_copy(update={"ray": ray, **changes})
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "contract.json").write_text(contract.model_dump_json())
        return cls(folder, contract)

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "PLATFORM_CONTRACT": str(self.folder / "contract.json")}

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Starts the command in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "ray_training.cli", *words],
            env=self.environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs the command to its end; nothing that it started may be left."""
        process = self.start(*words)
        stdout, stderr = process.communicate(timeout=600)
        wait_for(lambda: not processes_of(process.pid), "Ray's processes to end")
        assert not leftovers(process.pid), "the command has left a folder behind"
        return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)

    def summary(self, *words: str) -> dict[str, Any]:
        """Runs the command, which must succeed; its last line."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr[-4000:]
        summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return summary


@dataclass(frozen=True)
class TrainedSite:
    """A site with a champion."""

    site: Site
    summary: dict[str, Any]


def leftovers(pid: int) -> list[Path]:
    """Temporary folders that the command of that pid has made."""
    return list(Path(FOLDER).glob(f"{PREFIX}{pid}-*"))


def processes_of(pid: int) -> dict[int, str]:
    """Pid and command line of what the command of that pid has started and what runs still: all is in its session.

    Ray's workers call themselves ``ray::…`` and are known by nothing else.
    """
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            if os.getsid(int(entry.name)) == pid != int(entry.name) and state != "Z":
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found[int(entry.name)] = command[:200]
        except OSError:
            continue
    return found


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 300) -> None:
    """Polls until `condition` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)
