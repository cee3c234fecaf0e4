"""Units of time, and the spans by which the features are defined."""

from __future__ import annotations

from typing import Final

HOUR: Final = 3600
DAY: Final = 24 * HOUR

LATE_MINUTES: Final = 15
"""A flight is late when it leaves or arrives more than this many minutes after its schedule."""

WAITING_HOURS: Final = 6
"""A flight that has not left so long after its schedule is no longer counted as waiting: most such are cancelled."""
