"""Rows that are refused, each with exactly one reason: the first rule that it breaks, in the order of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from zoneinfo import available_timezones

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.raw_tables import RawTable
from spark_preprocessing.reading import RAW, UNPARSABLE, named_faults

REASON: Final = "reason"
"""Why a row is refused; null in a row that is not."""

DETAIL: Final = "detail"
"""Which columns or values are at fault."""

UNPARSABLE_VALUE: Final = "unparsable_value"
MISSING_KEY: Final = "missing_key"
UNKNOWN_CARRIER: Final = "unknown_carrier"
UNKNOWN_ORIGIN: Final = "unknown_origin"
IMPOSSIBLE_VALUE: Final = "impossible_value"
DUPLICATE: Final = "duplicate"
CANCELLED: Final = "cancelled"
NO_ARRIVAL: Final = "no_arrival_recorded"

FLIGHT_REASONS: Final = (
    UNPARSABLE_VALUE,
    MISSING_KEY,
    UNKNOWN_CARRIER,
    UNKNOWN_ORIGIN,
    IMPOSSIBLE_VALUE,
    DUPLICATE,
    CANCELLED,
    NO_ARRIVAL,
)
"""Why a flight is quarantined, in the order in which it is asked."""

WITHOUT_OUTCOME: Final = (CANCELLED, NO_ARRIVAL)
"""Such a flight teaches nothing about its arrival, but what was seen of it tells of the traffic around it."""

LARGEST_DELAY_MINUTES: Final = 2880
LARGEST_LEAD_MINUTES: Final = 180
"""A flight two days late or three hours early is a slip of the pen: the extremes of 2013 are 1,301 and -86 minutes."""

HIGHEST_WIND_MPH: Final = 253
"""The strongest gust ever measured (Barrow Island, 1996; source: World Meteorological Organization)."""

FIRST_AEROPLANE: Final = 1903


def judge(rows: DataFrame, rules: Mapping[str, Column]) -> DataFrame:
    """Adds `REASON` and `DETAIL`.

    Args:
        rows: with the columns that the rules ask.
        rules: reason → text with what is at fault, which is empty or null in a row that keeps the rule.
    """
    faults = {f"_{reason}": fault for reason, fault in rules.items()}
    reasons = [F.when(F.length(f"_{reason}") > 0, F.lit(reason)) for reason in rules]
    details = [F.nullif(F.col(name), F.lit("")) for name in faults]
    judged = rows.withColumns(faults).withColumns({REASON: F.coalesce(*reasons), DETAIL: F.coalesce(*details)})
    return judged.drop(*faults)


def form_rules(table: RawTable) -> dict[str, Column]:
    """The rules of every raw file: all values parse, and what is required is there."""
    return {
        UNPARSABLE_VALUE: F.col(UNPARSABLE),
        MISSING_KEY: named_faults({name: F.col(name).isNull() for name in table.required}),
    }


def has_duplicates(rows: DataFrame, identity: tuple[str, ...]) -> bool:
    """Whether any two rows without a reason tell of the same thing."""
    return not rows.where(F.col(REASON).isNull()).groupBy(*identity).count().where("count > 1").isEmpty()


def refuse_duplicates(rows: DataFrame, identity: tuple[str, ...], *preferred: Column) -> DataFrame:
    """Of the rows without a reason that tell of the same thing, all but one are refused.

    Which one stays does not depend on the order of the file: the first by `preferred`, then by a hash of its text.
    """
    order = Window.partitionBy(*identity, F.col(REASON).isNull()).orderBy(*preferred, F.xxhash64(RAW))
    copy = F.col(REASON).isNull() & (F.col("_copy") > 1)
    judged = rows.withColumn("_copy", F.row_number().over(order)).withColumns(
        {
            REASON: F.when(copy, F.lit(DUPLICATE)).otherwise(F.col(REASON)),
            DETAIL: F.when(copy, F.lit(", ".join(identity))).otherwise(F.col(DETAIL)),
        }
    )
    return judged.drop("_copy")


def flight_rules(flights: RawTable) -> dict[str, Column]:
    """The rules of flights, but for duplicates and outcomes; the columns that `events.with_times` makes are there."""
    departed, arrived = F.col("dep_delay").isNotNull(), F.col("arr_delay").isNotNull()
    contradictions = {
        # The clock at the origin and the UTC hour name the same moment.
        "schedule and time_hour": F.col("scheduled_local").isNull()
        | (F.unix_seconds("scheduled_local") != F.unix_seconds("clock_of_time_hour") + F.col("minute") * 60),
        "sched_dep_time": F.col("sched_dep_time") != F.col("hour") * 100 + F.col("minute"),
        "sched_arr_time": _no_clock_time("sched_arr_time"),
        "dep_time and dep_delay": (F.col("dep_time").isNotNull() != departed)
        | _no_clock_time("dep_time")
        | _clocks_disagree("sched_dep_time", "dep_delay", "dep_time"),
        "arr_time and arr_delay": (arrived & F.col("arr_time").isNull())
        | _no_clock_time("arr_time")
        | _clocks_disagree("sched_arr_time", "arr_delay", "arr_time"),
        "arrival without departure": (arrived | F.col("arr_time").isNotNull()) & ~departed,
        "dep_delay": ~F.col("dep_delay").between(-LARGEST_LEAD_MINUTES, LARGEST_DELAY_MINUTES),
        "arr_delay": ~F.col("arr_delay").between(-LARGEST_LEAD_MINUTES, LARGEST_DELAY_MINUTES),
        "flight": F.col("flight") < 1,
        "distance": F.col("distance") < 1,
        "air_time": F.col("air_time") < 1,
    }
    return {
        **form_rules(flights),
        UNKNOWN_CARRIER: F.when(F.col("carrier_is_known").isNull(), F.col("carrier")),
        UNKNOWN_ORIGIN: F.when(F.col("origin_zone").isNull(), F.col("origin")),
        IMPOSSIBLE_VALUE: named_faults(contradictions),
    }


def refuse_without_outcome(rows: DataFrame) -> DataFrame:
    """Of the rows without a reason, those are refused that do not say how the flight arrived."""
    outcome = F.when(F.col("dep_delay").isNull(), F.lit(CANCELLED)).when(F.col("arr_delay").isNull(), F.lit(NO_ARRIVAL))
    return rows.withColumn(REASON, F.coalesce(F.col(REASON), outcome))


def value_rules(table: str) -> dict[str, Column]:
    """What cannot be in the tables that flights are joined with."""
    faults = {
        "weather": {
            "wind_speed": ~F.col("wind_speed").between(0, HIGHEST_WIND_MPH),
            "wind_gust": ~F.col("wind_gust").between(0, HIGHEST_WIND_MPH),
            "wind_dir": ~F.col("wind_dir").between(0, 360),
            "humid": ~F.col("humid").between(0, 100),
            "precip": F.col("precip") < 0,
            "visib": F.col("visib") < 0,
        },
        "planes": {
            "year": F.col("year") < FIRST_AEROPLANE,
            "engines": F.col("engines") < 1,
            "seats": F.col("seats") < 1,
        },
        "airports": {
            "lat": ~F.col("lat").between(-90, 90),
            "lon": ~F.col("lon").between(-180, 180),
            "tzone": ~F.col("tzone").isin(sorted(available_timezones())),
        },
    }
    return {IMPOSSIBLE_VALUE: named_faults(faults[table])} if table in faults else {}


def minutes_of_day(column: str) -> Column:
    """Minutes after midnight of a time that is written as the number HHMM; 2400 is midnight."""
    time = F.col(column)
    return F.expr(f"{column} div 100") * 60 + time % 100


def _no_clock_time(column: str) -> Column:
    time = F.col(column)
    return ~time.between(0, 2400) | (time % 100 > 59)


def _clocks_disagree(scheduled: str, delay: str, actual: str) -> Column:
    """The clock at the end is not the scheduled one plus the delay; null, and so no fault, without a delay."""
    return (minutes_of_day(scheduled) + F.col(delay) - minutes_of_day(actual)) % 1440 != 0
