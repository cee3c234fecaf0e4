"""Which keys of a configuration change what a program registers, tells or refuses, from few recordings of it.

A recording takes a second or two, and there are more than a hundred keys. So many are changed at once: each key has a
code, a set of recordings in which it is changed. What depends on one key alone (a *place*: a property of a resource, or
an output) has two values over all recordings, and those with the other one spell the key's code. All codes are of one
size, so that a place that changes with any of several keys, or only with all of them, spells none (Sperner's theorem).
A key that no place spells is changed alone.
"""

from __future__ import annotations

import itertools
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from config_paths import put
from recorder import Recorder, Secret

Record = Callable[[Mapping[str, Any]], Recorder]
Place = tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """How the keys that were changed were found to matter."""

    spelt: dict[str, Place]
    """Key → a place that depends on it alone."""
    alone: dict[str, Place | None]
    """Key that no place spells → what differs when it is the only one that is changed; None for nothing."""

    @property
    def without_effect(self) -> list[str]:
        """Keys that change nothing."""
        return [key for key, place in self.alone.items() if place is None]


def find_effects(record: Record, base: dict[str, Any], others: Mapping[str, Any]) -> Found:
    """Records the base, the designed changes, and what is left alone.

    Args:
        record: runs the program with a configuration; raises if it is refused.
        base: a configuration.
        others: key, as messages name it → its other value. All of them together must be accepted, and any of them.
    """
    before = places(record(base))
    spelt: dict[str, Place] = {}
    # Where several keys meet in a place, fewer of them do when the others stay as they are.
    for _ in range(ROUNDS):
        left = {key: value for key, value in others.items() if key not in spelt}
        spelt |= _spelt(record, base, before, left)
    alone = {}
    for key in sorted(others.keys() - spelt.keys()):
        after = places(record(put(base, {key: others[key]})))
        alone[key] = next((place for place in sorted({*before, *after}) if before.get(place) != after.get(place)), None)
    return Found(spelt, alone)


ROUNDS: Final = 2


def _spelt(
    record: Record, base: dict[str, Any], before: Mapping[Place, str], others: Mapping[str, Any]
) -> dict[str, Place]:
    count = next(count for count in itertools.count() if math.comb(count, count // 2) >= len(others))
    if count >= len(others):
        return {}  # alone they need no more recordings
    keys = dict(zip(itertools.combinations(range(count), count // 2), sorted(others), strict=False))
    runs = [
        places(record(put(base, {key: others[key] for code, key in keys.items() if run in code})))
        for run in range(count)
    ]
    found: dict[str, Place] = {}
    for place in sorted({place for run in (before, *runs) for place in run}):
        values = [run.get(place) for run in runs]
        other = {value for value in values if value != before.get(place)}
        code = tuple(run for run, value in enumerate(values) if value in other)
        if len(other) == 1 and code in keys:
            found.setdefault(keys[code], place)
    return found


def places(recorder: Recorder) -> dict[Place, str]:
    """All that was recorded: type, name and path of each property, and each output; its value as JSON."""
    found: dict[Place, str] = {}
    for one in recorder.resources:
        parts = {**one.inputs, "@protect": one.protect, "@retainOnDelete": one.retain_on_delete, "@parent": one.parent}
        for path, value in _leaves(parts):
            found[one.type, one.name, *path] = value
    for path, value in _leaves(recorder.outputs):
        found["output", *path] = value
    return found


def _leaves(value: Any) -> Iterator[tuple[Place, str]]:
    """Paths and values, those within texts of JSON included: policies and the contract are some."""
    if isinstance(value, Secret):
        value = value.value
    if isinstance(value, str):
        value = _within(value)
    if isinstance(value, Mapping):
        for key, inner in value.items():
            for path, leaf in _leaves(inner):
                yield (str(key), *path), leaf
    elif isinstance(value, list) and any(isinstance(one, (Mapping, list)) for one in value):
        counts: defaultdict[str, int] = defaultdict(int)
        for one in value:
            name = str(one.get("name") or one.get("Sid") or one.get("key") or "") if isinstance(one, Mapping) else ""
            counts[name] += 1
            for path, leaf in _leaves(one):
                yield (f"{name}#{counts[name]}", *path), leaf
    else:
        yield (), json.dumps(value, sort_keys=True, default=repr)


def _within(text: str) -> Any:
    """What a text holds: of JSON its values, and of an image its registry and its digest; else its lines."""
    if text[:1] in ("{", "["):
        with suppress(json.JSONDecodeError):
            return json.loads(text)
    if "@sha256:" in text and "\n" not in text:
        name, digest = text.split("@")
        return {"name": name.rsplit("/", 1)[0], "digest": digest}
    return dict(enumerate(text.split("\n"))) if "\n" in text else text
