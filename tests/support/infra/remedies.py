"""Follows the remedy of a fault, as a person would who does what is written and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from mlplatform.config.faults import Fault

Change = Callable[[Any, Any, "re.Match[str]", Fault], None]
"""Of what is at a key of a place."""

CHOICES: Final = {
    r"add it \(.*\)": "what it is, is said; which value, nobody but the owner, or who runs the machine, knows",
    r"'make images' builds its image and says how to set it": "the digest is that of an image that is not built yet",
    r"write (a whole number|a number|true or false|a text|a list|a section with keys of its own)": (
        "the kind of value is wrong, so that nothing says which was meant"
    ),
    r"give at least 1": "of what, only the owner knows",
    r"use at least \d+ characters?": "which text, only the owner knows",
    r"use at most \d+ characters?": "which part of the text to leave out, only the owner knows",
    r"name (your own ranges|public addresses|ranges of /16 or smaller)": "from where people come, only they know",
    r"merge some": "which ranges belong together, only their owner knows",
    r"name a role of people": "who may do it, only the owner knows",
    r"rename one": "names are for people",
    r"name at least 2": "which other type, is a matter of price and of what runs there",
    r"use types .*|use m, c or r types": "which type, is a matter of price and of what runs there",
    r"lower .*: they would need \d+ nodes, and there can be \d+ at most": "what runs less is for its owners to say",
    r"use larger nodes.*|use less of .*|use a larger nodeGroups.*": (
        "nothing of the key's own range fits: what gives way is a choice"
    ),
    r"lower maxSize: .*": "no range is large enough: which nodes there may be fewer of, is a choice",
    r"choose a region with 3 zones": "where an environment is, only its owner can say",
}
"""Remedies that leave something to a person, and why no message can say it for them."""


def is_a_choice(fault: Fault) -> bool:
    """Whether the remedy is one of `CHOICES`."""
    return any(re.fullmatch(pattern, fault.remedy) for pattern in CHOICES)


def follow(values: dict[str, Any], fault: Fault) -> bool:
    """Changes the values by the fault's remedy.

    Returns:
        Whether it could be; what could not is one of `CHOICES`.
    """
    place, key = _place(values, fault.key)
    if is_a_choice(fault) or place is None:
        return False
    for pattern, change in RULES.items():
        if match := re.match(pattern, fault.remedy):
            change(place, key, match, fault)
            return True
    if fault.what == "is not one of the values that are allowed":
        place[key] = json.loads(re.split(r", | or ", fault.remedy.removeprefix("use "))[0].replace("'", '"'))
        return True
    return False


def _there(place: Any, key: Any) -> Any:
    """The value; None where the file leaves it to its default."""
    return place.get(key) if isinstance(place, dict) else place[key]


def _rename(place: Any, key: Any, match: re.Match[str], _: Fault) -> None:
    place[match[1]] = place.pop(key)


def _remove(place: Any, key: Any, _: re.Match[str], fault: Fault) -> None:
    if isinstance(place[key], list) and fault.given in place[key]:
        place[key].remove(fault.given)
    else:
        del place[key]


def _once(place: Any, key: Any, _: re.Match[str], __: Fault) -> None:
    place[key] = list(dict.fromkeys(place[key]))


def _quote(place: Any, key: Any, _: re.Match[str], __: Fault) -> None:
    place[key] = "2026-01-01" if isinstance(place[key], str) else str(place[key])


def _set(value: Any) -> Change:
    def change(place: Any, key: Any, _: re.Match[str], __: Fault) -> None:
        place[key] = value

    return change


def _write(place: Any, key: Any, match: re.Match[str], fault: Fault) -> None:
    entries = _there(place, key)
    several = isinstance(entries, list) and fault.given in entries
    place[key] = [match[1] if one == fault.given else one for one in entries] if several else match[1]


def _number(place: Any, key: Any, match: re.Match[str], _: Fault) -> None:
    number = float(match[2]) if "." in match[2] else int(match[2])
    entries = _there(place, key)
    if isinstance(entries, list):
        place[key] = entries[: int(number)]
    else:
        place[key] = number + {"more than": 1, "less than": -1}.get(match[1] or "", 0)


def _first(place: Any, key: Any, match: re.Match[str], _: Fault) -> None:
    place[key] = "eu-central-1" if key == "region" else match[1].split(", ")[0]


def _kind(place: Any, key: Any, match: re.Match[str], _: Fault) -> None:
    there = _there(place, key)
    place[key] = {**(there if isinstance(there, dict) else {}), "kind": match[1]}


def _keep(place: Any, key: Any, match: re.Match[str], _: Fault) -> None:
    """Of several that can be named, the known ones first: as many as are asked for, or as there were."""
    known = match[2].split(", ")
    entries = [one for one in dict.fromkeys(place[key]) if one in known]
    entries += [one for one in known if one not in entries]
    place[key] = entries[: int(match[1]) if match[1].isdigit() else len(set(place[key]))]


RULES: Final[dict[str, Change]] = {
    r"did you mean (\S+)\?$": _rename,
    r"remove (it|the key)": _remove,
    r"name (each|it) once": _once,
    r"put what you wrote in quotes": _quote,
    r"turn it off|use false": _set(False),
    r"use true": _set(True),
    r"add 'decommissioning: \{\}'": _set({}),
    r"use (onDemand|emptyDir|perZone|PER_BROKER|amd64|arm64)\b": _write,
    r"write (\d+\.\d+\.\d+\.\d+/\d+)$": _write,
    r"use (some|2|3) of ([^:]+)$": _keep,
    r"(?:use|give|keep) (at least|at most|more than|less than)? ?(-?\d+(?:\.\d+)?)\b": _number,
    r"(?:use|name|take) [^:]*, as (\S+?)(?:, or .*)?$": _write,
    r"write it like (\S+)$": _write,
    r"(?:use|name) one of ([^:]+)$": _first,
    r"use kind (\w+)": _kind,
}
"""What a remedy says → what is done then; the first that fits."""


def _place(values: dict[str, Any], path: str) -> tuple[Any, Any]:
    """What the key is in, and its last part; None where something above it is no section."""
    parts: list[Any] = [
        int(part) if part.isdigit() else part for part in path.replace("[", ".").replace("]", "").split(".")
    ]
    place: Any = values
    for part in parts[:-1]:
        if isinstance(place, dict) and isinstance(part, str):
            place = place.setdefault(part, {})
        elif isinstance(place, list) and isinstance(part, int):
            place = place[part]
        else:
            return None, None
    return (place, parts[-1]) if isinstance(place, (dict, list)) else (None, None)
