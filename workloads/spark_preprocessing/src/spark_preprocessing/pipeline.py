"""From the raw files to a published version of the data set."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from platform_contract import FeatureManifest, PlatformContract

from spark_preprocessing.features.catalogue import DATASET
from spark_preprocessing.fingerprint import fingerprint
from spark_preprocessing.publishing.publication import current_version, edition, intact_manifest
from spark_preprocessing.raw.delivery import read_delivery
from spark_preprocessing.raw.limits import LIMITS
from spark_preprocessing.raw.raw_files import inspect_raw_files

APP_NAME: Final = "spark-preprocess"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Summary:
    """What a run came to; the last line of ``spark-preprocess run`` is this as JSON."""

    reused: bool
    fingerprint: str
    rows_in: int
    rows_out: int
    quarantined: Mapping[str, int]
    tables: Mapping[str, Any]
    """Of every raw table: its rows, and those that were refused, by reason."""
    features: int
    seconds: float
    dataset: str
    step: str = "preprocess"


def run(contract: PlatformContract, *, force: bool, limits: Mapping[str, float] = LIMITS, say: Say) -> Summary:
    """Prepares the data set, unless the version that these raw files and this code make is published already.

    Args:
        contract: where everything is.
        force: prepare it in any case.
        limits: how much of the delivery may be refused.
        say: is told in a few words what goes on.

    Raises:
        PreprocessingError: for a reason that a person can mend; the version published before stays as it is.
    """
    started = time.monotonic()
    files = inspect_raw_files(contract.lake.raw)
    delivery = read_delivery(contract.lake.raw)
    mark = fingerprint(files, delivery)
    folder, quarantine = f"{contract.lake.features}/{DATASET}", f"{contract.lake.quarantine}/{DATASET}"
    name = f"v-{mark}"
    version = f"{folder}/{name}"

    def summary(manifest: FeatureManifest, *, reused: bool) -> Summary:
        return Summary(
            reused=reused,
            fingerprint=mark,
            rows_in=manifest.rows_in,
            rows_out=manifest.rows_out,
            quarantined=manifest.quarantined,
            tables={name: counts.model_dump() for name, counts in manifest.tables.items()},
            features=len(manifest.feature_schema.features),
            seconds=round(time.monotonic() - started, 1),
            dataset=version,
        )

    def reuse() -> FeatureManifest | None:
        return intact_manifest(version) if current_version(folder) == name and not force else None

    if (manifest := reuse()) is not None:
        say(f"up to date: {version}")
        return summary(manifest, reused=True)
    with edition(folder, quarantine, say) as made:
        # Another run may have made it while this one waited.
        if (manifest := reuse()) is not None:
            say(f"up to date: {version}")
            return summary(manifest, reused=True)
        # Only now: importing Spark takes as long as all of the above.
        from spark_preprocessing.preparation import Task, prepare

        manifest = prepare(contract, Task(files, delivery, mark, limits), made, say)
        made.commit(manifest)
    say(f"published {version}")
    return summary(manifest, reused=False)
