"""Runs the tests, each folder in the environment of the package that it is for, and adds the counts up.

python3 tools/run_tests.py                       # all
python3 tools/run_tests.py ray_training -k alias # one folder; what follows goes to pytest
python3 tools/run_tests.py --cluster             # those that start a Kubernetes

All of them run in lanes, side by side, for most wait for something half of their time: what a folder's tests print is
shown when they have ended. One folder alone is shown as it goes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {
    "platform_contract": "tests/workloads/platform_contract",
    "repository": "tests/repository",
    "infra": "tests/infra",
    "examples": "tests/examples",
    "bento_serving": "tests/workloads/bento_serving",
    "mlflow_tracking": "tests/workloads/mlflow_tracking",
    "spark_preprocessing": "tests/workloads/spark_preprocessing",
    "ray_training": "tests/workloads/ray_training",
    # Processes that they fork must not miss the threads that Ray's tests have started.
    "ray_training_killed": "tests/workloads/ray_training_killed",
    "local_pipeline": "tests/tools/local_pipeline",
    "doctor": "tests/tools/doctor",
    "toolchain": "tests/tools/toolchain",
    "images": "tests/tools/images",
    "localplatform": "tests/tools/localplatform",
    "offline_providers": "tests/tools/offline_providers",
    "end_to_end": "tests/end_to_end",
    "kubernetes_provider": "tests/tools/kubernetes_provider",
    "localcluster": "tests/tools/localcluster",
    "engine": "tests/engine",
    "cluster": "tests/cluster",
    "platform": "tests/platform",
}
Lanes = Sequence[Sequence[str]]
STAGES: Sequence[Lanes] = (
    (
        # Spark and Ray take all that they can get, and one test counts their processes: never two of these at once.
        ("spark_preprocessing", "ray_training", "local_pipeline", "end_to_end"),
        # The quick ones first: a mistake shows early.
        ("platform_contract", "repository", "infra", "examples", "doctor", "images", "localplatform", "mlflow_tracking",
         "ray_training_killed", "bento_serving", "toolchain", "offline_providers"),
    ),
)  # fmt: skip
CLUSTER_STAGES: Sequence[Lanes] = (
    # They start a Kubernetes, or the parts of one, out of the programs of the toolchain.
    (("kubernetes_provider", "engine"), ("localcluster", "cluster")),
    # It wants what `make run` has made, and the machine for itself.
    (("platform",),),
)
ENVIRONMENT_OF = {
    "ray_training_killed": "ray_training",
    "repository": "platform_contract",
    "examples": "infra",
    "doctor": "infra",
    "toolchain": "infra",
    "images": "infra",
    "localplatform": "infra",
    "offline_providers": "infra",
    "kubernetes_provider": "infra",
    "localcluster": "infra",
    "engine": "infra",
    "cluster": "infra",
    "platform": "infra",
    "end_to_end": "local_pipeline",
}
NEED_GO = ("toolchain", "offline_providers")
"""They build programs, the Pulumi engine among them."""
STILL_SECONDS = 60
"""How often it is told what still runs."""


@dataclass(frozen=True)
class Result:
    """What came of the tests of one folder."""

    name: str
    passed: bool
    seconds: float
    counts: dict[str, int]


def run_suite(name: str, options: Sequence[str], folder: Path, output: Path | None = None) -> Result:
    """Runs one folder of tests; what it prints goes to `output`."""
    python = ROOT / ".local" / "envs" / ENVIRONMENT_OF.get(name, name) / "bin" / "python"
    # Tests bring their own contract: one that the caller has set must not be written to.
    environ = {key: value for key, value in os.environ.items() if key != "PLATFORM_CONTRACT"}
    report, started = folder / f"{name}.xml", time.monotonic()
    command = [str(python), "-m", "pytest", FOLDERS[name], f"--junit-xml={report}", *options]
    with output.open("wb") if output else nullcontext() as handle:
        status = subprocess.run(command, cwd=ROOT, env=environ, check=False, stdout=handle, stderr=handle).returncode
    return Result(name, status == 0, time.monotonic() - started, counts(report))


def counts(report: Path) -> dict[str, int]:
    """What a suite's report says; a suite that left none counts as one error."""
    if not report.exists():
        return {"tests": 1, "failures": 0, "errors": 1, "skipped": 0}
    suite = ET.parse(report).getroot().find("testsuite")  # noqa: S314 - pytest wrote it just now
    if suite is None:
        return {"tests": 1, "failures": 0, "errors": 1, "skipped": 0}
    return {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}


