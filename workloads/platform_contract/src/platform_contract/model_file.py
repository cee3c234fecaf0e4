"""The model file that training hands to serving: one XGBoost booster in UBJSON that carries its own `FeatureSchema`.

A service needs the file and nothing beside it to know which numbers the model takes, in which order, and how to find
them.

Beside it lies its SHA-256, in the form that ``sha256sum`` writes and checks: ``flight_delay.ubj.sha256``. Whoever
replaces the file writes the digest of the new content and that of the old one first, then the file, then its digest
alone; so the file agrees with a digest beside it at every moment, also where a publication was killed. Serving refuses
a file that does not. UBJSON has no checksum of its own: one changed bit can be another threshold in a tree, which no
look at the model shows.
"""

from __future__ import annotations

import hashlib
import re
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


def digest_path(model: Path) -> Path:
    """Where the digest of a model file is."""
    return model.with_name(f"{model.name}.sha256")


def sha256_of(content: bytes) -> str:
    """The digest by which a model file is known."""
    return hashlib.sha256(content).hexdigest()


def digest_lines(name: str, *digests: str) -> str:
    """The text beside a model file called `name`: a line per digest that it may have."""
    return "".join(f"{digest}  {name}\n" for digest in digests)


def stated_digests(text: str, name: str) -> frozenset[str]:
    """The digests that a text beside a model file states; none if a single line of it is not as it should be."""
    line = re.compile(rf"([0-9a-f]{{64}})  {re.escape(name)}\n")
    found = [line.fullmatch(one) for one in text.splitlines(keepends=True)]
    return frozenset(one[1] for one in found if one) if all(found) else frozenset()


def predictions_path(predictions: str, model_version: str) -> str:
    """The Parquet file with a version's batch predictions for the held-out months, below ``lake.predictions``.

    Its columns: the manifest's keys, label, outcome and month, and ``probability``.
    """
    return f"{predictions}/flight_delay/model-{model_version}.parquet"
