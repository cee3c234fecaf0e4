"""Inputs checked against what the SDK knows of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from offline_providers import wire
from offline_providers.provider import Failure
from offline_providers.sdk import shapes
from offline_providers.sdk.shapes import Field, Shape, fields_of
from offline_providers.wire import UNKNOWN, Secret, Unknown, Value

# The engine's and the bridge's own bookkeeping.
INTERNAL: Final = "__"


def check(fields: Mapping[str, Field], inputs: Mapping[str, Any]) -> list[Failure]:
    """All that is wrong with a resource's inputs. The engine puts the resource's name in front."""
    return [Failure(path, reason) for path, reason in _object(fields, inputs, "")]


def _object(fields: Mapping[str, Field], value: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for name, item in value.items():
        if name.startswith(INTERNAL) or item is None:
            continue
        here = f"{path}.{name}" if path else name
        if name not in fields:
            yield here, f"there is no property '{here}'{_near(name, fields)}"
        else:
            yield from _value(fields[name].shape, item, here)
    for field in fields.values():
        if field.required and value.get(field.name) is None:
            here = f"{path}.{field.name}" if path else field.name
            yield here, f"the property '{here}' is required and missing"


def _near(name: str, fields: Mapping[str, Field]) -> str:
    near = difflib.get_close_matches(name, fields, n=1, cutoff=0.5)
    if near:
        return f"; is '{near[0]}' meant?"
    return f" (there are {', '.join(sorted(fields))})" if len(fields) <= 12 else ""


def _value(shape: Shape, value: Value, path: str) -> Iterator[tuple[str, str]]:
    match value, shape:
        case (None | Unknown(), _) | (_, shapes.Anything()):
            return
        case Secret(), _:
            yield from _value(shape, value.value, path)
        case _, shapes.Choice():
            yield from _choice(shape, value, path)
        case list(), shapes.Items():
            for index, item in enumerate(value):
                yield from _value(shape.item, item, f"{path}[{index}]")
        case dict(), shapes.Entries():
            for key, item in value.items():
                yield from _value(shape.value, item, f"{path}.{key}")
        case dict(), shapes.Object():
            yield from _object(fields_of(shape.cls), value, path)
        case _ if not _fits(shape, value):
            yield path, f"'{path}' must be {described(shape)}, not {_told(value)}"


def _choice(shape: shapes.Choice, value: Value, path: str) -> Iterator[tuple[str, str]]:
    faults = [list(_value(option, value, path)) for option in shape.options]
    if all(faults):
        # Of the shapes that do not fit, the one of the same kind has the fault worth telling.
        same = [fault for option, fault in zip(shape.options, faults, strict=True) if _same_kind(option, value)]
        if same:
            yield from min(same, key=len)
        else:
            yield path, f"'{path}' must be {described(shape)}, not {_told(value)}"


def _same_kind(shape: Shape, value: Value) -> bool:
    match shape:
        case shapes.Object() | shapes.Entries():
            return isinstance(value, dict)
        case shapes.Items():
            return isinstance(value, list)
        case shapes.OneOf():
            return isinstance(value, str)
        case _:
            return False


def _fits(shape: Shape, value: Value) -> bool:
    match shape:
        case shapes.Scalar():
            # `bool` is an `int` to Python.
            numeric = isinstance(value, int | float) and not isinstance(value, bool)
            accepted = {str: isinstance(value, str), bool: isinstance(value, bool), float: numeric}
            return accepted.get(shape.type, numeric and isinstance(value, int))
        case shapes.OneOf():
            return value in shape.values
        case shapes.Asset():
            return isinstance(value, wire.Asset)
        case shapes.Resource():
            return isinstance(value, wire.Reference | str)
        case _:
            return False


def described(shape: Shape) -> str:
    """A shape, for a person."""
    match shape:
        case shapes.Scalar():
            return shapes.KINDS[shape.type]
        case shapes.OneOf():
            return " or ".join(f"'{value}'" for value in shape.values)
        case shapes.Items():
            return "a list"
        case shapes.Entries() | shapes.Object():
            return "an object"
        case shapes.Asset():
            return "an asset or an archive"
        case shapes.Resource():
            return f"a resource ({shape.cls.__name__})"
        case shapes.Choice():
            return " or ".join(dict.fromkeys(described(option) for option in shape.options))
        case _:
            return "anything"


def _told(value: Value) -> str:
    if value is UNKNOWN:
        return "unknown"
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case bool():
            return str(value).lower()
        case str():
            # Not the text itself: it may be a secret that was not marked as one.
            return "a string"
        case wire.Asset():
            return "an asset"
        case wire.Reference():
            return "a resource"
        case _:
            return str(value)
