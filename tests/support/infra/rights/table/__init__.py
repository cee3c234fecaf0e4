"""The table of rights: who must be able to do what, who must not, and where that is written."""

from __future__ import annotations

from functools import cache

from rights.requests import Row
from rights.table import controllers, emr, images, nodes, services, trust, workloads


@cache
def table() -> tuple[Row, ...]:
    """All rows, of every environment."""
    parts = (controllers, nodes, workloads, emr, services, images, trust)
    return tuple(row for part in parts for row in part.rows())
