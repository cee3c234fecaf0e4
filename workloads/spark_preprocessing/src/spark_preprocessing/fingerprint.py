"""Has anything changed? The fingerprint of all that a version of the data set was made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from platform_contract.feature_manifest import MANIFEST_VERSION

from spark_preprocessing.raw.delivery import Delivery
from spark_preprocessing.raw.raw_tables import RawFile


def fingerprint(files: Mapping[str, RawFile], delivery: Delivery) -> str:
    """A SHA-256 over the raw files' contents, what they say of themselves, this package's source, and the versions of
    the manifest and of Spark.

    All settings that change the content are constants of the source. The contract's locations, memory and mode are not
    part of it: they change where and how fast the same content is made.
    """
    package = Path(__file__).parent
    made_of = {
        "inputs": {name: file.sha256 for name, file in files.items()},
        "delivery": delivery.model_dump(mode="json"),
        "source": {
            path.relative_to(package).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(package.rglob("*.py"))
        },
        "manifest": MANIFEST_VERSION,
        "spark": version("pyspark"),
    }
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
