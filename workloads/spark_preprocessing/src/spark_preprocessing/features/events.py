"""When was what known: the moments at which a flight is scheduled, leaves and arrives, and what each of them tells.

Moments are whole seconds since 1970-01-01 UTC. Where the data leaves a moment in doubt it is taken late: a feature then
sees less of the past than was truly known, never more.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.features.moments import DAY, HOUR, LATE_MINUTES, WAITING_HOURS
from spark_preprocessing.raw.validation import minutes_of_day

EVENT_KEYS: Final = ("carrier", "origin", "dest", "departure_hour")


def with_times(flights: DataFrame) -> DataFrame:
    """Adds the flight's moments to rows with the time zones of both ends (`origin_zone`, `dest_zone`, or null).

    Adds `scheduled_at`; `scheduled_local`, the clock at the origin as a timestamp, null for a date that is none;
    `clock_of_time_hour`, the same clock as it follows from `time_hour`; `departed_at` and `arrived_at`, the moments
    from which on the departure's and the arrival's delay are known (null if they did not happen).
    """
    return (
        flights.withColumn("scheduled_at", F.unix_seconds("time_hour") + F.col("minute") * 60)
        .withColumn("scheduled_local", F.try_make_timestamp("year", "month", "day", "hour", "minute", F.lit(0)))
        .withColumn("clock_of_time_hour", F.from_utc_timestamp("time_hour", F.col("origin_zone")))
        .withColumn("departed_at", _departed_at())
        .withColumn("arrived_at", _arrived_at())
    )


def _departed_at() -> Column:
    """Delays are differences of local clocks: in a night when these change, the later reading is taken."""
    elapsed = F.col("scheduled_at") + F.col("dep_delay") * 60
    clock = F.timestamp_seconds(F.unix_seconds("scheduled_local") + F.col("dep_delay") * 60)
    read = F.unix_seconds(F.to_utc_timestamp(clock, F.col("origin_zone")))
    # Asked only where it can matter: a time zone costs more than all the rest.
    return F.when(F.col("dep_delay") > 0, F.greatest(elapsed, read)).otherwise(elapsed)


def _arrived_at() -> Column:
    """The scheduled arrival plus the delay, but not before the time in the air is over.

    The scheduled arrival is a clock time at the destination: the first such after the scheduled departure. Where the
    destination's time zone is not known, a whole day is allowed for the flight: no scheduled flight takes longer.
    """
    departure = F.unix_seconds(F.from_utc_timestamp(F.timestamp_seconds("scheduled_at"), F.col("dest_zone")))
    same_day = departure - departure % DAY + minutes_of_day("sched_arr_time") * 60
    arrival = F.when(same_day > departure, same_day).otherwise(same_day + DAY)
    scheduled = F.unix_seconds(F.to_utc_timestamp(F.timestamp_seconds(arrival), F.col("dest_zone")))
    recorded = F.coalesce(scheduled, F.col("scheduled_at") + DAY) + F.col("arr_delay") * 60
    flown = F.col("departed_at") + F.coalesce("air_time", F.lit(0)) * 60
    return F.when(F.col("arr_delay").isNotNull(), F.greatest(recorded, flown))


def known_events(flights: DataFrame, zones: Collection[str]) -> DataFrame:
    """What was seen of the flights, counted by `EVENT_KEYS` and the `hour` and `day` in which it became known.

    `hour` counts from 1970 UTC. What has hour h may be used from the start of hour h + 1 on. `day` counts from 1970
    too; what has day d may be used after the midnight that ends it in every origin's time zone.

    For each kind of event there are ``<kind>_n``, ``<kind>_delay`` (sum of minutes) and ``<kind>_late`` (how many were
    late). The kinds: ``departure`` and ``arrival`` with their delays; ``waiting``, once for each full hour at which a
    flight that should have left had not, with the minutes since its scheduled departure as its delay.
    """
    seen = [
        _event(flights.where(F.col("departed_at").isNotNull()), "departure", F.col("departed_at"), F.col("dep_delay")),
        _event(flights.where(F.col("arrived_at").isNotNull()), "arrival", F.col("arrived_at"), F.col("arr_delay")),
        _waiting(flights),
    ]
    kinds = ("departure", "arrival", "waiting")
    delay, late = F.col("delay"), F.col("delay") > LATE_MINUTES
    counted = (
        seen[0]
        .unionByName(seen[1])
        .unionByName(seen[2])
        .groupBy(*EVENT_KEYS, "hour")
        .agg(
            *(F.count_if(F.col("kind") == kind).alias(f"{kind}_n") for kind in kinds),
            *(
                F.coalesce(F.sum(F.when(F.col("kind") == kind, delay)), F.lit(0)).alias(f"{kind}_delay")
                for kind in kinds
            ),
            *(F.count_if((F.col("kind") == kind) & late).alias(f"{kind}_late") for kind in kinds),
        )
    )
    end = F.timestamp_seconds((F.col("hour") + 1) * HOUR - 1)
    days = [F.unix_date(F.to_date(F.from_utc_timestamp(end, zone))) for zone in sorted(zones)]
    return counted.withColumn("day", F.array_max(F.array(*days)).cast("long"))


def _event(flights: DataFrame, kind: str, moment: Column, delay: Column) -> DataFrame:
    return flights.select(
        *EVENT_KEYS, F.lit(kind).alias("kind"), F.floor(moment / HOUR).alias("hour"), delay.cast("long").alias("delay")
    )


def _waiting(flights: DataFrame) -> DataFrame:
    """Waiting at the start of hour t: scheduled before it and not gone before it."""
    scheduled = F.floor(F.col("scheduled_at") / HOUR)
    last = F.least(scheduled + WAITING_HOURS, F.floor(F.col("departed_at") / HOUR))
    start = F.col("_start")
    # What is seen at the start of an hour counts to the hour before, which it ends.
    return _event(
        flights.where(last > scheduled).withColumn("_start", F.explode(F.sequence(scheduled + 1, last))),
        "waiting",
        (start - 1) * HOUR,
        F.expr(f"(_start * {HOUR} - scheduled_at) div 60"),
    )
