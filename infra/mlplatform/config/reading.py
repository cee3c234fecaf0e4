"""From plain values to a checked configuration: every fault is found in one go and named as a person would look for it.

Each section is read on its own, so that a fault in one does not hide those of another, nor the cross-checks between
sections that are right.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, overload

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined

from mlplatform.config.base import AwsEnvironment, Environment, LocalEnvironment, Section
from mlplatform.config.checks import faults_of, local_faults_of
from mlplatform.config.faults import NOT_GIVEN, ConfigError, Fault, describe
from mlplatform.config.local_model import LocalConfig
from mlplatform.config.model import PlatformConfig
from mlplatform.config.sections import Owner


def sections_of(model: type[PlatformConfig | LocalConfig]) -> dict[str, FieldInfo]:
    """Key below ``mlplatform:`` → its field."""
    return {to_camel(name): field for name, field in model.model_fields.items() if name != "environment"}


@overload
def read_config(environment: AwsEnvironment, values: Mapping[str, Any]) -> PlatformConfig: ...
@overload
def read_config(environment: LocalEnvironment, values: Mapping[str, Any]) -> LocalConfig: ...
@overload
def read_config(environment: Environment, values: Mapping[str, Any]) -> PlatformConfig | LocalConfig: ...
def read_config(environment: Environment, values: Mapping[str, Any]) -> PlatformConfig | LocalConfig:
    """The configuration of an environment.

    Args:
        environment: the stack's name.
        values: key without ``mlplatform:`` → value, as in the file.

    Raises:
        ConfigError: something is wrong; the message names everything that is.
    """
    sections, faults = _examined(environment, values)
    if faults:
        raise ConfigError(describe(environment, faults))
    return _made(environment, sections)


def read_without_owner(environment: AwsEnvironment, values: Mapping[str, Any]) -> PlatformConfig:
    """As `read_config`, for what does not depend on whose an environment is: what only its owner knows may be missing.

    Where it is, `owner` stands for nobody, and what would be compared with it is not.
    """
    sections, faults = _examined(environment, values)
    others = [fault for fault in faults if not fault.asks_the_owner]
    if others:
        raise ConfigError(describe(environment, others))
    if "owner" not in sections:
        sections["owner"] = Owner.model_validate_json(json.dumps({**NOBODY, **values.get("owner", {})}))
    made = _made(environment, sections)
    assert isinstance(made, PlatformConfig)  # noqa: S101 - `local` has no owner
    return made


def _made(environment: Environment, sections: Mapping[str, Section]) -> PlatformConfig | LocalConfig:
    model = LocalConfig if environment == "local" else PlatformConfig
    return model.model_validate({"environment": environment, **sections})


def faults_in(environment: Environment, values: Mapping[str, Any]) -> list[Fault]:
    """All that is wrong with a configuration; arguments as those of `read_config`."""
    return _examined(environment, values)[1]


def _examined(environment: Environment, values: Mapping[str, Any]) -> tuple[dict[str, Section], list[Fault]]:
    if environment == "local":
        sections, faults = read_sections(values, LocalConfig)
        return sections, [*faults, *local_faults_of(sections)]
    sections, faults = read_sections(values, PlatformConfig)
    return sections, [*faults, *faults_of(environment, sections)]


def read_sections(
    values: Mapping[str, Any], config: type[PlatformConfig | LocalConfig]
) -> tuple[dict[str, Section], list[Fault]]:
    """The sections that are right on their own, by field, and the faults of the others."""
    sections: dict[str, Section] = {}
    known = sections_of(config)
    names = {to_camel(name): name for name in config.model_fields}
    faults = [_unknown(key, known) for key in values if key not in known]
    for key, field in known.items():
        model = field.annotation
        assert isinstance(model, type)  # noqa: S101 - the model has sections alone
        assert issubclass(model, Section)  # noqa: S101
        if key not in values and field.default is not PydanticUndefined:
            sections[names[key]] = field.default
            continue
        try:
            # A section that is not there is read as an empty one, which names what must be in it.
            text = json.dumps(values.get(key, {}))
            sections[names[key]] = model.model_validate_json(text, strict=True)
        except ValidationError as error:
            details = error.errors(include_url=False)
            faults += [_fault(key, model, detail) for detail in details if not _is_echo(detail)]
    return sections, faults


def _is_echo(detail: ErrorDetails) -> bool:
    """Whether it says no more than that entries are wrong: pydantic then finds too few that are right."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _fault(section: str, model: type[Section], detail: ErrorDetails) -> Fault:
    """A fault in words, from what pydantic found."""
    path = [str(section)]
    field: FieldInfo | None = None
    keys: Mapping[str, FieldInfo] = _keys(model)
    for part in detail["loc"]:
        if isinstance(part, int):
            path[-1] += f"[{part}]"
        elif part in keys or (detail["type"] == "extra_forbidden" and part == detail["loc"][-1]):
            path.append(part)
            if part in keys:
                field = keys[part]
                keys = _keys(*models_within(field.annotation))
        else:  # the kind of a section that has several
            keys = _keys(*(one for one in models_within(field.annotation if field else None) if _is_kind(one, part)))
    key = ".".join(path)
    if detail["type"] == "extra_forbidden":
        return _unknown(key, keys)
    within = models_within(field.annotation) if field else iter([model])
    hidden = detail["type"] == "missing" or _holds_a_secret(field, within)
    what, remedy = _words(detail, field)
    return Fault(key, what, NOT_GIVEN if hidden else detail["input"], remedy)


def _holds_a_secret(field: FieldInfo | None, within: Iterable[type[BaseModel]]) -> bool:
    """Whether a value is a secret, or a section with one in it. A message ends up in logs, and never shows it."""
    if field is not None and field.annotation is SecretStr:
        return True
    return any(_holds_a_secret(one, models_within(one.annotation)) for of in within for one in of.model_fields.values())


