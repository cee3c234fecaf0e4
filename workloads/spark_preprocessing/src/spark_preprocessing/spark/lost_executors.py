"""Executors that a session has lost: Spark does their work again, and says so in its log alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MEANT: Final = re.compile(
    "decommission|explicit termination request|killed by driver|idle|by the driver", re.IGNORECASE
)
"""How Spark explains an executor that it has ended itself, because there were more than it needs."""
OUT_OF_MEMORY: Final = "OOMKilled"
"""Kubernetes' reason of a container that the kernel has killed for its memory."""
EXIT_CODE: Final = re.compile(r"exit(?:ed with)? code:? (\d+)")


def lost_executors(spark: SparkSession) -> list[str]:
    """A sentence for each executor that was lost and not meant to go, with what to do about it."""
    context: Any = spark.sparkContext._jsc.sc()  # noqa: SLF001 - Spark has no other way to ask
    every = context.statusStore().executorList(False)
    executors = [every.apply(number) for number in range(every.size())]
    gone = [(one.id(), str(one.removeReason().getOrElse(None) or "")) for one in executors if not one.isActive()]
    return [_explained(name, reason) for name, reason in gone if not MEANT.search(reason)]


def _explained(name: str, reason: str) -> str:
    if OUT_OF_MEMORY in reason:
        why = "was killed for its memory (OOMKilled): the stack's spark.executor.overheadMib is too small"
    elif code := EXIT_CODE.search(reason):
        why = f"ended with exit code {code[1]}"
    else:
        why = f"was lost ({' '.join(reason.split())[:200] or 'Spark does not know why'})"
    return f"executor {name} {why}; its work was done again"
