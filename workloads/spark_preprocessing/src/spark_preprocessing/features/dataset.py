"""The rows that a model learns from: each flight with what a service would look up for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, TypeVar

from platform_contract import Feature, FeatureSchema
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.features.catalogue import LABEL, MONTH, OUTCOME
from spark_preprocessing.features.moments import HOUR, LATE_MINUTES

MOST_FILES: Final = 48
"""A file for each month, so that a split by months skips whole files, but no more than these: then months share one."""

ROWS_TO_BROADCAST: Final = 2_000_000
"""Of all lookup tables together. Each task's JVM holds them, at some 150 bytes a row."""

ONE_DAY: Final = timedelta(days=1)

Item = TypeVar("Item")


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


def month_number() -> Column:
    """The month of a flight's scheduled departure as the number YYYYMM."""
    return F.year("scheduled_local") * 100 + F.month("scheduled_local")


def chapters(months: Sequence[int], lookup_rows: int) -> list[list[list[int]]]:
    """Divides months into chapters, and each chapter into files: month by month, in the order of time.

    A chapter is joined at once, with those rows of the lookup tables that are of its time. So what is held in memory
    does not grow with the years; and a year is a single chapter of a file for each month.

    Args:
        months: in their order.
        lookup_rows: of all lookup tables together.
    """
    files = _divided(months, min(len(months), MOST_FILES))
    wanted = math.ceil(lookup_rows / ROWS_TO_BROADCAST)
    return _divided(files, max(1, min(len(files), wanted)))


def _divided(items: Sequence[Item], parts: int) -> list[list[Item]]:
    """Cut into so many parts, as like in length as can be."""
    ends = [len(items) * part // parts for part in range(parts + 1)]
    return [list(items[start:end]) for start, end in pairwise(ends)]


def assemble(
    flights: DataFrame, lookups: Mapping[str, DataFrame], schema: FeatureSchema, files: Sequence[Sequence[int]]
) -> DataFrame:
    """A chapter of the data set: keys, label, outcome, month and features, one partition per file, in order.

    The order is that of departure, and of ``flight_id`` among flights of one moment.

    Args:
        flights: those with an outcome, with their request values.
        lookups: the lookup tables as they were written, so that the batch sees what a service will see.
        schema: the features to make.
        files: the months of each file of the chapter.
    """
    months = [month for file in files for month in file]
    position = F.lit(None)
    for number, file in enumerate(files):
        position = F.when(F.col(MONTH).isin(*file), number).otherwise(position)
    # By the year too, which Parquet can tell of a row group without reading it.
    of_years = flights.where(F.col("year").between(months[0] // 100, months[-1] // 100))
    chosen = of_years.withColumn(MONTH, month_number()).where(F.col(MONTH).between(months[0], months[-1]))
    joined = chosen.repartitionById(len(files), position.cast("int"))
    first, last = _spans(months)
    for table in schema.lookups:
        # Renamed, because a key such as `origin` is also the name of an encoded feature.
        keys: list[str] = list(table.keys)
        found = lookups[table.name].select(*keys, *(F.col(name).alias(f"_{name}") for name in table.columns))
        for key in first.keys() & set(keys):
            found = found.where(F.col(key).between(first[key], last[key]))
        joined = joined.join(F.broadcast(found), keys, "left")
    # Here, and not before the joins: they promise no order, so Spark leaves out a sorting below them.
    in_order = joined.sortWithinPartitions("scheduled_at", "flight_id")
    return in_order.select(
        "flight_id",
        F.col("carrier").alias("carrier_code"),
        "flight",
        "tailnum",
        F.col("origin").alias("origin_code"),
        F.col("dest").alias("dest_code"),
        F.date_format("scheduled_local", "yyyy-MM-dd'T'HH:mm:ss").alias("scheduled_departure"),
        F.col(MONTH).cast("int").alias(MONTH),
        F.col("arr_delay").cast("float").alias(OUTCOME),
        (F.col("arr_delay") > LATE_MINUTES).cast("byte").alias(LABEL),
        *(_value(feature).cast("float").alias(feature.name) for feature in schema.features),
    )


def _spans(months: Sequence[int]) -> tuple[dict[str, int], dict[str, int]]:
    """The least and the greatest value that each key which is a time can have in these months, in any time zone."""
    first = datetime(months[0] // 100, months[0] % 100, 1, tzinfo=UTC)
    last = datetime(months[-1] // 100 + months[-1] % 100 // 12, months[-1] % 100 % 12 + 1, 1, tzinfo=UTC)
    hours = [int(moment.timestamp()) // HOUR for moment in (first - ONE_DAY, last + ONE_DAY)]
    days = [int(f"{day:%Y%m%d}") for day in (first, last)]
    names = {"departure_epoch_hour": hours, "as_of_epoch_hour": hours, "as_of_date": days}
    return {name: span[0] for name, span in names.items()}, {name: span[1] for name, span in names.items()}


def _value(feature: Feature) -> Column:
    if feature.source.kind == "lookup":
        return F.col(f"_{feature.source.column}")
    value = F.col(feature.source.value)
    if feature.categories is None:
        return value
    position = F.array_position(F.array(*(F.lit(category) for category in feature.categories)), value)
    return F.nullif(position, F.lit(0)) - 1
