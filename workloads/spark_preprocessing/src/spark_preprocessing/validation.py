"""Rows that are refused, each with exactly one reason: the first rule that it breaks, in the order of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Final
from zoneinfo import available_timezones

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.raw_tables import RawTable
from spark_preprocessing.reading import RAW, UNPARSABLE

REASON: Final = "reason"
DETAIL: Final = "detail"

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

FLIGHT_IDENTITY: Final = ("carrier", "flight", "origin", "dest", "scheduled_at")

LARGEST_DELAY_MINUTES: Final = 2880
LARGEST_LEAD_MINUTES: Final = 180
"""A flight two days late or three hours early is a slip of the pen: the extremes of 2013 are 1,301 and -86 minutes."""

HIGHEST_WIND_MPH: Final = 253
"""The strongest gust ever measured (Barrow Island, 1996; source: World Meteorological Organization)."""


@dataclass(frozen=True)
class Rule:
    """A reason to refuse a row; `broken` is true for such a row and `detail` says more in words."""

    reason: str
    broken: Column
    detail: Column | None = None


def apply_rules(rows: DataFrame, rules: list[Rule]) -> DataFrame:
    """Adds `REASON` and `DETAIL`, null in rows that break no rule. A condition that is null counts as not broken."""
    texts = [rule.detail if rule.detail is not None else F.lit(None).cast("string") for rule in rules]
    return rows.withColumns(
        {
            REASON: F.coalesce(*(F.when(rule.broken, F.lit(rule.reason)) for rule in rules)),
            DETAIL: _of_first(rules, texts),
        }
    )


def _of_first(rules: list[Rule], texts: list[Column]) -> Column:
    chosen = F.when(rules[0].broken, texts[0])
    for rule, text in zip(rules[1:], texts[1:], strict=True):
        chosen = chosen.when(rule.broken, text)
    return chosen


def form_rules(table: RawTable) -> list[Rule]:
    """The rules that every raw file has: all values parse, and what is required is there."""
    missing = F.array_compact(F.array(*(F.when(F.col(name).isNull(), F.lit(name)) for name in table.required)))
    return [
        Rule(UNPARSABLE_VALUE, F.size(UNPARSABLE) > 0, F.array_join(UNPARSABLE, ", ")),
        Rule(MISSING_KEY, F.size(missing) > 0, F.array_join(missing, ", ")),
    ]


def refuse_duplicates(rows: DataFrame, identity: tuple[str, ...], preferred: list[Column]) -> DataFrame:
    """Of the rows without a reason that tell of the same thing, all but one are refused.

    Which one stays does not depend on the order of the file: the first by `preferred`, then by its text.
    """
    once = Window.partitionBy(*identity, F.col(REASON).isNull()).orderBy(*preferred, F.to_json(RAW))
    copy = F.col(REASON).isNull() & (F.col("_copy") > 1)
    return (
        rows.withColumn("_copy", F.row_number().over(once))
        .withColumns(
            {
                REASON: F.when(copy, F.lit(DUPLICATE)).otherwise(F.col(REASON)),
                DETAIL: F.when(copy, F.lit(", ".join(identity))).otherwise(F.col(DETAIL)),
            }
        )
        .drop("_copy")
    )


def flight_rules(flights: RawTable) -> list[Rule]:
    """The rules of flights, but for duplicates and missing outcomes; the columns of `events.with_times` are there."""
    departed, arrived = F.col("dep_delay").isNotNull(), F.col("arr_delay").isNotNull()
    clock = F.col("scheduled_local")
    contradictions = {
        "schedule and time_hour": (F.year(clock) != F.col("year"))
        | (F.month(clock) != F.col("month"))
        | (F.dayofmonth(clock) != F.col("day"))
        | (F.hour(clock) != F.col("hour"))
        | (F.minute(clock) != F.col("minute"))
        | (F.col("sched_dep_time") != F.col("hour") * 100 + F.col("minute")),
        "sched_dep_time": _no_clock_time("sched_dep_time") | (F.col("sched_dep_time") == 2400),
        "sched_arr_time": _no_clock_time("sched_arr_time"),
        "dep_time and dep_delay": (F.col("dep_time").isNotNull() != departed)
        | _no_clock_time("dep_time")
        | _clocks_disagree("sched_dep_time", "dep_delay", "dep_time"),
        "arr_time and arr_delay": (arrived & F.col("arr_time").isNull())
        | _no_clock_time("arr_time")
        | (arrived & _clocks_disagree("sched_arr_time", "arr_delay", "arr_time")),
        "arrival without departure": (arrived | F.col("arr_time").isNotNull()) & ~departed,
        "dep_delay": ~F.col("dep_delay").between(-LARGEST_LEAD_MINUTES, LARGEST_DELAY_MINUTES),
        "arr_delay": ~F.col("arr_delay").between(-LARGEST_LEAD_MINUTES, LARGEST_DELAY_MINUTES),
        "flight": F.col("flight") < 1,
        "distance": F.col("distance") < 1,
        "air_time": F.col("air_time") < 1,
    }
    return [
        *form_rules(flights),
        Rule(UNKNOWN_CARRIER, ~F.col("carrier_is_known"), F.col("carrier")),
        Rule(UNKNOWN_ORIGIN, F.col("origin_zone").isNull(), F.col("origin")),
        _impossible(contradictions),
    ]


def weather_rules() -> list[Rule]:
    return [
        _impossible(
            {
                "wind_speed": ~F.col("wind_speed").between(0, HIGHEST_WIND_MPH),
                "wind_gust": ~F.col("wind_gust").between(0, HIGHEST_WIND_MPH),
                "wind_dir": ~F.col("wind_dir").between(0, 360),
                "humid": ~F.col("humid").between(0, 100),
                "precip": F.col("precip") < 0,
                "visib": F.col("visib") < 0,
            }
        )
    ]


def plane_rules() -> list[Rule]:
    return [
        _impossible(
            {
                "year": F.col("year") < 1903,  # the first flight of a powered aeroplane
                "engines": F.col("engines") < 1,
                "seats": F.col("seats") < 1,
            }
        )
    ]


def airport_rules() -> list[Rule]:
    zones = sorted(available_timezones())
    return [
        _impossible(
            {
                "lat": ~F.col("lat").between(-90, 90),
                "lon": ~F.col("lon").between(-180, 180),
                "tzone": ~F.col("tzone").isin(zones),
            }
        )
    ]


def _impossible(conditions: dict[str, Column]) -> Rule:
    """One rule out of several conditions; its detail names those that are broken."""
    named = [F.when(condition, F.lit(name)) for name, condition in conditions.items()]
    broken = reduce(or_, (F.coalesce(condition, F.lit(False)) for condition in conditions.values()))
    return Rule(IMPOSSIBLE_VALUE, broken, F.array_join(F.array_compact(F.array(*named)), ", "))


def minutes_of_day(column: str) -> Column:
    """Minutes after midnight of a time that is written as the number HHMM; 2400 is midnight."""
    time = F.col(column)
    return F.floor(time / 100) * 60 + time % 100


def _no_clock_time(column: str) -> Column:
    time = F.col(column)
    return ~time.between(0, 2400) | (time % 100 > 59)


def _clocks_disagree(scheduled: str, delay: str, actual: str) -> Column:
    expected = F.pmod(minutes_of_day(scheduled) + F.col(delay), F.lit(1440))
    return expected != F.pmod(minutes_of_day(actual), F.lit(1440))


def refuse_without_outcome(rows: DataFrame) -> DataFrame:
    """Of the rows without a reason, those are refused that do not say how the flight arrived."""
    outcome = F.when(F.col("dep_delay").isNull(), F.lit(CANCELLED)).when(F.col("arr_delay").isNull(), F.lit(NO_ARRIVAL))
    return rows.withColumn(REASON, F.coalesce(F.col(REASON), outcome))
