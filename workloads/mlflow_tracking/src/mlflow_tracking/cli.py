"""The command ``mlflow-tracking``."""

from __future__ import annotations

import json
import signal
import sys
from typing import Final

import click
from platform_contract import ContractError, load_contract

from mlflow_tracking.errors import TrackingError

SIGTERM_STATUS: Final = 128 + signal.SIGTERM


class Fault(click.ClickException):
    """Something that a person can mend: a message, and exit status 2."""

    exit_code = 2


def _say(text: str) -> None:
    click.echo(f"mlflow-tracking: {text}")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """MLflow's tracking server on the platform's database.

    Where everything is comes from the platform contract: the file that PLATFORM_CONTRACT names. How to sign in to the
    database: MLFLOW_TRACKING_DATABASE_AUTH=iam, a token of AWS for each connection; or =passwordFile, a file per user
    in the folder MLFLOW_TRACKING_PASSWORD_FOLDER. MLFLOW_TRACKING_DATABASE_CA names the certificates that the server's
    is checked against.
    """
    # The first process of a container has no default for it, and waiting must be interruptible.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(SIGTERM_STATUS))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 in a pod.")
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Server processes.")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.IntRange(min=0),
    default=240,
    show_default=True,
    metavar="SECONDS",
    help="Longest wait for the database, and for another server that is bringing the schema up to date.",
)
def serve(host: str, port: int, workers: int, wait_seconds: int) -> None:
    """Brings the database's schema up to date and serves, until it is stopped."""
    from mlflow_tracking.serve_step import ServeOptions
    from mlflow_tracking.serve_step import serve as run

    options = ServeOptions(host=host, port=port, workers=workers, wait_seconds=wait_seconds)
    try:
        run(load_contract(), options, _say)
    except (ContractError, TrackingError) as error:
        raise Fault(str(error)) from error


@main.command("create-databases")
@click.option(
    "--password-secret",
    "password_secrets",
    multiple=True,
    metavar="DATABASE=SECRET",
    help="With iam: this database's user has no token but the password in this secret of AWS. May be repeated.",
)
def create_databases(password_secrets: tuple[str, ...]) -> None:
    """Makes the contract's databases, each with a user of the same name who owns it; what is there is left as it is."""
    from mlflow_tracking.create_databases import create_databases as run
    from mlflow_tracking.create_databases import read_pairs

    try:
        summary = run(load_contract(), read_pairs(password_secrets), _say)
    except (ContractError, TrackingError) as error:
        raise Fault(str(error)) from error
    click.echo(json.dumps(summary))


if __name__ == "__main__":
    main()
