"""A delivery that is small and goes through all steps: some days of four months of 2013, every row as it was."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Final

PERIOD: Final = (date(2013, 1, 30), date(2013, 4, 2))
"""Training holds two months out, decides by the one before them, and learns from the rest. Tables by the hour have a
row for each hour of the period, so it is no longer than that takes."""

FIRST_DAYS: Final = 2
"""Of each month; and those of the first one that are in the period."""

UNCHANGED: Final = ("airlines.csv", "airports.csv", "planes.csv")
BY_DAY: Final = ("flights.csv", "weather.csv")


def write_days(source: Path, folder: Path) -> Path:
    """Writes the delivery to `folder`, from the files of 2013 in `source`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in UNCHANGED:
        (folder / name).write_bytes((source / name).read_bytes())
    for name in BY_DAY:
        with (source / name).open(encoding="utf-8", newline="") as given:
            header, *rows = csv.reader(given)
        position = [header.index(part) for part in ("year", "month", "day")]
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(header)
            lines.writerows(row for row in rows if _is_in(date(*(int(row[part]) for part in position))))
    first, last = PERIOD
    said = {"period": {"first_day": first.isoformat(), "last_day": last.isoformat()}}
    (folder / "delivery.json").write_text(json.dumps(said))
    return folder


def _is_in(day: date) -> bool:
    first, last = PERIOD
    return first <= day <= last and (day.day <= FIRST_DAYS or day.month == first.month)