def _unknown(key: str, known: Mapping[str, Any]) -> Fault:
    """Without the value: what stands below a misspelt key may be a secret."""
    last = key.rsplit(".", maxsplit=1)[-1]
    # One that is a key somewhere else is not misspelt.
    close = [] if last in _keys_anywhere() else difflib.get_close_matches(last, known, n=1, cutoff=LIKENESS)
    remedy = f"did you mean {close[0]}?" if close else f"remove it, or use one of {', '.join(known)}"
    return Fault(key, "is not a key of the configuration", NOT_GIVEN, remedy)


@cache
def _keys_anywhere() -> frozenset[str]:
    """All keys below a section, of any environment."""
    found: set[str] = set()
    todo: list[type[BaseModel]] = [PlatformConfig, LocalConfig]
    while todo:
        for name, field in todo.pop().model_fields.items():
            found.add(to_camel(name))
            todo.extend(models_within(field.annotation))
    return frozenset(found)


def _words(detail: ErrorDetails, field: FieldInfo | None) -> tuple[str, str]:
    """What is wrong, and the remedy."""
    about = detail.get("ctx", {})
    kind = detail["type"]
    if kind == "missing":
        return "is missing", f"add it ({_first_sentence(field)})"
    if kind in ("too_short", "too_long") and isinstance(detail["input"], str):
        kind = f"string_{kind}"
    if kind in _BOUNDS:
        what, remedy, bound = _BOUNDS[kind]
        return what, remedy.format(about[bound])
    if _is_unquoted(detail, field):
        return "is no text: without quotes YAML has read it as something else", "put what you wrote in quotes"
    if kind in _TYPES:
        word = _TYPES[kind]
        return f"is not {word}", f"write {word}"
    if kind == "string_pattern_mismatch":
        return "is not written as it must be", f"write it like {_example(field)}"
    if kind == "literal_error":
        return "is not one of the values that are allowed", f"use {about['expected']}"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        kinds = [str(model.model_fields["kind"].default) for model in models_within(field and field.annotation)]
        return "has no kind that is known", f"use kind {', '.join(kinds[:-1])} or {kinds[-1]}"
    return detail["msg"], "correct it"  # nothing in the model leads here; a test keeps it so


def _is_unquoted(detail: ErrorDetails, field: FieldInfo | None) -> bool:
    """Whether it was meant as a text, as ``0042`` (an octal number, 34), ``no`` (false) or ``2026-01-01`` (a time)."""
    given = detail["input"]
    if detail["type"] == "string_type":
        return isinstance(given, (bool, int, float)) and _may_be_digits(field)
    return detail["type"] == "string_pattern_mismatch" and bool(TIME.fullmatch(given))


def _may_be_digits(field: FieldInfo | None) -> bool:
    """Whether a text of digits is one that the key can have; where it is not, an example helps more than quotes."""
    patterns = [one.pattern for one in (field.metadata if field else ()) if getattr(one, "pattern", None)]
    return all(any(re.fullmatch(pattern, "0" * length) for length in (1, 12)) for pattern in patterns)


NOBODY: Final = {"accountId": "000000000000", "alertEmail": "nobody@example.org"}
"""For `read_without_owner`: no message, no resource and no price is made of it."""
LIKENESS: Final = 0.75
"""Of a misspelt key to what was meant (`difflib`): ``kafak`` is 0.8 of ``kafka``, ``rayGpu`` 0.67 of ``ray``."""
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
"""As the engine hands a YAML timestamp over."""

_BOUNDS: Final = {
    "greater_than_equal": ("is too small", "use at least {}", "ge"),
    "greater_than": ("is too small", "use more than {}", "gt"),
    "less_than_equal": ("is too large", "use at most {}", "le"),
    "less_than": ("is too large", "use less than {}", "lt"),
    "too_short": ("has too few entries", "give at least {}", "min_length"),
    "too_long": ("has too many entries", "give at most {}", "max_length"),
    "string_too_short": ("is too short", "use at least {} character", "min_length"),
    "string_too_long": ("is too long", "use at most {} characters", "max_length"),
}

_TYPES: Final = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "string_type": "a text",
    "tuple_type": "a list",
    "model_type": "a section with keys of its own",
    "dict_type": "a section with keys of its own",
    "model_attributes_type": "a section with keys of its own",
}


def models_within(annotation: object) -> Iterator[type[BaseModel]]:
    """The models within an annotation, as in ``tuple[RayWorkerGroup, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from models_within(part)


def _is_kind(model: type[BaseModel], kind: str) -> bool:
    return "kind" in model.model_fields and model.model_fields["kind"].default == kind


def _keys(*models: type[BaseModel]) -> dict[str, FieldInfo]:
    return {to_camel(name): field for model in models for name, field in model.model_fields.items()}


def _first_sentence(field: FieldInfo | None) -> str:
    text = (field.description if field else None) or ""
    return text.replace("\n", " ").split(". ")[0].rstrip(".").replace("`", "")


def _example(field: FieldInfo | None) -> str:
    """The example in a field's constraints, or in those of its entries."""
    found = [] if field is None else [*(field.examples or []), *_examples_within(field.annotation)]
    return str(found[0]) if found else "the others"  # every pattern has an example; a test keeps it so


def _examples_within(annotation: object) -> Iterator[object]:
    for constraint in getattr(annotation, "__metadata__", ()):
        if isinstance(constraint, FieldInfo):
            yield from constraint.examples or ()
    for part in getattr(annotation, "__args__", ()):
        yield from _examples_within(part)
