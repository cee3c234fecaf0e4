"""The lookup tables in S3: what services read there, as whom they sign, and what an outage does to them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bento_serving.errors import ServingError
from bento_serving.features.locations import read_bytes
from bento_serving.features.lookups import Lookups, load_lookups
from hostile_store import Fate, Hostility, hostile
from identity_agent import TOKEN, identity_agent
from object_store import WITH_GO, ObjectStore, enter, gateway
from pyarrow import fs
from serving_site import Server, Services, Site, as_flights, elsewhere, held_out, running
from synthetic_dataset import SCHEMA, write_dataset

pytestmark = WITH_GO
SECONDS = 90


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with gateway("lake") as running_store:
        yield running_store


@pytest.fixture
def in_s3(store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process may read the data set, and nothing else, as the flight APIs may."""
    enter(store.limited("lake", reads=[tmp_path.name, "none"], writes=[]).environ, monkeypatch)


def put(store: ObjectStore, folder: Path, prefix: str) -> str:
    """Brings a data set to S3; its location."""
    scheme, _, host = store.endpoint.partition("://")
    target = fs.S3FileSystem(
        access_key=store.access_key,
        secret_key=store.secret_key,
        endpoint_override=host,
        scheme=scheme,
        region=store.environ["AWS_REGION"],
    )
    fs.copy_files(str(folder), f"lake/{prefix}", destination_filesystem=target)
    return f"s3://lake/{prefix}"


@pytest.fixture
def features(store: ObjectStore, tmp_path: Path) -> str:
    """A data set in S3, the same as in `tmp_path`."""
    write_dataset(tmp_path)
    return put(store, tmp_path, tmp_path.name)


def same(one: Lookups, other: Lookups) -> bool:
    """Whether both answer alike, to the bit."""
    return (
        (one.version, one.codes, one.tables.keys()) == (other.version, other.codes, other.tables.keys())
        and all(np.array_equal(one.tables[name].packed, other.tables[name].packed) for name in one.tables)
        and all(one.tables[name].values.tobytes() == other.tables[name].values.tobytes() for name in one.tables)
    )


@pytest.mark.usefixtures("in_s3")
def test_the_tables_in_s3_are_those_of_the_folder(features: str, tmp_path: Path) -> None:
    assert same(load_lookups(features, SCHEMA), load_lookups(str(tmp_path), SCHEMA))
    with pytest.raises(ServingError, match=r"No data set is published at s3://lake/none/flight_delay/LATEST.json"):
        load_lookups("s3://lake/none", SCHEMA)


@pytest.mark.usefixtures("in_s3")
def test_a_changed_table_in_s3_is_refused(store: ObjectStore, tmp_path: Path) -> None:
    write_dataset(tmp_path)
    (file,) = tmp_path.glob("flight_delay/v-*/lookups/plane/part-00000.parquet")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(
        ServingError, match=r"s3://lake/.*/lookups/plane/part-00000\.parquet is refused: it is not what"
    ):
        load_lookups(put(store, tmp_path, tmp_path.name), SCHEMA)


@pytest.mark.parametrize(
    "fate", [Fate.THROTTLED, Fate.DROPPED, Fate.SLOW, Fate.CUT], ids=lambda fate: fate.name.lower()
)
def test_a_store_that_fails_now_and_then_changes_nothing(
    features: str, store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fate: Fate
) -> None:
    with hostile(store) as (behind, hostility):
        enter(behind.environ, monkeypatch)
        hostility.decide = lambda call: fate if call * 7 % 11 < 4 else Fate.SERVED
        assert same(load_lookups(features, SCHEMA), load_lookups(str(tmp_path), SCHEMA))
        assert hostility.met[fate] > 1


@pytest.mark.usefixtures("in_s3")
def test_a_store_that_refuses_says_what_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ServingError, match=r"published at s3://nowhere/flight_delay/LATEST\.json \(.*not exist"):
        load_lookups("s3://nowhere", SCHEMA)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    from bento_serving.features import locations

    locations._client.cache_clear()  # as in a service that starts with these credentials
    with pytest.raises(ServingError, match=r"S3 refuses this identity: is it the service's, and may it read there"):
        load_lookups("s3://lake", SCHEMA)
    locations._client.cache_clear()


def test_the_agent_of_the_pods_identity_is_asked(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway takes no role's credentials: that it says so shows that it was sent them."""
    from bento_serving.features import locations

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    with identity_agent(store, tmp_path) as (environ, asked):
        enter(environ, monkeypatch)
        locations._client.cache_clear()
        with pytest.raises(OSError, match=r"S3 does not answer as it should: .*HTTP status 400"):
            read_bytes("s3://lake/x")
        locations._client.cache_clear()
        assert asked == [TOKEN]


@dataclass(frozen=True)
class SiteInS3(Site):
    """A site whose features are in S3, with the environment that says where that is."""

    variables: tuple[tuple[str, str], ...] = ()

    @property
    def environ(self) -> dict[str, str]:
        return {**super().environ, **dict(self.variables)}


def moved(site: Site, store: ObjectStore, folder: Path, features: str, model_api: str) -> SiteInS3:
    """The same models at other addresses, the features in S3, and the model API that runs already."""
    own = elsewhere(site, folder).contract
    contract = own.model_copy(
        update={
            "lake": own.lake.model_copy(update={"features": features}),
            "serving": own.serving.model_copy(update={"model_api": model_api}),
        }
    )
    (folder / "contract.json").write_text(contract.model_dump_json())
    return SiteInS3(folder, contract, site.manifest, tuple(store.environ.items()))


def predictions(server: Server, site: Site) -> list[dict[str, Any]]:
    with server.client() as client:
        body = {"flights": as_flights(held_out(site).slice(0, 300))}
        told: list[dict[str, Any]] = client.post("/predict", json=body).raise_for_status().json()
    return told


def await_model(server: Server, as_wanted: Callable[[dict[str, Any]], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    with server.client() as client:
        while not as_wanted(told := client.get("/model").raise_for_status().json()):
            assert time.monotonic() < deadline, (told, server.log.read_text())
            time.sleep(0.1)


def test_both_flight_apis_answer_from_s3_as_from_folders_and_outlive_an_outage(
    services: Services, store: ObjectStore, tmp_path: Path
) -> None:
    local = services.site
    features = put(store, local.features, "served")
    model_api = local.contract.serving.model_api
    with hostile(store.limited("lake", reads=["served"], writes=[])) as (behind, hostility):
        site = moved(local, behind, tmp_path, features, model_api)
        with running(site, "flight-api-embedded", "flight-api-shared") as servers:
            for server, folder in zip(servers, (services.embedded, services.shared), strict=True):
                assert predictions(server, local) == predictions(folder, local)
            _outage(hostility, servers, local)


def _outage(hostility: Hostility, servers: list[Server], local: Site) -> None:
    """The store is gone for a while: what was read stays in service, and why is told until the store is back."""
    before = [predictions(server, local) for server in servers]
    hostility.decide = lambda _: Fate.DROPPED
    for server, told in zip(servers, before, strict=True):
        await_model(server, lambda info: info["last_refusal"] is not None)
        with server.client() as client:
            reason = client.get("/model").json()["last_refusal"]["reason"]
            assert "S3 does not answer as it should" in reason, reason
            assert client.get("/readyz").status_code == 200
        assert predictions(server, local) == told
    hostility.decide = lambda _: Fate.SERVED
    for server, told in zip(servers, before, strict=True):
        await_model(server, lambda info: info["last_refusal"] is None)
        assert predictions(server, local) == told
