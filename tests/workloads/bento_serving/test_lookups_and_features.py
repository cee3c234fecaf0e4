"""Lookup tables and features, without a server."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bento_serving.errors import ServingError
from bento_serving.features.builder import BadFlightsError, FeatureBuilder
from bento_serving.features.flights import Flight
from bento_serving.features.lookups import load_lookups
from hypothesis import given, settings
from hypothesis import strategies as st
from platform_contract import (
    Feature,
    FeatureManifest,
    FeatureSchema,
    FileDigest,
    FromLookup,
    FromRequest,
    LookupTable,
    Period,
)
from synthetic_dataset import SCHEMA, write_dataset

FINGERPRINT = "0" * 16


def publish(features: Path, name: str, table: pa.Table) -> str:
    """Publishes a data set with one lookup table; its location."""
    version = features / "flight_delay" / f"v-{FINGERPRINT}"
    file = version / "lookups" / name / "part-0.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, file)
    content = file.read_bytes()
    manifest = FeatureManifest(
        fingerprint=FINGERPRINT,
        feature_schema=schema_of(LookupTable(name=name, keys=("carrier",), columns=("x",))),
        label="late",
        outcome="delay",
        month="month",
        period=Period(first_day=date(2013, 1, 1), last_day=date(2013, 12, 31)),
        months={},
        tables={},
        keys=("flight_id",),
        files=(),
        lookup_files={
            name: (
                FileDigest(
                    path=str(file.relative_to(version)),
                    rows=table.num_rows,
                    bytes=len(content),
                    sha256=hashlib.sha256(content).hexdigest(),
                ),
            )
        },
        rows_in=0,
        rows_out=0,
        quarantined={},
    )
    (version / "manifest.json").write_text(manifest.model_dump_json())
    pointer = f'{{"manifest_version": "1.0", "version": "v-{FINGERPRINT}"}}'
    (features / "flight_delay" / "LATEST.json").write_text(pointer)
    return str(features)


def schema_of(table: LookupTable, *more: Feature) -> FeatureSchema:
    looked_up = [
        Feature(name=f"f_{column}", description="-", source=FromLookup(table=table.name, column=column))
        for column in table.columns
    ]
    return FeatureSchema(
        dataset="flight_delay",
        lookups=(table,),
        features=(*looked_up, *more),
        origin_timezones={"JFK": "America/New_York", "HNL": "Pacific/Honolulu", "LHR": "Europe/London"},
    )


def flight(**changes: Any) -> Flight:
    given_ = {
        "carrier": "UA", "flight_number": 1, "origin": "JFK", "dest": "BOS", "scheduled_departure": "2013-07-01T10:15",
    }  # fmt: skip
    return Flight(**{**given_, **changes})


TABLE = LookupTable(name="t", keys=("carrier", "as_of_epoch_hour"), columns=("x",))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    rows=st.dictionaries(
        st.tuples(st.text(max_size=3), st.integers(-(2**40), 2**40)), st.none() | st.floats(width=32, allow_nan=False),
        max_size=30,
    ),
    asked=st.lists(st.tuples(st.text(max_size=3), st.integers(-(2**41), 2**41)), max_size=10),
)  # fmt: skip
def test_a_table_finds_what_is_in_it_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[tuple[str, int], float | None], asked: list[tuple[str, int]]
) -> None:
    keys = list(rows)
    location = publish(
        tmp_path_factory.mktemp("table"),
        "t",
        pa.table({
            "carrier": pa.array([carrier for carrier, _ in keys], pa.string()),
            "as_of_epoch_hour": pa.array([hour for _, hour in keys], pa.int64()),
            "x": pa.array(list(rows.values()), pa.float32()),
        }),
    )  # fmt: skip
    lookups = load_lookups(location, schema_of(TABLE))
    wanted = [*keys, *asked]
    found, _ = lookups.tables["t"].find({
        "carrier": lookups.encode("carrier", [carrier for carrier, _ in wanted]),
        "as_of_epoch_hour": np.array([hour for _, hour in wanted], dtype=np.int64),
    })  # fmt: skip
    # An empty text is as good as none: requests cannot hold it.
    expected = [np.nan if not key[0] or rows.get(key) is None else rows[key] for key in wanted]
    np.testing.assert_array_equal(found[:, 0], np.array(expected, dtype=np.float32))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"carrier": ["UA", "UA"], "as_of_epoch_hour": [1, 1], "x": [1.0, 2.0]}, "has two rows for one key"),
        ({"carrier": ["UA", None], "as_of_epoch_hour": [1, 1], "x": [1.0, 2.0]}, "a key is missing"),
        ({"carrier": ["UA"], "as_of_epoch_hour": [1], "y": [1.0]}, "cannot be read|has no column x"),
        ({"carrier": ["UA"], "as_of_epoch_hour": ["noon"], "x": [1.0]}, "cannot be read"),
        ({"carrier": ["UA", "AA"], "as_of_epoch_hour": [-(2**62), 2**62 - 1], "x": [1.0, 2.0]}, "fit into 64 bits"),
    ],
)
def test_a_table_that_cannot_be_looked_up_in_is_refused(tmp_path: Path, columns: dict[str, Any], words: str) -> None:
    location = publish(tmp_path, "t", pa.table(columns))
    with pytest.raises(ServingError, match=words):
        load_lookups(location, schema_of(TABLE))


def test_nothing_published_is_told(tmp_path: Path) -> None:
    with pytest.raises(ServingError, match=r"No data set is published at .*LATEST\.json"):
        load_lookups(str(tmp_path), SCHEMA)


def test_only_tables_that_the_model_uses_are_read(tmp_path: Path) -> None:
    write_dataset(tmp_path, rows=20)
    used = SCHEMA.model_copy(update={"features": SCHEMA.features[:6]})
    assert set(load_lookups(str(tmp_path), used).tables) == {"route"}


@pytest.mark.parametrize(
    ("origin", "departure", "utc"),
    [
        ("JFK", "2013-01-15T12:00", "2013-01-15T17"),
        ("JFK", "2013-07-15T12:00", "2013-07-15T16"),
        ("HNL", "2013-07-15T12:59:59", "2013-07-15T22"),
        ("LHR", "2013-07-15T12:00", "2013-07-15T11"),
        ("JFK", "2013-11-03T01:30", "2013-11-03T05"),  # twice that day: the first
        ("JFK", "2013-03-10T02:30", "2013-03-10T07"),  # skipped that day: an hour later
        ("JFK", "1969-12-31T18:30", "1969-12-31T23"),
    ],
)
def test_local_times_become_hours_since_1970(tmp_path: Path, origin: str, departure: str, utc: str) -> None:
    epoch_hour = int(np.datetime64(utc, "h").astype(np.int64))
    table = LookupTable(name="t", keys=("origin",), columns=("x",))
    location = publish(tmp_path, "t", pa.table({"origin": ["JFK"], "x": [1.0]}))
    names = ("departure_epoch_hour", "as_of_epoch_hour")
    more = [Feature(name=name, description="-", source=FromRequest(value=name)) for name in names]  # type: ignore[arg-type]  # a literal
    schema = schema_of(table, *more)
    built = FeatureBuilder(schema, load_lookups(location, schema)).build(
        [flight(origin=origin, scheduled_departure=departure)]
    )
    assert built.matrix[0, 1:].tolist() == [epoch_hour, epoch_hour - 1]


def test_an_unknown_plane_is_no_fault(tmp_path: Path) -> None:
    manifest: FeatureManifest = write_dataset(tmp_path, rows=20)
    builder = FeatureBuilder(manifest.feature_schema, load_lookups(str(tmp_path), manifest.feature_schema))
    asked = [flight(tailnum=tailnum) for tailnum in (None, "", "N-NEW", "N001")]
    seats = builder.build(asked).matrix[:, list(manifest.feature_schema.names).index("plane_seats")]
    assert np.isnan(seats).tolist() == [True, True, True, False]


def test_every_unknown_place_is_told_at_once(tmp_path: Path) -> None:
    write_dataset(tmp_path, rows=20)
    builder = FeatureBuilder(SCHEMA, load_lookups(str(tmp_path), SCHEMA))
    with pytest.raises(BadFlightsError, match=r"flights\[0\]\.dest: 'XXX' is not known") as caught:
        builder.build([flight(dest="XXX"), flight(carrier="??", origin="???")])
    assert [fault.field for fault in caught.value.faults] == [
        "flights[0].dest",
        "flights[1].origin",
        "flights[1].carrier",
    ]


def test_categories_of_what_is_looked_up_are_refused(tmp_path: Path) -> None:
    write_dataset(tmp_path, rows=20)
    strange = SCHEMA.features[5].model_copy(update={"categories": ("near", "far")})
    schema = SCHEMA.model_copy(update={"features": (strange,)})
    with pytest.raises(ServingError, match="'distance_miles' cannot be made here"):
        FeatureBuilder(schema, load_lookups(str(tmp_path), schema))


def test_a_route_that_was_never_flown_is_not_fully_known(tmp_path: Path) -> None:
    table = LookupTable(name="route", keys=("origin", "dest"), columns=("x",))
    location = publish(tmp_path, "route", pa.table({"origin": ["JFK"], "dest": ["BOS"], "x": [1.0]}))
    builder = FeatureBuilder(schema_of(table), load_lookups(location, schema_of(table)))
    assert builder.build([flight(), flight(dest="LAX")]).knowledge == ("full", "partial")
