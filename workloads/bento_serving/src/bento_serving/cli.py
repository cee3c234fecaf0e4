"""The command ``flight-serving``."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click
from platform_contract import ContractError, load_contract
from platform_contract.model_file import shared_model_path

from bento_serving.errors import ServingError
from bento_serving.stores import MODEL_API, SERVICES, Store


class Fault(click.ClickException):
    """A message for a person, with the exit status of a mistake of theirs."""

    exit_code = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The flight-delay model behind typed HTTP services, with BentoML."""


@main.command()
@click.option(
    "--model-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The model to embed, with its digest beside it as `sha256sum` writes it (if not given: the one that training"
    " has published to the shared files).",
)
def build(*, model_file: Path | None) -> None:
    """Build the Bentos: the model API with the model embedded, and both flight APIs.

    They go to the folder 'bentoml' beside the contract's folder of models. What was built already is reused.
    """
    from bento_serving.building import build as build_bentos

    started = time.monotonic()
    try:
        contract = load_contract()
        path = model_file or shared_model_path(contract.shared_files.models)
        built = build_bentos(Store.of(contract), path.absolute(), _say)
    except (ContractError, ServingError) as error:
        raise Fault(str(error)) from error
    summary = {
        "step": "build",
        "reused": built.reused,
        "model_version": built.receipt.model_version,
        "bento": built.receipt.bentos[MODEL_API],
        "seconds": round(time.monotonic() - started, 3),
    }
    click.echo(json.dumps(summary))


@main.command()
@click.argument("service", type=click.Choice(list(SERVICES)))
def serve(*, service: str) -> None:
    """Run a service in the foreground, at its address in the contract, until SIGTERM or Ctrl-C.

    \b
    model-api            pattern A: the model, embedded in its Bento; takes feature vectors
    flight-api-embedded  pattern A: takes flights and asks the model API
    flight-api-shared    pattern B: takes flights and serves the model file on shared storage
    """
    from bento_serving.serving import serve as run

    try:
        run(load_contract(), service)
    except (ContractError, ServingError) as error:
        raise Fault(str(error)) from error


def _say(words: str) -> None:
    click.echo(f"flight-serving: {words}")


if __name__ == "__main__":
    main()
