"""Makes a version of the data set with Spark and installs it; readers are not sent to it yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import Final

from platform_contract import KEY_COLUMNS, FeatureManifest, PlatformContract
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.catalogue import DATASET, LABEL, MONTH, OUTCOME, feature_schema
from spark_preprocessing.dataset import assemble
from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.locations import spark_path
from spark_preprocessing.lookups import lookup_tables, span_of
from spark_preprocessing.publishing.publication import Edition, digest, take_parts
from spark_preprocessing.raw_tables import RawFile
from spark_preprocessing.session import spark_session
from spark_preprocessing.tables import read_tables
from spark_preprocessing.validation import FLIGHT_REASONS, REASON

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

    def write(self, rows: DataFrame, target: str) -> list[str]:
        """Writes rows to `target`, a file for each partition that has any."""
        folder = f"{target}-being-written"
        rows.write.parquet(spark_path(folder))
        return take_parts(folder, target)

    def read(self, folder: str) -> DataFrame:
        return self.spark.read.parquet(spark_path(folder))


def prepare(
    contract: PlatformContract, files: Mapping[str, RawFile], mark: str, edition: Edition, say: Say
) -> FeatureManifest:
    """Makes version ``v-<mark>`` and its quarantine, and installs them; the manifest that is there then.

    Raises:
        PreprocessingError: no flight is left, or rows got lost on the way: nothing is installed.
    """
    with spark_session(contract, "spark-preprocess") as spark:
        shop = Workshop(spark, edition.staged, edition.refused)
        manifest = make_version(shop, files, mark, say)
    return edition.install(shop.version, shop.refused, manifest)


def make_version(shop: Workshop, files: Mapping[str, RawFile], mark: str, say: Say) -> FeatureManifest:
    """Writes everything of a version but its manifest, which is what is returned.

    Raises:
        PreprocessingError: as `prepare`.
    """
    tables = read_tables(shop.spark, files, shop.settle)
    rows_in = files["flights"].rows
    say(f"{rows_in:,} flights read and judged")
    shop.write(tables.quarantined().repartition(1), shop.refused)

    span = span_of(tables.seen_flights())
    schema = feature_schema(span.categories, span.origin_timezones)
    made = lookup_tables(tables, span, shop.settle)

    def write_lookup(name: str) -> list[str]:
        table = next(table for table in schema.lookups if table.name == name)
        rows = made[name].select(*table.keys, *table.columns).repartition(1).sortWithinPartitions(*table.keys)
        return shop.write(rows, f"{shop.version}/lookups/{name}")

    with ThreadPoolExecutor(TABLES_AT_A_TIME) as pool:
        written = dict(zip(made, pool.map(write_lookup, made), strict=True))
    say(f"{len(written)} lookup tables written")

    # Read back, so that the batch is joined with the very rows that a service will find.
    found = {name: shop.read(f"{shop.version}/lookups/{name}") for name in written}
    data = shop.write(assemble(tables.accepted("flights"), found, schema), f"{shop.version}/data")
    say(f"{len(schema.features)} features of each flight written")

    rows = _rows_per_file({**found, DATASET: shop.read(f"{shop.version}/data")})
    reasons = _reasons(shop.read(shop.refused))
    out = tuple(digest(shop.version, path, rows[DATASET, _file_name(path)]) for path in data)
    rows_out, refused = sum(file.rows for file in out), sum(reasons.values())
    if rows_in != rows_out + refused:
        raise PreprocessingError(
            f"Rows do not add up: {rows_in} read, {rows_out} written, {refused} quarantined. Nothing was published;"
            " this is a fault of spark-preprocessing: report it with the raw files."
        )
    return FeatureManifest(
        fingerprint=mark,
        feature_schema=schema,
        label=LABEL,
        outcome=OUTCOME,
        month=MONTH,
        keys=KEY_COLUMNS,
        files=out,
        lookup_files={
            name: tuple(digest(shop.version, path, rows[name, _file_name(path)]) for path in paths)
            for name, paths in written.items()
        },
        rows_in=rows_in,
        rows_out=rows_out,
        quarantined={reason: reasons[reason] for reason in FLIGHT_REASONS if reason in reasons},
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


def _reasons(quarantined: DataFrame) -> dict[str, int]:
    """Refused flights as they can be read back, by reason."""
    counts = quarantined.where("source = 'flights'").groupBy(REASON).count()
    return {row[REASON]: row["count"] for row in counts.collect()}
