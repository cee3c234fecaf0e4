"""What runs in a training worker: from its share of the rows to trees, and from the held-out rows to scores."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict

from ray_training.data.dataset import Dataset
from ray_training.data.reading import fill
from ray_training.models.boosting import Progress, best_of, boost, predict, quantized
from ray_training.models.evaluation import Curves, Scores, score
from ray_training.settings import BoostingSettings
from ray_training.timing import Stopwatch

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa
    import xgboost

FITTED: Final = "fitted"
HELDOUT: Final = "heldout"
"""Names of Ray Train's data sets."""

BOOSTER_FILE: Final = "booster.ubj"
PROGRESS_FILE: Final = "progress.json"
MODEL_FILE: Final = "model.ubj"
PREDICTIONS_FILE: Final = "predictions.parquet"
OUTCOME_FILE: Final = "outcome.json"
"""Files of a checkpoint: the first two in each, the others in the last one of a finished run."""


@dataclass(frozen=True)
class Task:
    """What a worker is told."""

    dataset: Dataset
    settings: BoostingSettings
    threads: int
    checkpoint_every: int
    asked_at: float
    """When training was asked for, as `time.time` tells it."""


class Outcome(BaseModel):
    """What training came to, beside the trees."""

    model_config = ConfigDict(extra="forbid")

    scores: Scores
    curves: Curves
    rows_train: int
    rows_validation: int
    rounds: int
    best_rounds: int
    validation_log_loss: float
    resumed_from_round: int
    timings: dict[str, float]


def train_worker(config: dict[str, Any]) -> None:
    """Ray Train's loop. The last checkpoint that it reports holds the model, predictions and `Outcome`."""
    import ray.train

    task: Task = config["task"]
    watch = Stopwatch()
    watch.seconds["worker_start"] = time.time() - task.asked_at
    with ExitStack() as stack:
        progress, booster_file = Progress(), None
        if earlier := ray.train.get_checkpoint():
            folder = Path(stack.enter_context(earlier.as_directory()))
            if (folder / OUTCOME_FILE).exists():
                return
            progress = Progress.model_validate_json((folder / PROGRESS_FILE).read_bytes())
            booster_file = folder / BOOSTER_FILE
        resumed_from = progress.rounds
        fitted = _fit(task, progress, booster_file, watch)
    if ray.train.get_context().get_world_rank() != 0:
        ray.train.report({})
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with watch.part("evaluation"):
            model = best_of(fitted.booster, progress)
            model.save_model(folder / MODEL_FILE)
            scores, curves = _evaluate(task, model, fitted.train_rate, folder / PREDICTIONS_FILE)
        outcome = Outcome(
            scores=scores,
            curves=curves,
            rows_train=fitted.rows_train,
            rows_validation=fitted.rows_validation,
            rounds=progress.rounds,
            best_rounds=progress.best_rounds,
            validation_log_loss=min(progress.validation_log_loss),
            resumed_from_round=resumed_from,
            timings=watch.seconds,
        )
        (folder / OUTCOME_FILE).write_text(outcome.model_dump_json())
        _report(fitted.booster, progress, folder)


@dataclass(frozen=True)
class _Fitted:
    """The trees, and what they were fitted on: counts over all workers."""

    booster: xgboost.Booster
    rows_train: int
    rows_validation: int
    train_rate: float


def _fit(task: Task, progress: Progress, earlier: Path | None, watch: Stopwatch) -> _Fitted:
    import ray.train

    with watch.part("ingest"):
        tables = ray.train.get_dataset_shard(FITTED).iter_batches(batch_size=None, batch_format="pyarrow")
        matrices = fill(task.dataset, tables, [task.dataset.split.train, task.dataset.split.validation])
    with watch.part("binning"):
        counts = _summed([*(matrix.rows for matrix in matrices), float(matrices[0].labels.sum())])
        train, validation = quantized(task.dataset, matrices, task.settings, task.threads)
        del matrices  # XGBoost has the bins: a byte for what are four here

    def keep(booster: xgboost.Booster, progress: Progress) -> None:
        if progress.rounds % task.checkpoint_every == 0 and not progress.is_over(task.settings):
            with watch.part("checkpoints"):
                _report(booster, progress)

    with watch.part("boosting"):
        booster, _ = boost(
            task.settings, task.threads, train, validation, progress=progress, earlier=earlier, after_round=keep
        )
    rows_train, rows_validation, late = counts
    return _Fitted(booster, int(rows_train), int(rows_validation), late / rows_train)


def _summed(values: list[float]) -> list[float]:
    """Each value's sum over all workers."""
    import numpy as np
    from xgboost import collective

    summed = collective.allreduce(np.array(values, dtype=np.float64), collective.Op.SUM)
    return [float(value) for value in summed]


def _report(booster: xgboost.Booster, progress: Progress, folder: Path | None = None) -> None:
    """Reports a checkpoint; all workers must call it at the same rounds, and only the first one's is kept."""
    import ray.train

    if ray.train.get_context().get_world_rank() != 0:
        ray.train.report({})
        return
    with tempfile.TemporaryDirectory() as temporary:
        target = folder or Path(temporary)
        booster.save_model(target / BOOSTER_FILE)
        (target / PROGRESS_FILE).write_text(progress.model_dump_json())
        metrics = {"rounds": progress.rounds, "validation_log_loss": progress.validation_log_loss[-1]}
        ray.train.report(metrics, checkpoint=ray.train.Checkpoint.from_directory(target))


def _evaluate(task: Task, model: xgboost.Booster, train_rate: float, target: Path) -> tuple[Scores, Curves]:
    """Predicts the held-out rows, writes them with their probabilities, and scores them."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import ray.train

    tables = list(ray.train.get_dataset_shard(HELDOUT).iter_batches(batch_size=None, batch_format="pyarrow"))
    (matrix,) = fill(task.dataset, tables, [task.dataset.split.heldout])
    probabilities = predict(model, matrix.features)
    pq.write_table(with_probabilities(task.dataset, pa.concat_tables(tables), probabilities), target)
    return score(matrix.labels, probabilities, train_rate)


def with_probabilities(dataset: Dataset, table: pa.Table, probabilities: npt.NDArray[Any]) -> pa.Table:
    """Keys, label, outcome and month of rows, beside the probability that they are late (64-bit)."""
    import numpy as np

    return table.select(prediction_columns(dataset)).append_column("probability", [probabilities.astype(np.float64)])


def prediction_columns(dataset: Dataset) -> list[str]:
    """What is written of each held-out row beside its probability."""
    manifest = dataset.manifest
    return [*manifest.keys, manifest.label, manifest.outcome, manifest.month]
