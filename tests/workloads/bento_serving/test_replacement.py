"""Pattern B keeps up with the shared file: a new model is taken without dropping a request, a bad one is refused."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import xgboost
from platform_contract.model_file import digest_lines, digest_path, sha256_of
from serving_site import Server, Site, as_flights, held_out, make_site, running, start, train
from synthetic_dataset import write_dataset

SECONDS = 300
"""Longest that is waited for what comes at once on a quiet machine; a load of 15 makes a minute of some of it."""


@pytest.fixture(scope="module")
def own_site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site whose model file is replaced all the time."""
    return make_site(tmp_path_factory.mktemp("replaced"), rows=3000)


@pytest.fixture(scope="module")
def models(own_site: Site) -> dict[str, bytes]:
    """Model files that tell their version, and differ in what they predict."""
    return {version: train(own_site, version, trees) for version, trees in (("1", 10), ("2", 20), ("3", 30))}


@pytest.fixture(scope="module")
def server(own_site: Site, models: dict[str, bytes]) -> Iterator[Server]:
    """Pattern B, beginning with version 1."""
    own_site.publish(models["1"])
    with running(own_site, "flight-api-shared") as (started,):
        yield started


@pytest.fixture(autouse=True)
def begins_with_version_1(own_site: Site, models: dict[str, bytes], server: Server) -> None:
    own_site.publish(models["1"])
    await_info(server, lambda info: info["model_version"] == "1" and info["last_refusal"] is None)


def info_of(server: Server) -> dict[str, Any]:
    with server.client() as client:
        told: dict[str, Any] = client.get("/model").raise_for_status().json()
    return told


