"""The messages of Terraform's plugin protocol 5 that are asked with, as far as they are read here.

Names and numbers of fields: ``tfplugin5.proto`` in github.com/hashicorp/terraform-plugin-go, below
``tfprotov5/internal``. Protobuf passes over the fields that are not named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE: Final = "mlplatform.tfplugin5"
SCALARS: Final = {"string": 9, "bytes": 12, "bool": 8, "int64": 3}
"""Name → protobuf's number of a type (`FieldDescriptorProto.Type`)."""
MESSAGE: Final = 11
MESSAGES: Final[Mapping[str, Mapping[str, tuple[int, str]]]] = {
    "DynamicValue": {"msgpack": (1, "bytes")},
    "Step": {
        "attribute_name": (1, "string"), "element_key_string": (2, "string"), "element_key_int": (3, "int64"),
    },
    "AttributePath": {"steps": (1, "Step*")},
    "Diagnostic": {
        "severity": (1, "int64"), "summary": (2, "string"), "detail": (3, "string"), "attribute": (4, "AttributePath"),
    },
    "Attribute": {
        "name": (1, "string"), "type": (2, "bytes"), "required": (4, "bool"), "optional": (5, "bool"),
        "computed": (6, "bool"),
    },
    "NestedBlock": {"type_name": (1, "string"), "block": (2, "Block"), "nesting": (3, "int64")},
    "Block": {"attributes": (2, "Attribute*"), "block_types": (3, "NestedBlock*")},
    "Schema": {"block": (2, "Block")},
    # A map on the wire is a list of entries.
    "SchemaEntry": {"key": (1, "string"), "value": (2, "Schema")},
    "Empty": {},
    "Schemas": {"provider": (1, "Schema"), "resource_schemas": (2, "SchemaEntry*"), "diagnostics": (4, "Diagnostic*")},
    "Validate": {"type_name": (1, "string"), "config": (2, "DynamicValue")},
    "Configure": {"terraform_version": (1, "string"), "config": (2, "DynamicValue")},
    "Answer": {"diagnostics": (1, "Diagnostic*")},
    "Plan": {
        "type_name": (1, "string"), "prior_state": (2, "DynamicValue"), "proposed_new_state": (3, "DynamicValue"),
        "config": (4, "DynamicValue"),
    },
    "Planned": {
        "planned_state": (1, "DynamicValue"), "requires_replace": (2, "AttributePath*"),
        "diagnostics": (4, "Diagnostic*"),
    },
}  # fmt: skip
"""Message → field → its number and type; `*` for a list."""


def _classes() -> Mapping[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="mlplatform/tfplugin5.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            plain = kind.removesuffix("*")
            message.field.add(
                name=field,
                number=number,
                label=3 if kind.endswith("*") else 1,
                type=SCALARS.get(plain, MESSAGE),
                type_name=None if plain in SCALARS else f".{PACKAGE}.{plain}",
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in MESSAGES}


CLASSES: Final = _classes()
"""Name → the class of such messages; protobuf makes them when it runs."""
CALLS: Final[Mapping[str, tuple[str, str]]] = {
    "GetSchema": ("Empty", "Schemas"),
    "ValidateResourceTypeConfig": ("Validate", "Answer"),
    "Configure": ("Configure", "Answer"),
    "PlanResourceChange": ("Plan", "Planned"),
}
"""Call of the service ``tfplugin5.Provider`` → its question and its answer."""
