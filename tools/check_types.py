"""Checks types strictly, each package and its tests in the environment that they run in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHECKED = {
    "platform_contract": ("workloads/platform_contract/src", "tests/workloads/platform_contract", "tests/repository"),
    "spark_preprocessing": (
        "workloads/spark_preprocessing/src",
        "tests/workloads/spark_preprocessing",
        "bench/shuffle",
    ),
    "ray_training": (
        "workloads/ray_training/src",
        "tests/workloads/ray_training",
        "tests/workloads/ray_training_killed",
        "tests/support/workloads/synthetic_dataset.py",
        "bench/ray_training",
        "bench/watched.py",
    ),
    "mlflow_tracking": ("workloads/mlflow_tracking/src", "tests/workloads/mlflow_tracking"),
    "bento_serving": ("workloads/bento_serving/src", "tests/workloads/bento_serving", "bench/serving"),
    "infra": (
        "infra/mlplatform",
        "infra/mlplatform_policy",
        "infra/mlplatform_cost",
        "tests/conftest.py",
        "tests/infra",
        "tests/examples",
        "examples/consumer/delay_reports.py",
        "tools/offline_providers/src",
        "tests/tools/offline_providers",
        "tests/tools/kubernetes_provider",
        "tests/engine",
        "tests/cluster",
        "bench/config",
        "bench/plan",
        "bench/platform_kills",
        "tools/doctor",
        "tests/tools/doctor",
        "tools/images",
        "tests/tools/images",
        "tools/localcluster",
        "tests/tools/localcluster",
        "tools/localplatform",
        "tests/tools/localplatform",
        "tests/platform",
    ),
    "local_pipeline": (
        "tools/local_pipeline/src",
        "tests/tools/local_pipeline",
        "tests/end_to_end",
        "tests/support/workloads/pipeline_site.py",
        "bench/run.py",
        "bench/machine.py",
        "bench/page.py",
        "bench/lake",
        "bench/placement",
        "bench/pipeline",
        "bench/kills",
        "tools/endings.py",
        "tools/environments.py",
        "tools/toolchain",
        "tests/tools/toolchain",
        "tools/run_tests.py",
        "tools/rds_certificates.py",
        "tools/check_types.py",
        "tools/screenshots.py",
    ),
}


def main() -> int:
    failed = []
    for package, paths in CHECKED.items():
        there = [path for path in paths if (ROOT / path).exists()]
        python = ROOT / ".local" / "envs" / package / "bin" / "python"
        print(f"types: {package}", flush=True)
        mypy = [str(ROOT / ".local/envs/checks/bin/mypy"), "--no-error-summary", "--python-executable", str(python)]
        if subprocess.run([*mypy, *there], cwd=ROOT, check=False).returncode != 0:
            failed.append(package)
    if failed:
        print(f"types: faults in {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
