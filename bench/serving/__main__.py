"""The command: ``.local/envs/bento_serving/bin/python -m bench.serving --output serving.json``."""

from __future__ import annotations

import json
import os
import platform
import statistics
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from platform_contract import find_repository, load_contract
from platform_contract.model_file import shared_model_path

from bench.serving.contestants import (
    EMBEDDED,
    FASTAPI,
    MODEL_API,
    SHARED,
    Contestant,
    Question,
    bodies,
    contestants,
    questions,
    running,
)
from bench.serving.load import AFTER_BURST, BURST, BURST_SECONDS, LOADS, Answered, apply

TOLERANCE = 1e-6
QUESTIONS = 100
GOAL_NAMES = (FASTAPI, MODEL_API, EMBEDDED, SHARED)


@dataclass(frozen=True)
class Figures:
    """What a server did under a load, and the CPU time of all its processes for one request.

    The latter says what a request costs also where the machine has other things to do.
    """

    answered: Answered
    cpu_ms: float


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--seconds", type=click.FloatRange(min=0.5), default=8.0, help="How long each load is applied.")
@click.option("--repeats", type=click.IntRange(1), default=3, help="Starts of each server.")
@click.option("--only", multiple=True, help="A contestant to measure; all if none is named.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="JSON file with the result.")
def main(seconds: float, repeats: int, only: tuple[str, ...], output: Path) -> None:
    """Measures the services against what people would pick instead: FastAPI, LitServe, Ray Serve, MLflow.

    A server at a time is started, asked and stopped; they take turns, so that what else the machine does hits all.
    The client is part of what is measured, and the same for all. 'make run' must have made a model.
    """
    contract = load_contract()
    if not shared_model_path(contract.shared_files.models).exists():
        raise click.ClickException("There is no model to serve: 'make run' makes one.")
    scratch = find_repository() / ".local" / "bench" / "serving"
    scratch.mkdir(parents=True, exist_ok=True)
    entrants = [one for one in contestants(contract, scratch) if not only or one.name in only]
    measured = (*LOADS, AFTER_BURST)
    asked = {load: questions(contract, load.rows, QUESTIONS) for load in (*measured, BURST)}
    found: dict[str, dict[str, list[Figures]]] = {
        entrant.name: {load.name: [] for load in measured} for entrant in entrants
    }
    answers: dict[str, list[float]] = {}
    for turn in range(repeats):
        for entrant in entrants if turn % 2 == 0 else reversed(entrants):
            with running(entrant, scratch / "servers.log") as server:
                address = server.address
                answers[entrant.name] = _answers(entrant, address, asked[LOADS[-1]][0])
                for load in measured:
                    if load.after_burst:
                        apply(address, entrant.path, bodies(entrant, asked[BURST]), BURST, BURST_SECONDS)
                    before = server.cpu_seconds()
                    answered = apply(address, entrant.path, bodies(entrant, asked[load]), load, seconds)
                    taken = 1000 * (server.cpu_seconds() - before) / answered.requests
                    found[entrant.name][load.name].append(Figures(answered, taken))
                    click.echo(
                        f"{entrant.name}, {load.name}: {answered.requests_per_second:.0f} requests/s,"
                        f" p50 {answered.p50:.1f} ms, p99 {answered.p99:.1f} ms, {taken:.2f} ms of CPU each"
                    )
    apart = _spread(list(answers.values()))
    result = {
        "what": "serving",
        "seconds": seconds,
        "repeats": repeats,
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
        "largest_difference_of_answers": apart,
        "loads": {load.name: _compared(entrants, load.name, found) for load in measured},
        "goals": _goals(found) if set(GOAL_NAMES) <= set(found) else {},
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if apart > TOLERANCE:
        raise click.ClickException(f"They do not serve the same model: answers differ by {apart}.")


def _answers(entrant: Contestant, address: str, question: Question) -> list[float]:
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{address}{entrant.path}", bodies(entrant, [question])[0], {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - as above
        return list(entrant.answers(json.load(response)))


def _spread(answers: list[list[float]]) -> float:
    return float(max(max(row) - min(row) for row in zip(*answers, strict=True)))


def _goals(found: dict[str, dict[str, list[Figures]]]) -> dict[str, dict[str, float]]:
    """What the services are held to, per load: each a ratio of medians of this run."""

    def median(name: str, load: str, figure: str) -> float:
        return float(statistics.median(getattr(run.answered, figure) for run in found[name][load]))

    return {
        load: {
            "model_api_to_fastapi": round(
                median(MODEL_API, load, "requests_per_second") / median(FASTAPI, load, "requests_per_second"), 3
            ),
            "model_api_p99_to_p50": round(median(MODEL_API, load, "p99") / median(MODEL_API, load, "p50"), 2),
            "pattern_a_to_pattern_b": round(
                median(EMBEDDED, load, "requests_per_second") / median(SHARED, load, "requests_per_second"), 3
            ),
        }
        for load in found[MODEL_API]
    }


def _compared(
    entrants: list[Contestant], load: str, found: dict[str, dict[str, list[Figures]]]
) -> dict[str, dict[str, Any]]:
    """Medians with their range, and ratios of medians to those of the first contestant."""
    table: dict[str, dict[str, Any]] = {}
    for entrant in entrants:
        runs = found[entrant.name][load]
        figures: dict[str, Any] = {
            name: {
                "median": round(statistics.median(values), 2),
                "min": round(min(values), 2),
                "max": round(max(values), 2),
            }
            for name, values in {
                "requests_per_second": [run.answered.requests_per_second for run in runs],
                "p50_ms": [run.answered.p50 for run in runs],
                "p99_ms": [run.answered.p99 for run in runs],
                "cpu_ms_per_request": [run.cpu_ms for run in runs],
            }.items()
        }
        first = table.get(entrants[0].name, figures)
        figures["ratios"] = {
            name: round(figures[name]["median"] / first[name]["median"], 3)
            for name in ("requests_per_second", "p50_ms", "p99_ms", "cpu_ms_per_request")
        }
        table[entrant.name] = figures
    return table


if __name__ == "__main__":
    main()
