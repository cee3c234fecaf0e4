"""What a person reads in MLflow of a run, of the data that it was trained on, and of a registered version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date

from mlflow.entities import Dataset as MlflowDataset
from mlflow.entities import DatasetInput, InputTag
from mlflow.types import ColSpec, DataType, Schema
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT
from mlflow.utils.validation import MAX_DATASET_DIGEST_SIZE
from platform_contract.object_store import in_s3

from ray_training.data.dataset import DATASET, Dataset
from ray_training.settings import span


def run_name(dataset: Dataset, day: date) -> str:
    """As the version's folder begins, and when it was trained: ``v-0123456789ab 2026-11-30``."""
    return f"v-{dataset.manifest.fingerprint[:12]} {day:%Y-%m-%d}"


def version_description(dataset: Dataset, metrics: Mapping[str, float]) -> str:
    """What a version was trained on and how well it does, beside what it is to be compared with."""
    split, fingerprint = dataset.split, dataset.manifest.fingerprint
    return (
        f"Trained on {metrics['rows_train']:,} flights of {span(split.train)} (data set v-{fingerprint}); the rounds"
        f" were ended by {span(split.validation)}. On the {metrics['rows_heldout']:,} flights of"
        f" {span(split.heldout)}, which nothing was chosen by: AUC {metrics['auc']:.3f} (logistic regression"
        f" {metrics['logistic_auc']:.3f}), log loss {metrics['log_loss']:.3f} (logistic regression"
        f" {metrics['logistic_log_loss']:.3f}, base rate {metrics['base_log_loss']:.3f}), calibration error"
        f" {metrics['calibration_error']:.3f}."
    )


def version_tags(dataset: Dataset) -> dict[str, str]:
    """By which a person finds versions: MLflow's page of a model filters by tags."""
    split = dataset.split
    return {
        "dataset": dataset.location,
        "train_months": span(split.train),
        "validation_months": span(split.validation),
        "heldout_months": span(split.heldout),
    }


def training_input(dataset: Dataset) -> DatasetInput:
    """The data set as MLflow knows inputs of runs: where it lies, its columns, rows and days, none of its content.

    The digest is the beginning of the manifest's fingerprint, as much of it as MLflow takes.
    """
    manifest, period = dataset.manifest, dataset.manifest.period
    features = [ColSpec(DataType.float, feature.name) for feature in manifest.feature_schema.features]
    schema = Schema([*features, ColSpec(DataType.integer, manifest.label)])
    profile = {
        "num_rows": manifest.rows_out,
        "num_features": len(features),
        "first_day": str(period.first_day),
        "last_day": str(period.last_day),
    }
    described = MlflowDataset(
        name=DATASET,
        digest=manifest.fingerprint[:MAX_DATASET_DIGEST_SIZE],
        source_type="s3" if in_s3(dataset.location) else "local",
        source=json.dumps({"uri": dataset.location}),
        schema=json.dumps({"mlflow_colspec": schema.to_dict()}),
        profile=json.dumps(profile),
    )
    return DatasetInput(described, [InputTag(MLFLOW_DATASET_CONTEXT, "training")])
