"""The histories, computed once more from their definitions in plain Python, a flight at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf
from raw_flights import DESTINATIONS, NEW_YORK, Flight, raw_files, some_flights
from spark_preprocessing.features.catalogue import SNAPSHOTS, Measure, Snapshot
from spark_site import Made, Make, plan_of

FLIGHTS = some_flights(seed=2)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Event:
    """Something that became known of a flight, and when."""

    kind: str
    at: datetime
    delay: int
    flight: Flight


def _events(flight: Flight) -> Iterator[Event]:
    scheduled = flight.scheduled_utc
    left = _left(flight)
    if left is not None and flight.dep_delay is not None:
        yield Event("departure", left, flight.dep_delay, flight)
        if flight.arr_delay is not None:
            yield Event("arrival", _arrived(flight, left), flight.arr_delay, flight)
    moment = scheduled.replace(minute=0) + HOUR
    for _ in range(6):
        # Known at the start of an hour, and so the hour before it knows already.
        if left is None or left >= moment:
            overdue = int((moment - scheduled).total_seconds() // 60)
            yield Event("waiting", moment - timedelta(seconds=1), overdue, flight)
        moment += HOUR


def _left(flight: Flight) -> datetime | None:
    """Scheduled plus delay, or what the clock at the gate said, whichever is later."""
    if flight.dep_delay is None:
        return None
    elapsed = flight.scheduled_utc + timedelta(minutes=flight.dep_delay)
    if flight.dep_delay <= 0:
        return elapsed
    clock = flight.scheduled + timedelta(minutes=flight.dep_delay)
    return max(elapsed, clock.replace(tzinfo=NEW_YORK).astimezone(UTC))


def _arrived(flight: Flight, left: datetime) -> datetime:
    zone, minutes, _ = DESTINATIONS[flight.dest]
    scheduled = flight.scheduled_utc + timedelta(minutes=minutes)
    if zone is None:
        scheduled = flight.scheduled_utc + timedelta(days=1)
    return max(scheduled + timedelta(minutes=flight.arr_delay or 0), left + timedelta(minutes=minutes - 30))


EVENTS = [event for flight in FLIGHTS for event in _events(flight)]


def _value(measure: Measure, table: Snapshot, asked: Flight) -> float | None:
    wanted = [
        event
        for event in EVENTS
        if event.kind == measure.kind
        and all(_key(event.flight, key) == _key(asked, key) for key in table.keys)
        and _in_window(event, measure, table, asked)
    ]
    if measure.statistic == "count":
        return float(len(wanted))
    if not wanted:
        return None
    values = [event.delay if measure.statistic == "mean_delay" else event.delay > 15 for event in wanted]
    return sum(values) / len(values)


def _key(flight: Flight, key: str) -> object:
    return flight.scheduled.hour if key == "departure_hour" else getattr(flight, key)


def _in_window(event: Event, measure: Measure, table: Snapshot, asked: Flight) -> bool:
    if table.clock == "as_of_epoch_hour":
        as_of = asked.scheduled_utc.replace(minute=0) - HOUR
        hours = 1 if measure.kind == "waiting" else measure.window
        return as_of - hours * HOUR <= event.at < as_of
    # A day is over when its last hour is.
    day = (event.at.replace(minute=59, second=59)).astimezone(NEW_YORK).date()
    today = asked.scheduled.date()
    return today - timedelta(days=measure.window) <= day < today


@pytest.fixture(scope="module")
def made(make: Make) -> Made:
    return make(raw_files(FLIGHTS))


def _rows(made: Made) -> dict[tuple[str, int, date], dict[str, Any]]:
    return {
        (row["carrier_code"], row["flight"], datetime.fromisoformat(row["scheduled_departure"]).date()): row
        for row in made.data()
    }


@pytest.mark.parametrize("table", SNAPSHOTS, ids=lambda table: table.name)
def test_a_history_is_what_its_definition_says(made: Made, table: Snapshot) -> None:
    rows = _rows(made)
    accepted = [flight for flight in FLIGHTS if flight.arr_delay is not None]
    assert len(rows) == len(accepted)
    known = 0
    for flight in accepted:
        row = rows[flight.carrier, flight.number, flight.scheduled.date()]
        for measure in table.measures:
            found, expected = row[measure.column], _value(measure, table, flight)
            if found is None:  # nothing at all is known of these keys: the table has no row
                assert not expected, (measure.column, flight)
                continue
            assert expected is not None, (measure.column, flight)
            assert math.isclose(found, expected, rel_tol=1e-5, abs_tol=1e-5), (measure.column, flight)
            known += expected != 0
    assert known > 20, "histories that are empty would prove nothing"


def test_the_label_is_an_arrival_more_than_fifteen_minutes_late(made: Made) -> None:
    outcomes = {(row["arr_delay"], row["arrived_late"]) for row in made.data()}
    assert all(late == (delay > 15) for delay, late in outcomes)
    assert {15.0, 16.0} <= {delay for delay, _ in outcomes}, "the border is in the data"


def test_the_night_in_which_the_clocks_change_shifts_no_hour(made: Made) -> None:
    by_day = {(row["scheduled_departure"][:10], row["departure_minute_of_day"]) for row in made.data()}
    for flight in FLIGHTS:
        if flight.arr_delay is not None:
            minutes = flight.scheduled.hour * 60 + flight.scheduled.minute
            assert (flight.scheduled.date().isoformat(), float(minutes)) in by_day


def test_weather_is_that_of_the_hour_before_the_last_known_one(made: Made) -> None:
    observed = {(row["origin"], row["time_hour"]): row for row in raw_files(FLIGHTS).weather}
    for flight in FLIGHTS:
        if flight.arr_delay is None:
            continue
        row = _rows(made)[flight.carrier, flight.number, flight.scheduled.date()]
        hour = flight.scheduled_utc.replace(minute=0) - 2 * HOUR
        seen = observed[flight.origin, hour.strftime("%Y-%m-%dT%H:%M:%SZ")]
        assert math.isclose(row["temperature_f"], float(seen["temp"]), rel_tol=1e-6)


def test_what_is_not_known_is_missing_and_no_flight_is_lost_for_it(made: Made) -> None:
    unknown = [row for row in made.data() if row["dest_code"] == "BQN"]
    assert unknown
    assert {(row["dest_latitude"], row["distance_miles"]) for row in unknown} == {(None, 1580.0)}
    assert {row["plane_seats"] for row in made.data() if row["tailnum"] == "N104"} == {None}


def test_no_plan_runs_python_in_an_executor(made: Made) -> None:
    assert len(made.plans) > 15
    assert [name for name, plan in made.plans.items() if _python_in(plan)] == []


def test_a_plan_that_runs_python_would_be_seen(spark: SparkSession) -> None:
    assert _python_in(plan_of(spark.range(3).select(udf(str, useArrow=False)("id"))))


def _python_in(plan: str) -> bool:
    return any(word in plan for word in ("PythonUDF", "EvalPython", "InPandas", "InArrow", "PythonRunner"))
