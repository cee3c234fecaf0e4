"""When what was known: the moments at which a flight is scheduled, leaves and arrives, and what each of them tells.

Moments are whole seconds since 1970-01-01 UTC. Where the data leaves a moment in doubt it is taken late: a feature then
sees less of the past than was truly known, never more.
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.validation import minutes_of_day

HOUR: Final = 3600
DAY: Final = 24 * HOUR

LATE_MINUTES: Final = 15
"""A flight is late when it arrives or leaves more than this many minutes after its schedule (as the US Department of
Transportation counts, which calls 15 minutes and more late)."""

WAITING_HOURS: Final = 6
"""A flight that has not left so long after its schedule is no longer counted as waiting: most such are cancelled."""


def with_times(flights: DataFrame) -> DataFrame:
    """Adds the flight's moments to rows with the time zones of both ends (`origin_zone`, `dest_zone`, or null).

    Adds `scheduled_at`; `scheduled_local`, the clock at the origin as a timestamp; `departed_at` and `arrived_at`, the
    moments from which on the departure's and the arrival's delay are known (null if they did not happen).
    """
    scheduled = F.unix_seconds("time_hour") + F.col("minute") * 60
    return (
        flights.withColumn("scheduled_at", scheduled)
        .withColumn("scheduled_local", F.from_utc_timestamp(F.timestamp_seconds("scheduled_at"), F.col("origin_zone")))
        .withColumn("departed_at", _departed_at())
        .withColumn("arrived_at", _arrived_at())
    )


def _departed_at() -> Column:
    """Delays are differences of local clocks: in a night when these change, the later reading is taken."""
    elapsed = F.col("scheduled_at") + F.col("dep_delay") * 60
    clock = F.timestamp_seconds(F.unix_seconds("scheduled_local") + F.col("dep_delay") * 60)
    return F.greatest(elapsed, F.unix_seconds(F.to_utc_timestamp(clock, F.col("origin_zone"))))


def _arrived_at() -> Column:
    """The scheduled arrival plus the delay, but not before the time in the air is over.

    The scheduled arrival is a clock time at the destination: the first such after the scheduled departure. Where the
    destination's time zone is not known, a whole day is allowed for the flight: no scheduled flight takes longer.
    """
    departure = F.from_utc_timestamp(F.timestamp_seconds("scheduled_at"), F.col("dest_zone"))
    same_day = F.unix_seconds(F.date_trunc("day", departure)) + minutes_of_day("sched_arr_time") * 60
    arrival = F.when(same_day > F.unix_seconds(departure), same_day).otherwise(same_day + DAY)
    scheduled = F.unix_seconds(F.to_utc_timestamp(F.timestamp_seconds(arrival), F.col("dest_zone")))
    recorded = F.coalesce(scheduled, F.col("scheduled_at") + DAY) + F.col("arr_delay") * 60
    flown = F.col("departed_at") + F.coalesce("air_time", F.lit(0)) * 60
    return F.when(F.col("arr_delay").isNotNull(), F.greatest(recorded, flown))


def known_events(flights: DataFrame) -> DataFrame:
    """What was seen of the flights: one row per thing seen, with the hour and the local day in which it became known.

    Columns: `kind`, the keys `carrier`, `origin`, `dest`, `departure_hour`; `hour` (hours since 1970 UTC), `day` (days
    since 1970, local to the origin), `delay` in minutes, `late` (0 or 1). What has `hour` h may be used from the start
    of hour h + 1 on, what has `day` d from the midnight after it.

    Kinds: ``departure`` and ``arrival`` with their delays; ``waiting`` for each full hour at which a flight that should
    have left had not, with `delay` the minutes since its scheduled departure.
    """
    keys = ["carrier", "origin", "dest", "departure_hour"]
    full_hour = F.floor(F.col("scheduled_at") / HOUR)
    # Waiting at the start of hour t: scheduled before it, not gone before it.
    last_waiting = F.least(full_hour + WAITING_HOURS, F.floor(F.col("departed_at") / HOUR))
    waiting = (
        flights.where(F.col("departed_at").isNull() | (last_waiting > full_hour))
        .withColumn("_start", F.explode(F.sequence(full_hour + 1, last_waiting)))
        .select(
            *keys,
            F.lit("waiting").alias("kind"),
            # Known from the start of that hour on, which is what `hour` one earlier says.
            (F.col("_start") - 1).alias("hour"),
            _local_day(F.col("_start") * HOUR - 1).alias("day"),
            (F.col("_start") * 60 - F.col("scheduled_at") / 60).alias("delay"),
        )
    )
    seen = [
        flights.where(F.col(moment).isNotNull()).select(
            *keys,
            F.lit(kind).alias("kind"),
            F.floor(F.col(moment) / HOUR).alias("hour"),
            _local_day(F.col(moment)).alias("day"),
            F.col(delay).cast("double").alias("delay"),
        )
        for kind, moment, delay in (("departure", "departed_at", "dep_delay"), ("arrival", "arrived_at", "arr_delay"))
    ]
    events = seen[0].unionByName(seen[1]).unionByName(waiting)
    return events.withColumn("late", (F.col("delay") > LATE_MINUTES).cast("int"))


def _local_day(moment: Column) -> Column:
    return F.unix_date(F.to_date(F.from_utc_timestamp(F.timestamp_seconds(moment), F.col("origin_zone"))))
