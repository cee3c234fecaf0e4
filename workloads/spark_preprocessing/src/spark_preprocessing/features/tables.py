"""The raw files as judged tables: typed rows, and for each that is refused the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Final
from zoneinfo import available_timezones

from platform_contract import Period
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from spark_preprocessing.features.dataset import with_request_values
from spark_preprocessing.features.events import with_times
from spark_preprocessing.raw.ranges import not_on_route
from spark_preprocessing.raw.raw_tables import AIRPORTS, FLIGHTS, RAW_TABLES, WEATHER, RawFile
from spark_preprocessing.raw.reading import RAW, read_raw
from spark_preprocessing.raw.reasons import WITHOUT_OUTCOME
from spark_preprocessing.raw.validation import (
    DETAIL,
    REASON,
    flight_rules,
    form_rules,
    has_duplicates,
    judge,
    refuse_duplicates,
    refuse_other_lengths,
    refuse_without_outcome,
    value_rules,
)

FLIGHT_IDENTITY: Final = ("carrier", "flight", "origin", "dest", "time_hour", "minute")
"""What makes two rows the same flight; `flight_id` is the hash of it, so it does not depend on a row's place."""

Settle = Callable[[str, DataFrame], DataFrame]


@dataclass(frozen=True)
class JudgedTables:
    """By name of the raw file: its rows with `REASON`, `DETAIL` and `RAW`. Flights also have all that is derived."""

    rows: Mapping[str, DataFrame]

    def accepted(self, name: str) -> DataFrame:
        return self.rows[name].where(F.col(REASON).isNull())

    def seen_flights(self) -> DataFrame:
        """Flights that took place or were to: the accepted ones, and those of which only the outcome is missing."""
        return self.rows["flights"].where(F.col(REASON).isNull() | F.col(REASON).isin(*WITHOUT_OUTCOME))

    def quarantined(self) -> DataFrame:
        """The refused rows of all files: `source`, the reason, its detail, and the row as it was delivered, in JSON."""
        parts = [
            rows.where(F.col(REASON).isNotNull()).select(
                F.lit(name).alias("source"), REASON, DETAIL, F.to_json(RAW).alias("row")
            )
            for name, rows in self.rows.items()
        ]
        return reduce(DataFrame.unionByName, parts)


def read_tables(spark: SparkSession, files: Mapping[str, RawFile], period: Period, settle: Settle) -> JudgedTables:
    """Reads and judges every raw file.

    Args:
        spark: the session.
        files: by table name.
        period: the days that the delivery is for.
        settle: writes a table down under a name and reads it back. All that follows starts from there; Spark would
            otherwise plan the reading and judging anew, and repeat it, for each of the tables that are made of it.
    """
    # Serving reads the zones' rules in Python, this package in Java: a zone must be known to both.
    zones = available_timezones() & set(spark._jvm.java.time.ZoneId.getAvailableZoneIds())  # type: ignore[union-attr] # noqa: SLF001
    rows: dict[str, DataFrame] = {}
    for table in (AIRPORTS, *(table for table in RAW_TABLES if table not in (AIRPORTS, FLIGHTS))):
        raw = read_raw(spark, files[table.name])
        if table is WEATHER:
            clock = F.from_utc_timestamp("time_hour", F.col("origin_zone"))
            raw = _with_zone(raw, "origin", JudgedTables(rows)).withColumn("clock_of_time_hour", clock)
        judged = judge(raw, {**form_rules(table), **value_rules(table.name, period, zones)})
        rows[table.name] = _single(table.name, judged, table.required, settle)
    judged = _flights(read_raw(spark, files["flights"]), period, JudgedTables(rows))
    # Of two reports of a flight, the one that says more of it stays.
    preferred = [F.col("arr_delay").isNull(), F.col("dep_delay").isNull()]
    flights = _of_route(_single("flights", judged, ("flight_id",), settle, *preferred), settle)
    return JudgedTables({"flights": refuse_without_outcome(flights), **rows})


def route_miles(flights: DataFrame) -> DataFrame:
    """One row per route with `route_miles`: the distance that most of its flights have, and of such the least."""
    return flights.groupBy("origin", "dest").agg(F.mode("distance", deterministic=True).alias("route_miles"))


def _of_route(flights: DataFrame, settle: Settle) -> DataFrame:
    """The flights, with those refused whose distance is not that of their route: one must not set it for all others."""
    routes = route_miles(flights.where(F.col(REASON).isNull()))
    lengths = flights.where(F.col(REASON).isNull()).select("origin", "dest", "distance").distinct()
    disagree = lengths.join(F.broadcast(routes), ["origin", "dest"])
    if disagree.where(not_on_route(F.col("distance"), F.col("route_miles"))).isEmpty():
        return flights  # the usual case, which is spared the writing
    return settle(
        "flights_of_route", refuse_other_lengths(flights.join(F.broadcast(routes), ["origin", "dest"], "left"))
    )


def _single(name: str, judged: DataFrame, identity: tuple[str, ...], settle: Settle, *preferred: Column) -> DataFrame:
    """The rows, settled, with all but one refused of those that tell of the same thing."""
    rows = settle(name, judged)
    if not has_duplicates(rows, identity):
        return rows  # the usual case, which is spared the sorting
    return settle(f"{name}_single", refuse_duplicates(rows, identity, *preferred))


def _with_zone(rows: DataFrame, end: str, others: JudgedTables) -> DataFrame:
    """Adds the time zone of the airport in the column `end` as ``<end>_zone``, null for one that is not known."""
    zone = others.accepted("airports").select(F.col("faa").alias(end), F.col("tzone").alias(f"{end}_zone"))
    return rows.join(F.broadcast(zone), end, "left")


def _flights(raw: DataFrame, period: Period, others: JudgedTables) -> DataFrame:
    for end in ("origin", "dest"):
        raw = _with_zone(raw, end, others)
    carriers = others.accepted("airlines").select("carrier", F.lit(True).alias("carrier_is_known"))
    known = raw.join(F.broadcast(carriers), "carrier", "left").withColumn("flight_id", F.xxhash64(*FLIGHT_IDENTITY))
    return with_request_values(judge(with_times(known), flight_rules(FLIGHTS, period)))
