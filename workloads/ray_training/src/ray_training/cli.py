"""The command ``ray-train``."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, Final, NoReturn

import click
from platform_contract import ContractError, PlatformContract, load_contract

from ray_training.errors import TrainingError
from ray_training.settings import BoostingSettings

SIGTERM_STATUS: Final = 128 + signal.SIGTERM


class Fault(click.ClickException):
    """Something that a person can mend: a message, and exit status 2."""

    exit_code = 2


def _say(text: str) -> None:
    click.echo(f"ray-train: {text}")


def _run(step: Callable[[PlatformContract], dict[str, Any]]) -> None:
    """Runs a step and prints its summary as the last line; a fault that a person can mend ends in one message."""
    try:
        summary = step(load_contract())
    except (ContractError, TrainingError) as error:
        raise Fault(str(error)) from error
    click.echo(json.dumps(summary))


def _run_in_ray(step: Callable[[PlatformContract], dict[str, Any]]) -> None:
    """Runs a step in a thread; when it fails or a signal comes, the process ends there and then.

    The main thread only ever waits: it handles a signal at once, wherever the step is, and waits for no thread of it
    then, as one may be inside Ray for ever.
    """
    from ray_training.distributed.cluster import end_process

    def interrupted(*_: object) -> NoReturn:
        os.write(2, b"\nAborted!\n")  # not `print`, in whose midst this may come
        end_process(1)

    work = ThreadPoolExecutor(1).submit(_run, step)
    try:
        while not work.done():
            # Again and again, because Ray, when it has started, puts a handler of its own that prints the stack.
            signal.signal(signal.SIGINT, interrupted)
            signal.signal(signal.SIGTERM, lambda *_: end_process(SIGTERM_STATUS))
            wait([work], timeout=0.2)
        work.result()
    except Fault as fault:
        fault.show()
        end_process(fault.exit_code)
    except BaseException:  # noqa: BLE001 - all of it is told
        traceback.print_exc()
        end_process(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Trains gradient-boosted trees on the prepared flights with Ray, tracked and registered by MLflow.

    Where everything is comes from the platform contract: the file that PLATFORM_CONTRACT names, or this clone's own.
    """
    # Ends the process as an exception does, so that no half written file is left.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(SIGTERM_STATUS))


@main.command()
@click.option("--force", is_flag=True, help="Train anew, even if the same training was done or begun before.")
@click.option(
    "--tune",
    "trials",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="First search for better parameters in N trials, by the log loss of the validation month.",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=BoostingSettings().rounds,
    show_default=True,
    help="Upper limit of boosting rounds; the validation month ends it earlier.",
)
@click.option(
    "--checkpoint-every",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    metavar="ROUNDS",
    help="After how many rounds a checkpoint is kept, from which a training that was cut off continues.",
)
def train(force: bool, trials: int, rounds: int, checkpoint_every: int) -> None:
    """Trains on all but the last three months, decides on the next one, scores on the last two, registers the model.

    The registry's alias moves to the new version if its log loss on the held-out months is not greater than the
    present champion's on the same months. A training that was done before, on the same data with the same settings
    and code, is reused; one that was cut off continues from its last checkpoint.
    """
    from ray_training.train_step import TrainOptions
    from ray_training.train_step import train as run

    settings = BoostingSettings(rounds=rounds)
    options = TrainOptions(settings, force=force, trials=trials, checkpoint_every=checkpoint_every)
    _run_in_ray(lambda contract: run(contract, options, _say))


@main.command()
def publish() -> None:
    """Puts the champion's model file on shared storage, in one step; does nothing if it is there already."""
    from ray_training.publish_step import publish as run

    _run(lambda contract: run(contract, _say))


@main.command()
def ui() -> None:
    """Serves MLflow's own pages at the contract's mlflow_ui, until it is stopped."""
    from ray_training.tracking.ui import serve

    _run(serve)


if __name__ == "__main__":
    main()
