"""A model that is ready to answer, and how a file becomes one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from platform_contract import FeatureSchema
from platform_contract.model_file import (
    FINGERPRINT_ATTRIBUTE,
    SCHEMA_ATTRIBUTE,
    VERSION_ATTRIBUTE,
    digest_path,
    sha256_of,
    stated_digests,
)
from pydantic import ValidationError

from bento_serving.errors import ServingError
from bento_serving.inspection import CPU_SECONDS, Report

if TYPE_CHECKING:
    import xgboost

    from bento_serving.features.lookups import Floats

MOST_BYTES: Final = 2**30
"""A longer file is refused before it is read."""

_TRIES: Final = 5


@dataclass(frozen=True)
class InspectedFile:
    """A model file that was found good.

    Attributes:
        digest: SHA-256 of the file.
        model: the same model, written anew by XGBoost itself, and so safe to be read.
        report: what the model says of itself.
    """

    digest: str
    model: bytes
    report: Report


@dataclass(frozen=True)
class ServedModel:
    """A model in memory. Never changes; threads share it."""

    booster: xgboost.Booster
    digest: str
    model_version: str
    data_fingerprint: str
    schema: FeatureSchema

    def predict(self, rows: Floats) -> Floats:
        """The probability of each row (a row per flight, a column per feature, NaN for missing)."""
        return np.asarray(self.booster.inplace_predict(rows), dtype=np.float32)


def read_model_file(path: Path) -> bytes:
    """The content of a published model file: nobody has changed it while it was read, and it has the digest beside it.

    Raises:
        ServingError: it is not there, cannot be read, is empty or too long, is being written, or has no digest or
            another.
    """
    try:
        for _ in range(_TRIES):
            with path.open("rb") as handle:
                before = os.fstat(handle.fileno())
                if before.st_size > MOST_BYTES:
                    raise ServingError(f"The model file {path} has {before.st_size:,} bytes, which cannot be right.")
                content = handle.read()
                after = os.fstat(handle.fileno())
            stated = _stated_digests(path)
            if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, len(content)):
                break
        else:
            raise ServingError(f"The model file {path} is being written.")
    except OSError as error:
        hint = "Train and publish a model first" if isinstance(error, FileNotFoundError) else "Is the share mounted?"
        raise ServingError(f"The model file {path} cannot be read: {error.strerror}. {hint}.") from error
    if not content:
        raise ServingError(f"The model file {path} is empty.")
    if (found := sha256_of(content)) not in stated:
        says = " or ".join(sorted(stated)) or "nothing that is a digest of this file"
        raise ServingError(
            f"The model file {path} is refused: it is not what was published, or was damaged since. Its SHA-256 is"
            f" {found}; {digest_path(path)} says {says}. 'ray-train publish' publishes the champion again."
        )
    return content


def _stated_digests(path: Path) -> frozenset[str]:
    beside = digest_path(path)
    try:
        return stated_digests(beside.read_text(encoding="utf-8", errors="replace"), path.name)
    except FileNotFoundError:
        raise ServingError(
            f"The model file {path} is refused: it has no digest beside it ({beside.name}). 'ray-train publish' writes"
            f" both; for a file of your own, 'sha256sum {path.name} > {beside.name}' in its folder does."
        ) from None


def inspect_model(content: bytes, name: str) -> InspectedFile:
    """Has a process of its own look at the content of a model file; see `bento_serving.inspection`.

    Args:
        content: of the file.
        name: how messages call it.

    Raises:
        ServingError: the model is not fit to be served, with the reason.
    """
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "bento_serving.inspection"]
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, env=environ, timeout=2 * CPU_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ServingError(f"{name} is refused: looking at it takes forever.") from None
    line, _, model = done.stdout.partition(b"\n")
    try:
        report = Report.model_validate_json(line)
    except ValidationError:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
        raise ServingError(f"{name} is refused: it is damaged (reading it ends the process with {how}).") from None
    if report.refused:
        raise ServingError(f"{name} is refused: {report.refused}.")
    return InspectedFile(sha256_of(content), model, report)


def load_model(model: bytes, digest: str) -> ServedModel:
    """Brings a model into memory that an inspection has found good.

    A prediction takes one thread: the requests themselves are what runs at once.
    """
    import xgboost

    booster = xgboost.Booster(params={"nthread": 1})
    booster.load_model(bytearray(model))
    booster.set_param({"nthread": 1})
    return ServedModel(
        booster=booster,
        digest=digest,
        model_version=booster.attr(VERSION_ATTRIBUTE) or "",
        data_fingerprint=booster.attr(FINGERPRINT_ATTRIBUTE) or "",
        schema=FeatureSchema.model_validate_json(booster.attr(SCHEMA_ATTRIBUTE) or ""),
    )
