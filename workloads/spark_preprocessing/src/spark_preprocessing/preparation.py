"""Makes a version of the data set with Spark and installs it; readers are not sent to it yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce

from platform_contract import KEY_COLUMNS, FeatureManifest, FeatureSchema, FileDigest, PlatformContract
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses
from upath import UPath

from spark_preprocessing import events, lookups, validation
from spark_preprocessing.catalogue import CATEGORICAL, DATASET, LABEL, MONTH, OUTCOME, SNAPSHOTS, feature_schema
from spark_preprocessing.dataset import assemble, with_request_values
from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.publication import MANIFEST, digest, install, staging, take_parts
from spark_preprocessing.raw_tables import RawFile
from spark_preprocessing.reading import RAW, read_raw, spark_path
from spark_preprocessing.session import spark_session
from spark_preprocessing.snapshots import snapshot
from spark_preprocessing.validation import DETAIL, REASON, apply_rules, form_rules, refuse_duplicates

Say = Callable[[str], None]


@dataclass(frozen=True)
class Tables:
    """The raw rows with their types, the reason for which each is refused, and what it says in words."""

    flights: DataFrame
    weather: DataFrame
    planes: DataFrame
    airports: DataFrame
    airlines: DataFrame


def prepare(contract: PlatformContract, files: Mapping[str, RawFile], mark: str, say: Say) -> FeatureManifest:
    """Makes and installs version ``v-<mark>`` and its quarantine.

    Raises:
        PreprocessingError: rows are lost or doubled on the way (a fault of this package): nothing is installed.
    """
    name = f"v-{mark}"
    features, quarantine = UPath(contract.lake.features) / DATASET, UPath(contract.lake.quarantine) / DATASET
    with staging(features) as staged, staging(quarantine) as refused:
        with spark_session(contract, "spark-preprocess") as spark:
            manifest = _write(spark, files, mark, staged, refused, say)
        text = manifest.model_dump_json(indent=2) + "\n"
        (staged / "version" / MANIFEST).write_text(text, encoding="utf-8")
        install(refused / "version", quarantine / name, refused / "old")
        install(staged / "version", features / name, staged / "old")
    return manifest


def _write(
    spark: SparkSession, files: Mapping[str, RawFile], mark: str, staged: UPath, refused: UPath, say: Say
) -> FeatureManifest:
    t0 = time.monotonic()

    def lap(what: str) -> None:
        say(f"[{time.monotonic() - t0:5.1f}] {what}")

    tables = read_tables(spark, files)
    flights = tables.flights.persist()
    known = flights.where(F.col(REASON).isNull() | F.col(REASON).isin(*validation.WITHOUT_OUTCOME))
    learnable = flights.where(F.col(REASON).isNull())
    facts = _facts(known)
    lap("facts")
    schema = feature_schema(facts.categories, facts.origin_timezones)
    version, spark_folder = staged / "version", staged / "spark"

    _write_parquet(quarantined(tables).repartition(1), refused / "spark")
    take_parts(refused / "spark", refused / "version")
    lap("quarantine")

    made = lookup_tables(tables, known, facts)
    written: dict[str, list[UPath]] = {}
    for table in schema.lookups:
        rows = made[table.name].select(*table.keys, *table.columns)
        _write_parquet(rows.repartition(1).sortWithinPartitions(*table.keys), spark_folder)
        written[table.name] = take_parts(spark_folder, version / "lookups" / table.name)
        lap(table.name)
    found = {name: spark.read.parquet(spark_path(str(version / "lookups" / name))) for name in written}
    lap("reread")
    _write_parquet(assemble(learnable, found, schema), spark_folder)
    data = take_parts(spark_folder, version / "data")
    lap("data")
    rows = _rows_per_file({**found, "": spark.read.parquet(spark_path(str(version / "data")))})
    lap("counts")
    refusals = spark.read.parquet(spark_path(str(refused / "version"))).where(F.col("source") == "flights")
    reasons = {row[REASON]: row["count"] for row in refusals.groupBy(REASON).count().collect()}
    lap("reasons")
    out = [digest(version, path, rows["", path.name]) for path in data]
    total = sum(file.rows for file in out)
    rows_in = files["flights"].rows
    if rows_in != total + sum(reasons.values()):
        raise PreprocessingError(
            f"Rows do not add up: {rows_in} read, {total} written, {sum(reasons.values())} quarantined. Nothing was"
            " published; this is a fault of spark-preprocessing, report it with the raw files."
        )
    return FeatureManifest(
        fingerprint=mark,
        feature_schema=schema,
        label=LABEL,
        outcome=OUTCOME,
        month=MONTH,
        keys=KEY_COLUMNS,
        files=tuple(out),
        lookup_files={
            name: tuple(digest(version, path, rows[name, path.name]) for path in paths)
            for name, paths in written.items()
        },
        rows_in=rows_in,
        rows_out=total,
        quarantined={reason: reasons[reason] for reason in validation.FLIGHT_REASONS if reason in reasons},
    )


def _write_parquet(rows: DataFrame, folder: UPath) -> None:
    rows.write.parquet(spark_path(str(folder)), mode="overwrite")


def _rows_per_file(tables: Mapping[str, DataFrame]) -> dict[tuple[str, str], int]:
    """Rows as they can be read back, by table and file name."""
    counts = [
        table.groupBy(F.lit(name).alias("table"), F.col("_metadata.file_name").alias("file")).count()
        for name, table in tables.items()
    ]
    return {(row["table"], row["file"]): row["count"] for row in reduce(DataFrame.unionAll, counts).collect()}


def read_tables(spark: SparkSession, files: Mapping[str, RawFile]) -> Tables:
    raw = {name: read_raw(spark, file) for name, file in files.items()}
    rules = {
        "weather": validation.weather_rules(),
        "planes": validation.plane_rules(),
        "airports": validation.airport_rules(),
        "airlines": [],
    }
    sides = {
        name: refuse_duplicates(
            apply_rules(raw[name], [*form_rules(files[name].table), *own]), files[name].table.required, []
        )
        for name, own in rules.items()
    }
    airports, airlines = accepted(sides["airports"]), accepted(sides["airlines"])
    zones = airports.select("faa", "tzone")
    flights = (
        raw["flights"]
        .join(
            F.broadcast(zones.select(F.col("faa").alias("origin"), F.col("tzone").alias("origin_zone"))),
            "origin",
            "left",
        )
        .join(F.broadcast(zones.select(F.col("faa").alias("dest"), F.col("tzone").alias("dest_zone"))), "dest", "left")
        .join(F.broadcast(airlines.select("carrier", F.lit(True).alias("carrier_is_known"))), "carrier", "left")
        .withColumn("carrier_is_known", F.coalesce("carrier_is_known", F.lit(False)))
    )
    judged = apply_rules(events.with_times(flights), validation.flight_rules(files["flights"].table))
    single = refuse_duplicates(
        judged, validation.FLIGHT_IDENTITY, [F.col("arr_delay").isNull(), F.col("dep_delay").isNull()]
    )
    flights = with_request_values(validation.refuse_without_outcome(single))
    return Tables(flights, sides["weather"], sides["planes"], sides["airports"], sides["airlines"])


def accepted(rows: DataFrame) -> DataFrame:
    return rows.where(F.col(REASON).isNull())


def quarantined(tables: Tables) -> DataFrame:
    parts = [
        rows.where(F.col(REASON).isNotNull()).select(
            F.lit(name).alias("source"), REASON, DETAIL, F.to_json(RAW).alias("row")
        )
        for name, rows in vars(tables).items()
    ]
    all_ = parts[0]
    for part in parts[1:]:
        all_ = all_.unionByName(part)
    return all_


@dataclass(frozen=True)
class Facts:
    categories: dict[str, list[str]]
    origin_timezones: dict[str, str]
    first_hour: int
    last_hour: int
    first_day: int
    last_day: int


def _facts(known: DataFrame) -> Facts:
    day = F.unix_date(F.to_date("scheduled_local"))
    row = known.agg(
        F.min("as_of_epoch_hour"),
        F.max("as_of_epoch_hour"),
        F.min(day),
        F.max(day),
        F.map_from_entries(F.collect_set(F.struct("origin", "origin_zone"))),
        *(F.collect_set(F.when(F.col(REASON).isNull(), F.col(name))) for name in CATEGORICAL),
    ).first()
    assert row is not None
    return Facts(
        categories={name: sorted(values) for name, values in zip(CATEGORICAL, row[5:], strict=True)},
        origin_timezones=dict(sorted(row[4].items())),
        first_hour=row[0],
        last_hour=row[1],
        first_day=row[2],
        last_day=row[3],
    )


def lookup_tables(tables: Tables, known: DataFrame, facts: Facts) -> dict[str, DataFrame]:
    seen = events.known_events(known).persist()
    made = {
        "route": lookups.route(known, accepted(tables.airports)),
        "plane": lookups.plane(accepted(tables.planes)),
        "weather": lookups.weather(accepted(tables.weather)),
        "schedule": lookups.schedule(known),
    }
    for table in SNAPSHOTS:
        hourly = table.clock == "as_of_epoch_hour"
        made[table.name] = snapshot(
            seen,
            table,
            facts.first_hour if hourly else facts.first_day,
            facts.last_hour if hourly else facts.last_day,
        )
    return made
