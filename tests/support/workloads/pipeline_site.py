"""A place of its own for runs of the whole pipeline: data, records, home and ports."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from free_ports import free_port_base
from platform_contract import local_contract

ROOT = Path(__file__).resolve().parents[3]
PIPELINE = str(ROOT / ".local" / "envs" / "local_pipeline" / "bin" / "local-pipeline")

HEARD = "heard.json"
"""What listened while the first run was at work, in a site's folder."""


@dataclass(frozen=True)
class Site:
    """Where the runs of a test happen, and how they are started."""

    folder: Path

    @property
    def records(self) -> Path:
        return self.folder / "run"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def contract(self) -> Path:
        return self.folder / "contract.json"

    @property
    def environ(self) -> Mapping[str, str]:
        return {**os.environ, "PLATFORM_CONTRACT": str(self.contract), "HOME": str(self.home)}

    def command(self, *words: str) -> list[str]:
        return [PIPELINE, *words, "--records", str(self.records)]

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            env=self.environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )

    def call(self, *words: str) -> tuple[int, str]:
        with self.start(*words) as process:
            told, _ = process.communicate()
        return process.returncode, told

    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.records / "summary.json").read_text())
        return found

    def processes(self) -> list[psutil.Process]:
        """Every process on this machine that was started for this site."""
        wanted, found = {str(self.contract), str(self.records / "contract.json")}, []
        for process in psutil.process_iter():
            try:
                if process.environ().get("PLATFORM_CONTRACT") in wanted and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found


def make_site(folder: Path) -> Site:
    """A site below `folder` on which nothing has run."""
    site = Site(folder)
    site.home.mkdir(parents=True)
    site.contract.write_text(local_contract(folder / "data", free_port_base(20000, 30000)).model_dump_json())
    return site
