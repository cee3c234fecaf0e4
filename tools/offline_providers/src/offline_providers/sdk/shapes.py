"""The shapes that values may have, read from the type hints of a Pulumi SDK."""

from __future__ import annotations

import collections.abc
import functools
import inspect
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import pulumi
from pulumi import _types

KINDS: Final[Mapping[type, str]] = {str: "a string", bool: "true or false", int: "a whole number", float: "a number"}
# What `Input[T]` and `InputType[T]` add to T.
PLUMBING: Final = (pulumi.Output, collections.abc.Awaitable)


@dataclass(frozen=True)
class Anything:
    """Any value."""


@dataclass(frozen=True)
class Scalar:
    """A string, a boolean or a number."""

    type: type


@dataclass(frozen=True)
class OneOf:
    """One of a few strings or numbers."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Items:
    """A list."""

    item: Shape


@dataclass(frozen=True)
class Entries:
    """An object with keys of the user's choice."""

    value: Shape


@dataclass(frozen=True)
class Object:
    """An object whose keys a class of the SDK lists."""

    cls: type


@dataclass(frozen=True)
class Asset:
    """A file or an archive."""


@dataclass(frozen=True)
class Resource:
    """Another resource."""

    cls: type


@dataclass(frozen=True)
class Choice:
    """Any of several shapes."""

    options: tuple[Shape, ...]


Shape = Anything | Scalar | OneOf | Items | Entries | Object | Asset | Resource | Choice


@dataclass(frozen=True)
class Field:
    """One property of a resource or of an object within one."""

    name: str
    python_name: str
    shape: Shape
    required: bool
    text: str


@functools.cache
def fields_of(cls: type) -> Mapping[str, Field]:
    """The properties of an input class, an output class or a resource, by the names that the engine uses."""
    hints = _types._raw_return_hints(cls)  # noqa: SLF001 - as the SDK itself reads them
    required = _required_arguments(cls)
    found = {}
    for python_name, name, prop in _types._py_properties(cls):  # noqa: SLF001
        hint = hints.get(name, Any)
        found[name] = Field(
            name=name,
            python_name=python_name,
            shape=shape_of(hint),
            required=python_name in required if _types.is_input_type(cls) else not _is_optional(hint),
            text=" ".join((prop.__doc__ or "").split()),
        )
    return found


def _required_arguments(cls: type) -> frozenset[str]:
    if not _types.is_input_type(cls):
        return frozenset()
    parameters = list(inspect.signature(cls).parameters.values())
    return frozenset(parameter.name for parameter in parameters if parameter.default is inspect.Parameter.empty)


@functools.cache
def shape_of(hint: object) -> Shape:
    """The shape that a type hint of an SDK stands for."""
    if isinstance(hint, type) and hint in KINDS:
        return Scalar(hint)
    origin = typing.get_origin(hint)
    if origin in {typing.Union, types.UnionType}:
        return _choice(typing.get_args(hint))
    if origin is typing.Literal:
        return OneOf(typing.get_args(hint))
    if origin is pulumi.Output:
        return shape_of(typing.get_args(hint)[0])
    if origin in {collections.abc.Sequence, list}:
        return Items(shape_of(typing.get_args(hint)[0]))
    if origin in {collections.abc.Mapping, dict}:
        return Entries(shape_of(typing.get_args(hint)[1]))
    return _class_shape(hint) if isinstance(hint, type) else Anything()


def _class_shape(cls: type) -> Shape:
    if issubclass(cls, Enum):
        return OneOf(tuple(member.value for member in cls))
    if issubclass(cls, pulumi.Asset | pulumi.Archive):
        return Asset()
    if issubclass(cls, pulumi.Resource):
        return Resource(cls)
    if _types.is_input_type(cls) or _types.is_output_type(cls):
        return Object(cls)
    return Anything()


def _choice(options: tuple[Any, ...]) -> Shape:
    shapes: list[Shape] = []
    for option in options:
        if option is type(None) or option in PLUMBING or typing.get_origin(option) in PLUMBING:
            continue
        if typing.is_typeddict(option):  # the same as the class beside it
            continue
        shape = shape_of(option)
        shapes += shape.options if isinstance(shape, Choice) else [shape]
    unique = tuple(dict.fromkeys(shapes))
    return unique[0] if len(unique) == 1 else Choice(unique)


def _is_optional(hint: object) -> bool:
    if typing.get_origin(hint) is pulumi.Output:
        return _is_optional(typing.get_args(hint)[0])
    return typing.get_origin(hint) in {typing.Union, types.UnionType} and type(None) in typing.get_args(hint)
