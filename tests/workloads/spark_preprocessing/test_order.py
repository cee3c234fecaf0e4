"""The rows of the data set are in the order of departure, in every file and over all files, wherever executors are."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_contract import FeatureManifest
from raw_flights import NEW_YORK, Flight, RawFiles, raw_files, some_flights
from spark_preprocessing.features.dataset import chapters
from spark_site import Made, Make, contract_in

SCATTERED = """
import json, secrets, sys
from pathlib import Path
from platform_contract import PlatformContract
from spark_preprocessing.features import dataset
from spark_preprocessing.spark import properties
from spark_preprocessing.spark import session
from spark_preprocessing.raw.delivery import read_delivery
from spark_preprocessing.raw.limits import LIMITS
from spark_preprocessing.preparation import Task, Workshop, make_version
from spark_preprocessing.raw.raw_files import inspect_raw_files

folder = Path(sys.argv[1])
contract = PlatformContract.model_validate_json((folder / "contract.json").read_text())
dataset.ROWS_TO_BROADCAST = 100  # a chapter for each month
rendered = properties.spark_properties
session.spark_properties = lambda *given: {
    **rendered(*given),
    "spark.master": "local-cluster[2,1,1024]",
    # Spark makes one of its own where it starts the executors' processes or pods itself.
    "spark.authenticate.secret": secrets.token_hex(32),
    "spark.executor.memory": "1024m",
    "spark.sql.files.maxPartitionBytes": "16384",
}
with session.spark_session(contract, "scattered") as spark:
    assert spark.sparkContext.master.startswith("local-cluster")
    raw = str(folder / "raw")
    task = Task(inspect_raw_files(raw), read_delivery(raw), "0" * 64, dict.fromkeys(LIMITS, 1.0))
    shop = Workshop(spark, f"{folder}/features", f"{folder}/quarantine")
    said = []
    manifest = make_version(shop, task, said.append)
    assert sum("features of each flight" in words for words in said) == 4, said
print(manifest.model_dump_json())
"""


@given(years=st.lists(st.integers(1987, 2030), min_size=1, max_size=40, unique=True), rows=st.integers(0, 10**9))
def test_chapters_hold_every_month_once_in_the_order_of_time(years: list[int], rows: int) -> None:
    months = [year * 100 + month for year in sorted(years) for month in range(1, 13)]
    found = chapters(months, rows)
    assert [month for chapter in found for file in chapter for month in file] == months
    assert all(file for chapter in found for file in chapter)
    assert sum(map(len, found)) == min(len(months), 48)
    assert len(found) == max(1, min(48, len(months), -(-rows // 2_000_000)))


def test_a_year_is_one_chapter_with_a_file_for_each_month() -> None:
    assert chapters(range(201301, 201313), 1_664_131) == [[[month] for month in range(201301, 201313)]]


def _months() -> list[Flight]:
    """The same flights in each of four months."""
    return [
        Flight(**{**vars(flight), "scheduled": flight.scheduled + timedelta(days=28 * month)})
        for month in range(4)
        for flight in some_flights(seed=4)
    ]


def _in_disorder(seed: int) -> RawFiles:
    """The flights in another order for each seed, some of them twice."""
    dice = random.Random(seed)  # noqa: S311 - test data
    raw = raw_files(_months())
    raw.flights += [dict(row) for row in dice.sample(raw.flights, 20)]
    dice.shuffle(raw.flights)
    return raw


def _order(rows: list[dict[str, Any]]) -> list[tuple[float, int]]:
    clocks = [datetime.fromisoformat(row["scheduled_departure"]).replace(tzinfo=NEW_YORK) for row in rows]
    return [(clock.timestamp(), row["flight_id"]) for clock, row in zip(clocks, rows, strict=True)]


@pytest.fixture(scope="module")
def made(make: Make) -> Made:
    return make(_in_disorder(1))


def test_the_rows_are_in_the_order_of_departure_over_all_files(made: Made) -> None:
    assert len(made.manifest.files) == len(made.manifest.months) == 4
    assert list(made.manifest.months) == [201303, 201304, 201305, 201306]
    order = _order(made.data())
    assert len(order) > 600
    assert order == sorted(order)
    physical = made.plans["data"].partition("== Physical Plan ==")[2]
    assert "Sort [scheduled_at" in physical, "it is Spark that sorts, and not luck"


def test_executors_elsewhere_and_another_order_of_the_delivery_make_the_same_files(made: Made, tmp_path: Path) -> None:
    """Two executors with a JVM each, tasks of 16 KB of input, the raw rows dealt out anew, a chapter for each month."""
    _in_disorder(2).write(tmp_path / "raw")
    (tmp_path / "contract.json").write_text(contract_in(tmp_path).model_dump_json())
    done = subprocess.run(
        [sys.executable, "-c", SCATTERED, str(tmp_path)], env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    manifest = FeatureManifest.model_validate(json.loads(done.stdout.splitlines()[-1]))
    scattered = Made(tmp_path, manifest, {}, [])
    assert scattered.data() == made.data()
    assert manifest.months == made.manifest.months
    for name in manifest.lookup_files:
        assert scattered.lookup(name) == made.lookup(name), name
