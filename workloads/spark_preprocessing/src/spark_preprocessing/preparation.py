"""Makes a version of the data set with Spark and installs it; readers are not sent to it yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import Final

from platform_contract import KEY_COLUMNS, FeatureManifest, PlatformContract, TableCounts
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.features.catalogue import DATASET, LABEL, MONTH, OUTCOME, feature_schema
from spark_preprocessing.features.dataset import assemble, chapters
from spark_preprocessing.features.lookups import lookup_tables, span_of
from spark_preprocessing.features.tables import JudgedTables, read_tables
from spark_preprocessing.locations import spark_path
from spark_preprocessing.publishing.publication import Edition, digest, take_parts
from spark_preprocessing.raw.delivery import Delivery
from spark_preprocessing.raw.limits import RefusedTooMuchError, require_routes, require_within
from spark_preprocessing.raw.raw_tables import RAW_TABLES, RawFile
from spark_preprocessing.raw.reasons import FLIGHT_REASONS
from spark_preprocessing.raw.validation import DETAIL, REASON
from spark_preprocessing.spark.lost_executors import lost_executors
from spark_preprocessing.spark.session import spark_session

Say = Callable[[str], None]

SETTLED: Final = "work"
"""In a staging folder: intermediate tables."""

TABLES_AT_A_TIME: Final = 2
"""Small tables leave cores idle while they are planned and while their last task writes."""


@dataclass(frozen=True)
class Workshop:
    """The staging folders of a run, and how Spark writes into them."""

    spark: SparkSession
    features: str
    quarantine: str

    @property
    def version(self) -> str:
        return f"{self.features}/version"

    @property
    def refused(self) -> str:
        return f"{self.quarantine}/version"

    def settle(self, name: str, rows: DataFrame) -> DataFrame:
        """Writes an intermediate table down and reads it back."""
        folder = f"{self.features}/{SETTLED}/{name}"
        rows.write.parquet(spark_path(folder))
        return self.read(folder)

    def write(self, rows: DataFrame, target: str, first: int = 0) -> list[str]:
        """Writes rows to `target`, a file for each partition that has any; the first has the number `first`."""
        folder = f"{target}-being-written"
        rows.write.parquet(spark_path(folder))
        return take_parts(folder, target, first)

    def read(self, folder: str) -> DataFrame:
        return self.spark.read.parquet(spark_path(folder))


@dataclass(frozen=True)
class Task:
    """What a version is made of, and how.

    Attributes:
        files: the raw files, by table name.
        delivery: what they say of themselves.
        mark: the fingerprint of all that the version is made of.
        limits: how much may be refused, as `limits.LIMITS`.
    """

    files: Mapping[str, RawFile]
    delivery: Delivery
    mark: str
    limits: Mapping[str, float]


def prepare(contract: PlatformContract, task: Task, edition: Edition, say: Say) -> FeatureManifest:
    """Makes version ``v-<mark>`` and its quarantine, and installs them; the manifest that is there then.

    Raises:
        PreprocessingError: too much is refused, no flight is left, or rows got lost on the way: no version is
            installed; but what is refused can be looked at.
    """
    try:
        with spark_session(contract, "spark-preprocess") as spark:
            shop = Workshop(spark, edition.staged, edition.refused)
            manifest = make_version(shop, task, say)
            for lost in lost_executors(spark):
                say(lost)
    except RefusedTooMuchError as error:
        kept = edition.keep_refused(f"{edition.refused}/version", f"v-{task.mark}")
        raise RefusedTooMuchError(f"{error}\nThe refused rows are in {kept}") from error
    return edition.install(shop.version, shop.refused, manifest)


def make_version(shop: Workshop, task: Task, say: Say) -> FeatureManifest:
    """Writes everything of a version but its manifest, which is what is returned.

    Raises:
        PreprocessingError: as `prepare`.
    """
    tables = read_tables(shop.spark, task.files, task.delivery.period, shop.settle)
    refused = tables.quarantined().repartition(1).sortWithinPartitions("source", REASON, DETAIL, "row")
    shop.write(refused, shop.refused)
    counts = _counts(task.files, tables, shop.read(shop.refused))
    say(f"{counts['flights'].rows_in:,} flights read and judged; {_told(counts)}")
    require_within(task.limits, counts)

    span = span_of(tables.seen_flights())
    schema = feature_schema(span.categories, span.origin_timezones)
    made = lookup_tables(tables, span, shop.settle)

    def write_lookup(name: str) -> list[str]:
        table = next(table for table in schema.lookups if table.name == name)
        rows = made[name].select(*table.keys, *table.columns).repartition(1).sortWithinPartitions(*table.keys)
        return shop.write(rows, f"{shop.version}/lookups/{name}")

    with ThreadPoolExecutor(TABLES_AT_A_TIME) as pool:
        written = dict(zip(made, pool.map(write_lookup, made), strict=True))
    # Read back, so that the batch is joined with the very rows that a service will find.
    found = {name: shop.read(f"{shop.version}/lookups/{name}") for name in written}
    lookup_rows = _rows_per_file(found)
    say(f"{len(written)} lookup tables written, {sum(lookup_rows.values()):,} rows")
    require_routes(task.limits, found["route"].where("distance_miles is null").count(), found["route"].count())

    data: list[str] = []
    for files in chapters(span.months, sum(lookup_rows.values())):
        rows = assemble(tables.accepted("flights"), found, schema, files)
        data += shop.write(rows, f"{shop.version}/data", len(data))
        say(f"{len(schema.features)} features of each flight written for {files[0][0]} to {files[-1][-1]}")

    data_rows = _rows_per_file({DATASET: shop.read(f"{shop.version}/data")})
    out = tuple(digest(shop.version, path, data_rows[DATASET, _file_name(path)]) for path in data)
    flights = counts["flights"]
    rows_out = sum(file.rows for file in out)
    _require_sum("flights", flights.rows_in, rows_out, sum(flights.refused.values()))
    return FeatureManifest(
        fingerprint=task.mark,
        feature_schema=schema,
        label=LABEL,
        outcome=OUTCOME,
        month=MONTH,
        period=task.delivery.period,
        months=_rows_per_month(shop.read(f"{shop.version}/data")),
        keys=KEY_COLUMNS,
        files=out,
        lookup_files={
            # A table of which nothing is known has a file without rows.
            name: tuple(digest(shop.version, path, lookup_rows.get((name, _file_name(path)), 0)) for path in paths)
            for name, paths in written.items()
        },
        rows_in=flights.rows_in,
        rows_out=rows_out,
        quarantined=flights.refused,
        tables=counts,
    )


def _file_name(location: str) -> str:
    return location.rpartition("/")[2]


def _rows_per_file(tables: Mapping[str, DataFrame]) -> dict[tuple[str, str], int]:
    """Rows as they can be read back, by table and file name."""
    counts = [
        table.groupBy(F.lit(name).alias("table"), F.col("_metadata.file_name").alias("file")).count()
        for name, table in tables.items()
    ]
    return {(row["table"], row["file"]): row["count"] for row in reduce(DataFrame.unionAll, counts).collect()}


def _rows_per_month(data: DataFrame) -> dict[int, int]:
    """Rows as they can be read back, by month."""
    return {row[MONTH]: row["count"] for row in data.groupBy(MONTH).count().orderBy(MONTH).collect()}


def _counts(files: Mapping[str, RawFile], tables: JudgedTables, quarantined: DataFrame) -> dict[str, TableCounts]:
    """What became of the rows of each raw table: refused as they can be read back, and all others taken.

    Raises:
        PreprocessingError: Spark has found another number of rows than the file holds.
    """
    refused = {
        (row["source"], row[REASON]): row["count"] for row in quarantined.groupBy("source", REASON).count().collect()
    }
    accepted = [tables.accepted(table.name).select(F.lit(table.name).alias("source")) for table in RAW_TABLES]
    taken = {
        row["source"]: row["count"] for row in reduce(DataFrame.unionAll, accepted).groupBy("source").count().collect()
    }
    counts = {}
    for table in RAW_TABLES:
        name, rows = table.name, files[table.name].rows
        reasons = {reason: refused[name, reason] for reason in FLIGHT_REASONS if (name, reason) in refused}
        _require_sum(name, rows, taken.get(name, 0), sum(reasons.values()))
        counts[name] = TableCounts(rows_in=rows, refused=reasons)
    return counts


def _require_sum(name: str, rows_in: int, taken: int, refused: int) -> None:
    if rows_in != taken + refused:
        raise PreprocessingError(
            f"Rows of {name} do not add up: {rows_in} read, {taken} taken, {refused} quarantined. Nothing was"
            " published; this is a fault of spark-preprocessing: report it with the raw files."
        )


def _told(counts: Mapping[str, TableCounts]) -> str:
    parts = [f"{sum(count.refused.values()):,} {name}" for name, count in counts.items() if count.refused]
    return f"refused: {', '.join(parts)}" if parts else "none refused"
