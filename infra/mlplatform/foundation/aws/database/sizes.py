"""How many connections an RDS PostgreSQL instance takes, by its class."""

from __future__ import annotations

from typing import Final

MEMORY_GIB: Final = {"t": 8, "m": 8, "r": 16}
"""Letter of the family → memory of its size ``large``; every size is twice the one below."""
SIZES: Final = {"micro": 1 / 8, "small": 1 / 4, "medium": 1 / 2, "large": 1.0, "xlarge": 2.0}
"""Size → times ``large``."""
BYTES_PER_CONNECTION: Final = 9_531_392
MOST_CONNECTIONS: Final = 5000
"""RDS's default of max_connections is ``LEAST({DBInstanceClassMemory/9531392}, 5000)`` (RDS user guide, "Maximum number
of database connections")."""


def memory_gib(instance_class: str) -> float:
    """Memory of an instance class, ``db.m7g.xlarge``, in GiB."""
    _, family, size = instance_class.split(".")
    # 2xlarge is twice xlarge, 12xlarge twelve times.
    times = SIZES[size] if size in SIZES else SIZES["xlarge"] * int(size.removesuffix("xlarge"))
    return MEMORY_GIB[family[0]] * times


def max_connections(instance_class: str) -> int:
    """Connections at most; some fewer in truth, because RDS keeps part of the memory for itself."""
    return min(MOST_CONNECTIONS, int(memory_gib(instance_class) * 2**30 / BYTES_PER_CONNECTION))
