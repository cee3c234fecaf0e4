"""What can be: the greatest and least values ever seen of each quantity, or that its definition allows.

Records of the weather are those of the World Meteorological Organization's archive of weather and climate extremes
(https://wmo.asu.edu), in the units of the raw files.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final

from platform_contract import Period
from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

Range = tuple[float, float]

TEMPERATURE_F: Final[Range] = (-128.6, 134.1)
"""Vostok 1983 (-89.2 °C), Furnace Creek 1913 (56.7 °C)."""

DEW_POINT_F: Final[Range] = (-128.6, 95.0)
"""Dhahran 2003 (35 °C); it is never above the temperature."""

HUMIDITY_PERCENT: Final[Range] = (0, 100)
WIND_DIRECTION_DEG: Final[Range] = (0, 360)
WIND_MPH: Final[Range] = (0, 253)
"""Gust of Barrow Island 1996 (113.2 m/s)."""

PRECIPITATION_INCHES: Final[Range] = (0, 12.0)
"""In an hour: Holt, Missouri, 1947 (305 mm)."""

PRESSURE_MILLIBAR: Final[Range] = (870, 1084.8)
"""At sea level: typhoon Tip 1979, Tosontsengel 2001."""

VISIBILITY_MILES: Final[Range] = (0, 184)
"""296 km: what the scattering of clean air itself allows (Encyclopædia Britannica, "visibility")."""

HUMIDITY_TOLERANCE: Final = 30
"""Percentage points by which the humidity may differ from the one that temperature and dew point make: stations report
these at other minutes and rounded. The largest difference in 2013 is 27.8."""

FIRST_AEROPLANE: Final = 1903
ENGINES: Final[Range] = (1, 12)
"""The Dornier Do X had twelve."""

SEATS: Final[Range] = (1, 853)
"""The Airbus A380 is certified for 853 passengers (EASA type certificate data sheet A.110)."""

CRUISE_MPH: Final[Range] = (1, 1354)
"""Concorde at Mach 2.04."""

LATITUDE: Final[Range] = (-90, 90)
LONGITUDE: Final[Range] = (-180, 180)
ALTITUDE_FEET: Final[Range] = (-1300, 14500)
"""Bar Yehuda lies at -1,240 feet, Daocheng Yading at 14,472."""

UTC_OFFSET_HOURS: Final[Range] = (-12, 14)
CLOCK_AND_SUN_HOURS: Final = 4.5
"""By so much at most does a standard time differ from the sun's (western China: three hours; Alaska's islands: 3.4)."""

FLIGHT_NUMBER: Final[Range] = (1, 9999)
"""Four digits (IATA Standard Schedules Information Manual, chapter 2)."""

DISTANCE_MILES: Final[Range] = (1, 12451)
"""Half of the Earth's circumference at the equator."""

AIR_TIME_MINUTES: Final[Range] = (1, 1440)
"""A day: the longest scheduled flights take 19 hours."""

GROUND_MPH: Final[Range] = (50, 900)
"""Mean speed over ground of a flight: those of 2013 lie between 76.8 and 703.4; the fastest airliner was
tracked at some 835."""

DELAY_MINUTES: Final[Range] = (-180, 2880)
"""A flight two days late or three hours early is a slip of the pen: the extremes of 2013 are 1,301 and -86 minutes."""

GAINED_MINUTES: Final[Range] = (-720, 180)
"""Departure delay less arrival delay: what a flight can make up or lose on its way; -196 to 109 in 2013."""

ROUTE_TOLERANCE_SHARE: Final = 0.01
ROUTE_TOLERANCE_MILES: Final = 10
"""By so much may two distances of one route differ, or a route's distance and that of its ends' coordinates: 1 mile and
8.9 miles at most in 2013."""

EARTH_RADIUS_MILES: Final = 3958.8
"""Mean radius (IUGG)."""


def outside(column: str, bounds: Range) -> Column:
    """Whether a value is beyond the bounds; null, and so no fault, if it is missing."""
    return ~F.col(column).between(*bounds)


def not_on_route(distance: Column, route: Column) -> Column:
    """Whether a distance is not that of its route."""
    return F.abs(distance - route) > route * ROUTE_TOLERANCE_SHARE + ROUTE_TOLERANCE_MILES


