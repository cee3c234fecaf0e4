"""The step ``train``: from the published data set to a registered model, and the champion if it is not worse."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from platform_contract import PlatformContract

from ray_training.data.dataset import Dataset, find_dataset
from ray_training.distributed.cluster import FOLDER, own_prefix, ray_cluster
from ray_training.receipt import Receipt, find_receipt, keep_receipt, run_identity, training_identity
from ray_training.settings import BoostingSettings, span
from ray_training.timing import Stopwatch

if TYPE_CHECKING:
    from ray_training.distributed.training import Trained
    from ray_training.distributed.tuning import Search
    from ray_training.models.logistic import LogisticScores
    from ray_training.tracking.recording import Background, Recorded
    from ray_training.tracking.registry import Registry


@dataclass(frozen=True)
class TrainOptions:
    """What the command line asks for."""

    settings: BoostingSettings
    force: bool = False
    trials: int = 0
    checkpoint_every: int = 50


@dataclass(frozen=True)
class TrainStep:
    """One call of the step."""

    contract: PlatformContract
    options: TrainOptions
    dataset: Dataset
    say: Callable[[str], None]
    watch: Stopwatch = field(default_factory=Stopwatch)

    @property
    def identity(self) -> str:
        """A digest of all that decides what this training leaves behind."""
        return training_identity(self.dataset, self.options.settings, self.options.trials, self.contract)

    def run(self, scratch: Path) -> Recorded:
        """Trains on a cluster and records what came out; the cluster is stopped while the recording goes on.

        If it fails or is interrupted, the cluster and threads are left as they are: see `ray_cluster`.
        """
        ray_settings = self.contract.ray
        in_ray, beside = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        with ray_cluster(ray_settings, self.watch):
            self.say(f"Ray is up: {ray_settings.workers} worker(s) of {ray_settings.cpus_per_worker} CPUs")
            asked = Event()
            training = in_ray.submit(self._train, asked)
            # Ray's processes take seconds to start, in which this one has nothing else to do; before that, this work
            # would only hold up what they wait for.
            baseline = beside.submit(self._open_registry_and_fit_logistic, asked)
            _wait_or_fail(training, baseline)
            from ray_training.tracking.recording import Background

            trained, settings, trials = training.result()
            registry, logistic = baseline.result()
            background = Background(
                contract=self.contract,
                dataset=self.dataset,
                settings=settings,
                logistic=logistic,
                trials=trials,
                scratch=scratch,
                training=self.identity,
                resumes=not self.options.force,
            )
            recording = beside.submit(self._record, registry, trained, background)
        return recording.result()

    def _train(self, asked: Event) -> tuple[Trained, BoostingSettings, list[dict[str, Any]]]:
        from ray_training.distributed.training import fit, forget_run

        try:
            found = self._search() if self.options.trials else None
            settings = found.best if found else self.options.settings
            run_name = run_identity(self.dataset, settings, self.contract)
            if self.options.force:
                forget_run(self.contract.ray.storage, run_name)
            with self.watch.part("training"):
                every = self.options.checkpoint_every
                trained = fit(self.dataset, settings, self.contract.ray, run_name, every, asked=asked.set)
        finally:
            asked.set()  # nobody waits for what has failed
        return trained, settings, found.trials if found else []

    def _search(self) -> Search:
        from ray_training.distributed.tuning import LOSS, search

        self.say(f"searching for parameters in {self.options.trials} trials")
        with self.watch.part("search"):
            found = search(self.dataset, self.options.settings, self.options.trials, self.contract.ray, self.identity)
        self.say(f"the best trial has a validation log loss of {found.trials[0][LOSS]:.5f}")
        return found

    def _open_registry_and_fit_logistic(self, asked: Event) -> tuple[Registry, LogisticScores]:
        asked.wait()
        with self.watch.part("mlflow"):
            from ray_training.tracking.registry import Registry

            registry = Registry(self.contract.mlflow)
        with self.watch.part("logistic"):
            from ray_training.models.logistic import logistic_scores

            scores = logistic_scores(self.dataset)
        return registry, scores

    def _record(self, registry: Registry, trained: Trained, background: Background) -> Recorded:
        from ray_training.tracking.recording import record

        self.say("trained; recording the run")
        with self.watch.part("mlflow"):
            return record(registry, trained, background)


def train(contract: PlatformContract, options: TrainOptions, say: Callable[[str], None]) -> dict[str, Any]:
    """Trains, or finds that the same training was done; the step's summary.

    Not for the main thread: there, Ray takes over signals. If it fails, `ray_training.distributed.cluster.end_process`
    is to end the process.

    Raises:
        TrainingError: there is no sound data set, Ray or MLflow cannot be reached, or training failed.
    """
    started = time.monotonic()
    step = TrainStep(contract, options, find_dataset(contract.lake.features), say)
    split = step.dataset.split  # told before anything is started, if there are too few months
    storage, identity = contract.ray.storage, step.identity
    if not options.force and (receipt := find_receipt(storage, identity)):
        say(f"version {receipt.summary['model_version']} was trained on this data with these settings: reused")
        return {**receipt.summary, "reused": True, "seconds": _since(started), "timings": {}}
    say(f"{step.dataset.manifest.rows_out:,} flights with {len(step.dataset.feature_names)} features")
    say(f"trees grow on {span(split.train)}, end by {span(split.validation)}, are scored on {span(split.heldout)}")
    with tempfile.TemporaryDirectory(prefix=own_prefix(), dir=FOLDER, ignore_cleanup_errors=True) as scratch:
        os.environ.setdefault("MPLCONFIGDIR", scratch)
        recorded = step.run(Path(scratch))
    scores = recorded.metrics
    say(
        f"held-out months: AUC {scores['auc']:.3f}, log loss {scores['log_loss']:.3f}; logistic regression"
        f" {scores['logistic_auc']:.3f}, {scores['logistic_log_loss']:.3f}; base rate {scores['base_log_loss']:.3f}"
    )
    say(f"alias '{contract.mlflow.champion_alias}': {recorded.decision.reason}")
    summary = {**_summary(recorded, step.watch), "seconds": _since(started)}
    keep_receipt(storage, identity, Receipt(summary=summary, files=recorded.files))
    return summary


def _since(started: float) -> float:
    return round(time.monotonic() - started, 2)


def _wait_or_fail(*futures: Future[Any]) -> None:
    """Waits for all; as soon as one fails, raises what it failed of."""
    done, _ = wait(futures, return_when=FIRST_EXCEPTION)
    for future in done:
        future.result()


def _summary(recorded: Recorded, watch: Stopwatch) -> dict[str, Any]:
    watch.seconds |= recorded.outcome.timings
    return {
        "step": "train",
        "reused": False,
        "experiment_id": recorded.experiment_id,
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