@dataclass
class Runner:
    """The lanes of a stage, side by side."""

    options: Sequence[str]
    folder: Path
    left_out: Sequence[str] = ()
    results: list[Result] = field(default_factory=list)
    _running: dict[str, float] = field(default_factory=dict)
    _stopped: bool = False
    _telling: threading.Lock = field(default_factory=threading.Lock)

    def run(self, lanes: Lanes) -> None:
        """All lanes to their ends; Ctrl-C, which the tests get too, begins no other folder."""
        with ThreadPoolExecutor(len(lanes)) as pool:
            waiting = [pool.submit(self._lane, lane) for lane in lanes]
            try:
                told = time.monotonic()
                while not all(one.done() for one in waiting):
                    time.sleep(0.2)
                    if time.monotonic() - told >= STILL_SECONDS:
                        told = time.monotonic()
                        self._tell_what_runs(told)
            except KeyboardInterrupt:
                self._stopped = True
                raise
        for one in waiting:
            one.result()

    def _lane(self, names: Sequence[str]) -> None:
        for name in names:
            if self._stopped or name in self.left_out:
                continue
            self._running[name] = time.monotonic()
            output = self.folder / f"{name}.log"
            result = run_suite(name, self.options, self.folder, output)
            del self._running[name]
            self.results.append(result)
            with self._telling:
                print(f"\n=== {name}, {result.seconds:.0f} s\n{output.read_text(errors='replace')}", flush=True)

    def _tell_what_runs(self, now: float) -> None:
        running = [f"{name} ({now - since:.0f} s)" for name, since in sorted(dict(self._running).items())]
        if running:
            with self._telling:
                print(f"... {', '.join(running)}", flush=True)


def summary(results: Sequence[Result]) -> str:
    """A line for each folder, and the counts of all in the last."""
    lines = [f"  {one.name:<22}{one.counts['tests']:>5} tests{one.seconds:>8.0f} s" for one in results]
    failed = [one.name for one in results if not one.passed]
    total = {key: sum(one.counts[key] for one in results) for key in ("tests", "failures", "errors", "skipped")}
    bad = total["failures"] + total["errors"]
    if failed:
        lines.append(f"failed: {', '.join(failed)}")
    passed = total["tests"] - bad - total["skipped"]
    return "\n".join([*lines, f"{passed} passed, {max(bad, len(failed))} failed, {total['skipped']} skipped"])


def main() -> int:
    cluster = sys.argv[1:2] == ["--cluster"]
    named = [argument for argument in sys.argv[1:2] if argument in FOLDERS]
    options = sys.argv[1 + len(named) + cluster :]
    # What a shell starts in the background is deaf to Ctrl-C, and so is whatever it starts; some tests send one.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder:
        if named:
            results = [run_suite(named[0], options, Path(folder))]
        else:
            left_out = () if shutil.which("go") else NEED_GO
            if left_out and not cluster:
                print(f"left out, for there is no Go on this machine to build programs with: {', '.join(left_out)}")
            runner = Runner(options, Path(folder), left_out)
            try:
                for lanes in CLUSTER_STAGES if cluster else STAGES:
                    runner.run(lanes)
            except KeyboardInterrupt:
                print(f"\n{summary(runner.results)}\nstopped", flush=True)
                return 130
            results = runner.results
    print(f"\n{summary(results)}")
    return 0 if all(one.passed for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