def great_circle_miles(latitude: Column, longitude: Column, to_latitude: Column, to_longitude: Column) -> Column:
    """The shortest way over the Earth between two places in degrees (haversine formula); null if one is not known."""
    north, east = F.radians(to_latitude - latitude), F.radians(to_longitude - longitude)
    chord = F.pow(F.sin(north / 2), 2) + F.cos(F.radians(latitude)) * F.cos(F.radians(to_latitude)) * F.pow(
        F.sin(east / 2), 2
    )
    return 2 * EARTH_RADIUS_MILES * F.asin(F.sqrt(F.when(chord <= 1, chord)))


def weather_faults() -> dict[str, Column]:
    """What cannot be of an observation; `clock_of_time_hour` is the clock at its station."""
    clock = F.col("clock_of_time_hour")
    made = 100 * _vapour_pressure("dewp") / _vapour_pressure("temp")
    return {
        "clock and time_hour": (F.col("year") != F.year(clock))
        | (F.col("month") != F.month(clock))
        | (F.col("day") != F.dayofmonth(clock))
        | (F.col("hour") != F.hour(clock))
        | (F.minute(clock) != 0)
        | (F.second(clock) != 0),
        "temp": outside("temp", TEMPERATURE_F),
        "dewp": outside("dewp", DEW_POINT_F),
        "dewp and temp": F.col("dewp") > F.col("temp"),
        "humid": outside("humid", HUMIDITY_PERCENT),
        "humid, dewp and temp": F.abs(F.col("humid") - made) > HUMIDITY_TOLERANCE,
        "wind_dir": outside("wind_dir", WIND_DIRECTION_DEG),
        "wind_speed": outside("wind_speed", WIND_MPH),
        "wind_gust": outside("wind_gust", WIND_MPH),
        "wind_gust and wind_speed": F.col("wind_gust") < F.col("wind_speed"),
        "precip": outside("precip", PRECIPITATION_INCHES),
        "pressure": outside("pressure", PRESSURE_MILLIBAR),
        "visib": outside("visib", VISIBILITY_MILES),
    }


def _vapour_pressure(temperature_f: str) -> Column:
    """Saturation vapour pressure, of which only ratios are used (Magnus form of Alduchov and Eskridge 1996)."""
    celsius = (F.col(temperature_f) - 32) / 1.8
    return F.exp(F.try_divide(17.625 * celsius, 243.04 + celsius))


def plane_faults(period: Period) -> dict[str, Column]:
    """What cannot be of a plane that flew in the period."""
    kind, engines = F.col("type"), F.col("engines")
    return {
        "year": outside("year", (FIRST_AEROPLANE, period.last_day.year)),
        "engines": outside("engines", ENGINES),
        "type and engines": (kind.endswith("single engine") & (engines != 1))
        | (kind.endswith("multi engine") & (engines < 2)),
        "seats": outside("seats", SEATS),
        "speed": outside("speed", CRUISE_MPH),
    }


def airport_faults(period: Period, zones: Collection[str]) -> dict[str, Column]:
    """What cannot be of an airport; `zones` are the time zones that there are."""
    zone, offset = F.col("tzone"), F.col("tz")
    known = zone.isin(sorted(zones))
    winter_or_summer = [date(period.first_day.year, month, 1) for month in (1, 7)]
    # Standard time is the lesser of the two offsets: clocks are put forward for the summer, south of the equator too.
    standard = F.when(known, F.least(*(_offset_hours(day, zone) for day in winter_or_summer)))
    by_sun = F.col("lon") / 15 - offset
    return {
        "lat": outside("lat", LATITUDE),
        "lon": outside("lon", LONGITUDE),
        "alt": outside("alt", ALTITUDE_FEET),
        "tz": outside("tz", UTC_OFFSET_HOURS),
        "tzone": ~known,
        "tz and tzone": offset != standard,
        "lon and tz": F.abs(by_sun - 24 * F.round(by_sun / 24)) > CLOCK_AND_SUN_HOURS,
    }


def _offset_hours(day: date, zone: Column) -> Column:
    midnight = F.lit(day.isoformat()).cast("timestamp")
    return (F.unix_seconds(F.from_utc_timestamp(midnight, zone)) - F.unix_seconds(midnight)) / 3600


def value_faults(table: str, period: Period, zones: Collection[str]) -> Mapping[str, Column]:
    """What cannot be in a row of a table that flights are joined with."""
    match table:
        case "weather":
            return weather_faults()
        case "planes":
            return plane_faults(period)
        case "airports":
            return airport_faults(period, zones)
    return {}
