"""Property values between the engine's protobuf Structs and Python.

On the wire a secret, an unknown, an asset or a reference to a resource is an object or a string with a signature.
Here each is a type of its own, so that no provider code can take one for a plain value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from google.protobuf import struct_pb2

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWNS: Final = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


class Unknown(Enum):
    """A value which is known after an `up` only."""

    VALUE = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.VALUE


@dataclass(frozen=True)
class Secret:
    """A value that must not be seen in plain text: neither on a screen nor in the state."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True)
class Reference:
    """A resource given as a value."""

    urn: str
    id: Any = ""
    version: str = ""


@dataclass(frozen=True)
class Asset:
    """A file, or an archive of files, as the engine describes it."""

    fields: Mapping[str, Any]


# What a property holds: text, a number, a boolean, nothing, a list, an object, or one of the types above.
Value: TypeAlias = Any
Properties = dict[str, Value]


def decode(struct: struct_pb2.Struct) -> Properties:
    """A Struct as Python values."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def _decode(value: struct_pb2.Value) -> Value:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value in UNKNOWNS else value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_decode(item) for item in value.list_value.values]
        case "struct_value":
            return _decode_object(value.struct_value)
        case _:
            return None


def _decode_object(struct: struct_pb2.Struct) -> Value:
    fields = struct.fields
    signature = fields[SIGNATURE].string_value if SIGNATURE in fields else None
    if signature is None:
        return decode(struct)
    if signature == SECRET:
        return Secret(_decode(fields["value"]))
    if signature == OUTPUT:
        value = _decode(fields["value"]) if "value" in fields else UNKNOWN
        return Secret(value) if "secret" in fields and fields["secret"].bool_value else value
    if signature == RESOURCE:
        known = {key: _decode(fields[key]) for key in ("urn", "id", "packageVersion") if key in fields}
        return Reference(known["urn"], known.get("id", ""), known.get("packageVersion", ""))
    return Asset({key: _decode(field) for key, field in fields.items()})


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Python values as a Struct."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        struct.fields[key].CopyFrom(_encode(value))
    return struct


def _encode(value: Value) -> struct_pb2.Value:
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case Unknown():
            return struct_pb2.Value(string_value=UNKNOWN_STRING)
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=value)
        case str():
            return struct_pb2.Value(string_value=value)
        case Secret():
            return struct_pb2.Value(struct_value=encode({SIGNATURE: SECRET, "value": value.value}))
        case Reference():
            fields = {SIGNATURE: RESOURCE, "urn": value.urn, "id": value.id, "packageVersion": value.version}
            return struct_pb2.Value(struct_value=encode(fields))
        case Asset():
            return struct_pb2.Value(struct_value=encode(value.fields))
        case list() | tuple():
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_encode(item) for item in value]))
        case Mapping():
            return struct_pb2.Value(struct_value=encode(value))
        case _:
            raise TypeError(f"{type(value).__name__} cannot be sent to the engine")


def plain(value: Value) -> Value:
    """The value without its secrets' wrappers, to compute or compare with. Never to be shown."""
    match value:
        case Secret():
            return plain(value.value)
        case list():
            return [plain(item) for item in value]
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case Asset():
            return {key: item for key, item in value.fields.items() if key in {SIGNATURE, "hash"}}
        case Reference():
            return value.id or value.urn
        case _:
            return value


def has_unknown(value: Value) -> bool:
    """Whether anything within is known after an `up` only."""
    return any(part is UNKNOWN for part in _parts(value))


def has_secret(value: Value) -> bool:
    """Whether anything within is secret."""
    return any(isinstance(part, Secret) for part in _parts(value))


def _parts(value: Value) -> Iterator[Any]:
    yield value
    match value:
        case Secret():
            yield from _parts(value.value)
        case list():
            for item in value:
                yield from _parts(item)
        case Mapping():
            for item in value.values():
                yield from _parts(item)


def dependencies(struct: struct_pb2.Struct) -> dict[str, set[str]]:
    """For each property, the resources that the outputs within it come from."""
    found: dict[str, set[str]] = {}
    for key, value in struct.fields.items():
        found[key] = set(_dependencies(value))
    return found


def _dependencies(value: struct_pb2.Value) -> Iterator[str]:
    if value.WhichOneof("kind") == "list_value":
        for item in value.list_value.values:
            yield from _dependencies(item)
    elif value.WhichOneof("kind") == "struct_value":
        fields = value.struct_value.fields
        signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
        if signature == OUTPUT and "dependencies" in fields:
            yield from (item.string_value for item in fields["dependencies"].list_value.values)
        if signature == RESOURCE:
            yield fields["urn"].string_value
        for name, item in fields.items():
            if name != "dependencies":
                yield from _dependencies(item)
