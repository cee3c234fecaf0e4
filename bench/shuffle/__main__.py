"""The command: ``.local/envs/spark_preprocessing/bin/python -m bench.shuffle --output shuffle.json``."""

from __future__ import annotations

import json
import os
import platform
import shutil
from pathlib import Path
from typing import Any, Final

import click
from platform_contract import find_repository, load_contract, local_contract

from bench.watched import GIB, Watched, cost, ratio, run_watched, summary, told_seconds

PARTITIONS: Final = (4, 64, 200)
"""What was fixed once; what the contract of one machine renders to; Spark's own default."""
FOLDER: Final = "nycflights13"
PORT_BASE: Final = 4601


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Runs of each contestant.")
@click.option("--raw-files", type=click.Path(path_type=Path), help="A delivery; default: that of `make run`.")
@click.option("--output", type=click.Path(path_type=Path), help="JSON file with the result.")
@click.pass_context
def main(context: click.Context, repeats: int, raw_files: Path | None, output: Path | None) -> None:
    """Prepares the features with each number of shuffle partitions, in turns; nothing else differs."""
    if context.invoked_subcommand:
        return
    if output is None:
        raise click.UsageError("Missing option '--output'.")
    place = find_repository() / ".local" / "bench" / "shuffle"
    shutil.rmtree(place, ignore_errors=True)
    (place / "data" / "lake" / "raw").mkdir(parents=True)
    delivery = raw_files or Path(load_contract().lake.raw) / FOLDER
    (place / "data" / "lake" / "raw" / FOLDER).symlink_to(delivery.resolve())
    load_before = os.getloadavg()[0]
    runs: dict[str, list[Watched]] = {str(count): [] for count in PARTITIONS}
    for turn in range(repeats):
        for count in PARTITIONS if turn % 2 == 0 else reversed(PARTITIONS):
            run = run_watched("bench.shuffle", "one", "--partitions", str(count), "--place", str(place))
            click.echo(
                f"{count}: {run.told['seconds']:.1f} s, {run.cpu:.1f} s of CPU, {run.peak_pss / GIB:.2f} GiB,"
                f" {run.told['rows_out']:,} rows"
            )
            runs[str(count)].append(run)
    told = [run.told for of in runs.values() for run in of]
    result = {
        "what": "the preparation, by the number of shuffle partitions",
        "repeats": repeats,
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load_before": load_before,
        "rows": told[0]["rows_out"],
        "same_data_set": len({run["fingerprint"] for run in told}) == 1,
        "contestants": {name: _figures(of) for name, of in runs.items()},
        **{f"ratio_{name}_to_64": ratio(of, runs["64"], told_seconds) for name, of in runs.items() if name != "64"},
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


@main.command(hidden=True)
@click.option("--partitions", type=int, required=True)
@click.option("--place", type=click.Path(path_type=Path), required=True)
def one(partitions: int, place: Path) -> None:
    """One preparation."""
    from spark_preprocessing.pipeline import run
    from spark_preprocessing.spark import properties

    # There is no setting of it, for nobody should have to know one.
    vars(properties)["shuffle_partitions"] = lambda _: partitions
    contract = local_contract(place / "data", PORT_BASE)
    made = run(contract, force=True, say=lambda _: None)
    told = {name: getattr(made, name) for name in ("seconds", "rows_out", "fingerprint")}
    click.echo(json.dumps(told))


def _figures(runs: list[Watched]) -> dict[str, Any]:
    return {
        "whole_seconds": summary(list(map(told_seconds, runs))),
        **cost(runs),
    }


if __name__ == "__main__":
    main()
