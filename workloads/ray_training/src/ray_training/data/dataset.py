"""Finds the data set that Spark published, and checks that it is what its manifest says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

from platform_contract import DatasetPointer, FeatureManifest
from platform_contract.loading import describe_faults
from pydantic import BaseModel, ValidationError

from ray_training.data.places import read_bytes, size_of
from ray_training.errors import TrainingError
from ray_training.settings import Split, split_by_time

DATASET: Final = "flight_delay"
PREPARE: Final = "Run 'spark-preprocess' first."

Document = TypeVar("Document", bound=BaseModel)


@dataclass(frozen=True)
class Dataset:
    """One version of the data set. Picklable: it travels to Ray's workers."""

    location: str
    manifest: FeatureManifest

    @property
    def feature_names(self) -> tuple[str, ...]:
        """In the order in which the model takes them."""
        return self.manifest.feature_schema.names

    @property
    def feature_types(self) -> list[str]:
        """XGBoost's names of types: ``c`` for a categorical feature, ``q`` for a quantity."""
        return ["c" if feature.categories else "q" for feature in self.manifest.feature_schema.features]

    @property
    def split(self) -> Split:
        """Which months are for what.

        Raises:
            TrainingError: there are too few.
        """
        return split_by_time(self.manifest.months)

    @property
    def paths(self) -> list[str]:
        """The Parquet files with the rows, in the manifest's order."""
        return [f"{self.location}/{file.path}" for file in self.manifest.files]


def find_dataset(features: str) -> Dataset:
    """The data set that ``LATEST.json`` names below `features`, the contract's ``lake.features``.

    Raises:
        TrainingError: none is published, a document is broken, or files are missing or of another size; every such
            file is named at once.
    """
    folder = f"{features}/{DATASET}"
    pointer = _read(f"{folder}/LATEST.json", DatasetPointer, f"There is no data set at {folder} yet. {PREPARE}")
    version = f"{folder}/{pointer.version}"
    manifest = _read(
        f"{version}/manifest.json",
        FeatureManifest,
        f"{folder}/LATEST.json names {pointer.version}, which has no manifest. Prepare the data again.",
    )
    if f"v-{manifest.fingerprint}" != pointer.version:
        raise TrainingError(
            f"{version}/manifest.json is of the data set v-{manifest.fingerprint}, not of {pointer.version}."
            " Prepare the data again."
        )
    _check_files(version, manifest)
    return Dataset(version, manifest)


def _read(path: str, kind: type[Document], missing: str) -> Document:
    try:
        text = read_bytes(path)
    except FileNotFoundError as error:
        raise TrainingError(missing) from error
    except OSError as error:
        raise TrainingError(f"Cannot read {path}: {error.strerror or error}.") from error
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise TrainingError(f"{path} is wrong; prepare the data again:\n{describe_faults(error)}") from error


def _check_files(version: str, manifest: FeatureManifest) -> None:
    faults = []
    for file in manifest.files:
        size = size_of(f"{version}/{file.path}")
        if size is None:
            faults.append(f"  {file.path}: is not there")
            continue
        if size != file.bytes:
            faults.append(f"  {file.path}: has {size} bytes, the manifest says {file.bytes}")
    if faults:
        listed = "\n".join(faults)
        raise TrainingError(f"The data set {version} is not what its manifest says; prepare the data again:\n{listed}")
