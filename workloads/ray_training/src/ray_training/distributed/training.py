"""Trains with Ray Train: a run, named after what decides its trees, continues where an earlier one was cut off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from platform_contract.document import Ray

from ray_training.data.dataset import Dataset
from ray_training.data.places import ray_storage, remove_folder
from ray_training.distributed.worker import (
    FITTED,
    HELDOUT,
    MODEL_FILE,
    OUTCOME_FILE,
    PREDICTIONS_FILE,
    Outcome,
    Task,
    prediction_columns,
    train_worker,
)
from ray_training.errors import TrainingError
from ray_training.settings import BoostingSettings

if TYPE_CHECKING:
    import ray.data
    import xgboost
    from ray.train import Checkpoint

WORKER_ENVIRONMENT: Final = {
    # A thread that waits for another sleeps. Spinning, as is the default, takes the core that the other needs as soon
    # as the machine has anything else to do: boosting then takes several times as long.
    "OMP_WAIT_POLICY": "PASSIVE",
}


@dataclass(frozen=True)
class Trained:
    """A finished run of Ray Train. Its files outlive the cluster."""

    checkpoint: Checkpoint

    @contextmanager
    def files(self) -> Iterator[TrainedFiles]:
        """The run's files, at hand inside the block."""
        import xgboost

        with self.checkpoint.as_directory() as folder:
            yield TrainedFiles(
                outcome=Outcome.model_validate_json(Path(folder, OUTCOME_FILE).read_bytes()),
                booster=xgboost.Booster(model_file=Path(folder, MODEL_FILE)),
                predictions=Path(folder, PREDICTIONS_FILE),
            )


@dataclass(frozen=True)
class TrainedFiles:
    """What a run made."""

    outcome: Outcome
    booster: xgboost.Booster
    predictions: Path
    """The held-out rows with their probabilities, as Parquet."""


def fit(
    dataset: Dataset,
    settings: BoostingSettings,
    ray_settings: Ray,
    run_name: str,
    checkpoint_every: int,
    *,
    asked: Callable[[], None] = lambda: None,
) -> Trained:
    """Trains on a cluster that is up, or continues the run of that name.

    Not for the main thread: there, Ray Train takes over Ctrl-C and ends the process without cleaning up.

    Args:
        dataset: what to train on.
        settings: the trees' parameters.
        ray_settings: workers, their threads, and where checkpoints go.
        run_name: the same for the same data, parameters and code.
        checkpoint_every: rounds between checkpoints.
        asked: called when all that is left to do here is to wait.

    Raises:
        TrainingError: training failed; with the cause as the worker told it.
    """
    import ray.data
    from ray.train import CheckpointConfig, DataConfig, RunConfig, ScalingConfig
    from ray.train.v2.api.exceptions import TrainingFailedError
    from ray.train.xgboost import XGBoostTrainer

    task = Task(dataset, settings, ray_settings.cpus_per_worker, checkpoint_every, asked_at=time.time())
    trainer = XGBoostTrainer(
        train_worker,
        train_loop_config={"task": task},
        datasets={
            FITTED: read_fitted(dataset),
            HELDOUT: read_heldout(dataset),
        },
        # A lone worker reads by itself; only several need an actor that deals the blocks out.
        dataset_config=DataConfig(
            datasets_to_split=[FITTED] if ray_settings.workers > 1 else [],
            execution_options=ray.data.ExecutionOptions(preserve_order=True),
        ),
        scaling_config=ScalingConfig(
            num_workers=ray_settings.workers, resources_per_worker={"CPU": ray_settings.cpus_per_worker}
        ),
        run_config=RunConfig(
            name=run_name,
            **ray_storage(ray_settings.storage),
            checkpoint_config=CheckpointConfig(num_to_keep=2),
            worker_runtime_env={"env_vars": WORKER_ENVIRONMENT},  # type: ignore[call-arg]  # mypy sees Train V1's
        ),
    )
    asked()
    try:
        result = trainer.fit()
    except TrainingFailedError as error:
        raise TrainingError(f"Training failed: {error}") from error
    if result.checkpoint is None:
        raise TrainingError(f"The run {run_name} in {ray_settings.storage} ended without a checkpoint.")
    return Trained(result.checkpoint)


def read_fitted(dataset: Dataset) -> ray.data.Dataset:
    """Features, label and month of the training and validation months as a Ray data set; nothing is read yet."""
    columns = [*dataset.feature_names, dataset.manifest.label, dataset.manifest.month]
    from ray_training.data.reading import read

    return read(dataset, columns, [*dataset.split.train, *dataset.split.validation])


def read_heldout(dataset: Dataset) -> ray.data.Dataset:
    """Features of the held-out months with all that is written beside predictions; nothing is read yet."""
    from ray_training.data.reading import read

    return read(dataset, [*dataset.feature_names, *prediction_columns(dataset)], dataset.split.heldout)


def forget_run(storage: str, run_name: str) -> None:
    """Removes an earlier run's checkpoints, so that training starts from nothing."""
    remove_folder(f"{storage}/{run_name}")
