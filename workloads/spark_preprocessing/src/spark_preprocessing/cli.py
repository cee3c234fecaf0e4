"""The command ``spark-preprocess``."""

from __future__ import annotations

import dataclasses
import errno
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click
from platform_contract import ContractError, load_contract

from spark_preprocessing.errors import PreprocessingError


class Fault(click.ClickException):
    """A message for a person, with the exit status of a mistake of theirs."""

    exit_code = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Raw flights to features in Parquet, with Spark."""


@main.command()
@click.option("--force", is_flag=True, help="Prepare the data set even if nothing has changed.")
@click.option(
    "--allow-refused",
    "allowed",
    multiple=True,
    metavar="NAME=SHARE",
    help="Publish although up to this share (0 to 1) of a raw table's rows is refused; NAME is flights, weather,"
    " planes, airports, airlines, without_outcome (flights that were cancelled or never seen to arrive) or routes"
    " (whose distance contradicts their airports' coordinates). May be given several times.",
)
def run(*, force: bool, allowed: tuple[str, ...]) -> None:
    """Validate the raw files and publish the data set.

    Reads the files in LAKE.RAW/nycflights13 of the contract that PLATFORM_CONTRACT names, and publishes
    LAKE.FEATURES/flight_delay. What is refused goes to LAKE.QUARANTINE/flight_delay, with the reason; if that is too
    much of a table, nothing is published. If the same files and the same code have made the published version already,
    nothing is done. The last line is a summary in JSON.
    """
    from spark_preprocessing.pipeline import run as prepare
    from spark_preprocessing.raw.limits import parse_limits

    # Ends like Ctrl-C does, so that Spark is stopped and nothing half-written is left.
    signal.signal(signal.SIGTERM, _end)
    with _faults_told():
        summary = prepare(load_contract(), force=force, limits=parse_limits(allowed), say=_say)
    click.echo(json.dumps(dataclasses.asdict(summary)))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
def properties(*, as_json: bool) -> None:
    """Show the Spark properties that the contract's mode and executor profile render to."""
    from spark_preprocessing.pipeline import APP_NAME
    from spark_preprocessing.spark.properties import spark_properties

    with _faults_told():
        rendered = spark_properties(load_contract(), APP_NAME)
    if as_json:
        click.echo(json.dumps(rendered, indent=2, sort_keys=True))
        return
    width = max(map(len, rendered))
    for name, value in sorted(rendered.items()):
        click.echo(f"{name:<{width}}  {value}")


@contextmanager
def _faults_told() -> Iterator[None]:
    """Turns what a person can mend into one message and exit status 2."""
    try:
        yield
    except (ContractError, PreprocessingError) as error:
        raise Fault(str(error)) from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise Fault(f"{error.strerror or error}{where}: nothing was published. {_advice(error)}") from error


def _advice(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "Make room there, or name another place in the contract, and run again."
    return "Make the contract's locations writable for this user, or name others, and run again."


def _say(words: str) -> None:
    click.echo(f"spark-preprocess: {words}")
    sys.stdout.flush()


def _end(signum: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + signum)
