"""The rows that a model learns from: each flight with what a service would look up for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from platform_contract import KEY_COLUMNS, FeatureSchema
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.catalogue import LABEL, MONTH, OUTCOME
from spark_preprocessing.events import HOUR, LATE_MINUTES
from spark_preprocessing.validation import FLIGHT_IDENTITY

FILES: Final = 4
"""One for each quarter of the year: few files to open, and a split by months skips whole files."""


def with_request_values(flights: DataFrame) -> DataFrame:
    """Adds all that `platform_contract.feature_manifest.RequestValue` names, computed as a service computes it."""
    clock = F.col("scheduled_local")
    hour = F.floor(F.col("scheduled_at") / HOUR)
    return flights.withColumns(
        {
            "departure_hour": F.hour(clock),
            "departure_minute_of_day": F.hour(clock) * 60 + F.minute(clock),
            "departure_day_of_week": F.weekday(clock) + 1,
            "departure_epoch_hour": hour,
            "as_of_epoch_hour": hour - 1,
            "as_of_date": (F.year(clock) * 10000 + F.month(clock) * 100 + F.dayofmonth(clock)).cast("int"),
        }
    )


def assemble(flights: DataFrame, lookups: Mapping[str, DataFrame], schema: FeatureSchema) -> DataFrame:
    """The data set: keys, label, outcome, month and features, one partition per file, in a fixed order.

    Args:
        flights: those with an outcome, with their request values.
        lookups: the lookup tables as they were written, so that the batch sees what a service will see.
        schema: the features to make.
    """
    joined = flights
    for table in schema.lookups:
        # Renamed, because a key such as `origin` is also the name of an encoded feature.
        found = lookups[table.name].select(*table.keys, *(F.col(name).alias(f"_{name}") for name in table.columns))
        joined = joined.join(found, list(table.keys), "left")
    features = [
        (
            _encoded(feature.source.value, feature.categories)
            if feature.source.kind == "request"
            else _looked_up(feature.source.column)
        )
        .cast("float")
        .alias(feature.name)
        for feature in schema.features
    ]
    rows = joined.select(
        F.xxhash64(*FLIGHT_IDENTITY).alias("flight_id"),
        F.col("carrier").alias("carrier_code"),
        "flight",
        "tailnum",
        F.col("origin").alias("origin_code"),
        F.col("dest").alias("dest_code"),
        F.date_format("scheduled_local", "yyyy-MM-dd'T'HH:mm:ss").alias("scheduled_departure"),
        F.col("scheduled_at").alias("_scheduled_at"),
        F.month("scheduled_local").cast("byte").alias(MONTH),
        F.col("arr_delay").cast("float").alias(OUTCOME),
        (F.col("arr_delay") > LATE_MINUTES).cast("byte").alias(LABEL),
        *features,
    )
    quarter = F.floor((F.col(MONTH) - 1) * FILES / 12).cast("int")
    return (
        rows.repartitionById(FILES, quarter)
        .sortWithinPartitions("_scheduled_at", "flight_id")
        .select(*KEY_COLUMNS, MONTH, OUTCOME, LABEL, *schema.names)
    )


def _encoded(value: str, categories: tuple[str, ...] | None) -> Column:
    if categories is None:
        return F.col(value)
    position = F.array_position(F.array(*(F.lit(category) for category in categories)), F.col(value))
    return F.nullif(position, F.lit(0)) - 1


def _looked_up(column: str) -> Column:
    return F.col(f"_{column}")
