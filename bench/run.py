"""Measures everything and writes what came of it to bench/results: JSON, and the tables of README.md.

python3 bench/run.py                  # all, half an hour; on a machine that has nothing else to do
python3 bench/run.py --only serving   # one of them
python3 bench/run.py --quick          # whether it works at all; writes to .local/bench
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
}
MLFLOW_EXPLAINED = (
    "What MLflow's server takes its time for, by a profile of its scorer (`mlflow.pyfunc.scoring_server.invocations`)",
    "with one row of 49 features: 51% to make a pandas frame of the JSON, whose columns it casts one by one; 25% for",
    "holding the frame against the model's signature, column by column again; 22% for XGBoost's reading of the frame.",
    "It is columns that cost, not HTTP: its makers report thousands of requests/s for a trivial model.",
)
PLAN_EXPLAINED = (
    "The floor is a program that registers the same resources with the same engine and nothing else. Two things stand",
    "between it and the plan of dev: the modules of the SDKs that a program of this size imports (`-with-modules`:",
    "the floor with the same ones), and `pulumi.runtime.rpc_manager.wait_for_rpcs`, which starts a task for every",
    "call that was ever made each time that one ends (`-waiting-once`: dev with one task for all). The rest is the",
    "program.",
)
PLACEMENT_EXPLAINED = (
    "## placement",
    "",
    "10,000 pods on 1,000 nodes that kwok pretends (`make test-cluster`), 2026-11-30, beside one other suite, with",
    "GOGC=400 for the control plane: 59 pods/s bound; made in 97 s, all bound after 170 s, all running after 189 s.",
    "CPU per pod, in ms: kube-apiserver 10.1, kube-scheduler 7.7, kube-controller-manager 5.0, kwok 3.0, etcd 1.8, the",
    "test 1.4; 29 in all. So the processor is the limit: two cores place at most 70 pods/s, and 200 take six.",
)
SERVING_FIGURES = {
    "requests_per_second": "requests/s",
    "p50_ms": "p50, ms",
    "p99_ms": "p99, ms",
    "cpu_ms_per_request": "CPU per request, ms",
}
NEED_NO_RUN = ("plan", "pipeline-x30", "shuffle-x30", "kills", "configurations")
"""They take neither features nor a model."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=MEASUREMENTS, help="measure this alone")
    parser.add_argument("--quick", action="store_true", help="once each, and small")
    arguments = parser.parse_args()
    results = ROOT / ".local" / "bench" / "quick" if arguments.quick else ROOT / "bench" / "results"
    results.mkdir(parents=True, exist_ok=True)
    names = [arguments.only] if arguments.only else list(MEASUREMENTS)
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
        output.write_text(json.dumps({"taken": _taken(), **result}, indent=2) + "\n")
    (results / "README.md").write_text(_page(results))
    print(f"\n{results / 'README.md'}")
    return 0


def _taken() -> dict[str, Any]:
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "processor": model,
        "cpus": os.cpu_count(),
        "memory_gib": round(int(memory) / 2**20, 1),
        "system": platform.platform(),
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def _page(results: Path) -> str:
    """The tables of all results that there are."""
    found = {name: json.loads(path.read_text()) for name in MEASUREMENTS if (path := results / f"{name}.json").exists()}
    parts = [
        "# Measurements",
        "",
        "Made by `make bench`; the whole figures are in the JSON files beside. Each figure is a median with its range;",
        "a ratio is one of medians of the same run. The contestants take turns.",
        "",
    ]
    for name, result in found.items():
        taken = result["taken"]
        parts += [
            f"## {name}",
            "",
            f"{taken['day']}, {taken['processor']}, {taken['cpus']} CPUs, {taken['memory_gib']} GiB, {taken['system']};"
            f" {result['repeats']} runs each; load before: {result['load_before']:.2f}",
            "",
            *PAGES.get(name, _processes)(result),
            "",
        ]
    return "\n".join([*parts, *PLACEMENT_EXPLAINED, ""])


def _processes(result: dict[str, Any]) -> list[str]:
    names = list(result["contestants"])
    figures = list(result["contestants"][names[0]])
    table = ["| | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    for figure in figures:
        cells = [_cell(result["contestants"][name][figure]) for name in names]
        table.append(f"| {figure.replace('_', ' ')} | " + " | ".join(cells) + " |")
    ratios = [f"- {key.replace('_', ' ')}: **{value}**" for key, value in result.items() if key.startswith("ratio_")]
    explained = PLAN_EXPLAINED if result["what"] == "plan" else ()
    same = [f"- the same trees: {result['same_trees']}, {result['rounds']} rounds"] if "same_trees" in result else []
    rows = [f"- rows: {result['rows']:,}"] if "rows" in result else []
    return [*table, "", *rows, *same, *ratios, *([""] if explained else []), *explained]


def _serving(result: dict[str, Any]) -> list[str]:
    parts = [
        "Connections x flights in a request; the burst is of 16 x 200.",
        f"Largest difference between any two answers: {result['largest_difference_of_answers']:.1e}",
        "",
    ]
    if goals := result.get("goals"):  # there are none where not all contestants were measured
        parts += [
            "| | model API to FastAPI (goal 0.8) | its p99 to its p50 (goal 3) | pattern A to B (goal 0.45) |",
            "| --- | ---: | ---: | ---: |",
            *(f"| {load} | {' | '.join(f'{value:.2f}' for value in goal.values())} |" for load, goal in goals.items()),
            "",
        ]
    for load, table in result["loads"].items():
        first, figures = next(iter(table.items()))
        shown = [name for name in SERVING_FIGURES if name in figures]
        parts += [
            f"### {load}",
            "",
            f"| | {' | '.join(SERVING_FIGURES[name] for name in shown)} | requests/s against {first} |",
            f"| --- |{' ---: |' * (len(shown) + 1)}",
        ]
        for name, figures in table.items():
            cells = [_cell(figures[figure]) for figure in shown]
            parts.append(f"| {name} | {' | '.join(cells)} | {figures['ratios']['requests_per_second']:.2f} |")
        parts.append("")
    return [*parts, *MLFLOW_EXPLAINED]


def _kills(result: dict[str, Any]) -> list[str]:
    parts = [
        f"Seed {result['seed']}, {result['rows']:,} flights; {result['undisturbed_seconds']:g} s when nobody kills it."
        f" {result['healed']} of {len(result['kills'])} healed, and nothing left over.",
        "",
        "| | killed after, s | how | while | processes it left | healed in, s |",
        "| ---: | ---: | --- | --- | ---: | ---: |",
    ]
    for kill in result["kills"]:
        cells = (
            kill["number"], kill["seconds"], result["forms"][kill["form"]], kill["step"],
            len(kill["left_by_the_kill"]), kill["healed_seconds"] if not kill["faults"] else "not",
        )  # fmt: skip
        parts.append(f"| {' | '.join(map(str, cells))} |")
    return parts


def _configurations(result: dict[str, Any]) -> list[str]:
    return [
        f"Generated with seed {result['seed']}, judged by `bench/config/generated.py`:",
        "",
        *(f"- {what}: {count:,}" for what, count in result["counts"].items()),
        f"- complaints: {result['complaints']}",
    ]


PAGES = {"serving": _serving, "kills": _kills, "configurations": _configurations}
"""Those of other figures than a process'."""


def _cell(value: dict[str, float]) -> str:
    return f"{value['median']:g} ({value['min']:g} to {value['max']:g})"


if __name__ == "__main__":
    sys.exit(main())
