"""The page of all results that there are: bench/results/README.md."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

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
TRAINING_EXPLAINED = (
    "What stands between Ray and twice the plain process at this size: beside the worker, Ray Train 2.60 starts a",
    "controller, a cleaner of placement groups, a manager of data sets, a synchronisation and an autoscaling actor,",
    "and Ray Data its statistics: Python processes each of which imports Ray, about 2 s of CPU, and for none of which",
    "there is a switch (those that have one are off: `ray_training.distributed.cluster`). After the start the ratio is",
    "the second one.",
)
HAND_OFF_EXPLAINED = (
    "The second reading is what the hand-off itself costs. The first has in it the start of the processes that read,",
    "and the memory of the object store, each page of which the kernel gives out when it is first touched, once by the",
    "process that writes it and once by the one that reads. The scheduler of Ray Data took a CPU of its own from the",
    "reader, by a profile (py-spy), until it was made to pause (`ray_training.data.reading.Pause`).",
)
EXPLAINED = {"plan": PLAN_EXPLAINED, "training": TRAINING_EXPLAINED, "hand-off": HAND_OFF_EXPLAINED}
"""What was measured → why it is as it is."""
CPU_OF = "cpu_ms_per_pod_"
SERVING_FIGURES = {
    "requests_per_second": "requests/s",
    "p50_ms": "p50, ms",
    "p99_ms": "p99, ms",
    "cpu_ms_per_request": "CPU per request, ms",
}


def page(results: Path, names: Iterable[str]) -> str:
    """The tables of those measurements that have a result, in their order."""
    found = {name: json.loads(path.read_text()) for name in names if (path := results / f"{name}.json").exists()}
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
    return "\n".join(parts)


def _processes(result: dict[str, Any]) -> list[str]:
    names = list(result["contestants"])
    figures = list(result["contestants"][names[0]])
    table = ["| | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    for figure in figures:
        cells = [_cell(result["contestants"][name][figure]) for name in names]
        table.append(f"| {figure.replace('_', ' ')} | " + " | ".join(cells) + " |")
    ratios = [f"- {key.replace('_', ' ')}: **{value}**" for key, value in result.items() if key.startswith("ratio_")]
    explained = EXPLAINED.get(result["what"], ()) if result.get("scale", 1) == 1 else ()
    same = [f"- the same trees: {result['same_trees']}, {result['rounds']} rounds"] if "same_trees" in result else []
    same += [f"- {key.replace('_', ' ')}: {result[key]}" for key in ("same_data_set", "same_results") if key in result]
    rows = [f"- rows: {result['rows']:,}"] if "rows" in result else []
    spent = [f"- {name}: {seconds:g} s" for name, seconds in result.get("cpu_by_process", {}).items()]
    where = ["", "Where Ray's seconds of CPU go, by process:", "", *spent] if spent else []
    return [*table, "", *rows, *same, *ratios, *([""] if explained else []), *explained, *where]


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


def _platform_kills(result: dict[str, Any]) -> list[str]:
    parts = [
        f"Seed {result['seed']}, {result['rows']:,} flights; {result['undisturbed_seconds']:g} s when nobody kills it."
        f" {result['healed']} of {len(result['kills'])} were healed by the next pipeline, with the same version of the"
        " data set and nothing left over. A reader that looked all the time never saw half a version.",
        "",
        "| | killed at | the reader's looks | healed in, s |",
        "| ---: | --- | ---: | ---: |",
    ]
    for kill in result["kills"]:
        healed = "not" if kill["faults"] else kill["healed_seconds"]
        parts.append(f"| {kill['number']} | {kill['moment']} | {kill['looks']:,} | {healed} |")
    return parts


def _configurations(result: dict[str, Any]) -> list[str]:
    return [
        f"Generated with seed {result['seed']}, judged by `bench/config/generated.py`:",
        "",
        *(f"- {what}: {count:,}" for what, count in result["counts"].items()),
        f"- complaints: {result['complaints']}",
    ]


def _placement(result: dict[str, Any]) -> list[str]:
    shares = {key.removeprefix(CPU_OF): cost for key, cost in result.items() if key.startswith(CPU_OF)}
    cpus = result["taken"]["cpus"]
    most = cpus * 1000 / result["cpu_ms_per_pod"]
    return [
        f"{result['pods']:,} pods on {result['nodes']:,} nodes that kwok pretends (`make test-cluster`), with GOGC=400"
        f" for the control plane: **{result['bound_per_second']:.0f} pods/s bound**; made in"
        f" {result['creating_seconds']:.0f} s, all bound after {result['binding_seconds']:.0f} s, all running after"
        f" {result['running_seconds']:.0f} s.",
        f"CPU per pod, in ms: {', '.join(f'{name} {cost:.1f}' for name, cost in shares.items())};"
        f" {result['cpu_ms_per_pod']:.0f} in all, from its making until it runs. So the processors are the limit:"
        f" {cpus} CPUs take {most:.0f} pods/s all that way.",
    ]


PAGES = {
    "serving": _serving,
    "kills": _kills,
    "platform-kills": _platform_kills,
    "configurations": _configurations,
    "placement": _placement,
}
"""Those of other figures than a process'."""


def _cell(value: dict[str, float]) -> str:
    return f"{value['median']:g} ({value['min']:g} to {value['max']:g})"
