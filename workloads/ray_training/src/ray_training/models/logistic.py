"""The logistic regression that the trees are measured against: same features, same rows, same split by time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from ray_training.data.dataset import Dataset
from ray_training.data.reading import Matrix, fill, read_files
from ray_training.models.evaluation import score

if TYPE_CHECKING:
    import pyarrow as pa

ROWS: Final = 500_000
"""The most rows that it is fitted on, and that it is scored on, at even distances. A linear model with some 200 weights
does not get better by more, and all flights of a year are fewer."""


class LogisticScores(BaseModel):
    """Of the logistic regression on the held-out rows."""

    model_config = ConfigDict(frozen=True)

    auc: float
    log_loss: float


def logistic_scores(dataset: Dataset) -> LogisticScores:
    """Fits it on the training months and scores it on the held-out ones.

    Missing numbers become the column's mean and every number is scaled to unit variance; a category becomes a column
    of its own, and so does "missing".
    """
    import numpy as np
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    categorical = np.array([kind == "c" for kind in dataset.feature_types])
    encoder = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="mean", keep_empty_features=True), StandardScaler()), ~categorical),
        (OneHotEncoder(handle_unknown="ignore", dtype=np.float32), categorical),
        sparse_threshold=0,
    )
    train, heldout = _matrices(dataset)
    # Newton's method: a handful of steps, each one product of matrices, where L-BFGS takes a hundred.
    model = make_pipeline(encoder, LogisticRegression(solver="newton-cholesky"))
    model.fit(train.features, train.labels > 0.5)
    probabilities = model.predict_proba(heldout.features)[:, 1]
    scores, _ = score(heldout.labels, probabilities, float(train.labels.mean()))
    return LogisticScores(auc=scores.auc, log_loss=scores.log_loss)


def _matrices(dataset: Dataset) -> tuple[Matrix, Matrix]:
    manifest, split = dataset.manifest, dataset.split
    columns = [*dataset.feature_names, manifest.label, manifest.month]

    def thinned(months: Sequence[int]) -> Iterator[pa.Table]:
        step = -(-sum(manifest.months[month] for month in months) // ROWS)
        for table in read_files(dataset.paths, columns, manifest.month, months):
            yield table if step == 1 else table.take(list(range(0, table.num_rows, step)))

    tables = chain(thinned(split.train), thinned(split.heldout))
    train, heldout = fill(dataset, tables, [split.train, split.heldout])
    return train, heldout
