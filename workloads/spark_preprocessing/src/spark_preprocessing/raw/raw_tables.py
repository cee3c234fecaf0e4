"""The raw files: their columns and the columns' types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

RAW_FOLDER: Final = "nycflights13"
"""Below ``lake.raw``."""

MISSING: Final = "NA"
"""How the raw files write a value that is not there."""

Kind = Literal["text", "integer", "number", "instant"]


@dataclass(frozen=True)
class RawColumn:
    """A column of a raw file. `instant` is a UTC time written as ``2013-01-01T10:00:00Z``."""

    name: str
    kind: Kind = "text"


@dataclass(frozen=True)
class RawTable:
    """A raw file: its columns, and those that must not be missing in any row."""

    name: str
    columns: tuple[RawColumn, ...]
    required: tuple[str, ...]

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class RawFile:
    """A raw file as it was found: its header's order, its content's digest and how many records it holds.

    A record is a line that is not blank, unless `multiline`: then some quoted values go over several lines.
    """

    table: RawTable
    location: str
    header: tuple[str, ...]
    sha256: str
    rows: int
    multiline: bool


def _table(name: str, columns: str, required: str) -> RawTable:
    """A table from words such as ``"temp:number"``; a word with no kind is text."""
    kinds: dict[str, Kind] = {"text": "text", "integer": "integer", "number": "number", "instant": "instant"}
    parsed = []
    for word in columns.split():
        column, _, kind = word.partition(":")
        parsed.append(RawColumn(column, kinds[kind or "text"]))
    return RawTable(name, tuple(parsed), tuple(required.split()))


FLIGHTS: Final = _table(
    "flights",
    "year:integer month:integer day:integer dep_time:integer sched_dep_time:integer dep_delay:integer"
    " arr_time:integer sched_arr_time:integer arr_delay:integer carrier flight:integer tailnum origin dest"
    " air_time:integer distance:integer hour:integer minute:integer time_hour:instant",
    required="year month day sched_dep_time sched_arr_time carrier flight origin dest distance hour minute time_hour",
)
WEATHER: Final = _table(
    "weather",
    "origin year:integer month:integer day:integer hour:integer temp:number dewp:number humid:number"
    " wind_dir:number wind_speed:number wind_gust:number precip:number pressure:number visib:number"
    " time_hour:instant",
    required="origin time_hour",
)
PLANES: Final = _table(
    "planes",
    "tailnum year:integer type manufacturer model engines:integer seats:integer speed:integer engine",
    required="tailnum",
)
AIRPORTS: Final = _table("airports", "faa name lat:number lon:number alt:number tz:number dst tzone", required="faa")
AIRLINES: Final = _table("airlines", "carrier name", required="carrier")

RAW_TABLES: Final = (FLIGHTS, WEATHER, PLANES, AIRPORTS, AIRLINES)
