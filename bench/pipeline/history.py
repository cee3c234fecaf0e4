"""A delivery of many years: the flights of 2013 and of the years before it, each row as right as it was.

Every year is 2013 moved back by so many times 364 days, so that weekdays stay what they are; dates, UTC hours and the
clocks of the weather follow the calendar and the time zone's rules of that year. So the lookup tables grow with the
rows, as they do when a platform gathers years of flights.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

YEAR: Final = timedelta(days=364)
LAST_DAY: Final = date(2013, 12, 31)
ORIGINS_ZONE: Final = ZoneInfo("America/New_York")

MOVED_FLIGHT: Final = ("year", "month", "day", "time_hour")
"""Columns of a flight that are others in another year; the first three begin a row, the last one ends it."""

UNCHANGED: Final = ("airlines.csv", "airports.csv", "planes.csv")


def write_history(source: Path, years: int, folder: Path) -> Path:
    """Writes the delivery to `folder`, unless it is there.

    Args:
        source: folder with the files of 2013.
        years: how many; 30 make ten million flights.
        folder: made new.
    """
    said = folder / "delivery.json"
    if said.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in UNCHANGED:
        (folder / name).write_bytes((source / name).read_bytes())
    with (folder / "flights.csv").open("w", encoding="utf-8") as file:
        file.writelines(_flights(source / "flights.csv", years))
    with (folder / "weather.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(_weather(source / "weather.csv", years))
    first = date(2013, 1, 1) - (years - 1) * YEAR
    said.write_text(json.dumps({"period": {"first_day": first.isoformat(), "last_day": LAST_DAY.isoformat()}}))
    return folder


def _flights(path: Path, years: int) -> Iterator[str]:
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    names = header.split(",")
    if (*names[:3], names[-1]) != MOVED_FLIGHT:
        raise SystemExit(f"{path} does not begin with {MOVED_FLIGHT[:3]} and end with {MOVED_FLIGHT[3]}.")
    hour = names.index("hour")
    rows = []
    for line in lines:
        fields = line.split(",")
        day = date(int(fields[0]), int(fields[1]), int(fields[2]))
        rows.append((day, int(fields[hour]), ",".join(fields[3:-1])))
    yield header + "\n"
    for back in range(years):
        for day, hour_of_day, rest in rows:
            # The last day of a year before is the first one of the year after it.
            if back and day == LAST_DAY:
                continue
            moved = _moved(day - back * YEAR, hour_of_day)
            if moved is not None:
                yield f"{moved[0]},{rest},{moved[1]}\n"


@cache
def _moved(day: date, hour: int) -> tuple[str, str] | None:
    """Date and UTC hour of a local hour; None for one that the clocks skip."""
    clock = datetime(day.year, day.month, day.day, hour, tzinfo=ORIGINS_ZONE)
    moment = clock.astimezone(UTC)
    if moment.astimezone(ORIGINS_ZONE).replace(tzinfo=None) != clock.replace(tzinfo=None):
        return None
    return f"{day.year},{day.month},{day.day}", moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _weather(path: Path, years: int) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    clock_columns = [header.index(name) for name in ("year", "month", "day", "hour")]
    stamp = header.index("time_hour")
    yield header
    for back in range(years):
        for row in rows:
            moment = datetime.fromisoformat(row[stamp]) - back * YEAR
            if back and moment.date() >= LAST_DAY - back * YEAR:
                continue
            local = moment.astimezone(ORIGINS_ZONE)
            moved = list(row)
            for position, value in zip(clock_columns, (local.year, local.month, local.day, local.hour), strict=True):
                moved[position] = str(value)
            moved[stamp] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
            yield moved
