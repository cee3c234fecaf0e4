"""The command: ``.local/envs/local_pipeline/bin/python -m bench.lake --output lake.json``."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any, Final

import click
from platform_contract import find_repository, local_contract

from bench.watched import GIB, Watched, cost, ratio, run_watched, summary, told_seconds

LAKES: Final = ("folders", "s3")
PORT_BASE: Final = 4701
SAME: Final = ("fingerprint", "rows_in", "rows_out", "metrics", "flights_asked", "largest_difference")
"""What both runs have to tell alike."""


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Runs of each contestant.")
@click.option("--output", type=click.Path(path_type=Path), help="JSON file with the result.")
@click.pass_context
def main(context: click.Context, repeats: int, output: Path | None) -> None:
    """Takes the flights from raw files to served predictions, on folders and on a server in S3's place, in turns.

    Nothing is there when a run begins. The server is built before: 'make run LAKE=s3' once.
    """
    if context.invoked_subcommand:
        return
    if output is None:
        raise click.UsageError("Missing option '--output'.")
    place = find_repository() / ".local" / "bench" / "lake"
    load_before = os.getloadavg()[0]
    runs: dict[str, list[Watched]] = {lake: [] for lake in LAKES}
    for turn in range(repeats):
        for lake in LAKES if turn % 2 == 0 else reversed(LAKES):
            shutil.rmtree(place, ignore_errors=True)
            run = run_watched("bench.lake", "one", "--lake", lake, "--place", str(place))
            click.echo(f"{lake}: {run.told['seconds']:.1f} s, {run.cpu:.1f} s of CPU, {run.peak_pss / GIB:.2f} GiB")
            runs[lake].append(run)
    told = [run.told for of in runs.values() for run in of]
    result = {
        "what": "the whole pipeline, by what its lake is in",
        "repeats": repeats,
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load_before": load_before,
        "rows": told[0]["rows_out"],
        "same_results": all(run[name] == told[0][name] for run in told for name in SAME),
        "contestants": {lake: _figures(of) for lake, of in runs.items()},
        "ratio_s3_to_folders": ratio(runs["s3"], runs["folders"], told_seconds),
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


@main.command(hidden=True)
@click.option("--lake", type=click.Choice(LAKES), required=True)
@click.option("--place", type=click.Path(path_type=Path), required=True)
def one(lake: str, place: Path) -> None:
    """One run, as 'local-pipeline run' has it, with data of its own."""
    from local_pipeline.cli import console_for
    from local_pipeline.object_lake import contract_in_s3
    from local_pipeline.run import SUMMARY, run_pipeline

    data, records = place / "data", place / "records"
    contract = local_contract(data, PORT_BASE)
    environments = find_repository() / ".local" / "envs"
    console = console_for(sys.stderr)
    if lake == "s3":
        run_pipeline(contract_in_s3(contract), environments, records, console, keep=False, lake=data)
    else:
        run_pipeline(contract, environments, records, console, keep=False)
    click.echo(json.dumps(json.loads((records / SUMMARY).read_text())))


def _figures(runs: list[Watched]) -> dict[str, Any]:
    """Each step's seconds, and those of all."""
    steps: dict[str, list[float]] = {}
    for run in runs:
        for step in run.told["steps"]:
            steps.setdefault(f"{step['title']}, s", []).append(step["seconds"])
    return {
        **{title: summary(seconds) for title, seconds in steps.items()},
        "all, s": summary(list(map(told_seconds, runs))),
        **cost(runs),
    }


if __name__ == "__main__":
    main()
