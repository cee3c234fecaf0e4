"""Each row that is refused has one reason, is counted, and is kept as it was delivered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest
from raw_flights import Row, raw_files, some_flights, with_delays
from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.raw.reasons import FLIGHT_REASONS
from spark_site import Made, Make

FLIGHTS = some_flights()
BASE = next(f for f in FLIGHTS if f.dep_delay == 16 and f.arr_delay is not None and 6 < f.scheduled.hour < 18)
NEXT_YEAR = replace(BASE, scheduled=BASE.scheduled.replace(year=2014)).row()
MARK = 9000  # flight numbers from here on are the bad rows'


@dataclass(frozen=True)
class Bad:
    """Changes that make a good row a bad one, and what is then to be said of it."""

    changes: Mapping[str, str]
    reason: str
    detail: str | None


BAD = (
    Bad({"dep_delay": "soon"}, "unparsable_value", "dep_delay"),
    Bad({"distance": "", "time_hour": "2013-03-08 10:00"}, "unparsable_value", "distance, time_hour"),
    Bad({"air_time": "1e99"}, "unparsable_value", "air_time"),
    Bad({"carrier": "NA", "dest": "NA"}, "missing_key", "carrier, dest"),
    Bad({"carrier": "ZZ"}, "unknown_carrier", "ZZ"),
    Bad({"origin": "XXX"}, "unknown_origin", "XXX"),
    Bad({"hour": "24"}, "impossible_value", "schedule and time_hour, sched_dep_time"),
    Bad({"month": "2", "day": "30"}, "impossible_value", "schedule and time_hour"),
    Bad({"time_hour": "2013-06-01T10:00:00Z"}, "impossible_value", "schedule and time_hour"),
    Bad({"sched_arr_time": "1275", "arr_time": "NA", "arr_delay": "NA"}, "impossible_value", "sched_arr_time"),
    Bad({"dep_time": "NA"}, "impossible_value", "dep_time and dep_delay"),
    Bad({"dep_delay": "17"}, "impossible_value", "dep_time and dep_delay"),
    Bad({"arr_time": "NA"}, "impossible_value", "arr_time and arr_delay"),
    Bad({"dep_time": "NA", "dep_delay": "NA"}, "impossible_value", "arrival without departure"),
    Bad({"distance": "0"}, "impossible_value", "distance, distance and air_time"),
    Bad({"air_time": "-3"}, "impossible_value", "air_time, distance and air_time"),
    Bad({"distance": "800"}, "impossible_value", "distance and route"),
    Bad({name: NEXT_YEAR[name] for name in ("year", "time_hour")}, "outside_period", "year, month, day"),
)
LINE = "2013,3,8"


@pytest.fixture(scope="module")
def made(make: Make) -> Made:
    """A version of good rows, of every bad row above, and of copies, cancellations and missing arrivals."""
    raw = raw_files(FLIGHTS)
    for number, bad in enumerate(BAD, start=MARK):
        raw.flights.append({**BASE.row(), "flight": str(number), **bad.changes})
    raw.flights.append(_numbered(with_delays(BASE, None, None).row(), MARK + 100))
    raw.flights.append(_numbered(with_delays(BASE, 5, None).row(), MARK + 101))
    # Two reports of a flight: the poorer one is first in the file, the richer one stays.
    raw.flights.append(_numbered(with_delays(BASE, None, None).row(), MARK + 102))
    raw.flights.append(_numbered(BASE.row(), MARK + 102))
    raw.weather.append(dict(raw.weather[0]))
    raw.weather.append({**raw.weather[1], "wind_speed": "1048.36"})
    raw.planes.append({**raw.planes[0], "tailnum": "N999", "seats": "0"})
    raw.airports.append({**raw.airports[0], "faa": "ZZZ", "tzone": "Mars/Olympus"})
    return make(raw)


def _numbered(row: Row, number: int) -> Row:
    return {**row, "flight": str(number)}


def _refusals(made: Made, source: str = "flights") -> dict[str, tuple[str, str | None]]:
    """Reason and detail of the rows that were made bad on purpose, by flight number."""
    rows = [row for row in made.quarantined() if row["source"] == source]
    return {
        row["row"]["flight"]: (row["reason"], row["detail"]) for row in rows if int(row["row"]["flight"] or 0) >= MARK
    }


@pytest.mark.parametrize(("number", "bad"), [*enumerate(BAD, start=MARK)], ids=lambda value: str(value)[:60])
def test_a_bad_flight_is_refused_with_its_reason(made: Made, number: int, bad: Bad) -> None:
    assert _refusals(made)[str(number)] == (bad.reason, bad.detail)


def test_a_flight_without_an_outcome_is_refused_last_of_all(made: Made) -> None:
    refused = _refusals(made)
    assert refused[str(MARK + 100)] == ("cancelled", None)
    assert refused[str(MARK + 101)] == ("no_arrival_recorded", None)


def test_of_two_reports_of_a_flight_the_one_with_the_outcome_stays(made: Made) -> None:
    (refused,) = [row for row in made.quarantined() if row["reason"] == "duplicate" and row["source"] == "flights"]
    assert refused["row"]["flight"] == str(MARK + 102)
    assert refused["row"]["arr_delay"] == "NA"
    assert [row["arr_delay"] for row in made.data() if row["flight"] == MARK + 102] == [BASE.arr_delay]


def test_no_row_is_lost_and_none_is_made_up(made: Made) -> None:
    manifest = made.manifest
    assert manifest.rows_in == len(FLIGHTS) + len(BAD) + 4
    assert manifest.rows_in == manifest.rows_out + sum(manifest.quarantined.values())
    assert manifest.rows_out == len(made.data())
    counted = Counter(row["reason"] for row in made.quarantined() if row["source"] == "flights")
    assert dict(manifest.quarantined) == counted
    assert set(manifest.quarantined) == set(FLIGHT_REASONS), "every reason has been seen here"
    assert len({row["flight_id"] for row in made.data()}) == manifest.rows_out


def test_a_refused_row_is_kept_as_it_was_delivered(made: Made) -> None:
    (kept,) = [row["row"] for row in made.quarantined() if row["row"].get("flight") == str(MARK)]
    delivered = {**BASE.row(), "flight": str(MARK), **BAD[0].changes}
    assert {name: kept[name] for name in delivered} == delivered


def test_bad_rows_of_the_other_files_are_refused_too_and_are_not_flights(made: Made) -> None:
    others = [(row["source"], row["reason"], row["detail"]) for row in made.quarantined() if row["source"] != "flights"]
    assert sorted(others) == [
        ("airports", "impossible_value", "tzone"),
        ("planes", "impossible_value", "seats"),
        ("weather", "duplicate", "origin, time_hour"),
        # A copy of the second row, but with a wind that never blew: refused for that, so no duplicate.
        ("weather", "impossible_value", "wind_speed"),
    ]
    assert "N999" not in {row["tailnum"] for row in made.lookup("plane")}


def test_a_line_that_is_no_row_is_refused_whole(make: Make) -> None:
    raw = raw_files(FLIGHTS[:40])
    raw.lines["flights"] = [f'2013,3,"8,{LINE}']
    made = make(raw)
    refused = [row for row in made.quarantined() if row["reason"] == "unparsable_value"]
    assert [row["detail"] for row in refused] == ["(line)"]
    assert made.manifest.rows_in == 41 == made.manifest.rows_out + sum(made.manifest.quarantined.values())


def test_flights_of_which_none_has_arrived_are_nothing_to_learn_from(make: Make) -> None:
    with pytest.raises(PreprocessingError, match="do not say of any flight how it arrived: there is nothing to learn"):
        make(raw_files(flight for flight in FLIGHTS if flight.arr_delay is None))