def await_info(server: Server, as_wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + SECONDS
    while not as_wanted(told := info_of(server)):
        assert time.monotonic() < deadline, (told, server.log.read_text())
        time.sleep(0.1)
    return told


def await_version(server: Server, version: str) -> None:
    await_info(server, lambda info: info["model_version"] == version)


def await_refusal(server: Server, words: str) -> None:
    told = await_info(server, lambda info: info["last_refusal"] is not None and words in info["last_refusal"]["reason"])
    assert told["model_version"] == "1"
    assert words in server.log.read_text()


def predict(server: Server, site: Site) -> list[dict[str, Any]]:
    with server.client() as client:
        body = {"flights": as_flights(held_out(site).slice(0, 20))}
        told: list[dict[str, Any]] = client.post("/predict", json=body).raise_for_status().json()
    return told


class Load(threading.Thread):
    """Asks one question after another, and keeps what was answered."""

    def __init__(self, server: Server, site: Site) -> None:
        super().__init__()
        self._server, self._body = server, {"flights": as_flights(held_out(site).slice(0, 50))}
        self.enough = threading.Event()
        self.statuses: set[int] = set()
        self.versions: list[str] = []
        self.mixed = 0

    def run(self) -> None:
        with self._server.client() as client:
            while not self.enough.is_set():
                response = client.post("/predict", json=self._body)
                self.statuses.add(response.status_code)
                found = {answer["model_version"] for answer in response.json()}
                self.mixed += len(found) != 1
                self.versions.append(found.pop())


def test_new_versions_are_taken_under_load_without_a_failed_request(
    own_site: Site, models: dict[str, bytes], server: Server
) -> None:
    loads = [Load(server, own_site) for _ in range(4)]
    for load in loads:
        load.start()
    try:
        for version in ("2", "3"):
            own_site.publish(models[version])
            await_version(server, version)
    finally:
        for load in loads:
            load.enough.set()
            load.join()
    for load in loads:
        assert load.statuses == {200}
        assert load.mixed == 0
        assert load.versions == sorted(load.versions)
        assert {"1", "3"} <= set(load.versions)


def test_a_new_model_answers_with_its_own_probabilities(
    own_site: Site, models: dict[str, bytes], server: Server
) -> None:
    before = predict(server, own_site)
    own_site.publish(models["2"])
    await_version(server, "2")
    after = predict(server, own_site)
    assert [a["probability_late"] for a in before] != [a["probability_late"] for a in after]


def wrong_shape(models: dict[str, bytes]) -> bytes:
    """A sound model with fewer features than its schema names."""
    whole = xgboost.Booster()
    whole.load_model(bytearray(models["2"]))
    numbers = np.random.default_rng(0)
    data = xgboost.DMatrix(numbers.random((200, 3)), numbers.integers(0, 2, 200))
    small = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 2)
    small.set_attr(**whole.attributes())
    return bytes(small.save_raw("ubj"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda models: models["2"][: len(models["2"]) // 2], "is refused: it is"),
        (lambda models: models["2"][:-1], "is refused: it is"),
        (lambda _: b"not a model at all", "is refused: it is no XGBoost model in UBJSON, or it is damaged"),
        (lambda _: b"", "is empty"),
        (wrong_shape, "it takes 3 features, its schema has 9"),
        (lambda models: attributed(models["2"], feature_schema=None), "it has no attribute feature_schema"),
        (lambda models: attributed(models["2"], feature_schema="{}"), "its feature schema is wrong"),
        (lambda models: renamed(models["2"], "plane_seats", "plane_doors"), "'plane_seats', and 'plane_doors'"),
        (lambda models: renamed(models["2"], '"name":"plane"', '"name":"ship"'), "which is not there"),
        (lambda models: renamed(models["2"], '"flight_delay"', '"sea_delay"'), "No data set is published"),
        (lambda models: renamed(models["2"], "America/New_York", "America/Atlantis"), "names the time zone"),
    ],
    ids=[
        "half", "one byte short", "text", "empty", "fewer features", "no schema", "empty schema", "another feature",
        "another table", "another data set", "no such zone",
    ],
)  # fmt: skip
def test_a_file_that_is_not_fit_is_refused_and_the_old_model_keeps_serving(
    own_site: Site, models: dict[str, bytes], server: Server, make: Callable[[dict[str, bytes]], bytes], words: str
) -> None:
    before = predict(server, own_site)
    own_site.publish(make(models))
    await_refusal(server, words)
    assert predict(server, own_site) == before
    with server.client() as client:
        assert client.get("/readyz").status_code == 200


def attributed(content: bytes, **attributes: str | None) -> bytes:
    booster = xgboost.Booster()
    booster.load_model(bytearray(content))
    booster.set_attr(**attributes)
    return bytes(booster.save_raw("ubj"))


def renamed(content: bytes, old: str, new: str) -> bytes:
    booster = xgboost.Booster()
    booster.load_model(bytearray(content))
    schema = booster.attr("feature_schema") or ""
    assert old in schema
    return attributed(content, feature_schema=schema.replace(old, new))


def test_a_file_that_vanishes_is_told_and_the_old_model_keeps_serving(own_site: Site, server: Server) -> None:
    own_site.model_file.unlink()
    await_refusal(server, "cannot be read: No such file or directory")
    assert len(predict(server, own_site)) == 20


def test_a_file_that_is_written_slowly_in_place_is_taken_when_it_is_whole(
    own_site: Site, models: dict[str, bytes], server: Server
) -> None:
    content = models["2"]
    digest_path(own_site.model_file).write_text(digest_lines(own_site.model_file.name, sha256_of(content)))
    step = len(content) // 12 + 1
    with own_site.model_file.open("wb", buffering=0) as handle:
        for start in range(0, len(content), step):
            handle.write(content[start : start + step])
            time.sleep(0.3)
            assert info_of(server)["model_version"] == "1" or start + step >= len(content)
    await_info(server, lambda info: info["model_version"] == "2" and info["last_refusal"] is None)


def test_new_lookup_tables_are_taken_without_a_new_model(own_site: Site, server: Server) -> None:
    before = predict(server, own_site)
    pointer = own_site.features / "flight_delay" / "LATEST.json"
    old = pointer.read_text()
    new = write_dataset(own_site.features, rows=200, seed=99)
    try:
        told = await_info(server, lambda info: info["lookups_version"] == f"v-{new.fingerprint}")
        assert told["model_version"] == "1"
        assert [a["probability_late"] for a in predict(server, own_site)] != [a["probability_late"] for a in before]
    finally:
        pointer.write_text(old)
    await_info(server, lambda info: info["lookups_version"] == f"v-{own_site.manifest.fingerprint}")
    assert predict(server, own_site) == before


def test_tables_that_are_broken_are_refused_and_the_old_ones_stay(own_site: Site, server: Server) -> None:
    before = predict(server, own_site)
    pointer = own_site.features / "flight_delay" / "LATEST.json"
    old = pointer.read_text()
    new = write_dataset(own_site.features, rows=200, seed=98)
    pointer.write_text(old)
    table = own_site.features / "flight_delay" / f"v-{new.fingerprint}" / "lookups" / "route" / "part-00000.parquet"
    table.write_bytes(table.read_bytes()[:100])
    pointer.write_text(json.dumps({"manifest_version": "1.0", "version": f"v-{new.fingerprint}"}))
    try:
        await_refusal(server, "lookups/route/part-00000.parquet is refused: it is not what was published")
        assert predict(server, own_site) == before
    finally:
        pointer.write_text(old)


def test_no_damage_to_a_file_ends_the_service(own_site: Site, models: dict[str, bytes], server: Server) -> None:
    pid = [process.pid for process in server.family()]
    content = bytearray(models["2"])
    # In the length of the first typed array of a tree: XGBoost reads beyond the file, or asks for all memory.
    at = content.index(b"base_weights") + len(b"base_weights[$d#L")
    content[at : at + 8] = (2**40).to_bytes(8, "big")
    own_site.publish(bytes(content))
    await_refusal(server, "is refused: it is")
    # In the children of a node: a tree that leads back to its root has no end.
    own_site.publish(circular(models["2"]))
    await_refusal(server, "its nodes do not form a tree")
    assert [process.pid for process in server.family()] == pid
    assert len(predict(server, own_site)) == 20


def circular(content: bytes) -> bytes:
    changed = bytearray(content)
    at = changed.index(b"left_children[$l#L") + len(b"left_children[$l#L") + 8
    changed[at : at + 4] = (0).to_bytes(4, "big")
    return bytes(changed)


def test_what_the_inspection_lets_through_never_crashes(own_site: Site, models: dict[str, bytes]) -> None:
    whole = own_site.folder / "whole.ubj"
    whole.write_bytes(models["2"])
    script = Path(__file__).with_name("damaged_models.py")
    done = subprocess.run(
        [sys.executable, str(script), str(whole), "11", "80"],
        env={**own_site.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert told["inspection refused"] > 50
    assert told["inspection crashed"] > 0  # which is why it has a process of its own
    assert told["service good"] == told["inspection good"] > 0


def test_a_service_waits_for_its_first_model_says_so_and_stops_when_told(
    tmp_path: Path, models: dict[str, bytes], own_site: Site
) -> None:
    site = make_site(tmp_path, rows=3000)
    server = start(site, "flight-api-shared")
    try:
        server.await_status("/livez", 200)
        server.await_status("/model", 503)
        with server.client() as client:
            assert client.get("/readyz").status_code == 503
            answer = client.post("/predict", json={"flights": as_flights(held_out(own_site).slice(0, 1))})
        assert answer.status_code == 503
        assert "Train and publish a model first" in answer.json()["error"]
        site.publish(models["1"])
        server.await_ready()
        assert len(predict(server, own_site)) == 20
        family = server.family()
        assert server.stop(signal.SIGTERM) == 0
        assert psutil.wait_procs(family, timeout=120)[1] == []
    finally:
        server.stop()
