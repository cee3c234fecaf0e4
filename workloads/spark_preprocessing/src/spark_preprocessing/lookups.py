"""The lookup tables that are no history of flights: routes, planes, weather and the schedule."""

from __future__ import annotations

from typing import Final

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.events import HOUR

OBSERVATION_LAG_HOURS: Final = 1
"""An observation that is stamped with hour h is used as of hour h + 1: stations report at different minutes of the hour,
and by then even the last of them has."""


def route(flights: DataFrame, airports: DataFrame) -> DataFrame:
    """One row per route. Where the flights of a route disagree on its length the shorter one is taken."""
    ends = airports.select(
        F.col("faa").alias("dest"),
        F.col("lat").cast("float").alias("dest_latitude"),
        F.col("lon").cast("float").alias("dest_longitude"),
    )
    lengths = flights.groupBy("origin", "dest").agg(F.min("distance").cast("float").alias("distance_miles"))
    return lengths.join(F.broadcast(ends), "dest", "left").select(
        "origin", "dest", "distance_miles", "dest_latitude", "dest_longitude"
    )


def plane(planes: DataFrame) -> DataFrame:
    return planes.select(
        "tailnum",
        F.col("year").cast("float").alias("plane_year_made"),
        F.col("seats").cast("float").alias("plane_seats"),
        F.col("engines").cast("float").alias("plane_engines"),
    )


def weather(observations: DataFrame) -> DataFrame:
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
    """Schedules are published months ahead, so a flight that is cancelled later counts as well."""
    return flights.groupBy("origin", "departure_epoch_hour").agg(
        F.count("*").cast("float").alias("scheduled_departures")
    )
