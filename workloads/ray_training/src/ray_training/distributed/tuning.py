"""Searches for better parameters with Ray Tune, by the log loss of the validation month."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from platform_contract.document import Ray

from ray_training.data.dataset import Dataset
from ray_training.data.places import ray_storage, read_bytes, size_of, write_bytes
from ray_training.data.reading import fill
from ray_training.distributed.training import WORKER_ENVIRONMENT, read_fitted
from ray_training.errors import TrainingError
from ray_training.models.boosting import boost, quantized
from ray_training.settings import BoostingSettings

if TYPE_CHECKING:
    import ray.data

SEED: Final = 2013
LOSS: Final = "validation_log_loss"


@dataclass(frozen=True)
class Search:
    """What a search found."""

    best: BoostingSettings
    trials: list[dict[str, Any]]
    """Parameters and validation log loss of each trial, the best first."""


def search(dataset: Dataset, settings: BoostingSettings, count: int, ray_settings: Ray, name: str) -> Search:
    """Tries `settings` and ``count - 1`` random variations of them, one worker's CPUs each.

    The search is the same whenever it is done: its choices are seeded. A finished one is kept under `name` and not
    done again.

    Raises:
        TrainingError: a trial failed.
    """
    kept = f"{ray_settings.storage}/searches/{name}.json"
    if size_of(kept) is not None:
        return _search(settings, json.loads(read_bytes(kept)))
    # No TensorBoard files, no table on the terminal.
    os.environ.update(TUNE_DISABLE_AUTO_CALLBACK_LOGGERS="1", RAY_AIR_NEW_OUTPUT="0")
    from ray import tune
    from ray.tune.search import BasicVariantGenerator

    space = {
        "learning_rate": tune.loguniform(0.03, 0.3),
        "max_depth": tune.randint(3, 9),
        "min_child_weight": tune.loguniform(5, 500),
        "reg_lambda": tune.loguniform(0.1, 100),
    }
    present = {parameter: getattr(settings, parameter) for parameter in space}
    trainable = tune.with_parameters(_trial, dataset=dataset, settings=settings, rows=read_fitted(dataset))
    resources = tune.PlacementGroupFactory([{"CPU": ray_settings.cpus_per_worker}])
    results = tune.Tuner(
        tune.with_resources(trainable, resources),
        param_space=space,
        tune_config=tune.TuneConfig(
            metric=LOSS,
            mode="min",
            num_samples=count,
            max_concurrent_trials=ray_settings.workers,
            search_alg=BasicVariantGenerator(
                points_to_evaluate=[present], random_state=SEED, max_concurrent=ray_settings.workers
            ),
        ),
        run_config=tune.RunConfig(name=f"search-{name}", verbose=0, **ray_storage(ray_settings.storage)),
    ).fit()
    if results.errors:
        raise TrainingError(f"{len(results.errors)} of {count} trials failed; the first: {results.errors[0]}")
    done = [results[position] for position in range(len(results))]
    trials = [{**(result.config or {}), LOSS: (result.metrics or {})[LOSS]} for result in done]
    write_bytes(kept, json.dumps(trials).encode())
    return _search(settings, trials)


def _search(settings: BoostingSettings, trials: list[dict[str, Any]]) -> Search:
    ranked = sorted(trials, key=lambda trial: float(trial[LOSS]))
    best = {name: value for name, value in ranked[0].items() if name != LOSS}
    return Search(BoostingSettings.model_validate({**settings.model_dump(), **best}), ranked)


def _trial(config: dict[str, Any], dataset: Dataset, settings: BoostingSettings, rows: ray.data.Dataset) -> None:
    os.environ.update(WORKER_ENVIRONMENT)
    import ray
    from ray import tune

    threads = int(ray.get_runtime_context().get_assigned_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
    varied = BoostingSettings.model_validate({**settings.model_dump(), **config})
    tables = rows.iter_batches(batch_size=None, batch_format="pyarrow")
    matrices = fill(dataset, tables, [dataset.split.train, dataset.split.validation])
    train, validation = quantized(dataset, matrices, varied, threads)
    _, progress = boost(varied, threads, train, validation)
    tune.report({LOSS: min(progress.validation_log_loss), "rounds": progress.best_rounds})
