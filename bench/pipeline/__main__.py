"""The command: ``.local/envs/local_pipeline/bin/python -m bench.pipeline --scale 30 --output pipeline-x30.json``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from local_pipeline.raw_files import land_raw_files
from platform_contract import CONTRACT_VARIABLE, local_contract

from bench.pipeline.history import write_history

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PORT_BASE: Final = 4501


def main() -> int:
    """Runs the pipeline, from raw files to served predictions, on the flights of so many years; nothing is reused."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--scale", type=int, default=30, help="years of flights (%(default)s)")
    parser.add_argument("--output", type=Path, required=True, help="JSON file with the result")
    arguments = parser.parse_args()
    place = REPOSITORY / ".local" / "bench" / f"pipeline-x{arguments.scale}"
    landed, _ = land_raw_files(place)
    delivery = write_history(landed, arguments.scale, place / "delivery")
    contract = local_contract(place / "run" / "data", PORT_BASE)
    shutil.rmtree(place / "run", ignore_errors=True)
    (place / "run").mkdir(parents=True)
    (place / "run" / "contract.json").write_text(contract.model_dump_json(indent=2))
    load_before = os.getloadavg()[0]
    command = [str(Path(sys.executable).with_name("local-pipeline")), "run", "--raw-files", str(delivery)]
    environ = {**os.environ, CONTRACT_VARIABLE: str(place / "run" / "contract.json")}
    done = subprocess.run([*command, "--records", str(place / "run" / "records")], env=environ, check=False)
    if done.returncode != 0:
        return done.returncode
    told = json.loads((place / "run" / "records" / "summary.json").read_text())
    result: dict[str, Any] = {
        "what": f"the whole pipeline on {arguments.scale} years of flights",
        "repeats": 1,
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load_before": load_before,
        "rows": told["rows_in"],
        "tables": told["tables"],
        "contestants": {
            **{step["title"]: _figures(step["seconds"], step["peak_bytes"]) for step in told["steps"]},
            "all": _figures(told["seconds"], told["peak_bytes"]),
        },
        "metrics": told["metrics"],
        "largest_difference": told["largest_difference"],
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


def _figures(seconds: float, peak_bytes: int) -> dict[str, dict[str, float]]:
    figures = {"seconds": round(seconds, 1), "peak_memory_gib": round(peak_bytes / 2**30, 2)}
    return {name: {"median": value, "min": value, "max": value} for name, value in figures.items()}


if __name__ == "__main__":
    sys.exit(main())
