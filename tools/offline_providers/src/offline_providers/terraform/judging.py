"""What a provider thinks of resources, and which changes of them it would not make in place."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from offline_providers.faults import OfflineError
from offline_providers.terraform.conversion import MAP, Converted, camel, convert, is_unknown, terraform_type
from offline_providers.terraform.provider import Finding, Provider

CONFIGURED: Final = {
    "region": "eu-central-1",
    "access_key": "none",
    "secret_key": "none",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "skip_requesting_account_id": True,
    "skip_region_validation": True,
}
"""Settings of the provider for AWS with which it asks nobody anything (source: its page "AWS Provider")."""

MADE_UP: Final = "2026-01-01T00:00:00Z"
"""A text where a provider would compute one; some are times, and are read as such."""


@dataclass(frozen=True)
class Row:
    """A resource that the program registers."""

    type: str
    """Pulumi's token, as ``aws:rds/instance:Instance``."""
    name: str
    inputs: Mapping[str, Any]
    unknown: Mapping[str, Any] = field(default_factory=dict)
    """Property → values within it that come from other resources."""


@dataclass
class Judged:
    """What came of one resource."""

    row: Row
    findings: list[Finding]
    planned: bool = False

    @property
    def refused(self) -> bool:
        return any(one.refused for one in self.findings)


def set_up(provider: Provider) -> None:
    """Gives a provider what it wants before it plans, and nothing that would lead to an account.

    Raises:
        OfflineError: it refuses that.
    """
    given = {
        name: value for name, value in CONFIGURED.items() if name in {one.name for one in provider.schema.attributes}
    }
    made = convert("", provider.schema, given, {})
    if refused := [one for one in provider.configure(made.config) if one.refused]:
        raise OfflineError(f"The provider refuses its settings: {refused[0].summary} {refused[0].detail}")


def judge(provider: Provider, rows: Iterable[Row], known: Mapping[str, str]) -> Iterator[Judged]:
    """Each resource, validated and, if nothing is against that, planned as a new one."""
    for row in rows:
        placed = _placed(provider, row, known)
        if isinstance(placed, Finding):
            yield Judged(row, [placed])
            continue
        kind, made = placed
        judged = Judged(row, [_unplaced(kind, name) for name in made.unplaced])
        judged.findings += provider.validate(kind, made.config)
        if not any(one.refused for one in judged.findings):
            judged.findings += provider.plan(kind, None, made.config, made.config)[2]
            judged.planned = True
        yield judged


def replacements(provider: Provider, rows: Iterable[Row], known: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """For each type, which property's change replaces the resource, which is made in place, and what was not told.

    One property at a time is changed, of the first resource of each type, and the provider plans the change.

    Raises:
        OfflineError: a resource has a type or a property that finds no place, or cannot be planned as it is.
    """
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row.type, Row(row.type, row.name, row.inputs))
    return {token: _told(provider, row, known) for token, row in sorted(first.items())}


def _placed(provider: Provider, row: Row, known: Mapping[str, str]) -> tuple[str, Converted] | Finding:
    kind = terraform_type(row.type, provider.types, known)
    if kind is None:
        return Finding(True, f"The provider has no type for {row.type}", "", "")
    block = provider.types[kind]
    inputs = dict(row.inputs)
    if "name" not in inputs and any(one.name == "name" and one.required for one in block.attributes):
        inputs["name"] = f"{row.name}-0123456"  # as Pulumi names what has no name
    return kind, convert(kind, block, inputs, row.unknown)


def _unplaced(kind: str, name: str) -> Finding:
    return Finding(True, f"{kind} has no attribute for this property", "Is it in RENAMED (conversion.py)?", name)


