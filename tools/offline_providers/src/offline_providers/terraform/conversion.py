"""A resource as Pulumi has it, as Terraform's provider takes it.

Pulumi's provider for AWS is a bridge: it names a property after Terraform's attribute, in camelCase, in the plural for
a list, and makes a block that stands once an object (source: pulumi-terraform-bridge, "pkg/tfbridge/names.go",
`TerraformToPulumiNameV2`). Where its authors chose another name, it stands in `RENAMED`. Whatever finds no place is
told: nothing is left out silently.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]  # it ships no types

from offline_providers.terraform.provider import UNKNOWN

RENAMED: Final[Mapping[tuple[str, str], str]] = {
    ("aws_sns_topic_subscription", "topic"): "topic_arn",
    ("aws_cloudwatch_metric_alarm", "name"): "alarm_name",
}
"""Terraform's type and Pulumi's name → Terraform's name."""
PULUMIS_OWN: Final = frozenset({"__defaults"})
LIST, SET, MAP = 2, 3, 4
"""How blocks nest."""


@dataclass
class Converted:
    """A resource's attributes, and what of its properties found no place."""

    config: dict[str, Any]
    unplaced: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    """Terraform's `a.b` → Pulumi's."""


def terraform_type(token: str, types: Mapping[str, Any], known: Mapping[str, str]) -> str | None:
    """Terraform's name for a type of Pulumi's, as ``aws_db_instance`` for ``aws:rds/instance:Instance``."""
    if found := known.get(token):
        return found if found in types else None
    package, _, name = token.partition(":")[2].partition("/")
    kind = snake(name.partition(":")[2])
    candidates = (f"aws_{snake(package)}_{kind}", f"aws_{kind}")
    return next((one for one in candidates if one in types), None)


def convert(kind: str, block: Any, inputs: Mapping[str, Any], unknown: Mapping[str, Any]) -> Converted:  # noqa: ANN401
    """The attributes for a block.

    Args:
        inputs: property → value, as the program gives them.
        unknown: property → values within it that come from another resource: the provider is told that they are not
            known, as in a first plan.
    """
    made = Converted({})
    renamed = {RENAMED.get((kind, name), name): value for name, value in inputs.items()}
    foreign = {RENAMED.get((kind, name), name): values for name, values in unknown.items()}
    made.config = _block(block, renamed, foreign, ((), ()), made)
    return made


def snake(text: str) -> str:
    """`subnetGroup` → ``subnet_group``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", text[:1].lower() + text[1:])


def camel(text: str) -> str:
    """``subnet_group`` → `subnetGroup`."""
    head, *rest = text.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def names_of(attribute: str) -> Iterator[str]:
    """What the bridge may call an attribute: as it is, in the plural, in the singular; or `RENAMED` has it."""
    one = camel(attribute)
    yield from (attribute, one, f"{one}s", f"{one}es")
    if one.endswith("y"):
        yield f"{one[:-1]}ies"
    if one.endswith("s"):
        yield one[:-1]


def _block(
    block: Any,  # noqa: ANN401 - protobuf makes the class when it runs
    values: Mapping[str, Any],
    foreign: Mapping[str, Any],
    place: tuple[tuple[str, ...], tuple[str, ...]],
    made: Converted,
) -> dict[str, Any]:
    """The attributes of a block at a place, which has Terraform's names and Pulumi's."""
    path, shown = place
    out: dict[str, Any] = {}
    left = {name for name in values if name not in PULUMIS_OWN}

    def take(name: str) -> tuple[str, Any]:
        for candidate in names_of(name):
            if candidate in left:
                left.discard(candidate)
                made.names[".".join((*path, name))] = ".".join((*shown, candidate))
                return candidate, values[candidate]
        return camel(name), None

    # What has its very name takes it first: a plural must not.
    for attribute in sorted(block.attributes, key=lambda one: camel(one.name) not in left):
        name, value = take(attribute.name)
        secrets = foreign.get(name, foreign.get("*", ()))
        out[attribute.name] = _typed(value, json.loads(attribute.type), secrets) if attribute.type else None
    for nested in block.block_types:
        name, value = take(nested.type_name)
        within = {"*": foreign.get(name, foreign.get("*", ()))}
        several = nested.nesting in {LIST, SET}
        if value is None:
            out[nested.type_name] = [] if several else ({} if nested.nesting == MAP else None)
        elif _is_unknown(value, within["*"]):
            out[nested.type_name] = UNKNOWN
        else:
            items = value if isinstance(value, list) else [value]
            deeper = ((*path, nested.type_name), (*shown, name))
            blocks = [_block(nested.block, one, within, deeper, made) for one in items if isinstance(one, Mapping)]
            out[nested.type_name] = blocks if several else next(iter(blocks), None)
    made.unplaced += [".".join((*shown, name)) for name in sorted(left)]
    return out


def _is_unknown(value: Any, foreign: Any) -> bool:  # noqa: ANN401 - any value
    if isinstance(value, str):
        return bool(value) and any(value == one or (len(one) > 3 and one in value) for one in foreign)
    return False


def _typed(value: Any, kind: Any, foreign: Any) -> Any:  # noqa: ANN401 - any value of any of Terraform's types
    if value is None:
        return None
    if _is_unknown(value, foreign):
        return UNKNOWN
    if kind == "string":
        if isinstance(value, bool):
            return str(value).lower()
        return value if isinstance(value, str) else json.dumps(value)
    if kind == "bool":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "number":
        if isinstance(value, str):
            value = float(value)
        return int(value) if float(value).is_integer() else value
    if kind == "dynamic":
        return value
    word, inner = kind[0], kind[1]
    if word in {"list", "set"}:
        return [_typed(one, inner, foreign) for one in (value if isinstance(value, list) else [value])]
    if word == "map":
        return {name: _typed(one, inner, foreign) for name, one in value.items()}
    return {
        name: _typed(next((value[one] for one in names_of(name) if one in value), None), each, foreign)
        for name, each in inner.items()
    }


def is_unknown(value: Any) -> bool:  # noqa: ANN401 - any value
    """Whether it is the wire's sign for what is not known."""
    return isinstance(value, msgpack.ExtType)
