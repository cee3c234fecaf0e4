"""CloudFormation's schemas, as cfn-lint ships them: what AWS itself accepts as a resource's properties.

Pulumi's AWS provider and CloudFormation describe the same API. `cloudformation_table` says how their words differ; what
it does not name differs in the first letter alone.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final

import regex
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from jsonschema import Draft7Validator, ValidationError
from jsonschema.validators import extend

SKIP: Final = ""
"""Instead of CloudFormation's word: there is none, or it is an object of its own there."""
REGION: Final = "eu-central-1"


@dataclass(frozen=True, kw_only=True)
class Counterpart:
    """What a type of Pulumi's AWS provider is in CloudFormation."""

    type: str
    """``AWS::RDS::DBInstance``."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Property, or path of a nested one (``parent.child``), → CloudFormation's name of it. Dots in the name put it into
    blocks that Pulumi does not have; ``[]`` at its end makes a list of it, ``[0]`` takes the only element of one."""
    inside: str = ""
    """The block that the whole resource is there."""
    parts: Mapping[str, Any] = field(default_factory=dict)
    """What CloudFormation wants that comes from elsewhere in Pulumi."""


def _type(validator: Any, types: str | list[str], value: Any, _: Any) -> Iterator[ValidationError]:
    """A number or a truth value is as good as its text, in either language."""
    wanted = [types] if isinstance(types, str) else types
    text = str(value).lower()
    fits = (
        any(validator.is_type(value, one) for one in wanted)
        or ("string" in wanted and isinstance(value, bool | int | float))
        or (not {"integer", "number"}.isdisjoint(wanted) and isinstance(value, str) and text.isdigit())
        or ("boolean" in wanted and text in ("true", "false"))
    )
    if not fits:
        yield ValidationError(f"{value!r} is not of type {' or '.join(wanted)}")


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """With the classes of characters that Python's `re` does not know."""
    if isinstance(value, str) and not regex.search(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern}")


_Validator = extend(Draft7Validator, validators={"type": _type, "pattern": _pattern})


@cache
def schemas(type_: str) -> tuple[Mapping[str, Any], ...]:
    """The type's schema, and the further ones that cfn-lint has for it (engine versions, classes by region)."""
    found: list[Mapping[str, Any]] = [PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, type_).schema]
    folder = resources.files("cfnlint") / "data" / "schemas" / "extensions" / type_.lower().replace("::", "_")
    for file in sorted(folder.iterdir(), key=str) if folder.is_dir() else ():
        # A major version alone is the newest minor one for RDS, and deprecated for that list, as the first one.
        if file.name.endswith(".json") and "deprecated" not in file.name:
            schema = json.loads(file.read_text())
            schema = schema.get(REGION, schema)
            # Lists for a single property inside a block are about no whole resource.
            found += [schema] if "enum" not in schema else []
    return tuple(found)


def properties(counterpart: Counterpart, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A resource's inputs in CloudFormation's words."""
    translated = _translated(counterpart.words, inputs, "")
    if counterpart.inside:
        block: dict[str, Any] = {}
        _put(block, counterpart.inside, translated)
        translated = block
    return {**translated, **counterpart.parts}


def _translated(words: Mapping[str, str], value: Any, path: str) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_translated(words, part, path) for part in value]
    if not isinstance(value, Mapping):
        return value
    result: dict[str, Any] = {}
    for key, part in value.items():
        here = f"{path}.{key}" if path else key
        word = words.get(here, key[0].upper() + key[1:])
        if word == SKIP:
            continue
        inner = _translated(words, part, here)
        if word.endswith("[]"):
            inner = [inner]
        elif word.endswith("[0]"):
            (inner,) = inner
        _put(result, word.split("[")[0], inner)
    return result


def _put(target: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        target = target.setdefault(parent, {})
    if isinstance(value, Mapping) and isinstance(target.get(last), dict):
        target[last].update(value)
    else:
        target[last] = value


def faults(type_: str, translated: Mapping[str, Any], made_up: Container[object] = ()) -> list[str]:
    """What the schemas have against the properties: ``Path: message``, short and sorted.

    Args:
        made_up: identifiers that no real provider has given, which fit no pattern of real ones.
    """
    errors = [error for schema in schemas(type_) for error in _Validator(schema).iter_errors(translated)]
    return sorted(
        {
            f"{'.'.join(map(str, error.absolute_path)) or '-'}: {error.message[:300]}"
            for error in errors
            if not (error.validator == "pattern" and error.instance in made_up)
        }
    )
