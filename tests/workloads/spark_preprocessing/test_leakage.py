"""What happens later changes no feature of an earlier flight; what happened before does."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from raw_flights import NEW_YORK, Flight, Row, raw_files, some_flights, some_weather, with_delays
from spark_preprocessing.features.catalogue import SNAPSHOTS, STATIC_TABLES
from spark_site import Made, Make

NOW = datetime(2013, 3, 12, 17, tzinfo=NEW_YORK).astimezone(UTC)
"""From here on the future is another one."""

FAMILIES = {table.name: [measure.column for measure in table.measures] for table in SNAPSHOTS} | {
    table.name: list(table.columns) for table in STATIC_TABLES if table.name == "weather"
}


def _another_future(flights: list[Flight]) -> list[Flight]:
    """Delays of all that is to leave later are dealt out anew; what waits waits longer, what flies lands later."""
    dice = random.Random(7)  # noqa: S311 - test data
    delays = [(f.dep_delay, f.arr_delay) for f in flights if _to_come(f) and f.arr_delay is not None]
    dice.shuffle(delays)
    others = iter(delays)
    changed = []
    for flight in flights:
        # The same flights have an outcome, so that they can be compared.
        if flight.dep_delay is None or flight.arr_delay is None:
            changed.append(flight)
        elif _to_come(flight):
            changed.append(with_delays(flight, *next(others)))
        elif _left(flight) >= NOW:
            changed.append(with_delays(flight, flight.dep_delay + 60, flight.arr_delay + 60))
        elif _left(flight) >= NOW - timedelta(minutes=90):  # no flight is shorter
            changed.append(with_delays(flight, flight.dep_delay, flight.arr_delay + 200))
        else:
            changed.append(flight)
    return changed


def _to_come(flight: Flight) -> bool:
    return flight.scheduled_utc >= NOW + timedelta(minutes=10)  # some leave five minutes early


def _left(flight: Flight) -> datetime:
    return flight.scheduled_utc + timedelta(minutes=flight.dep_delay or 0)


def _other_weather(rows: list[Row]) -> list[Row]:
    later = [row for row in rows if datetime.fromisoformat(row["time_hour"]) >= NOW]
    return [
        {**row, "temp": "99", "dewp": "70", "humid": "39", "precip": "3", "visib": "0"} if row in later else row
        for row in rows
    ]


@pytest.fixture(scope="module")
def both(make: Make) -> tuple[Made, Made]:
    flights, weather = some_flights(), some_weather()
    future = raw_files(_another_future(flights), _other_weather(weather))
    return make(raw_files(flights, weather)), make(future)


def _features(made: Made) -> dict[int, dict[str, Any]]:
    names = [feature.name for feature in made.manifest.feature_schema.features]
    return {
        row["flight_id"]: {name: row[name] for name in names} | {"hour": _hour(row["scheduled_departure"])}
        for row in made.data()
    }


def _hour(clock: str) -> datetime:
    moment = datetime.fromisoformat(clock).replace(tzinfo=NEW_YORK).astimezone(UTC)
    return moment.replace(minute=0)


def test_another_future_leaves_every_feature_of_the_past_as_it_was(both: tuple[Made, Made]) -> None:
    before, after = _features(both[0]), _features(both[1])
    assert before.keys() == after.keys()
    # A flight of the hour that begins at T is told of what was known before T - 1 h.
    past = {flight for flight, row in before.items() if row["hour"] <= NOW + timedelta(hours=1)}
    assert 50 < len(past) < len(before) - 30
    assert {flight: before[flight] for flight in past} == {flight: after[flight] for flight in past}


@pytest.mark.parametrize("family", FAMILIES)
def test_another_future_is_seen_in_what_comes_after_it(both: tuple[Made, Made], family: str) -> None:
    before, after = _features(both[0]), _features(both[1])
    changed = [flight for flight in before if any(before[flight][c] != after[flight][c] for c in FAMILIES[family])]
    assert changed, "a check of leakage that no feature could fail would say nothing"


def test_the_first_hour_that_may_know_does_know(both: tuple[Made, Made]) -> None:
    before, after = _features(both[0]), _features(both[1])
    first = min(row["hour"] for flight, row in before.items() if row != after[flight])
    assert first <= NOW + timedelta(hours=4)
