"""Runs the tests, each folder in the environment of the package that it is for, and adds the counts up.

python3 tools/run_tests.py                       # all
python3 tools/run_tests.py ray_training -k alias # one folder; what follows goes to pytest
python3 tools/run_tests.py --cluster             # those that start a Kubernetes
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUITES = {
    # The quick ones first: a mistake shows early.
    "platform_contract": "tests/workloads/platform_contract",
    "repository": "tests/repository",
    "infra": "tests/infra",
    "examples": "tests/examples",
    "bento_serving": "tests/workloads/bento_serving",
    "mlflow_tracking": "tests/workloads/mlflow_tracking",
    "spark_preprocessing": "tests/workloads/spark_preprocessing",
    "ray_training": "tests/workloads/ray_training",
    "local_pipeline": "tests/tools/local_pipeline",
    "doctor": "tests/tools/doctor",
    "toolchain": "tests/tools/toolchain",
    "images": "tests/tools/images",
    "localplatform": "tests/tools/localplatform",
    "offline_providers": "tests/tools/offline_providers",
    "end_to_end": "tests/end_to_end",
}
CLUSTER_SUITES = {
    # They start a Kubernetes, or the parts of one, out of the programs of the toolchain.
    "kubernetes_provider": "tests/tools/kubernetes_provider",
    "localcluster": "tests/tools/localcluster",
    "engine": "tests/engine",
    "cluster": "tests/cluster",
    # Last: it wants what `make run` has made, and the machine for itself.
    "platform": "tests/platform",
}
ENVIRONMENT_OF = {
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
ALL_SUITES = SUITES | CLUSTER_SUITES
NEED_GO = ("toolchain", "offline_providers")
"""They build programs, the Pulumi engine among them."""


def run_suite(name: str, options: list[str], report: Path) -> int:
    """Runs one folder of tests; pytest's exit status."""
    python = ROOT / ".local" / "envs" / ENVIRONMENT_OF.get(name, name) / "bin" / "python"
    print(f"\n=== {name}", flush=True)
    # Tests bring their own contract: one that the caller has set must not be written to.
    environ = {key: value for key, value in os.environ.items() if key != "PLATFORM_CONTRACT"}
    command = [str(python), "-m", "pytest", ALL_SUITES[name], f"--junit-xml={report}", *options]
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


def counts(report: Path) -> dict[str, int]:
    """What a suite's report says; a suite that left none counts as one error."""
    if not report.exists():
        return {"tests": 1, "failures": 0, "errors": 1, "skipped": 0}
    suite = ET.parse(report).getroot().find("testsuite")  # noqa: S314 - pytest wrote it just now
    if suite is None:
        return {"tests": 1, "failures": 0, "errors": 1, "skipped": 0}
    return {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}


def main() -> int:
    cluster = sys.argv[1:2] == ["--cluster"]
    named = [argument for argument in sys.argv[1:2] if argument in ALL_SUITES]
    options = sys.argv[1 + len(named) + cluster :]
    suites = CLUSTER_SUITES if cluster else SUITES
    names = named or [name for name, folder in suites.items() if (ROOT / folder).is_dir()]
    if not named and shutil.which("go") is None:
        print(f"left out, for there is no Go on this machine to build programs with: {', '.join(NEED_GO)}")
        names = [name for name in names if name not in NEED_GO]
    failed, total = [], {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    with tempfile.TemporaryDirectory() as folder:
        lines = []
        for name in names:
            report, started = Path(folder) / f"{name}.xml", time.monotonic()
            status = run_suite(name, options, report)
            found = counts(report)
            total = {key: total[key] + found[key] for key in total}
            if status != 0:
                failed.append(name)
            lines.append(f"  {name:<22}{found['tests']:>5} tests{time.monotonic() - started:>8.0f} s")
    bad = total["failures"] + total["errors"]
    print("\n" + "\n".join(lines))
    if failed:
        print(f"failed: {', '.join(failed)}")
    print(
        f"{total['tests'] - bad - total['skipped']} passed, {max(bad, len(failed))} failed, {total['skipped']} skipped"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
