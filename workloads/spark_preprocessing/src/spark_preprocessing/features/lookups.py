"""The lookup tables: what a service asks to learn more of a flight than its passenger knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.features.catalogue import CATEGORICAL, SNAPSHOTS
from spark_preprocessing.features.dataset import month_number
from spark_preprocessing.features.events import known_events
from spark_preprocessing.features.moments import HOUR
from spark_preprocessing.features.snapshots import snapshot
from spark_preprocessing.features.tables import JudgedTables, Settle, route_miles
from spark_preprocessing.raw.ranges import great_circle_miles, not_on_route
from spark_preprocessing.raw.validation import REASON

OBSERVATION_LAG_HOURS: Final = 1
"""An observation that is stamped with hour h is used as of hour h + 1: stations report at different minutes of the
hour, and by then even the last of them has."""


@dataclass(frozen=True)
class Span:
    """What must be known of all flights before the tables can be made. Hours and days count from 1970."""

    categories: Mapping[str, list[str]]
    origin_timezones: Mapping[str, str]
    first_hour: int
    last_hour: int
    first_day: int
    last_day: int
    months: tuple[int, ...]
    """Those with an accepted flight, YYYYMM, in their order."""


def span_of(flights: DataFrame) -> Span:
    """What is asked of flights with and without outcome; categories are those of which a model can learn.

    Raises:
        PreprocessingError: no flight has an outcome.
    """
    day = F.unix_date(F.to_date("scheduled_local"))
    row = flights.agg(
        F.min("as_of_epoch_hour").alias("first_hour"),
        F.max("as_of_epoch_hour").alias("last_hour"),
        F.min(day).alias("first_day"),
        F.max(day).alias("last_day"),
        F.collect_set(F.struct("origin", "origin_zone")).alias("zones"),
        F.collect_set(F.when(F.col(REASON).isNull(), month_number())).alias("months"),
        *(F.collect_set(F.when(F.col(REASON).isNull(), F.col(name))).alias(name) for name in CATEGORICAL),
    ).first()
    if row is None or not row[CATEGORICAL[0]]:
        raise PreprocessingError("The raw files do not say of any flight how it arrived: there is nothing to learn.")
    return Span(
        categories={name: sorted(row[name]) for name in CATEGORICAL},
        origin_timezones=dict(sorted((zone["origin"], zone["origin_zone"]) for zone in row["zones"])),
        first_hour=row["first_hour"],
        last_hour=row["last_hour"],
        first_day=row["first_day"],
        last_day=row["last_day"],
        months=tuple(sorted(row["months"])),
    )


def lookup_tables(tables: JudgedTables, span: Span, settle: Settle) -> dict[str, DataFrame]:
    """Every lookup table of the catalogue, by name."""
    seen = tables.seen_flights()
    events = settle("events", known_events(seen, set(span.origin_timezones.values())))
    made = {
        "route": route(seen, tables.accepted("airports")),
        "plane": plane(tables.accepted("planes")),
        "weather": weather(tables.accepted("weather")),
        "schedule": schedule(seen),
    }
    for table in SNAPSHOTS:
        hourly = table.clock == "as_of_epoch_hour"
        first, last = (span.first_hour, span.last_hour) if hourly else (span.first_day, span.last_day)
        made[table.name] = snapshot(events, table, first, last)
    return made


def route(flights: DataFrame, airports: DataFrame) -> DataFrame:
    """One row per route.

    Where the distance that was flown and the places of the ends contradict each other one of them is wrong, and it
    cannot be told which: all that is said of the route is then missing.
    """
    lengths = route_miles(flights)
    for end in ("origin", "dest"):
        place = airports.select(
            F.col("faa").alias(end), F.col("lat").alias(f"{end}_latitude"), F.col("lon").alias(f"{end}_longitude")
        )
        lengths = lengths.join(F.broadcast(place), end, "left")
    places = [F.col(f"{end}_{part}") for end in ("origin", "dest") for part in ("latitude", "longitude")]
    sound = F.coalesce(~not_on_route(great_circle_miles(*places), F.col("route_miles")), F.lit(True))
    return lengths.select(
        "origin",
        "dest",
        *(
            F.when(sound, F.col(column)).cast("float").alias(name)
            for name, column in (
                ("distance_miles", "route_miles"),
                ("dest_latitude", "dest_latitude"),
                ("dest_longitude", "dest_longitude"),
            )
        ),
    )


def plane(planes: DataFrame) -> DataFrame:
    """One row per plane that is registered."""
    return planes.select(
        "tailnum",
        F.col("year").cast("float").alias("plane_year_made"),
        F.col("seats").cast("float").alias("plane_seats"),
        F.col("engines").cast("float").alias("plane_engines"),
    )


def weather(observations: DataFrame) -> DataFrame:
    """One row per observation, under the hour from which on it may be used."""
    hour = F.floor(F.unix_seconds("time_hour") / HOUR)
    last_three = Window.partitionBy("origin").orderBy("_hour").rangeBetween(-2, Window.currentRow)
    return observations.withColumn("_hour", hour).select(
        "origin",
        (F.col("_hour") + OBSERVATION_LAG_HOURS).alias("as_of_epoch_hour"),
        F.col("temp").cast("float").alias("temperature_f"),
        F.col("humid").cast("float").alias("humidity_percent"),
        F.col("wind_dir").cast("float").alias("wind_direction_deg"),
        F.col("wind_speed").cast("float").alias("wind_speed_mph"),
        F.col("wind_gust").cast("float").alias("wind_gust_mph"),
        F.col("visib").cast("float").alias("visibility_miles"),
        F.col("pressure").cast("float").alias("pressure_millibar"),
        F.sum("precip").over(last_three).cast("float").alias("precipitation_3h_inches"),
    )


def schedule(flights: DataFrame) -> DataFrame:
    """One row per origin and hour. Schedules are published months ahead: a flight that is cancelled later counts."""
    return flights.groupBy("origin", "departure_epoch_hour").agg(
        F.count("*").cast("float").alias("scheduled_departures")
    )
