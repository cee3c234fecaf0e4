"""Follows the remedy of a fault, as a person would who does what is written and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

from mlplatform.config.faults import Fault

NUMBER = re.compile(r"use (at least|at most|more than|less than)? ?(-?\d+(?:\.\d+)?)\b")
ONE_OF = re.compile(r"use (?:one of |some of |kind )?([^:;]+)")


def follow(values: dict[str, Any], fault: Fault) -> bool:
    """Changes the values by the fault's remedy.

    Returns:
        Whether it could be: "lower it", "merge some" and the like leave the choice to a person.
    """
    place, key = _place(values, fault.key)
    remedy = fault.remedy
    if place is None:
        return False
    if match := re.fullmatch(r"did you mean (\S+)\?", remedy):
        place[match[1]] = place.pop(key)
    elif remedy.startswith("remove it"):
        del place[key]
    elif match := NUMBER.match(remedy):
        number = float(match[2]) if "." in match[2] else int(match[2])
        place[key] = number + {"more than": 1, "less than": -1}.get(match[1] or "", 0)
    elif remedy.startswith("name each once") or remedy == "name it once":
        place[key] = list(dict.fromkeys(place[key]))
    elif remedy.startswith("put what you wrote in quotes"):
        place[key] = "2026-01-01" if isinstance(place[key], str) else str(place[key])
    elif match := re.match(r"write it like (\S+)$", remedy):
        place[key] = match[1]
    elif match := re.match(r"use (true|false|onDemand|emptyDir)\b", remedy):
        place[key] = {"true": True, "false": False}.get(match[1], match[1])
    elif fault.what == "is not one of the values that are allowed":
        first = re.split(r", | or ", remedy.removeprefix("use "))[0]
        place[key] = json.loads(first.replace("'", '"'))
    elif fault.key == "aws.region":
        place[key] = "eu-central-1"
    elif fault.key == "aws.zones" and remedy.startswith("use some of "):
        letters = remedy.removeprefix("use some of ").split(", ")
        place[key] = letters[: len(place[key])]
    else:
        return False
    return True


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
