"""Small raw files of flights, made anew from a seed: consistent, as the rules of the package ask for."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

Row = dict[str, str]

NEW_YORK = ZoneInfo("America/New_York")
FLIGHT_COLUMNS = (
    "year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time",
    "arr_delay", "carrier", "flight", "tailnum", "origin", "dest", "air_time", "distance", "hour",
    "minute", "time_hour",
)  # fmt: skip
WEATHER_COLUMNS = (
    "origin", "year", "month", "day", "hour", "temp", "dewp", "humid", "wind_dir", "wind_speed",
    "wind_gust", "precip", "pressure", "visib", "time_hour",
)  # fmt: skip

ORIGINS = ("EWR", "JFK", "LGA")
CARRIERS = ("AA", "B6", "UA")
DESTINATIONS: Mapping[str, tuple[ZoneInfo | None, int, int]] = {
    # time zone, minutes of the flight, miles
    "ORD": (ZoneInfo("America/Chicago"), 150, 730),
    "SFO": (ZoneInfo("America/Los_Angeles"), 360, 2570),
    "MIA": (NEW_YORK, 180, 1090),
    "BQN": (None, 220, 1580),  # in no table of airports
}
PLACES: Mapping[str, tuple[float, float, int]] = {
    # degrees north and east, hours of standard time from UTC; each destination as far from all three origins, nearly
    "EWR": (40.6925, -74.1687, -5),
    "JFK": (40.6398, -73.7789, -5),
    "LGA": (40.7772, -73.8726, -5),
    "ORD": (41.9786, -87.9048, -6),
    "SFO": (37.6190, -122.3749, -8),
    "MIA": (25.7932, -80.2906, -5),
}
FIRST_DAY = datetime(2013, 3, 7)  # noqa: DTZ001 - local; three days before the clocks change
DAYS = 8


@dataclass(frozen=True)
class Flight:
    """A flight, with the two delays (minutes) that are all that the future has to say of it."""

    scheduled: datetime
    """The clock at the origin, without a zone."""
    carrier: str
    number: int
    origin: str
    dest: str
    tailnum: str
    dep_delay: int | None
    arr_delay: int | None

    @property
    def scheduled_utc(self) -> datetime:
        return self.scheduled.replace(tzinfo=NEW_YORK).astimezone(UTC)

    @property
    def scheduled_arrival(self) -> int:
        """Minutes after midnight at the destination."""
        zone, minutes, _ = DESTINATIONS[self.dest]
        local = (self.scheduled_utc + timedelta(minutes=minutes)).astimezone(zone or NEW_YORK)
        return local.hour * 60 + local.minute

    def row(self) -> Row:
        """As it stands in the raw file."""
        minutes = self.scheduled.hour * 60 + self.scheduled.minute
        _, air_time, distance = DESTINATIONS[self.dest]
        arrived = self.arr_delay is not None
        values = (
            self.scheduled.year,
            self.scheduled.month,
            self.scheduled.day,
            _hhmm(minutes + self.dep_delay) if self.dep_delay is not None else None,
            _hhmm(minutes),
            self.dep_delay,
            _hhmm(self.scheduled_arrival + self.arr_delay) if self.arr_delay is not None else None,
            _hhmm(self.scheduled_arrival),
            self.arr_delay,
            self.carrier,
            self.number,
            self.tailnum,
            self.origin,
            self.dest,
            air_time - 30 if arrived else None,
            distance,
            self.scheduled.hour,
            self.scheduled.minute,
            _instant(self.scheduled_utc),
        )
        return {name: "NA" if value is None else str(value) for name, value in zip(FLIGHT_COLUMNS, values, strict=True)}


@dataclass
class RawFiles:
    """The five raw files; rows may be changed before they are written."""

    flights: list[Row]
    weather: list[Row]
    planes: list[Row] = field(default_factory=list)
    airports: list[Row] = field(default_factory=list)
    airlines: list[Row] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)
    """Added to a file as they are, by the name of its table."""

    def write(self, raw: Path) -> Path:
        """Writes them where a contract's ``lake.raw`` is `raw`."""
        folder = raw / "nycflights13"
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("flights", "weather", "planes", "airports", "airlines"):
            write_csv(folder / f"{name}.csv", getattr(self, name))
            with (folder / f"{name}.csv").open("a", encoding="utf-8", newline="") as file:
                file.writelines(f"{line}\n" for line in self.lines.get(name, []))
        return folder


