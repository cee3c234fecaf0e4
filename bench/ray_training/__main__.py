"""The command: ``.local/envs/ray_training/bin/python -m bench.ray_training training --output training.json``."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from platform_contract import find_repository, load_contract

from bench.ray_training import contestants
from bench.ray_training.scaled import scaled
from bench.watched import GIB, Watched, cost, largest, ratio, run_watched, summary
from ray_training.settings import BoostingSettings


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
def main() -> None:
    """Measures training with Ray, and the hand-off from Spark to Ray, against plain processes.

    Each run is a fresh process; the contestants take turns, so that what else the machine does hits both. Run it from
    the repository's folder.
    """


def measured(command: Callable[..., None]) -> Callable[..., None]:
    """Options that both measurements have."""
    for option in reversed(
        (
            click.option("--scale", type=click.IntRange(1), default=1, help="How many times over the rows are taken."),
            click.option("--repeats", type=click.IntRange(1), default=3, help="Runs of each contestant."),
            click.option("--output", type=click.Path(path_type=Path), required=True, help="JSON file with the result."),
            click.option("--features", default=None, help="Where the data set is; default: the contract's features."),
        )
    ):
        command = option(command)
    return command


@main.command()
@measured
@click.option("--rounds", type=click.IntRange(1), default=BoostingSettings().rounds, help="Upper limit of rounds.")
def training(scale: int, repeats: int, output: Path, features: str | None, rounds: int) -> None:
    """Ray training against the same trees in one plain process."""
    place = _place(features, scale)
    runs = _alternate(["train-plainly", "train-with-ray"], place, repeats, "--rounds", str(rounds))
    plain, with_ray = runs.values()
    told = [run.told for run in (*plain, *with_ray)]
    result = {
        **_conditions("training", scale, repeats),
        "rounds": told[0]["rounds"],
        "auc": sorted({round(run["auc"], 6) for run in told}),
        "same_trees": len({run["trees"] for run in told}) == 1,
        "contestants": {name: _figures(of, "work") for name, of in runs.items()},
        "ratio_whole": ratio(with_ray, plain, lambda run: run.wall),
        "ratio_after_start": ratio(with_ray, plain, lambda run: float(run.told["work"])),
        "ratio_cpu": ratio(with_ray, plain, lambda run: run.cpu),
        "ratio_peak_memory": ratio(with_ray, plain, lambda run: float(run.peak_pss)),
        "timings": {name: [run.told["timings"] for run in of] for name, of in runs.items()},
        "cpu_by_process": largest(with_ray),
    }
    _write(result, output)
    same = "the same trees" if result["same_trees"] else "NOT the same trees"
    click.echo(
        f"x{scale}, {result['rounds']} rounds, {same}: Ray takes {result['ratio_whole']:.2f} times the plain process,"
        f" {result['ratio_after_start']:.2f} times after the start"
    )


@main.command("hand-off")
@measured
def hand_off(scale: int, repeats: int, output: Path, features: str | None) -> None:
    """Ray Data reading Spark's Parquet into numpy against pyarrow doing the same."""
    place = _place(features, scale)
    runs = _alternate(["read-plainly", "read-with-ray"], place, repeats)
    plain, with_ray = runs.values()
    result = {
        **_conditions("hand-off", scale, repeats),
        "rows": plain[0].told["rows"],
        "contestants": {name: {**_figures(of, "first"), **_spread("second", of)} for name, of in runs.items()},
        "ratio_whole": ratio(with_ray, plain, lambda run: run.wall),
        "ratio_first_read": ratio(with_ray, plain, lambda run: float(run.told["first"])),
        "ratio_second_read": ratio(with_ray, plain, lambda run: float(run.told["second"])),
        "cpu_by_process": largest(with_ray),
    }
    _write(result, output)
    click.echo(
        f"x{scale}, {result['rows']:,} rows: Ray Data takes {result['ratio_first_read']:.2f} times what pyarrow takes,"
        f" {result['ratio_second_read']:.2f} times once its processes run"
    )


def _scratch() -> Path:
    return find_repository() / ".local" / "bench" / "ray_training"


def _place(features: str | None, scale: int) -> str:
    return scaled(features or load_contract().lake.features, scale, _scratch())


def _alternate(names: list[str], place: str, repeats: int, *options: str) -> dict[str, list[Watched]]:
    runs: dict[str, list[Watched]] = {name: [] for name in names}
    for turn in range(repeats):
        for name in names if turn % 2 == 0 else reversed(names):
            run = run_watched("bench.ray_training", name, "--features", place, *options)
            click.echo(f"{name}: {run.wall:.1f} s, {run.cpu:.1f} s of CPU, {run.peak_pss / GIB:.2f} GiB")
            runs[name].append(run)
    return runs


def _conditions(what: str, scale: int, repeats: int) -> dict[str, Any]:
    return {
        "what": what,
        "scale": scale,
        "repeats": repeats,
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }


def _figures(runs: list[Watched], part: str) -> dict[str, Any]:
    return {
        "whole_seconds": summary([run.wall for run in runs]),
        **_spread(part, runs),
        **cost(runs),
    }


def _spread(part: str, runs: list[Watched]) -> dict[str, Any]:
    return {f"{part}_seconds": summary([float(run.told[part]) for run in runs])}


def _write(result: dict[str, Any], output: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


@main.command("train-plainly", hidden=True)
@click.option("--features", required=True)
@click.option("--rounds", type=int, required=True)
def train_plainly(features: str, rounds: int) -> None:
    """One run of the plain process."""
    threads = load_contract().ray.cpus_per_worker
    click.echo(json.dumps(contestants.train_plainly(features, BoostingSettings(rounds=rounds), threads)))


@main.command("train-with-ray", hidden=True)
@click.option("--features", required=True)
@click.option("--rounds", type=int, required=True)
def train_with_ray(features: str, rounds: int) -> None:
    """One run with Ray."""
    settings = contestants.ray_settings_in(_scratch(), load_contract().ray)
    click.echo(json.dumps(contestants.train_with_ray(features, BoostingSettings(rounds=rounds), settings)))


@main.command("read-plainly", hidden=True)
@click.option("--features", required=True)
def read_plainly(features: str) -> None:
    """One reading by pyarrow."""
    click.echo(json.dumps(contestants.read_plainly(features)))


@main.command("read-with-ray", hidden=True)
@click.option("--features", required=True)
def read_with_ray(features: str) -> None:
    """One reading by Ray Data."""
    settings = contestants.ray_settings_in(_scratch(), load_contract().ray)
    click.echo(json.dumps(contestants.read_with_ray(features, settings)))


if __name__ == "__main__":
    main()
