"""A place to publish in, on a file system or in S3, and small versions to publish there: no Spark is needed."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from forked import in_a_fork
from object_store import enter
from platform_contract import KEY_COLUMNS, Feature, FeatureManifest, FeatureSchema, FromRequest, Period
from spark_preprocessing.publishing import opening, s3
from spark_preprocessing.publishing.lease import NAME as LEASE
from spark_preprocessing.publishing.lease import Lease
from spark_preprocessing.publishing.opening import store_of
from spark_preprocessing.publishing.publication import (
    Edition,
    current_version,
    digest,
    edition,
    intact_manifest,
)

PARTS = 2
KILLED = 9


@dataclass(frozen=True)
class Place:
    """Where a data set and its quarantine are published."""

    root: str
    environ: dict[str, str]

    @property
    def features(self) -> str:
        return f"{self.root}/features/flight_delay"

    @property
    def quarantine(self) -> str:
        return f"{self.root}/quarantine/flight_delay"

    def enter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Makes this process reach it."""
        enter(self.environ, monkeypatch)
        s3._session.cache_clear()
        opening._objects.cache_clear()

    def publish(self, mark: str, text: str = "rows", pause: Callable[[str], None] = lambda _: None) -> str:
        """A whole run, but for what Spark does in it; the version's name."""
        with edition(self.features, self.quarantine, lambda _: None) as run:
            pause("staging")
            manifest = stage(run, mark, text)
            pause("installing")
            there = run.install(f"{run.staged}/version", f"{run.refused}/version", manifest)
            pause("committing")
            run.commit(there)
            pause("leaving")
        return f"v-{mark}"

    def published(self) -> FeatureManifest | None:
        """What a reader finds; it must be whole whenever there is anything."""
        name = current_version(self.features)
        if name is None:
            return None
        manifest = intact_manifest(f"{self.features}/{name}")
        assert manifest is not None, f"a reader was sent to {name}, which is not whole"
        return manifest

    def files(self) -> set[str]:
        """All there is, but for what holds the right to publish."""
        found = [
            file for folder in ("features", "quarantine") for file in store_of(self.root).files(f"{self.root}/{folder}")
        ]
        return {file.removeprefix(f"{self.root}/") for file in found if file.rpartition("/")[2] not in {LEASE, ".lock"}}


def files_of(*versions: str) -> set[str]:
    """What is there when those versions are published, and nothing else."""
    names = [f"data/part-{number:05}.parquet" for number in range(PARTS)]
    found = {f"features/flight_delay/{version}/{name}" for version in versions for name in (*names, "manifest.json")}
    refused = {f"quarantine/flight_delay/{version}/part-00000.parquet" for version in versions}
    return found | refused | {"features/flight_delay/LATEST.json"}


def stage(run: Edition, mark: str, text: str) -> FeatureManifest:
    """What Spark would write, into the staging folders; its manifest."""
    store, version = store_of(run.features), f"{run.staged}/version"
    store.make_folder(f"{version}/data")
    parts = [f"{version}/data/part-{number:05}.parquet" for number in range(PARTS)]
    for part in parts:
        store.write(part, f"{text} of {mark} in {part[-13:]}".encode())
    store.make_folder(f"{run.refused}/version")
    store.write(f"{run.refused}/version/part-00000.parquet", f"refused of {mark}".encode())
    feature = Feature(name="hour", description="hour", source=FromRequest(value="departure_hour"))
    return FeatureManifest(
        fingerprint=mark,
        feature_schema=FeatureSchema(dataset="flight_delay", features=(feature,), lookups=(), origin_timezones={}),
        label="late",
        outcome="delay",
        month="month",
        period=Period(first_day=date(2013, 1, 1), last_day=date(2013, 12, 31)),
        months={201301: PARTS},
        tables={},
        keys=KEY_COLUMNS,
        files=tuple(digest(version, part, 1) for part in parts),
        lookup_files={},
        rows_in=PARTS,
        rows_out=PARTS,
        quarantined={},
    )


def forget_dead_holders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every lease that this process finds has run out: who held it is known to be dead."""
    found = Lease._found

    def long_ago(self: Lease) -> tuple[str | None, str, float] | None:
        told = found(self)
        return told and (told[0], told[1], told[2] + 3600)

    monkeypatch.setattr(Lease, "_found", long_ago)


def killed_before(step: int, place: Place, work: Callable[[], object]) -> bool:
    """Does the work in a process that ends at once before its `step`-th change of the place, or call of S3.

    Returns whether it was ended before it was through.
    """

    def watched() -> None:
        _end_before(step, place)
        work()

    code = in_a_fork(watched)
    assert code in {0, KILLED}, code
    return code == KILLED


def _end_before(step: int, place: Place) -> None:
    left = step

    def count() -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os._exit(KILLED)

    if not place.root.startswith("s3://"):
        changes = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"}

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax")
            if (event in changes or writes) and str(arguments[0]).startswith(place.root):
                count()

        sys.addaudithook(hook)
        return
    import boto3

    session_client = boto3.session.Session.client

    def watched(self: boto3.session.Session, *words: Any, **named: Any) -> Any:
        client = session_client(self, *words, **named)

        def before(**_: object) -> None:
            if threading.current_thread().name != "lease":
                count()

        client.meta.events.register("before-send.s3", before)
        return client

    boto3.session.Session.client = watched
    opening._objects.cache_clear()
