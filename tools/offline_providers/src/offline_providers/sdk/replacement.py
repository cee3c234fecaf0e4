"""Whether a change can be made in place, or needs a new resource."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from offline_providers.sdk import shapes
from offline_providers.sdk.replacement_read import NOT_FOR_OURS, READ
from offline_providers.sdk.schema import ResourceSchema
from offline_providers.sdk.shapes import Field, fields_of
from offline_providers.wire import Value

SAYS_SO: Final = re.compile(
    r"""
    \b(?:changing|modifying)\s(?:this\b|the\b|it\b|any\b|`)[^.]*?
        (?: \b(?:forces?|creates?|triggers?|requires?)\s[^.]*?\b(?:new|replacement|re-?creation)\b
          | \bre-?creates?\b )
    | \bforces\s(?:a\s)?(?:new\sresource|replacement)\b
    | \bwill\s(?:force|trigger)\sa?\s?(?:re-?creation|replacement|new\sresource|resource\sreplacement)
    """,
    re.IGNORECASE | re.VERBOSE,
)
# A sentence that says so for some cases only, or of an update.
ONLY_IF: Final = re.compile(r"\bif\b(?!\s(?:changed|modified))|\bwhen\b(?!\schanged)|\bupdate to\b|<", re.IGNORECASE)
TOLD: Final = Path(__file__).with_name("aws_replacements.json")
"""What the real provider answered; `make judge` writes it."""


def forces_replacement(schema: ResourceSchema, path: tuple[str, ...]) -> bool:
    """Whether a change of the property at `path` (names only, no list positions) needs a new resource."""
    if path[0] == "region":
        return True
    # A change of a whole object changes what is listed within it.
    listed = (tuple(entry.split(".")) for entry in replaced_by(schema.token))
    if any(path[: len(entry)] == entry or entry[: len(path)] == path for entry in listed):
        return True
    if schema.token in told_of():
        return False
    return any(_says_so(field.text) for field in _fields_on(schema.inputs, path))


@functools.cache
def told_of() -> Mapping[str, Mapping[str, Any]]:
    """Type → what the provider told of its properties."""
    types: dict[str, Mapping[str, Any]] = json.loads(TOLD.read_text("utf-8"))["types"]
    return types


@functools.cache
def replaced_by(token: str) -> frozenset[str]:
    """The properties of which a change replaces a resource of this type, `a.b` for one within an object."""
    told_so = told_of().get(token, {}).get("replaces", ())
    return frozenset({*told_so, *READ.get(token, "").split()} - set(NOT_FOR_OURS.get(token, "").split()))


@functools.cache
def _says_so(text: str) -> bool:
    sentences = re.split(r"(?<=[.;])\s", text)
    return any(SAYS_SO.search(sentence) and not ONLY_IF.search(sentence) for sentence in sentences)


def _fields_on(fields: Mapping[str, Field], path: tuple[str, ...]) -> list[Field]:
    """The properties that a path leads through."""
    found = []
    for name in path:
        if name not in fields:
            break
        found.append(fields[name])
        fields = _within(fields[name].shape)
    return found


def _within(shape: shapes.Shape) -> Mapping[str, Field]:
    match shape:
        case shapes.Object():
            return fields_of(shape.cls)
        case shapes.Items():
            return _within(shape.item)
        case shapes.Choice():
            return next((fields for option in shape.options if (fields := _within(option))), {})
        case _:
            return {}


def changed_paths(old: Value, new: Value, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The places where two plain values differ: as deep as both are objects, or lists of one length."""
    if isinstance(old, dict) and isinstance(new, dict):
        places = []
        for key in dict.fromkeys([*old, *new]):
            if not str(key).startswith("__"):
                places += changed_paths(old.get(key), new.get(key), (*path, key))
        return places
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [place for index, (a, b) in pairs for place in changed_paths(a, b, (*path, index))]
    return [] if old == new else [path]


def names_only(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """A place without its positions in lists."""
    return tuple(part for part in path if isinstance(part, str))


def told(path: tuple[str | int, ...]) -> str:
    """A place as the engine writes it."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"\w+", part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text
