"""How good probabilities are, and the curves that show it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

Floats = npt.NDArray[np.floating[Any]]

BINS: Final = 20
CURVE_POINTS: Final = 200


class Scores(BaseModel):
    """Of predicted probabilities on one set of rows. All but `auc` and `base_rate`: less is better."""

    model_config = ConfigDict(frozen=True)

    rows: int
    auc: float
    """The probability that a late flight is given a higher value than a punctual one."""
    log_loss: float
    """Mean negative logarithm (base e) of the probability given to what happened."""
    brier: float
    """Mean squared difference between probability and what happened."""
    calibration_error: float
    """Expected calibration error: mean distance between probability and observed share, over `BINS` bins that hold
    equally many rows (Nixon et al. 2019, "Measuring Calibration in Deep Learning", adaptive bins)."""
    base_rate: float
    """Share of late flights in these rows."""
    base_log_loss: float
    """Log loss of giving every row the share of late flights of the training months."""


class Curves(BaseModel):
    """Points of the ROC and the calibration plot."""

    model_config = ConfigDict(frozen=True)

    false_positive_rate: list[float]
    true_positive_rate: list[float]
    predicted: list[float]
    """Mean probability of each bin."""
    observed: list[float]
    """Share of late flights in each bin."""


def log_loss(labels: Floats, probabilities: Floats) -> float:
    """As `Scores.log_loss`; a probability of exactly 0 or 1 counts as the nearest one that a 64-bit float tells apart
    from it."""
    tiny = float(np.finfo(np.float64).eps)
    given = np.clip(probabilities.astype(np.float64), tiny, 1 - tiny)
    return float(-np.mean(np.where(labels > 0.5, np.log(given), np.log1p(-given))))


def score(labels: Floats, probabilities: Floats, train_rate: float) -> tuple[Scores, Curves]:
    """Scores probabilities against what happened.

    Args:
        labels: 0 or 1.
        probabilities: of 1.
        train_rate: share of 1 in the training rows.

    Raises:
        ValueError: all labels are the same, so that no AUC exists.
    """
    truth = labels > 0.5
    late, punctual = int(truth.sum()), int((~truth).sum())
    if not late or not punctual:
        raise ValueError("the rows are all late or all punctual: there is nothing to tell apart")
    given = probabilities.astype(np.float64)
    false_rate, true_rate = _roc(truth, given)
    predicted, observed, weight = _calibration(truth, given)
    scores = Scores(
        rows=len(labels),
        auc=float(np.trapezoid(true_rate, false_rate)),
        log_loss=log_loss(labels, given),
        brier=float(np.mean((given - truth) ** 2)),
        calibration_error=float(np.sum(weight * np.abs(predicted - observed))),
        base_rate=late / len(labels),
        base_log_loss=log_loss(labels, np.full(len(labels), train_rate)),
    )
    points = np.linspace(0, len(false_rate) - 1, min(CURVE_POINTS, len(false_rate))).astype(int)
    curves = Curves(
        false_positive_rate=false_rate[points].tolist(),
        true_positive_rate=true_rate[points].tolist(),
        predicted=predicted.tolist(),
        observed=observed.tolist(),
    )
    return scores, curves


def _roc(truth: npt.NDArray[np.bool_], given: Floats) -> tuple[Floats, Floats]:
    """Both rates at every distinct threshold, from (0, 0) to (1, 1). Rows of like value move both at once."""
    order = np.argsort(-given, kind="stable")
    ranked = truth[order]
    last_of_value = np.append(np.flatnonzero(np.diff(given[order])), len(given) - 1)
    true_count = np.cumsum(ranked)[last_of_value]
    false_count = last_of_value + 1 - true_count
    true_rate = np.concatenate([[0.0], true_count / true_count[-1]])
    false_rate = np.concatenate([[0.0], false_count / false_count[-1]])
    return false_rate, true_rate


def _calibration(truth: npt.NDArray[np.bool_], given: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean probability, observed share and share of the rows of each bin."""
    bins = [part for part in np.array_split(np.argsort(given, kind="stable"), BINS) if len(part)]
    predicted = np.array([given[part].mean() for part in bins])
    observed = np.array([truth[part].mean() for part in bins])
    weight = np.array([len(part) / len(given) for part in bins])
    return predicted, observed, weight
