"""The command: ``.local/envs/infra/bin/python -m bench.plan --output plan.json``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("dev", "staging", "prod")
EXPLAINED = "dev"
"""Of this one it is measured, too, where its time goes."""


@dataclass(frozen=True)
class Run:
    """One plan."""

    whole: float
    """Seconds of the process, imports included."""
    plan: float
    """Seconds of the engine's operation."""
    cpu: float
    """Seconds of the process and of the engine that it has started."""
    resources: int
    components: int
    modules: list[str]
    """Of the SDKs, that are loaded at the end."""


def main() -> int:
    """Plans each environment from nothing, and as many resources of the simplest kind: the floor under any program.

    Each plan is a fresh process with an empty state; they take turns, so that what else the machine does hits all.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="plans of each (%(default)s)")
    parser.add_argument("--output", type=Path, required=True, help="JSON file with the result")
    arguments = parser.parse_args()
    load_before = os.getloadavg()[0]
    runs: dict[str, list[Run]] = {}
    # Once for nothing: the first to read the SDKs from the disk would pay for all.
    measure("environment", ENVIRONMENTS[0])
    for turn in range(arguments.repeats):
        for environment in ENVIRONMENTS if turn % 2 == 0 else reversed(ENVIRONMENTS):
            of = measure("environment", environment)
            under = measure("floor", str(of.resources), str(of.components))
            if (under.resources, under.components) != (of.resources, of.components):
                raise SystemExit(f"The floor of {environment} has other resources than it: {under}, {of}.")
            runs.setdefault(environment, []).append(of)
            runs.setdefault(f"{environment}-floor", []).append(under)
            print(f"{environment}: {of.plan:.1f} s; floor {under.plan:.1f} s", flush=True)
            if environment == EXPLAINED:
                for name, run in explained(of).items():
                    runs.setdefault(name, []).append(run)
                    print(f"{name}: {run.plan:.1f} s", flush=True)
    result: dict[str, Any] = {
        "what": "plan",
        "repeats": arguments.repeats,
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load_before": load_before,
        "contestants": {name: _figures(runs[name]) for name in sorted(runs)},
        **{
            f"ratio_{name}": _ratio(runs, name, f"{name.partition('-')[0]}-floor")
            for name in sorted(runs)
            if not name.endswith("-floor")
        },
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


def explained(of: Run) -> dict[str, Run]:
    """What stands between a plan and its floor, each taken away, or added to the floor, by itself."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as modules:
        modules.write("\n".join(of.modules))
        modules.flush()
        return {
            f"{EXPLAINED}-floor-with-modules": measure("modules", str(of.resources), str(of.components), modules.name),
            f"{EXPLAINED}-waiting-once": measure("waiting", EXPLAINED),
        }


def measure(*words: str) -> Run:
    """Plans in a process of its own.

    Raises:
        subprocess.CalledProcessError: the plan has failed; it has said why.
    """
    path = [str(REPOSITORY / "tools" / "offline_providers" / "src"), os.environ.get("PYTHONPATH", "")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "bench.plan.one", *words, home]
        before, started = os.times(), time.monotonic()
        done = subprocess.run(command, cwd=REPOSITORY, env=environ, check=True, stdout=subprocess.PIPE, text=True)
        whole, after = time.monotonic() - started, os.times()
    told = json.loads(done.stdout.splitlines()[-1])
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return Run(whole, told["seconds"], cpu, told["resources"], told["components"], told["modules"])


def _figures(runs: list[Run]) -> dict[str, dict[str, float]]:
    return {
        "resources": _figure([run.resources for run in runs]),
        "components": _figure([run.components for run in runs]),
        "whole_seconds": _figure([run.whole for run in runs]),
        "plan_seconds": _figure([run.plan for run in runs]),
        "cpu_seconds": _figure([run.cpu for run in runs]),
    }


def _figure(values: list[int] | list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 2),
        "min": round(min(values), 2),
        "max": round(max(values), 2),
    }


def _ratio(runs: dict[str, list[Run]], name: str, beside: str) -> float:
    """Of the plans' medians."""
    of, under = (statistics.median(run.plan for run in runs[one]) for one in (name, beside))
    return round(of / under, 3)


if __name__ == "__main__":
    sys.exit(main())
