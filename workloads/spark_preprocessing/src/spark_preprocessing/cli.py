"""The command ``spark-preprocess``."""

from __future__ import annotations

import dataclasses
import json
import signal
import sys
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
def run(*, force: bool) -> None:
    """Validate the raw files and publish the data set."""
    from spark_preprocessing.pipeline import run as prepare

    try:
        summary = prepare(load_contract(), force=force, say=_say)
    except (ContractError, PreprocessingError) as error:
        raise Fault(str(error)) from error
    click.echo(json.dumps(dataclasses.asdict(summary)))


def _say(words: str) -> None:
    click.echo(f"spark-preprocess: {words}")
    sys.stdout.flush()
