"""One Spark session for all tests that make data sets in this process; the command has a JVM of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from object_store import WITH_GO, ObjectStore, gateway, moto_server
from pyspark.sql import SparkSession
from raw_flights import RawFiles
from spark_preprocessing.preparation import make_version
from spark_preprocessing.raw_tables import inspect_raw_files
from spark_preprocessing.session import spark_session
from spark_site import Made, Make, RecordingWorkshop, Site, contract_in
from upath import UPath


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    with spark_session(contract_in(tmp_path_factory.mktemp("spark")), "tests") as session:
        yield session


@pytest.fixture(scope="session")
def make(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes a version of raw files, by the code that a run calls."""

    def version_of(raw: RawFiles) -> Made:
        folder = tmp_path_factory.mktemp("made")
        raw.write(folder / "raw")
        shop = RecordingWorkshop(spark, UPath(folder / "features"), UPath(folder / "quarantine"))
        said: list[str] = []
        manifest = make_version(shop, inspect_raw_files(str(folder / "raw")), "0" * 64, said.append)
        return Made(folder, manifest, shop.plans, said)

    return version_of


@pytest.fixture
def site(tmp_path: Path) -> Site:
    contract = contract_in(tmp_path / "data")
    (tmp_path / "contract.json").write_text(contract.model_dump_json())
    return Site(tmp_path, contract)


@pytest.fixture(scope="session", params=[pytest.param(gateway, marks=WITH_GO), moto_server])
def store(request: pytest.FixtureRequest) -> Iterator[ObjectStore]:
    """A server in S3's place with the bucket `lake`, for all tests: each keeps to a prefix of its own."""
    with request.param("lake") as running:
        yield running
