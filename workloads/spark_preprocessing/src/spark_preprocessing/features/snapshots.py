"""Histories as they were known at each full hour or midnight: window sums over what became known strictly before."""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.features.catalogue import Clock, Measure, Snapshot

_BUCKET: Final[dict[Clock, str]] = {"as_of_epoch_hour": "hour", "as_of_date": "day"}


def snapshot(events: DataFrame, table: Snapshot, first: int, last: int) -> DataFrame:
    """The rows of a snapshot table: one per key and moment at which anything was known in the longest window.

    Args:
        events: as `events.known_events` makes them.
        table: what to make.
        first: the first hour (or day) as of which to look back, since 1970.
        last: the last one.
    """
    keys = list(table.keys)
    sums = sorted({f"{measure.kind}_{part}" for measure in table.measures for part in ("n", _part(measure))})
    counts = events.groupBy(*keys, F.col(_BUCKET[table.clock]).alias("as_of")).agg(
        *(F.sum(name).alias(name) for name in sums)
    )
    longest = max(measure.window for measure in table.measures)
    # A row for every moment, which adds nothing itself; the first ones are only looked back to.
    moments = F.explode(F.sequence(F.lit(first - longest).cast("long"), F.lit(last).cast("long")))
    grid = counts.select(*keys).distinct().withColumn("as_of", moments)
    rows = counts.withColumn("_asks", F.lit(False)).unionByName(
        grid.select(*keys, "as_of", *(F.lit(0).cast("long").alias(name) for name in sums), F.lit(True).alias("_asks"))
    )
    by_key = Window.partitionBy(*keys).orderBy("as_of")
    before = by_key.rangeBetween(Window.unboundedPreceding, -1)
    history = rows.select(
        *keys, "as_of", "_asks", *(F.coalesce(F.sum(name).over(before), F.lit(0)).alias(name) for name in sums)
    ).where("_asks")

    def trailing(name: str, window: int) -> Column:
        """What the last `window` hours or days added: all before now, less all before then."""
        return F.col(name) - F.lag(name, window, 0).over(by_key)

    known = sum((trailing(name, longest) for name in sums if name.endswith("_n")), F.lit(0))
    spans = {(name, m.window) for m in table.measures for name in (f"{m.kind}_n", f"{m.kind}_{_part(m)}")}
    return (
        history.select(
            *keys,
            "as_of",
            _clock(table.clock).alias(table.clock),
            *(trailing(name, window).alias(f"_{name}_{window}") for name, window in sorted(spans)),
            known.alias("_known"),
        )
        .where((F.col("_known") > 0) & (F.col("as_of") >= first))
        .select(
            *keys, table.clock, *(_value(measure).cast("float").alias(measure.column) for measure in table.measures)
        )
    )


def _part(measure: Measure) -> str:
    return {"count": "n", "mean_delay": "delay", "late_share": "late"}[measure.statistic]


def _value(measure: Measure) -> Column:
    number = F.col(f"_{measure.kind}_n_{measure.window}")
    if measure.statistic == "count":
        return number
    return F.try_divide(F.col(f"_{measure.kind}_{_part(measure)}_{measure.window}"), number)


def _clock(clock: Clock) -> Column:
    if clock == "as_of_epoch_hour":
        return F.col("as_of")
    date = F.date_from_unix_date(F.col("as_of").cast("int"))
    return (F.year(date) * 10000 + F.month(date) * 100 + F.dayofmonth(date)).cast("int")
