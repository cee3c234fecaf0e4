"""Measures everything and writes what came of it to bench/results: JSON, and the tables of README.md.

python3 bench/run.py                  # all, half an hour; on a machine that has nothing else to do
python3 bench/run.py --only serving   # one of them
python3 bench/run.py --quick          # whether it works at all; writes to .local/bench
python3 bench/run.py --page           # only the tables, of the JSON files that are there
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from bench.machine import taken
from bench.page import page

ROOT = Path(__file__).resolve().parents[1]
ENVS = ROOT / ".local" / "envs"

Command = tuple[str, list[str], list[str]]
"""Environment, words, and words of the quick form."""

MEASUREMENTS: dict[str, Command] = {
    "training": ("ray_training", ["bench.ray_training", "training", "--repeats", "3"], ["--repeats", "1"]),
    "training-x30": (
        "ray_training",
        ["bench.ray_training", "training", "--scale", "30", "--repeats", "2"],
        ["--scale", "2", "--repeats", "1", "--rounds", "10"],
    ),
    "hand-off": ("ray_training", ["bench.ray_training", "hand-off", "--repeats", "3"], ["--repeats", "1"]),
    "hand-off-x30": (
        "ray_training",
        ["bench.ray_training", "hand-off", "--scale", "30", "--repeats", "3"],
        ["--scale", "2", "--repeats", "1"],
    ),
    "lake": ("local_pipeline", ["bench.lake"], ["--repeats", "1"]),
    "shuffle": ("spark_preprocessing", ["bench.shuffle"], ["--repeats", "1"]),
    "serving": ("bento_serving", ["bench.serving"], ["--seconds", "1", "--repeats", "1"]),
    "pipeline-x30": ("local_pipeline", ["bench.pipeline", "--scale", "30"], ["--scale", "2"]),
    "shuffle-x30": (  # after pipeline-x30, which makes the delivery
        "spark_preprocessing",
        ["bench.shuffle", "--repeats", "1", "--raw-files", ".local/bench/pipeline-x30/delivery"],
        ["--raw-files", ".local/bench/pipeline-x2/delivery"],
    ),
    "kills": ("local_pipeline", ["bench.kills", "--kills", "20", "--seed", "14"], ["--kills", "2"]),
    "plan": ("infra", ["bench.plan", "--repeats", "3"], ["--repeats", "1"]),
    "configurations": ("infra", ["bench.config.generated", "--count", "25000"], ["--count", "500", "--programs", "1"]),
    "placement": ("infra", ["bench.placement"], []),  # as root, the last for whoever is not
}
NEED_NO_RUN = ("lake", "plan", "pipeline-x30", "shuffle-x30", "kills", "configurations", "placement")
"""They take neither features nor a model."""
BY_THEMSELVES = ("platform-kills",)
"""Measured by commands of their own, which want a platform that is up; the page shows what they wrote."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=MEASUREMENTS, help="measure this alone")
    parser.add_argument("--quick", action="store_true", help="once each, and small")
    parser.add_argument("--page", action="store_true", help="measure nothing, and write the tables anew")
    arguments = parser.parse_args()
    results = ROOT / ".local" / "bench" / "quick" if arguments.quick else ROOT / "bench" / "results"
    results.mkdir(parents=True, exist_ok=True)
    names = [] if arguments.page else [arguments.only] if arguments.only else list(MEASUREMENTS)
    if set(names) - set(NEED_NO_RUN):
        # There must be features and a model; what is there is used again.
        subprocess.run([str(ENVS / "local_pipeline" / "bin" / "local-pipeline"), "run"], cwd=ROOT, check=True)
    for name in names:
        environment, words, quick = MEASUREMENTS[name]
        print(f"\n=== {name}", flush=True)
        command = [str(ENVS / environment / "bin" / "python"), "-m", *words, *(quick if arguments.quick else [])]
        output = results / f"{name}.json"
        if subprocess.run([*command, "--output", str(output)], cwd=ROOT, check=False).returncode != 0:
            return 1
        result = json.loads(output.read_text())
        output.write_text(json.dumps({"taken": taken(), **result}, indent=2) + "\n")
    (results / "README.md").write_text(page(results, [*MEASUREMENTS, *BY_THEMSELVES]))
    print(f"\n{results / 'README.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
