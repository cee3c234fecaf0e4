"""The command ``local-pipeline``, which ``make run`` and ``make stop`` call."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

import click
from platform_contract import CONTRACT_VARIABLE, ContractError, find_repository, load_contract, local_contract
from platform_contract.loading import DEFAULT_PORT_BASE, LOCAL_FOLDER
from platform_contract.object_store import in_s3
from rich.console import Console

from local_pipeline.faults import PipelineError
from local_pipeline.heldout import compare
from local_pipeline.object_lake import at_hand, contract_in_s3, land_in_s3, s3_files
from local_pipeline.raw_files import land_raw_files
from local_pipeline.run import run_pipeline, stop_kept_servers


def _records(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path:
    return value or find_repository() / LOCAL_FOLDER / "run"


NEVER_FOLDED: Final = 10_000
"""Columns; tables are as wide as what is in them."""

with_records = click.option(
    "--records",
    type=click.Path(file_okay=False, path_type=Path),
    callback=_records,
    help="Where logs and the list of started processes go (.local/run if not given).",
)

with_raw_files = click.option(
    "--raw-files",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="Folder with the raw files, such as a delivery of other years (those of 2013 if not given).",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Real flights through Spark, Ray, MLflow and BentoML, on this machine alone."""


@cli.command()
@click.option("--keep", is_flag=True, help="Leave the servers and the MLflow UI up.")
@click.option(
    "--port-base",
    type=click.IntRange(1024, 65000),
    default=None,
    help="First of four ports in a row (3001 if not given).",
)
@click.option(
    "--lake",
    type=click.Choice(["folders", "s3"]),
    default="folders",
    show_default=True,
    help="What the lake, MLflow's artifacts and Ray's checkpoints are in; s3: a server in S3's place, on loopback.",
)
@with_raw_files
@with_records
def run(*, keep: bool, port_base: int | None, lake: str, raw_files: Path | None, records: Path) -> None:
    """Run the pipeline from the raw files to served predictions."""
    if lake == "s3" and os.environ.get(CONTRACT_VARIABLE):
        raise click.UsageError(f"--lake s3 is for the default contract, and {CONTRACT_VARIABLE} names another.")
    if port_base is not None and os.environ.get(CONTRACT_VARIABLE):
        raise click.UsageError(f"--port-base is for the default contract, and {CONTRACT_VARIABLE} names another.")
    local = find_repository() / LOCAL_FOLDER
    root = local / "data" / "s3" if lake == "s3" else None
    if root:
        contract = contract_in_s3(local_contract(root, port_base or DEFAULT_PORT_BASE))
    else:
        contract = load_contract() if port_base is None else local_contract(local / "data", port_base)
    console = console_for(sys.stdout)
    run_pipeline(contract, local / "envs", records, console, raw_files, keep=keep, lake=root)


def console_for(stream: TextIO) -> Console:
    """Where progress is told: as wide as the terminal, and in a log never folded, for paths are copied from there."""
    return Console(file=stream, width=None if stream.isatty() else NEVER_FOLDED)


@cli.command()
@with_records
def stop(*, records: Path) -> None:
    """Stop the servers that 'run --keep' has left up."""
    names = stop_kept_servers(records)
    click.echo(f"stopped {', '.join(names)}" if names else "nothing was left up")


@cli.command()
@click.argument("raw")
@with_raw_files
def land(*, raw: str, raw_files: Path | None) -> None:
    """Copy the raw files below RAW, the lake's area of raw data, unless they are there.

    RAW is a folder, or s3://BUCKET/PREFIX of the server that the variables of the SDKs of AWS name.
    """
    if in_s3(raw):
        folder, reused = land_in_s3(raw, s3_files(os.environ), raw_files)
    else:
        path, reused = land_raw_files(Path(raw), raw_files)
        folder = str(path)
    click.echo(json.dumps({"step": "land", "folder": folder, "reused": reused}))


@cli.command()
@click.argument("predictions")
@click.argument("embedded")
@click.argument("shared")
def ask(*, predictions: str, embedded: str, shared: str) -> None:
    """Ask the flight APIs at the addresses EMBEDDED and SHARED for the flights of PREDICTIONS, a file or s3://….

    Both must answer what the file says.
    """
    if not in_s3(predictions) and not Path(predictions).is_file():
        raise click.UsageError(f"{predictions} is no file.")
    with at_hand(predictions, s3_files(os.environ) if in_s3(predictions) else None) as path:
        comparison = compare(path, embedded, shared)
    asked, difference = len(comparison.flights), comparison.largest_difference
    click.echo(json.dumps({"step": "ask", "flights_asked": asked, "largest_difference": difference}))


class Signalled(BaseException):
    """A signal has asked this process to end. No `KeyboardInterrupt`: click would swallow which signal it was."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    # A second signal must not break the stopping that the first has begun.
    for stopped in SIGNALS:
        signal.signal(stopped, signal.SIG_IGN)
    raise Signalled(number)


def main() -> None:
    """Runs the command: 2 for what a person can mend, 128 + number for a signal."""
    try:
        for stopped in SIGNALS:
            signal.signal(stopped, _interrupt)
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (PipelineError, ContractError) as error:
        click.echo(f"\nError: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"\nError: {error.strerror}: {error.filename}. Is there space, and may you write there?", err=True)
        sys.exit(2)
    except Signalled as signalled:
        click.echo(
            "\nStopped: everything that was started has ended. 'make run' goes on from what was finished.", err=True
        )
        sys.exit(128 + signalled.number)