def write_csv(path: Path, rows: list[Row], columns: Iterable[str] | None = None) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns or rows[0]), lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def some_flights(seed: int = 1) -> list[Flight]:
    """Flights of eight days around the night in which the clocks change, a few of them never gone or never seen to
    arrive."""
    dice = random.Random(seed)  # noqa: S311 - test data
    flights = []
    for day in range(DAYS):
        for number, (origin, dest) in enumerate((o, d) for o in ORIGINS for d in DESTINATIONS):
            for slot in range(2):
                hour = dice.choice((5, 6, 7, 9, 12, 15, 17, 18, 20, 21, 23))
                scheduled = FIRST_DAY + timedelta(days=day, hours=hour, minutes=dice.choice((0, 10, 30, 45, 59)))
                late = dice.choice((-5, 0, 4, 15, 16, 25, 70, 130, 420))
                arrival = late + dice.randint(-15, 20)
                fate = dice.random()
                flights.append(
                    Flight(
                        scheduled=scheduled,
                        carrier=CARRIERS[(number + slot) % len(CARRIERS)],
                        number=100 * (number + 1) + slot,
                        origin=origin,
                        dest=dest,
                        tailnum=f"N{100 + number % 5}",
                        dep_delay=None if fate < 0.04 else late,
                        arr_delay=None if fate < 0.07 else arrival,
                    )
                )
    return flights


def some_weather() -> list[Row]:
    """An observation for each origin and hour, from a day before the first flight on."""
    rows = []
    for origin in ORIGINS:
        for hour in range((DAYS + 2) * 24):
            local = (FIRST_DAY - timedelta(days=1)).replace(tzinfo=NEW_YORK).astimezone(UTC) + timedelta(hours=hour)
            clock = local.astimezone(NEW_YORK)
            temperature, humidity = 30 + hour % 40 + ORIGINS.index(origin) / 4, 40 + hour % 50
            values = (
                origin, clock.year, clock.month, clock.day, clock.hour, temperature,
                round(dew_point(temperature, humidity), 2), humidity, hour * 10 % 361, 1.5 + hour % 20,
                "NA" if hour % 3 else 25.25, 0.01 * (hour % 5), 1000 + hour % 30, 1 + hour % 10, _instant(local),
            )  # fmt: skip
            rows.append({name: str(value) for name, value in zip(WEATHER_COLUMNS, values, strict=True)})
    return rows


def dew_point(temperature_f: float, humidity: float) -> float:
    """Degrees Fahrenheit; by the rule of thumb that each degree Celsius below the temperature takes five percent."""
    return temperature_f - (100 - humidity) / 5 * 1.8


def raw_files(flights: Iterable[Flight], weather: list[Row] | None = None) -> RawFiles:
    """The raw files of these flights."""
    planes = [
        {
            "tailnum": f"N{100 + number}",
            "year": str(1990 + number),
            "type": "Fixed wing multi engine",
            "manufacturer": "BOEING",
            "model": "737",
            "engines": "2",
            "seats": str(140 + number),
            "speed": "NA",
            "engine": "Turbo-fan",
        }
        for number in range(4)  # of the fifth nothing is known
    ]
    airports = [
        {
            "faa": name,
            "name": f"{name} airport",
            "lat": str(PLACES[name][0]),
            "lon": str(PLACES[name][1]),
            "alt": "10",
            "tz": str(PLACES[name][2]),
            "dst": "A",
            "tzone": str(zone),
        }
        for name, zone in [
            *((origin, NEW_YORK) for origin in ORIGINS),
            *((dest, zone) for dest, (zone, _, _) in DESTINATIONS.items() if zone is not None),
        ]
    ]
    airlines = [{"carrier": carrier, "name": f"{carrier} Inc."} for carrier in CARRIERS]
    return RawFiles(
        [flight.row() for flight in flights], some_weather() if weather is None else weather, planes, airports, airlines
    )


def with_delays(flight: Flight, dep_delay: int | None, arr_delay: int | None) -> Flight:
    return replace(flight, dep_delay=dep_delay, arr_delay=arr_delay)


def _hhmm(minutes: int) -> int:
    minutes %= 1440
    return minutes // 60 * 100 + minutes % 60


def _instant(moment: datetime) -> str:
    """The full hour in UTC, as ``time_hour`` has it."""
    return moment.astimezone(UTC).replace(minute=0, second=0).strftime("%Y-%m-%dT%H:%M:%SZ")
