"""Scores the champion on the present held-out months, so that a candidate is compared with it on the same rows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from platform_contract import FeatureSchema
from platform_contract.model_file import SCHEMA_ATTRIBUTE
from pydantic import ValidationError

from ray_training.data.dataset import Dataset
from ray_training.data.reading import fill, read_files
from ray_training.models.boosting import predict
from ray_training.models.evaluation import log_loss
from ray_training.tracking.champion import Standing
from ray_training.tracking.registry import Registry

if TYPE_CHECKING:
    import xgboost
    from mlflow.entities.model_registry import ModelVersion

FINGERPRINT_TAG: Final = "data_fingerprint"
LOG_LOSS_TAG: Final = "heldout_log_loss"
"""Tags of a model version: the data that it was trained on, and its log loss on that data's held-out months."""


def champion_standing(registry: Registry, version: ModelVersion, dataset: Dataset) -> Standing:
    """How the champion does on the held-out months of `dataset`: as it was tagged, or scored anew on other data."""
    number = str(version.version)
    if version.tags.get(FINGERPRINT_TAG) == dataset.manifest.fingerprint and LOG_LOSS_TAG in version.tags:
        return Standing(number, float(version.tags[LOG_LOSS_TAG]))
    import xgboost

    with tempfile.TemporaryDirectory() as folder:
        booster = xgboost.Booster(model_file=registry.model_file(number, Path(folder)))
    if misfit := _misfit(booster, dataset):
        return Standing(number, None, f"since {misfit}")
    manifest = dataset.manifest
    columns = [*dataset.feature_names, manifest.label, manifest.month]
    tables = read_files(dataset.paths, columns, manifest.month, dataset.split.heldout)
    (matrix,) = fill(dataset, tables, [dataset.split.heldout])
    wanted = [dataset.feature_names.index(name) for name in booster.feature_names or ()]
    loss = log_loss(matrix.labels, predict(booster, matrix.features[:, wanted]))
    return Standing(number, loss, "scored anew, as it was trained on other data")


def _misfit(booster: xgboost.Booster, dataset: Dataset) -> str:
    """Why the present data cannot be given to a booster; empty if it can."""
    text = booster.attr(SCHEMA_ATTRIBUTE)
    try:
        trained_on = FeatureSchema.model_validate_json(text or "")
    except ValidationError:
        return "its file does not say which features it takes"
    present = {feature.name: feature for feature in dataset.manifest.feature_schema.features}
    missing = [feature.name for feature in trained_on.features if feature.name not in present]
    if missing:
        return f"the data no longer has its features {', '.join(missing)}"
    recoded = [f.name for f in trained_on.features if f.categories != present[f.name].categories]
    if recoded:
        return f"the data has other codes for {', '.join(recoded)}"
    return ""
