"""Histories as they were known at each full hour or midnight: window sums over what became known strictly before."""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.catalogue import Clock, Measure, Snapshot

_BUCKET: Final[dict[Clock, str]] = {"as_of_epoch_hour": "hour", "as_of_date": "day"}


def snapshot(events: DataFrame, table: Snapshot, first: int, last: int) -> DataFrame:
    """The rows of a snapshot table: one per key and moment at which anything was known in the longest window.

    Args:
        events: as `events.known_events` makes them.
        table: what to make.
        first: the first hour (or day) as of which to look back, since 1970.
        last: the last one.
    """
    bucket, keys = _BUCKET[table.clock], list(table.keys)
    kinds = sorted({measure.kind for measure in table.measures})
    counts = (
        events.where(F.col("kind").isin(kinds))
        .groupBy(*keys, F.col(bucket).cast("long").alias("as_of"))
        .agg(
            *(F.count_if(F.col("kind") == kind).alias(f"{kind}_n") for kind in kinds),
            *(F.sum(F.when(F.col("kind") == kind, F.col("delay"))).alias(f"{kind}_delay") for kind in kinds),
            *(F.sum(F.when(F.col("kind") == kind, F.col("late"))).alias(f"{kind}_late") for kind in kinds),
        )
    )
    # Every moment gets a row, so that the frame below always ends at the moment itself and never reaches it.
    moments = F.explode(F.sequence(F.lit(first).cast("long"), F.lit(last).cast("long")))
    grid = counts.select(*keys).distinct().withColumn("as_of", moments)
    history = grid.join(counts, [*keys, "as_of"], "left")
    longest = max(measure.window for measure in table.measures)
    known = sum((F.coalesce(_trailing(table, f"{kind}_n", longest), F.lit(0)) for kind in kinds), F.lit(0))
    measured = history.select(
        *keys,
        _clock(table.clock).alias(table.clock),
        *(_statistic(table, measure).cast("float").alias(measure.column) for measure in table.measures),
        known.alias("_known"),
    )
    return measured.where(F.col("_known") > 0).drop("_known")


def _trailing(table: Snapshot, column: str, window: int) -> Column:
    """The sum over the `window` hours or days before the row's own, which is left out."""
    frame = Window.partitionBy(*table.keys).orderBy("as_of").rangeBetween(-window, -1)
    return F.sum(column).over(frame)


def _statistic(table: Snapshot, measure: Measure) -> Column:
    number = F.coalesce(_trailing(table, f"{measure.kind}_n", measure.window), F.lit(0))
    match measure.statistic:
        case "count":
            return number
        case "mean_delay":
            return F.try_divide(_trailing(table, f"{measure.kind}_delay", measure.window), number)
        case "late_share":
            return F.try_divide(_trailing(table, f"{measure.kind}_late", measure.window), number)


def _clock(clock: Clock) -> Column:
    if clock == "as_of_epoch_hour":
        return F.col("as_of")
    date = F.date_from_unix_date(F.col("as_of").cast("int"))
    return (F.year(date) * 10000 + F.month(date) * 100 + F.dayofmonth(date)).cast("int")
