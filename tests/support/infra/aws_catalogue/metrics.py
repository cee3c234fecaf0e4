"""What CloudWatch measures, from AWS' documentation, and what an alarm looks at."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from recorder import Recorded

CATALOGUE: Final = Path(__file__).with_name("cloudwatch_metrics.yaml")
ALARM: Final = "aws:cloudwatch/metricAlarm:MetricAlarm"
QUERY: Final = re.compile(
    r'SELECT \w+\((?P<metric>\w+)\) FROM SCHEMA\("(?P<namespace>[\w/]+)", (?P<dimensions>[\w, ]+)\)$'
)


@cache
def catalogue() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(CATALOGUE.read_text("utf-8"))
    return found


def is_published(namespace: str, metric: str, dimensions: set[str], level: str = "DEFAULT") -> bool:
    """Whether the service publishes the metric with just these dimensions."""
    known = catalogue().get(namespace)
    if known is None:
        return False
    groups = known.get("byDimensions") or [
        {"dimensions": one, "metrics": known["metrics"]} for one in known["dimensions"]
    ]
    return any(
        metric in group["metrics"]
        and dimensions == set(group["dimensions"])
        and group.get("level", "DEFAULT") in {"DEFAULT", level}
        for group in groups
    )


def watched(alarm: Recorded) -> list[tuple[str, str, set[str]]]:
    """Namespace, metric and names of the dimensions of all that an alarm looks at."""
    inputs = alarm.inputs
    if "metricName" in inputs:
        return [(inputs["namespace"], inputs["metricName"], set(inputs["dimensions"]))]
    found = [QUERY.match(query["expression"]) for query in inputs["metricQueries"]]
    return [(one["namespace"], one["metric"], set(one["dimensions"].split(", "))) for one in found if one]
