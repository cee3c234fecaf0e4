"""Grows the trees. Knows nothing of Ray, so that the trees of one plain process can be compared with Ray's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from ray_training.data.dataset import Dataset
from ray_training.data.reading import FloatMatrix, Matrix
from ray_training.settings import BoostingSettings

if TYPE_CHECKING:
    import xgboost


class Progress(BaseModel):
    """How far boosting has come; with the booster, all that is needed to go on."""

    model_config = ConfigDict(extra="forbid")

    validation_log_loss: list[float] = []
    """After each round."""

    @property
    def rounds(self) -> int:
        """How many were done."""
        return len(self.validation_log_loss)

    @property
    def best_rounds(self) -> int:
        """After how many rounds the validation log loss was at its least, the first time."""
        return self.validation_log_loss.index(min(self.validation_log_loss)) + 1

    def is_over(self, settings: BoostingSettings) -> bool:
        """Whether no further round is due."""
        if not self.rounds:
            return False
        return self.rounds >= settings.rounds or self.rounds - self.best_rounds >= settings.patience


def quantized(
    dataset: Dataset, matrices: Sequence[Matrix], settings: BoostingSettings, threads: int
) -> list[xgboost.QuantileDMatrix]:
    """The matrices as XGBoost's histogram method takes them; the later ones with the bins of the first."""
    import xgboost

    made: list[xgboost.QuantileDMatrix] = []
    for matrix in matrices:
        made.append(
            xgboost.QuantileDMatrix(
                matrix.features,
                matrix.labels,
                feature_names=list(dataset.feature_names),
                feature_types=dataset.feature_types,
                max_bin=settings.max_bin,
                nthread=threads,
                ref=made[0] if made else None,
            )
        )
    return made


def boost(
    settings: BoostingSettings,
    threads: int,
    train: xgboost.QuantileDMatrix,
    validation: xgboost.QuantileDMatrix,
    *,
    progress: Progress | None = None,
    earlier: Path | None = None,
    after_round: Callable[[xgboost.Booster, Progress], None] = lambda _booster, _progress: None,
) -> tuple[xgboost.Booster, Progress]:
    """Grows trees until no further round is due; the validation loss decides when.

    With several workers each calls this with its share of the rows; the loss is that of all rows.

    Args:
        settings: the trees' parameters.
        threads: for XGBoost.
        train: the rows that trees are grown on.
        validation: the rows that decide when it is enough.
        progress: of an earlier run that is to be continued.
        earlier: that run's booster file.
        after_round: called after each round.
    """
    import xgboost

    progress = progress or Progress()
    parameters = settings.xgboost_parameters(threads)
    booster = xgboost.Booster(parameters, cache=[train, validation], model_file=earlier)
    while not progress.is_over(settings):
        booster.update(train, iteration=progress.rounds)
        told = booster.eval_set([(validation, "validation")], iteration=progress.rounds)
        progress.validation_log_loss.append(float(told.rsplit(":", 1)[1]))
        after_round(booster, progress)
    return booster, progress


def best_of(booster: xgboost.Booster, progress: Progress) -> xgboost.Booster:
    """The booster with the rounds up to the best one, and no more: whoever predicts needs to know of no limit."""
    return booster[: progress.best_rounds]


def predict(booster: xgboost.Booster, features: FloatMatrix) -> FloatMatrix:
    """The probability of each row. 32-bit: what a service that loads the booster computes."""
    probabilities: FloatMatrix = booster.inplace_predict(features)
    return probabilities
