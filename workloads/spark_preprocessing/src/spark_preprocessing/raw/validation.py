"""Rows that are refused, each with exactly one reason: the first rule that it breaks, in the order of the rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final

from platform_contract import Period
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.raw.ranges import (
    AIR_TIME_MINUTES,
    DELAY_MINUTES,
    DISTANCE_MILES,
    FLIGHT_NUMBER,
    GAINED_MINUTES,
    GROUND_MPH,
    not_on_route,
    outside,
    value_faults,
)
from spark_preprocessing.raw.raw_tables import RawTable
from spark_preprocessing.raw.reading import RAW, UNPARSABLE, named_faults
from spark_preprocessing.raw.reasons import (
    CANCELLED,
    DUPLICATE,
    IMPOSSIBLE_VALUE,
    MISSING_KEY,
    NO_ARRIVAL,
    OUTSIDE_PERIOD,
    UNKNOWN_CARRIER,
    UNKNOWN_ORIGIN,
    UNPARSABLE_VALUE,
)

REASON: Final = "reason"
"""Why a row is refused; null in a row that is not."""

DETAIL: Final = "detail"
"""Which columns or values are at fault."""

DAY_OF_WEATHER: Final = timedelta(days=1)


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


def flight_rules(flights: RawTable, period: Period) -> dict[str, Column]:
    """The rules of flights, but for those that ask more than one row; `events.with_times` has made its columns."""
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
        "dep_delay": outside("dep_delay", DELAY_MINUTES),
        "arr_delay": outside("arr_delay", DELAY_MINUTES),
        "dep_delay and arr_delay": ~(F.col("dep_delay") - F.col("arr_delay")).between(*GAINED_MINUTES),
        "flight": outside("flight", FLIGHT_NUMBER),
        "origin and dest": F.col("origin") == F.col("dest"),
        "distance": outside("distance", DISTANCE_MILES),
        "air_time": outside("air_time", AIR_TIME_MINUTES),
        "distance and air_time": ~(F.try_divide(F.col("distance") * 60, F.col("air_time"))).between(*GROUND_MPH),
    }
    day = F.to_date("scheduled_local")
    return {
        **form_rules(flights),
        UNKNOWN_CARRIER: F.when(F.col("carrier_is_known").isNull(), F.col("carrier")),
        UNKNOWN_ORIGIN: F.when(F.col("origin_zone").isNull(), F.col("origin")),
        IMPOSSIBLE_VALUE: named_faults(contradictions),
        OUTSIDE_PERIOD: named_faults(
            {"year, month, day": ~day.between(F.lit(period.first_day), F.lit(period.last_day))}
        ),
    }


def refuse_without_outcome(rows: DataFrame) -> DataFrame:
    """Of the rows without a reason, those are refused that do not say how the flight arrived."""
    outcome = F.when(F.col("dep_delay").isNull(), F.lit(CANCELLED)).when(F.col("arr_delay").isNull(), F.lit(NO_ARRIVAL))
    return rows.withColumn(REASON, F.coalesce(F.col(REASON), outcome))


def value_rules(table: str, period: Period, zones: Collection[str]) -> dict[str, Column]:
    """What cannot be in the tables that flights are joined with.

    Args:
        table: the raw table's name.
        period: of the delivery.
        zones: names of the time zones that there are.
    """
    faults = {IMPOSSIBLE_VALUE: named_faults(value_faults(table, period, zones))}
    if table != "weather":
        return faults
    day = F.to_date("clock_of_time_hour")
    # The first flights are told of the hours before them.
    beyond = ~day.between(F.lit(period.first_day - DAY_OF_WEATHER), F.lit(period.last_day + DAY_OF_WEATHER))
    return {
        UNKNOWN_ORIGIN: F.when(F.col("origin_zone").isNull(), F.col("origin")),
        **faults,
        OUTSIDE_PERIOD: named_faults({"time_hour": beyond}),
    }


def refuse_other_lengths(rows: DataFrame) -> DataFrame:
    """Of the rows without a reason, those are refused whose distance is not that of their route, `route_miles`."""
    other = F.col(REASON).isNull() & not_on_route(F.col("distance"), F.col("route_miles"))
    return rows.withColumns(
        {
            REASON: F.when(other, F.lit(IMPOSSIBLE_VALUE)).otherwise(F.col(REASON)),
            DETAIL: F.when(other, F.lit("distance and route")).otherwise(F.col(DETAIL)),
        }
    ).drop("route_miles")


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
