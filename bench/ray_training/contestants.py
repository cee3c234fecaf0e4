"""The processes that are compared. Each is started afresh, does its work once and prints what it took as JSON.

Both ways of training grow the same trees from the same files with the same settings and threads: the loss and a digest
of the trees, which both print, show it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platform_contract.document import Ray

from ray_training.data.dataset import find_dataset
from ray_training.settings import BoostingSettings
from ray_training.timing import Stopwatch

if TYPE_CHECKING:
    import xgboost


def train_plainly(features: str, settings: BoostingSettings, threads: int) -> dict[str, Any]:
    """pyarrow reads, XGBoost trains and predicts, all in this process."""
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # as Ray's workers have it
    watch = Stopwatch()
    with watch.part("imports"):
        import numpy as np
        import pyarrow.dataset as pads
        import xgboost

    started = time.monotonic()
    dataset = find_dataset(features)
    manifest, names = dataset.manifest, list(dataset.feature_names)
    files = pads.dataset(dataset.paths, format="parquet")

    def read(months: tuple[int, ...]) -> tuple[Any, Any]:
        columns = [*names, manifest.label]
        table = files.to_table(columns=columns, filter=pads.field(manifest.month).isin(months))
        matrix = np.empty((table.num_rows, len(names)), dtype=np.float32)
        start = 0
        for batch in table.to_batches(max_chunksize=4096):  # rows that fit the cache while columns become rows
            end = start + batch.num_rows
            for position, name in enumerate(names):
                matrix[start:end, position] = batch.column(name).to_numpy(zero_copy_only=False)
            start = end
        return matrix, table.column(manifest.label).to_numpy()

    options = {"feature_names": names, "feature_types": dataset.feature_types, "max_bin": settings.max_bin}
    with watch.part("ingest"):
        train_rows, validation_rows = read(dataset.split.train), read(dataset.split.validation)
    with watch.part("binning"):
        train = xgboost.QuantileDMatrix(*train_rows, nthread=threads, **options)
        validation = xgboost.QuantileDMatrix(*validation_rows, nthread=threads, ref=train, **options)
        del train_rows, validation_rows
    with watch.part("boosting"):
        booster = xgboost.train(
            settings.xgboost_parameters(threads),
            train,
            settings.rounds,
            evals=[(validation, "validation")],
            early_stopping_rounds=settings.patience,
            verbose_eval=False,
        )
        booster = booster[: booster.best_iteration + 1]
    with watch.part("evaluation"):
        from sklearn.metrics import log_loss, roc_auc_score

        rows, labels = read(dataset.split.heldout)
        probabilities = booster.inplace_predict(rows)
        auc, loss = roc_auc_score(labels, probabilities), log_loss(labels, probabilities)
    return {
        "work": time.monotonic() - started,
        "timings": watch.rounded(),
        "auc": float(auc),
        "log_loss": float(loss),
        "rounds": booster.num_boosted_rounds(),
        "trees": _digest(booster),
    }


def train_with_ray(features: str, settings: BoostingSettings, ray_settings: Ray) -> dict[str, Any]:
    """The package's own way: Ray Data reads, Ray Train trains, with checkpoints."""
    from ray_training.distributed.cluster import ray_cluster

    watch = Stopwatch()
    dataset = find_dataset(features)
    shutil.rmtree(ray_settings.storage, ignore_errors=True)
    with ThreadPoolExecutor(1) as beside, ray_cluster(ray_settings, watch):
        with watch.part("imports"):
            from ray_training.distributed.training import fit
        trained = beside.submit(fit, dataset, settings, ray_settings, "bench", 50).result()
    with trained.files() as made:
        timings = made.outcome.timings
        return {
            "work": sum(seconds for part, seconds in timings.items() if part not in ("worker_start", "checkpoints")),
            "timings": {**watch.rounded(), **{part: round(seconds, 2) for part, seconds in timings.items()}},
            "auc": made.outcome.scores.auc,
            "log_loss": made.outcome.scores.log_loss,
            "rounds": made.outcome.best_rounds,
            "trees": _digest(made.booster),
        }


def read_plainly(features: str) -> dict[str, Any]:
    """pyarrow reads the whole data set into one numpy matrix."""
    import pyarrow.dataset as pads

    from ray_training.data.reading import fill

    dataset = find_dataset(features)
    seconds = []
    for _ in range(2):
        started = time.monotonic()
        columns = [*dataset.feature_names, dataset.manifest.label, dataset.manifest.month]
        table = pads.dataset(dataset.paths, format="parquet").to_table(columns=columns)
        (matrix,) = fill(dataset, [table], [list(dataset.manifest.months)])
        seconds.append(time.monotonic() - started)
    return {"first": seconds[0], "second": seconds[1], "rows": matrix.rows}


def read_with_ray(features: str, ray_settings: Ray) -> dict[str, Any]:
    """Ray Data reads the whole data set into one numpy matrix of this process.

    The first time Ray starts the processes that read; the second time they are there.
    """
    from ray_training.distributed.cluster import ray_cluster

    watch = Stopwatch()
    dataset = find_dataset(features)
    seconds = []
    with ray_cluster(ray_settings, watch):
        import ray.data

        from ray_training.data.reading import fill, read

        ray.data.DataContext.get_current().enable_progress_bars = False
        for _ in range(2):
            started = time.monotonic()
            columns = [*dataset.feature_names, dataset.manifest.label, dataset.manifest.month]
            rows = read(dataset, columns, list(dataset.manifest.months))
            (matrix,) = fill(
                dataset, rows.iter_batches(batch_size=None, batch_format="pyarrow"), [list(dataset.manifest.months)]
            )
            seconds.append(time.monotonic() - started)
    return {"first": seconds[0], "second": seconds[1], "rows": matrix.rows}


def _digest(booster: xgboost.Booster) -> str:
    return hashlib.sha256("".join(booster.get_dump(with_stats=True)).encode()).hexdigest()


def ray_settings_in(scratch: Path, given: Ray) -> Ray:
    """The contract's cluster, local and with its files in `scratch`."""
    return given.model_copy(update={"address": "local", "storage": str(scratch / "ray")})
