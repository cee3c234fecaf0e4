"""A flight that a service answers as it is now, for its document: the first click of a person shall be a 200."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from bento_serving.features.builder import FeatureBuilder
from bento_serving.features.lookups import Table

EVENING: Final = "18:30:00"


def example_flight(builder: FeatureBuilder) -> dict[str, Any]:
    """A flight of which as much is known as can be."""
    origin, dest = _route(builder)
    moment = _departure(builder, origin)
    flight: dict[str, Any] = {
        "carrier": min(builder.known("carrier") or {"UA"}),
        "flight_number": 1545,
        "origin": origin,
        "dest": dest,
        "scheduled_departure": moment,
    }
    if planes := builder.lookups.codes.get("tailnum"):
        flight["tailnum"] = min(planes)
    return flight


def _route(builder: FeatureBuilder) -> tuple[str, str]:
    """A pair of airports between which somebody has flown, if a table tells."""
    dests = sorted(builder.known("dest") or {"BOS"})
    pairs = [(origin, dest) for origin in sorted(builder.known("origin")) for dest in dests]
    for table in builder.lookups.tables.values():
        if set(table.keys) == {"origin", "dest"}:
            _, flown = table.find(
                {
                    "origin": builder.lookups.encode("origin", [origin for origin, _ in pairs]),
                    "dest": builder.lookups.encode("dest", [dest for _, dest in pairs]),
                }
            )
            return pairs[int(np.argmax(flown))]
    return pairs[0]


def _departure(builder: FeatureBuilder, origin: str) -> str:
    """An evening in the middle of what the tables know."""
    hours = [_middle(table) for table in builder.lookups.tables.values() if "as_of_epoch_hour" in table.keys]
    middle = datetime.fromtimestamp(hours[0] * 3600, tz=UTC) if hours else datetime.now(UTC)
    zone = ZoneInfo(builder.schema.origin_timezones[origin])
    return f"{middle.astimezone(zone):%Y-%m-%d}T{EVENING}"


def _middle(table: Table) -> int:
    at = table.keys.index("as_of_epoch_hour")
    return table.lowest[at] + table.widths[at] // 2
