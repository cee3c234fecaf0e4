"""One Spark session for all tests that make data sets in this process; the command has a JVM of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from object_store import WITH_GO, ObjectStore, gateway, moto_server
from publishing_site import Place
from pyspark.sql import SparkSession
from raw_flights import RawFiles
from spark_preprocessing.preparation import Task, make_version
from spark_preprocessing.raw.delivery import read_delivery
from spark_preprocessing.raw.limits import LIMITS
from spark_preprocessing.raw.raw_files import inspect_raw_files
from spark_preprocessing.spark.session import spark_session
from spark_site import Made, Make, RecordingWorkshop, Site, contract_in

ANY = dict.fromkeys(LIMITS, 1.0)
"""Deliveries of some hundred rows, of which many are bad on purpose."""
AREAS = ("raw", "features", "quarantine")
"""Of a place in S3: all that a preparation has a right to, and the raw files that a test puts there."""


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    with spark_session(contract_in(tmp_path_factory.mktemp("spark")), "tests") as session:
        yield session


@pytest.fixture(scope="session")
def make(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes a version of raw files, by the code that a run calls."""

    def version_of(raw: RawFiles, limits: Mapping[str, float] = ANY) -> Made:
        folder = tmp_path_factory.mktemp("made")
        raw.write(folder / "raw")
        shop = RecordingWorkshop(spark, f"{folder}/features", f"{folder}/quarantine")
        said: list[str] = []
        where = str(folder / "raw")
        task = Task(inspect_raw_files(where), read_delivery(where), "0" * 64, limits)
        manifest = make_version(shop, task, said.append)
        return Made(folder, manifest, shop.plans, said)

    return version_of


@pytest.fixture
def site(tmp_path: Path) -> Site:
    contract = contract_in(tmp_path / "data")
    (tmp_path / "contract.json").write_text(contract.model_dump_json())
    return Site(tmp_path, contract)


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[str], ObjectStore]]:
    """Servers in S3's place with the bucket `lake`, for all tests: each keeps to a prefix of its own."""
    running: dict[str, ObjectStore] = {}
    with ExitStack() as stack:

        def server(name: str) -> ObjectStore:
            if name not in running:
                running[name] = stack.enter_context({"gateway": gateway, "moto": moto_server}[name]("lake"))
            return running[name]

        yield server


SERVERS = [pytest.param("gateway", marks=WITH_GO), "moto"]


@pytest.fixture(params=SERVERS)
def store(request: pytest.FixtureRequest, servers: Callable[[str], ObjectStore]) -> ObjectStore:
    """Each of the servers in S3's place."""
    return servers(request.param)


@pytest.fixture(params=["folders", *SERVERS])
def place(
    request: pytest.FixtureRequest,
    servers: Callable[[str], ObjectStore],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Place:
    """An empty place to publish in: on folders, and on each of the servers in S3's place."""
    if request.param == "folders":
        return Place(str(tmp_path), {})
    return _place_on(servers(request.param), tmp_path.name, monkeypatch)


@pytest.fixture
def on_s3(store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty place to publish in, on each of the servers in S3's place."""
    return _place_on(store, tmp_path.name, monkeypatch)


def _place_on(store: ObjectStore, name: str, monkeypatch: pytest.MonkeyPatch) -> Place:
    if store.account[0]:  # moto's server knows none
        store = store.limited("lake", reads=[], writes=[f"{name}/{area}" for area in AREAS])
    found = Place(f"s3://lake/{name}", store.environ)
    found.enter(monkeypatch)
    return found
