"""The model file that training hands to serving: one XGBoost booster in UBJSON that carries its own `FeatureSchema`.

A service needs the file and nothing beside it to know which numbers the model takes, in which order, and how to find
them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

MODEL_FILE_NAME: Final = "flight_delay.ubj"
"""Below ``shared_files.models``; replaced in one step (write beside it, then rename)."""

SCHEMA_ATTRIBUTE: Final = "feature_schema"
"""Booster attribute: the `FeatureSchema` as JSON."""

VERSION_ATTRIBUTE: Final = "model_version"
"""Booster attribute: the version in MLflow's registry, as text."""

FINGERPRINT_ATTRIBUTE: Final = "data_fingerprint"
"""Booster attribute: `FeatureManifest.fingerprint` of the data that it was trained on."""


def shared_model_path(models: Path) -> Path:
    """The model file that the serving pattern B picks up, below ``shared_files.models``."""
    return models / MODEL_FILE_NAME


def predictions_path(predictions: str, model_version: str) -> str:
    """The Parquet file with a version's batch predictions for the held-out months, below ``lake.predictions``.

    Its columns: the manifest's keys, label, outcome and month, and ``probability``.
    """
    return f"{predictions}/flight_delay/model-{model_version}.parquet"