def _told(provider: Provider, row: Row, known: Mapping[str, str]) -> dict[str, Any]:
    placed = _placed(provider, row, known)
    if isinstance(placed, Finding):
        raise OfflineError(f"{placed.summary}.")
    kind, made = placed
    if made.unplaced:
        raise OfflineError(f"{row.type} {row.name}: {kind} has no attribute for {', '.join(made.unplaced)}.")
    block = provider.types[kind]
    state, _, findings = provider.plan(kind, None, made.config, made.config)
    if refused := [one for one in findings if one.refused]:
        raise OfflineError(f"{row.type} {row.name} is refused as it is: {refused[0].summary} {refused[0].detail}")
    prior = _settled(block, state)
    answers: dict[str, set[str]] = {"replaces": set(), "updates": set(), "notTold": set()}
    for path, new in _changes(block, made.config):
        name = made.names.get(".".join(_named(path))) or _pulumis(path)
        config = _put(made.config, path, new)
        try:
            _, replaces, findings = provider.plan(kind, prior, _proposed(block, prior, config), config)
        except OfflineError:
            # A provider may panic for what no validation has let through; it answers on, unless it has ended.
            provider.validate(kind, made.config)
            answers["notTold"].add(name)
            continue
        if any(one.refused for one in findings):
            answers["notTold"].add(name)
        elif any(_named(path)[: len(one)] == one or one[: len(_named(path))] == _named(path) for one in replaces):
            answers["replaces"].add(name)
        else:
            answers["updates"].add(name)
    return {"terraform": kind, **{key: sorted(names) for key, names in answers.items()}}


def _named(path: tuple[str | int, ...]) -> tuple[str, ...]:
    return tuple(step for step in path if isinstance(step, str))


def _pulumis(path: tuple[str | int, ...]) -> str:
    return ".".join(map(camel, _named(path)))


def _changes(
    block: Any,  # noqa: ANN401 - protobuf makes the class when it runs
    config: Mapping[str, Any],
    path: tuple[str | int, ...] = (),
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Each attribute that a program may set, and another value for it."""
    for attribute in block.attributes:
        if (attribute.required or attribute.optional) and attribute.type:
            new = _another(config.get(attribute.name), json.loads(attribute.type))
            if new is not None:
                yield (*path, attribute.name), new
    for nested in block.block_types:
        value = config.get(nested.type_name)
        if isinstance(value, list) and value:
            yield from _changes(nested.block, value[0], (*path, nested.type_name, 0))
        elif isinstance(value, Mapping) and value and nested.nesting != MAP:
            yield from _changes(nested.block, value, (*path, nested.type_name))


def _another(value: Any, kind: Any) -> Any:  # noqa: ANN401 - any value of any of Terraform's types
    if kind == "string":
        return f"{value}x" if isinstance(value, str) else "changed"
    if kind == "bool":
        return not value
    if kind == "number":
        return (value if isinstance(value, int | float) else 1) + 1
    if kind[0] in {"list", "set"} and kind[1] == "string":
        return [*(value or []), "changed"]
    if kind[0] == "map" and kind[1] == "string":
        return {**(value or {}), "changed": "x"}
    return None


def _put(config: Mapping[str, Any], path: tuple[str | int, ...], new: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    changed: Any = copy.deepcopy(dict(config))
    at = changed
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = new
    return dict(changed)


def _settled(block: Any, state: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - as above
    """A planned state as it is after the apply: nothing in it is unknown."""
    done: dict[str, Any] = {}
    for one in block.attributes:
        done[one.name] = _made_up(state.get(one.name), json.loads(one.type)) if one.type else None
    for nested in block.block_types:
        value = state.get(nested.type_name)
        if isinstance(value, list):
            done[nested.type_name] = [_settled(nested.block, one) for one in value if isinstance(one, Mapping)]
        elif isinstance(value, Mapping) and nested.nesting != MAP:
            done[nested.type_name] = _settled(nested.block, value)
        else:
            done[nested.type_name] = [] if nested.nesting in {2, 3} else (value if isinstance(value, Mapping) else None)
    return done


def _made_up(value: Any, kind: Any) -> Any:  # noqa: ANN401 - as above
    if not is_unknown(value):
        if isinstance(kind, list) and kind[0] in {"list", "set"} and isinstance(value, list):
            return [_made_up(one, kind[1]) for one in value]
        if isinstance(kind, list) and kind[0] == "object" and isinstance(value, Mapping):
            return {name: _made_up(one, kind[1][name]) for name, one in value.items()}
        return value
    if kind == "string":
        return MADE_UP
    if kind == "bool":
        return False
    if kind == "number":
        return 1
    if kind[0] == "object":
        return {name: _made_up(value, each) for name, each in kind[1].items()}
    return {} if kind[0] == "map" else []


def _proposed(block: Any, prior: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - as above
    """What Terraform proposes: what is configured, and what was computed before where nothing is."""
    both = dict(prior)
    for one in block.attributes:
        if config.get(one.name) is not None or not one.computed:
            both[one.name] = config.get(one.name)
    for nested in block.block_types:
        if config.get(nested.type_name) or not both.get(nested.type_name):
            both[nested.type_name] = config.get(nested.type_name)
    return both
