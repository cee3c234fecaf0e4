"""Puts a trained model on record: MLflow's run, the registered version, its predictions, and perhaps the alias."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from platform_contract import PlatformContract
from platform_contract.model_file import FINGERPRINT_ATTRIBUTE, SCHEMA_ATTRIBUTE, predictions_path

from ray_training.data.dataset import Dataset
from ray_training.data.places import write_bytes
from ray_training.data.reading import FloatMatrix, fill, read_files
from ray_training.distributed.training import Trained, TrainedFiles
from ray_training.distributed.worker import Outcome
from ray_training.models.logistic import LogisticScores
from ray_training.settings import BoostingSettings, span
from ray_training.tracking.champion import Decision, Standing, decide
from ray_training.tracking.plots import write_plots
from ray_training.tracking.registry import MODEL_ARTIFACT, TRAINING_TAG, About, Registry, faults_explained
from ray_training.tracking.rescoring import FINGERPRINT_TAG, LOG_LOSS_TAG, champion_standing

if TYPE_CHECKING:
    from mlflow import ActiveRun as Run

EXAMPLE_ROWS: Final = 5


@dataclass(frozen=True)
class Recorded:
    """Where everything is."""

    experiment_id: str
    run_id: str
    version: str
    decision: Decision
    champion_version: str
    outcome: Outcome
    metrics: Mapping[str, float]
    plots: list[str]
    predictions: str
    model_file: str

    @property
    def files(self) -> list[str]:
        """What must be there for the training to count as done."""
        return [self.model_file, self.predictions, *self.plots]


@dataclass(frozen=True)
class Background:
    """What was trained on and with, for the record."""

    contract: PlatformContract
    dataset: Dataset
    settings: BoostingSettings
    logistic: LogisticScores
    trials: list[dict[str, Any]]
    scratch: Path
    training: str
    """Digest of all that decides what this training leaves behind: see `training_identity`."""
    resumes: bool = True
    """Whether a run of the same training that was cut off while it was recorded is gone on with."""


def record(registry: Registry, trained: Trained, background: Background) -> Recorded:
    """Logs the run, registers the version, writes its predictions and moves the alias if the version is not worse.

    In this order: the alias only ever names a version of which everything is there.

    Raises:
        TrainingError: MLflow cannot be reached or refuses.
    """
    import mlflow

    from ray_training.tracking.descriptions import training_input, version_description, version_tags

    dataset = background.dataset
    with trained.files() as made, faults_explained(registry.settings), _run(registry, made, background) as run:
        metrics = _metrics(made.outcome, background.logistic)
        registry.client.log_inputs(run.info.run_id, [training_input(dataset)])
        mlflow.log_params(_parameters(background, made.outcome))
        mlflow.log_metrics(metrics)
        plots = _log_plots(made, dataset.split.heldout, background.scratch)
        if background.trials:
            mlflow.log_table(_by_column(background.trials), "tuning.json")
        made.booster.set_attr(
            **{
                SCHEMA_ATTRIBUTE: dataset.manifest.feature_schema.model_dump_json(),
                FINGERPRINT_ATTRIBUTE: dataset.manifest.fingerprint,
            }
        )
        loss = made.outcome.scores.log_loss
        about = About(
            version_description(dataset, metrics),
            {FINGERPRINT_TAG: dataset.manifest.fingerprint, LOG_LOSS_TAG: repr(loss), **version_tags(dataset)},
        )
        version, location = registry.register(made.booster, _example(dataset), run.info.run_id, about)
        predictions = predictions_path(background.contract.lake.predictions, version)
        write_bytes(predictions, made.predictions.read_bytes())
        champion = registry.champion()
        standing = None if champion is None else champion_standing(registry, champion, dataset)
        decision = decide(Standing(version, loss), standing)
        if decision.moves:
            registry.move_alias(version)
        return Recorded(
            experiment_id=registry.experiment_id,
            run_id=run.info.run_id,
            version=version,
            decision=decision,
            champion_version=version if decision.moves or champion is None else str(champion.version),
            outcome=made.outcome,
            metrics=metrics,
            plots=plots,
            predictions=predictions,
            model_file=f"{_plain(location)}/{MODEL_ARTIFACT}",
        )


@contextmanager
def _run(registry: Registry, made: TrainedFiles, background: Background) -> Iterator[Run]:
    """A run of MLflow: that which was cut off, or a new one."""
    import mlflow

    from ray_training.tracking.descriptions import run_name

    dataset, outcome = background.dataset, made.outcome
    tags = {
        FINGERPRINT_TAG: dataset.manifest.fingerprint,
        TRAINING_TAG: background.training,
        "dataset": dataset.location,
        "resumed_from_round": str(outcome.resumed_from_round),
    }
    begun = registry.run_of(background.training, _parameters(background, outcome)) if background.resumes else None
    name = None if begun else run_name(dataset, datetime.now(UTC).date())
    with mlflow.start_run(run_id=begun, experiment_id=registry.experiment_id, run_name=name, tags=tags) as run:
        yield run


def _parameters(background: Background, outcome: Outcome) -> dict[str, Any]:
    ray_settings, split = background.contract.ray, background.dataset.split
    return {
        **background.settings.model_dump(),
        "best_rounds": outcome.best_rounds,
        "train_months": span(split.train),
        "validation_months": span(split.validation),
        "heldout_months": span(split.heldout),
        "features": len(background.dataset.feature_names),
        "workers": ray_settings.workers,
        "threads_per_worker": ray_settings.cpus_per_worker,
        "trials": len(background.trials),
        FINGERPRINT_TAG: background.dataset.manifest.fingerprint,
    }


def _metrics(outcome: Outcome, logistic: LogisticScores) -> dict[str, float]:
    scores = outcome.scores.model_dump()
    scores["rows_heldout"] = scores.pop("rows")
    return {
        **scores,
        "logistic_auc": logistic.auc,
        "logistic_log_loss": logistic.log_loss,
        "rows_train": outcome.rows_train,
        "rows_validation": outcome.rows_validation,
        "validation_log_loss": outcome.validation_log_loss,
    }


def _by_column(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _log_plots(made: TrainedFiles, months: tuple[int, ...], scratch: Path) -> list[str]:
    import mlflow
    import numpy as np

    gain = {name: float(np.sum(value)) for name, value in made.booster.get_score(importance_type="total_gain").items()}
    written = write_plots(scratch, made.outcome, gain, span(months))
    for path in written:
        mlflow.log_artifact(str(path), "plots")
    return [_plain(mlflow.get_artifact_uri(f"plots/{path.name}")) for path in written]


def _plain(location: str) -> str:
    return location.removeprefix("file://")


def _example(dataset: Dataset) -> FloatMatrix:
    """The features of some held-out rows, as a service would be asked with."""
    manifest = dataset.manifest
    columns = [*dataset.feature_names, manifest.label, manifest.month]
    tables = read_files(dataset.paths, columns, manifest.month, dataset.split.heldout)
    (matrix,) = fill(dataset, [next(iter(tables)).slice(0, EXAMPLE_ROWS)], [dataset.split.heldout])
    return matrix.features
