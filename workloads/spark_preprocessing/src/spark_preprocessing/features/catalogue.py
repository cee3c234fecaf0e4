"""Every feature and every lookup table, with its meaning: the one place that the rest of the package follows.

All of it is known before departure. With `as_of_epoch_hour` T, the departure's hour minus one, an hourly table tells
what was known strictly before the start of hour T; with `as_of_date` D a daily table tells what was known before D's
midnight, local to the origin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from platform_contract import Feature, FeatureSchema, FromLookup, FromRequest, LookupTable
from platform_contract.feature_manifest import RequestValue

from spark_preprocessing.features.moments import LATE_MINUTES, WAITING_HOURS

DATASET: Final = "flight_delay"
LABEL: Final = "arrived_late"
OUTCOME: Final = "arr_delay"
MONTH: Final = "month"
CATEGORICAL: Final = ("carrier", "origin", "dest")

Kind = Literal["departure", "arrival", "waiting"]
Statistic = Literal["count", "mean_delay", "late_share"]
Clock = Literal["as_of_epoch_hour", "as_of_date"]


@dataclass(frozen=True)
class Measure:
    """A statistic of what became known of flights in the last `window` hours or days."""

    column: str
    kind: Kind
    statistic: Statistic
    window: int


@dataclass(frozen=True)
class Snapshot:
    """A lookup table of measures over the flights that share `keys`, as known at each full hour or midnight."""

    name: str
    keys: tuple[RequestValue, ...]
    clock: Clock
    measures: tuple[Measure, ...]
    of: str


Wanted = tuple[Kind, Statistic, int]


def _snapshot(name: str, clock: Clock, keys: tuple[RequestValue, ...], of: str, *wanted: Wanted) -> Snapshot:
    prefix, unit = name.rsplit("_", 1)[0], "h" if clock == "as_of_epoch_hour" else "d"
    measures = []
    for kind, statistic, window in wanted:
        # Who is waiting is a state and has no window: it is seen anew at each full hour.
        span = "" if kind == "waiting" else f"_{window}{unit}"
        measures.append(Measure(f"{prefix}_{kind}_{statistic}{span}", kind, statistic, window))
    return Snapshot(name, keys, clock, tuple(measures), of)


_HOUR: Final = "as_of_epoch_hour"
_DAY: Final = "as_of_date"

SNAPSHOTS: Final = (
    _snapshot(
        "origin_hourly",
        _HOUR,
        ("origin",),
        "from the same origin",
        ("departure", "count", 1),
        ("departure", "mean_delay", 1),
        ("departure", "mean_delay", 3),
        ("departure", "late_share", 3),
        ("waiting", "count", 1),
        ("waiting", "mean_delay", 1),
        ("arrival", "mean_delay", 3),
    ),
    _snapshot(
        "carrier_hourly",
        _HOUR,
        ("carrier",),
        "of the same airline from any origin",
        ("departure", "mean_delay", 3),
        ("arrival", "mean_delay", 6),
        ("waiting", "count", 1),
    ),
    _snapshot(
        "carrier_origin_hourly",
        _HOUR,
        ("carrier", "origin"),
        "of the same airline from the same origin",
        ("departure", "count", 3),
        ("departure", "mean_delay", 3),
        ("departure", "late_share", 6),
        ("waiting", "count", 1),
        ("waiting", "mean_delay", 1),
    ),
    _snapshot(
        "dest_hourly",
        _HOUR,
        ("dest",),
        "to the same destination from any origin",
        ("departure", "mean_delay", 6),
        ("arrival", "mean_delay", 6),
        ("arrival", "late_share", 6),
        ("waiting", "count", 1),
        ("waiting", "mean_delay", 1),
    ),
    _snapshot(
        "carrier_daily",
        _DAY,
        ("carrier",),
        "of the same airline",
        ("arrival", "late_share", 7),
        ("arrival", "late_share", 28),
    ),
    _snapshot(
        "dest_daily",
        _DAY,
        ("dest",),
        "to the same destination",
        ("arrival", "late_share", 7),
        ("arrival", "mean_delay", 28),
    ),
    _snapshot(
        "route_daily",
        _DAY,
        ("carrier", "origin", "dest"),
        "of the same airline on the same route",
        ("arrival", "count", 28),
        ("arrival", "late_share", 28),
        ("arrival", "mean_delay", 28),
    ),
    _snapshot(
        "slot_daily",
        _DAY,
        ("carrier", "origin", "dest", "departure_hour"),
        "of the same airline on the same route in the same hour of the day",
        ("arrival", "late_share", 28),
        ("arrival", "mean_delay", 28),
    ),
)


@dataclass(frozen=True)
class StaticTable:
    """A lookup table that is no history of flights: its columns with what they mean."""

    name: str
    keys: tuple[RequestValue, ...]
    columns: Mapping[str, str]


STATIC_TABLES: Final = (
    StaticTable(
        "route",
        ("origin", "dest"),
        {
            "distance_miles": "Distance of the route, miles.",
            "dest_latitude": "Latitude of the destination, degrees north; missing for an unknown airport.",
            "dest_longitude": "Longitude of the destination, degrees east; missing for an unknown airport.",
        },
    ),
    StaticTable(
        "plane",
        ("tailnum",),
        {
            "plane_year_made": "Year in which the plane was made; missing for an unknown plane.",
            "plane_seats": "Seats of the plane; missing for an unknown plane.",
            "plane_engines": "Engines of the plane; missing for an unknown plane.",
        },
    ),
    StaticTable(
        "weather",
        ("origin", "as_of_epoch_hour"),
        {
            "temperature_f": "Temperature at the origin, degrees Fahrenheit, as observed before the last known hour.",
            "humidity_percent": "Relative humidity at the origin, percent, in the same observation.",
            "wind_direction_deg": "Direction that the wind comes from, degrees, in the same observation.",
            "wind_speed_mph": "Wind speed at the origin, miles per hour, in the same observation.",
            "wind_gust_mph": "Wind gusts at the origin, miles per hour; missing when there are none.",
            "visibility_miles": "Visibility at the origin, miles, in the same observation.",
            "pressure_millibar": "Air pressure at the origin, millibar, in the same observation.",
            "precipitation_3h_inches": "Rain and snow at the origin in the last three hours observed, inches.",
        },
    ),
    StaticTable(
        "schedule",
        ("origin", "departure_epoch_hour"),
        {"scheduled_departures": "Flights that are scheduled to leave the origin in the same hour."},
    ),
)

REQUEST_FEATURES: Final[Mapping[RequestValue, str]] = {
    "carrier": "Airline, two-character code.",
    "origin": "Airport of departure, three-letter code.",
    "dest": "Airport of arrival, three-letter code.",
    "departure_minute_of_day": "Scheduled departure, minutes after midnight, local to the origin.",
    "departure_day_of_week": "Scheduled departure's day of the week, 1 (Monday) to 7, local to the origin.",
}


def lookup_tables() -> tuple[LookupTable, ...]:
    """Every lookup table with its keys and columns, in the order in which they are made."""
    static = [LookupTable(name=table.name, keys=table.keys, columns=tuple(table.columns)) for table in STATIC_TABLES]
    snapshots = [
        LookupTable(
            name=table.name,
            keys=(*table.keys, table.clock),
            columns=tuple(measure.column for measure in table.measures),
        )
        for table in SNAPSHOTS
    ]
    return (*static, *snapshots)


def feature_schema(categories: Mapping[str, Sequence[str]], origin_timezones: Mapping[str, str]) -> FeatureSchema:
    """The schema of the data set, with the categories and the time zones that were found in the data."""
    request = [
        Feature(
            name=value,
            description=description,
            source=FromRequest(value=value),
            categories=tuple(categories[value]) if value in CATEGORICAL else None,
        )
        for value, description in REQUEST_FEATURES.items()
    ]
    static = [
        Feature(name=column, description=description, source=FromLookup(table=table.name, column=column))
        for table in STATIC_TABLES
        for column, description in table.columns.items()
    ]
    history = [
        Feature(
            name=measure.column,
            description=_description(measure, table),
            source=FromLookup(table=table.name, column=measure.column),
        )
        for table in SNAPSHOTS
        for measure in table.measures
    ]
    return FeatureSchema(
        dataset=DATASET,
        features=(*request, *static, *history),
        lookups=lookup_tables(),
        origin_timezones=dict(origin_timezones),
    )


def _description(measure: Measure, table: Snapshot) -> str:
    unit = "hours" if table.clock == "as_of_epoch_hour" else "days"
    if measure.kind == "waiting":
        who = f"flights {table.of} that should have left in the last {WAITING_HOURS} hours and have not"
        return f"Number of {who}." if measure.statistic == "count" else f"Mean minutes that {who} are overdue."
    did = {"departure": "left", "arrival": "arrived"}[measure.kind]
    who = f"flights {table.of} that {did} in the last {measure.window} {unit}"
    match measure.statistic:
        case "count":
            return f"Number of {who}."
        case "mean_delay":
            return f"Mean {measure.kind} delay of {who}, minutes; missing when there are none."
        case "late_share":
            return f"Share (0 to 1) of {who} more than {LATE_MINUTES} minutes late; missing when there are none."
