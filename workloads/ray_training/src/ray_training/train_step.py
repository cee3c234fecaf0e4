"""The step ``train``: from the published data set to a registered model, and the champion if it is not worse."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platform_contract import PlatformContract

from ray_training.dataset import Dataset, find_dataset
from ray_training.receipt import Receipt, find_receipt, keep_receipt, run_identity, training_identity
from ray_training.settings import BoostingSettings
from ray_training.timing import Stopwatch

if TYPE_CHECKING:
    from ray_training.logistic import LogisticScores
    from ray_training.recording import Recorded
    from ray_training.registry import Registry
    from ray_training.training import Trained

Say = Callable[[str], None]


@dataclass(frozen=True)
class TrainOptions:
    """What the command line asks for."""

    settings: BoostingSettings
    force: bool = False
    trials: int = 0
    checkpoint_every: int = 50


def train(contract: PlatformContract, options: TrainOptions, say: Say) -> dict[str, Any]:
    """Trains, or finds that the same training was done; the step's summary.

    Raises:
        TrainingError: there is no sound data set, Ray or MLflow cannot be reached, or training failed.
    """
    started = time.monotonic()
    dataset = find_dataset(contract.lake.features)
    identity = training_identity(dataset, options.settings, options.trials, contract)
    storage = contract.ray.storage
    if not options.force and (receipt := find_receipt(storage, identity)):
        say(f"version {receipt.summary['model_version']} was trained on this data with these settings: reused")
        return {**receipt.summary, "reused": True, "seconds": _since(started), "timings": {}}
    say(f"{dataset.manifest.rows_out:,} flights with {len(dataset.feature_names)} features")
    watch = Stopwatch()
    with tempfile.TemporaryDirectory(prefix="ray-train-plots-") as scratch:
        os.environ.setdefault("MPLCONFIGDIR", scratch)
        recorded = _train(contract, dataset, options, Path(scratch), watch, say)
    summary = _summary(recorded, watch)
    summary["seconds"] = _since(started)
    keep_receipt(storage, identity, Receipt(summary=summary, files=recorded.files))
    return summary


def _since(started: float) -> float:
    return round(time.monotonic() - started, 2)


def _train(
    contract: PlatformContract, dataset: Dataset, options: TrainOptions, scratch: Path, watch: Stopwatch, say: Say
) -> Recorded:
    from ray_training.cluster import ray_cluster

    with ThreadPoolExecutor(2) as beside:
        with ray_cluster(contract.ray, watch):
            with watch.part("imports"):
                from ray_training.recording import Background, record
                from ray_training.training import fit, forget_run
            settings, trials = options.settings, []
            if options.trials:
                raise NotImplementedError
            run_name = run_identity(dataset, settings, contract)
            if options.force:
                forget_run(contract.ray.storage, run_name)
            say(f"Ray is up; training with {contract.ray.workers} worker(s) of {contract.ray.cpus_per_worker} CPUs")
            training = beside.submit(
                _timed, watch, "training", fit, dataset, settings, contract.ray, run_name, options.checkpoint_every
            )
            # Ray's processes take seconds to start, in which this one has nothing else to do.
            other = beside.submit(_meanwhile, contract, dataset, watch)
            _fail_fast(training, other)
            registry, logistic = other.result()
            background = Background(contract, dataset, settings, logistic, trials, scratch)
            # Needs no Ray: it goes on while the cluster is stopped.
            recording = beside.submit(_timed, watch, "mlflow", record, registry, training.result(), background)
            say("trained; recording the run")
        recorded = recording.result()
    say(f"alias '{contract.mlflow.champion_alias}': {recorded.decision.reason}")
    return recorded


def _timed(watch: Stopwatch, part: str, function: Callable[..., Any], *arguments: Any) -> Any:
    with watch.part(part):
        return function(*arguments)


def _meanwhile(contract: PlatformContract, dataset: Dataset, watch: Stopwatch) -> tuple[Registry, LogisticScores]:
    with watch.part("mlflow"):
        from ray_training.registry import Registry

        registry = Registry(contract.mlflow)
    with watch.part("logistic"):
        from ray_training.logistic import logistic_scores

        scores = logistic_scores(dataset)
    return registry, scores


def _fail_fast(*futures: Future[Any]) -> None:
    """Waits for all; as soon as one fails, raises what it failed of."""
    done, _ = wait(futures, return_when=FIRST_EXCEPTION)
    for future in done:
        future.result()


def _summary(recorded: Recorded, watch: Stopwatch) -> dict[str, Any]:
    watch.seconds |= recorded.outcome.timings
    return {
        "step": "train",
        "reused": False,
        "run_id": recorded.run_id,
        "model_version": recorded.version,
        "champion_version": recorded.champion_version,
        "champion_moved": recorded.decision.moves,
        "champion_reason": recorded.decision.reason,
        "metrics": dict(recorded.metrics),
        "rounds": recorded.outcome.best_rounds,
        "resumed_from_round": recorded.outcome.resumed_from_round,
        "timings": watch.rounded(),
        "plots": recorded.plots,
        "predictions": recorded.predictions,
    }
