"""A small published data set that can be learned from, made with numpy and pyarrow alone.

It has the layout of `platform_contract.feature_manifest` and every kind of feature: values of the request, categories,
hourly and daily lookups, values that are missing. Training and serving tests use it where no Spark is installed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from platform_contract import (
    KEY_COLUMNS,
    DatasetPointer,
    Feature,
    FeatureManifest,
    FeatureSchema,
    FileDigest,
    FromLookup,
    FromRequest,
    LookupTable,
    Period,
    TableCounts,
)

CARRIERS = ("9E", "AA", "B6", "DL", "UA")
ORIGINS = ("EWR", "JFK", "LGA")
DESTINATIONS = ("ATL", "BOS", "LAX", "MIA", "ORD", "SJU")
NEW_YORK = ZoneInfo("America/New_York")
FIRST_DAY = datetime(2013, 1, 1, tzinfo=UTC)

SCHEMA = FeatureSchema(
    dataset="flight_delay",
    origin_timezones=dict.fromkeys(ORIGINS, "America/New_York"),
    lookups=(
        LookupTable(name="route", keys=("origin", "dest"), columns=("distance_miles",)),
        LookupTable(name="plane", keys=("tailnum",), columns=("plane_seats",)),
        LookupTable(name="origin_hourly", keys=("origin", "as_of_epoch_hour"), columns=("origin_mean_delay_3h",)),
        LookupTable(name="carrier_daily", keys=("carrier", "as_of_date"), columns=("carrier_late_share_7d",)),
    ),
    features=(
        Feature(name="carrier", description="Airline.", source=FromRequest(value="carrier"), categories=CARRIERS),
        Feature(name="origin", description="Airport.", source=FromRequest(value="origin"), categories=ORIGINS),
        Feature(name="dest", description="Airport.", source=FromRequest(value="dest"), categories=DESTINATIONS),
        Feature(
            name="departure_minute_of_day",
            description="Minutes after local midnight.",
            source=FromRequest(value="departure_minute_of_day"),
        ),
        Feature(
            name="departure_day_of_week",
            description="1 (Monday) to 7.",
            source=FromRequest(value="departure_day_of_week"),
        ),
        *(
            Feature(name=column, description=description, source=FromLookup(table=table, column=column))
            for table, column, description in (
                ("route", "distance_miles", "Miles."),
                ("plane", "plane_seats", "Seats; missing for an unknown plane."),
                ("origin_hourly", "origin_mean_delay_3h", "Minutes; missing for some hours."),
                ("carrier_daily", "carrier_late_share_7d", "Share of flights, 0 to 1."),
            )
        ),
    ),
)

FloatColumn = npt.NDArray[np.float32]


def write_dataset(features: Path, rows: int = 6000, files: int = 2, seed: int = 7) -> FeatureManifest:
    """Writes and publishes a data set below `features`, the contract's ``lake.features``.

    Args:
        features: folder; ``flight_delay/`` is made in it.
        rows: flights, spread evenly over the twelve months of 2013.
        files: Parquet files that the rows are split into.
        seed: two calls with the same arguments write the same values.
    """
    random = np.random.default_rng(seed)
    hours = 365 * 24
    # The grids that both the lookups and the rows are made from, so that the two agree by construction.
    distance = random.integers(200, 2500, (len(ORIGINS), len(DESTINATIONS))).astype(np.float32)
    seats = random.integers(50, 300, 200).astype(np.float32)
    delay = np.abs(random.normal(8, 12, (len(ORIGINS), hours + 24))).astype(np.float32)
    known = random.random(delay.shape) > 0.05
    share = random.uniform(0.05, 0.5, (len(CARRIERS), 366)).astype(np.float32)

    # From 5 to 23 o'clock of 364 days in New York's standard time: no hour that daylight saving skips or repeats.
    day = np.arange(rows) * 364 // rows
    departure = np.array(
        [
            FIRST_DAY + timedelta(days=int(d), hours=int(h) + 5, minutes=int(m))
            for d, h, m in zip(day, random.integers(5, 23, rows), random.integers(0, 60, rows), strict=True)
        ]
    )
    departure.sort()
    local = [moment.astimezone(NEW_YORK) for moment in departure]
    epoch_hour = np.array([int(moment.timestamp()) // 3600 for moment in departure])
    first_hour = int(FIRST_DAY.timestamp()) // 3600
    carrier, origin, dest = (random.integers(0, len(values), rows) for values in (CARRIERS, ORIGINS, DESTINATIONS))
    plane = random.integers(-20, len(seats), rows)  # below zero: a plane that the table does not know
    as_of = epoch_hour - 1 - first_hour
    day_of_year = np.array([moment.timetuple().tm_yday - 1 for moment in local])
    minute = np.array([moment.hour * 60 + moment.minute for moment in local], dtype=np.float32)

    mean_delay = np.where(known[origin, as_of], delay[origin, as_of], np.nan).astype(np.float32)
    late_share = share[carrier, day_of_year]
    month = np.array([moment.year * 100 + moment.month for moment in local])
    logit = -2.2 + 3 * late_share + np.nan_to_num(mean_delay) / 15 + (minute > 960) * (origin == 1) * 1.5
    outcome = np.round(random.logistic(logit, 0.8) * 15 + 15)
    columns: dict[str, object] = {
        "flight_id": np.arange(rows, dtype=np.int64),
        "carrier_code": [CARRIERS[i] for i in carrier],
        "flight": random.integers(1, 4000, rows).astype(np.int32),
        "tailnum": [f"N{i:03}" if i >= 0 else "N-NEW" for i in plane],
        "origin_code": [ORIGINS[i] for i in origin],
        "dest_code": [DESTINATIONS[i] for i in dest],
        "scheduled_departure": [moment.strftime("%Y-%m-%dT%H:%M:%S") for moment in local],
        "month": month.astype(np.int32),
        "arr_delay": outcome.astype(np.float32),
        "arrived_late": (outcome > 15).astype(np.int8),
        "carrier": carrier.astype(np.float32),
        "origin": origin.astype(np.float32),
        "dest": dest.astype(np.float32),
        "departure_minute_of_day": minute,
        "departure_day_of_week": np.array([moment.isoweekday() for moment in local], dtype=np.float32),
        "distance_miles": distance[origin, dest],
        "plane_seats": _missing(np.where(plane >= 0, seats[plane], np.nan)),
        "origin_mean_delay_3h": _missing(mean_delay),
        "carrier_late_share_7d": late_share,
    }
    table = pa.table(columns)
    lookups = {
        "route": pa.table(
            {
                "origin": [o for o in ORIGINS for _ in DESTINATIONS],
                "dest": [d for _ in ORIGINS for d in DESTINATIONS],
                "distance_miles": distance.ravel(),
            }
        ),
        "plane": pa.table({"tailnum": [f"N{i:03}" for i in range(len(seats))], "plane_seats": seats}),
        "origin_hourly": pa.table(
            {
                "origin": np.repeat(np.array(ORIGINS), delay.shape[1]),
                "as_of_epoch_hour": np.tile(np.arange(delay.shape[1], dtype=np.int64) + first_hour, len(ORIGINS)),
                "origin_mean_delay_3h": _missing(np.where(known, delay, np.nan).ravel()),
            }
        ),
        "carrier_daily": pa.table(
            {
                "carrier": np.repeat(np.array(CARRIERS), 366),
                "as_of_date": np.tile(
                    np.array([int(f"{FIRST_DAY + timedelta(days=i):%Y%m%d}") for i in range(366)], dtype=np.int32),
                    len(CARRIERS),
                ),
                "carrier_late_share_7d": share.ravel(),
            }
        ),
    }
    fingerprint = hashlib.sha256(f"{rows}-{files}-{seed}".encode()).hexdigest()
    version = features / "flight_delay" / f"v-{fingerprint}"
    step = -(-rows // files)
    parts = tuple(
        _write(version, f"data/part-{i:05}.parquet", table.slice(i * step, step)) for i in range(-(-rows // step))
    )
    manifest = FeatureManifest(
        fingerprint=fingerprint,
        feature_schema=SCHEMA,
        label="arrived_late",
        outcome="arr_delay",
        month="month",
        period=Period(first_day=date(2013, 1, 1), last_day=date(2013, 12, 31)),
        months=Counter(month.tolist()),
        tables={"flights": TableCounts(rows_in=rows, refused={})},
        keys=KEY_COLUMNS,
        files=parts,
        lookup_files={
            name: (_write(version, f"lookups/{name}/part-00000.parquet", lookup),) for name, lookup in lookups.items()
        },
        rows_in=rows,
        rows_out=rows,
        quarantined={},
    )
    (version / "manifest.json").write_text(manifest.model_dump_json(indent=2))
    pointer = DatasetPointer(version=f"v-{fingerprint}")
    (version.parent / "LATEST.json").write_text(pointer.model_dump_json())
    return manifest


def _missing(values: npt.NDArray[np.floating]) -> pa.Array:
    """Spark writes a missing value as null, not as NaN."""
    return pa.array(values.astype(np.float32), mask=np.isnan(values))


def _write(version: Path, path: str, table: pa.Table) -> FileDigest:
    target = version / path
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, target)
    content = target.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return FileDigest(path=path, rows=table.num_rows, bytes=len(content), sha256=digest)
