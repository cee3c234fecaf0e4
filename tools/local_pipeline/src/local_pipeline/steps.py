"""One step of the pipeline: a console command of a workload package, watched until it ends."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from local_pipeline.failures import why_it_failed
from local_pipeline.faults import PipelineError
from local_pipeline.processes import Ledger, MemoryWatch, Running


@dataclass(frozen=True)
class Workspace:
    """Where a run finds the commands and keeps its own records."""

    environments: Path
    logs: Path
    ledger: Ledger
    environ: Mapping[str, str]
    console: Console
    memory: MemoryWatch

    def command(self, package: str, name: str) -> str:
        """The console command of a package, in the package's own environment."""
        path = self.environments / package / "bin" / name
        if not path.exists():
            raise PipelineError(f"{path} is not there: run 'make run', which makes the environments.")
        return str(path)


@dataclass(frozen=True)
class StepResult:
    """What a step did and what it took."""

    title: str
    seconds: float
    peak_bytes: int
    summary: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reused(self) -> bool:
        return bool(self.summary.get("reused"))


def run_step(workspace: Workspace, title: str, package: str, words: tuple[str, ...]) -> StepResult:
    """Runs a command to its end, showing its progress lines.

    Args:
        workspace: where the run is.
        title: what the step does, for a person.
        package: whose environment it runs in.
        words: the command and its arguments; its last line of output is a JSON object.

    Raises:
        PipelineError: it failed; with its own message, or the end of its log.
    """
    name = "-".join(words)
    log = workspace.logs / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    workspace.memory.start_stretch()
    started, last = time.monotonic(), ""
    with log.open("w", encoding="utf-8") as errors:
        running = Running(
            name,
            [workspace.command(package, words[0]), *words[1:]],
            ledger=workspace.ledger,
            stdout=subprocess.PIPE,
            stderr=errors,
            environ=workspace.environ,
        )
        try:
            for line in running.popen.stdout or ():
                last = line.strip() or last
                if last and not last.startswith("{"):
                    workspace.console.print(f"      {last}", style="dim", highlight=False, markup=False)
            status = running.popen.wait()
        finally:
            running.stop()
            running.stop_leftovers()
    if status != 0:
        how = f"was killed by signal {-status}" if status < 0 else f"failed with status {status}"
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise PipelineError(why_it_failed(title, status, lines, how=how, log=f"its log, {log}"))
    try:
        summary = json.loads(last)
    except json.JSONDecodeError as error:
        raise PipelineError(f"{title}: '{name}' ended without its summary; its log is {log}.") from error
    return StepResult(title, time.monotonic() - started, workspace.memory.stretch_peak_bytes, summary)
