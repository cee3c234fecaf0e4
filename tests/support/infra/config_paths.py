"""Keys of a configuration by the paths that messages name them by, as ``ray.workerGroups[0].cpu``."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any


def put(values: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with other values; what a key stands in must be there."""
    found = copy.deepcopy(values)
    for path, value in changes.items():
        *parents, last = _parts(path)
        place: Any = found
        for part in parents:
            place = place[part]
        place[last] = copy.deepcopy(value)
    return found


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Path and value of every key that is no section; a list of plain values is one value."""
    if isinstance(value, dict) and (value or not path):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def _parts(path: str) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in path.replace("[", ".").replace("]", "").split(".")]
