"""Why a row is refused."""

from __future__ import annotations

from typing import Final

UNPARSABLE_VALUE: Final = "unparsable_value"
MISSING_KEY: Final = "missing_key"
UNKNOWN_CARRIER: Final = "unknown_carrier"
UNKNOWN_ORIGIN: Final = "unknown_origin"
IMPOSSIBLE_VALUE: Final = "impossible_value"
OUTSIDE_PERIOD: Final = "outside_period"
DUPLICATE: Final = "duplicate"
CANCELLED: Final = "cancelled"
NO_ARRIVAL: Final = "no_arrival_recorded"

FLIGHT_REASONS: Final = (
    UNPARSABLE_VALUE,
    MISSING_KEY,
    UNKNOWN_CARRIER,
    UNKNOWN_ORIGIN,
    IMPOSSIBLE_VALUE,
    OUTSIDE_PERIOD,
    DUPLICATE,
    CANCELLED,
    NO_ARRIVAL,
)
"""Why a flight is quarantined, in the order in which it is asked."""

WITHOUT_OUTCOME: Final = (CANCELLED, NO_ARRIVAL)
"""Such a flight teaches nothing about its arrival, but what was seen of it tells of the traffic around it."""
