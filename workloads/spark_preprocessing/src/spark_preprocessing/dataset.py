"""The rows that a model learns from: each flight with what a service would look up for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from platform_contract import Feature, FeatureSchema
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.catalogue import LABEL, MONTH, OUTCOME
from spark_preprocessing.moments import HOUR, LATE_MINUTES

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
    """The data set: keys, label, outcome, month and features, one partition per file, in the order of departure.

    Args:
        flights: those with an outcome, with their request values.
        lookups: the lookup tables as they were written, so that the batch sees what a service will see.
        schema: the features to make.
    """
    quarter = F.expr(f"int((month - 1) * {FILES} div 12)")
    # Put in order while the rows are narrow. A broadcast join leaves partitions and order as they are.
    joined = flights.repartitionById(FILES, quarter).sortWithinPartitions("scheduled_at", "flight_id")
    for table in schema.lookups:
        # Renamed, because a key such as `origin` is also the name of an encoded feature.
        keys: list[str] = list(table.keys)
        found = lookups[table.name].select(*keys, *(F.col(name).alias(f"_{name}") for name in table.columns))
        joined = joined.join(F.broadcast(found), keys, "left")
    return joined.select(
        "flight_id",
        F.col("carrier").alias("carrier_code"),
        "flight",
        "tailnum",
        F.col("origin").alias("origin_code"),
        F.col("dest").alias("dest_code"),
        F.date_format("scheduled_local", "yyyy-MM-dd'T'HH:mm:ss").alias("scheduled_departure"),
        F.col("month").cast("byte").alias(MONTH),
        F.col("arr_delay").cast("float").alias(OUTCOME),
        (F.col("arr_delay") > LATE_MINUTES).cast("byte").alias(LABEL),
        *(_value(feature).cast("float").alias(feature.name) for feature in schema.features),
    )


def _value(feature: Feature) -> Column:
    if feature.source.kind == "lookup":
        return F.col(f"_{feature.source.column}")
    value = F.col(feature.source.value)
    if feature.categories is None:
        return value
    position = F.array_position(F.array(*(F.lit(category) for category in feature.categories)), value)
    return F.nullif(position, F.lit(0)) - 1
