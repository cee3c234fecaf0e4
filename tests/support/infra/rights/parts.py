"""Policies with one part less: what the table must notice, or nobody has said what the part is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rights.evaluation import Document, listed
from rights.recorded import Key, World
from rights.requests import Request, Row


class Part(NamedTuple):
    """A part of a policy, and the policy without it."""

    key: Key
    what: str
    """As ``OwnListeners: action elasticloadbalancing:DeleteListener``."""
    without: Document


def parts(key: Key, document: Document) -> Iterator[Part]:
    """Each statement, action, resource, principal, condition and value of a condition."""
    statements = [dict(one) for one in document["Statement"]]
    for index, statement in enumerate(statements):
        label = statement.get("Sid") or str(index)

        def part(what: str, replacement: Mapping[str, Any] | None, index: int = index, label: str = label) -> Part:
            rest = [replacement if at == index else one for at, one in enumerate(statements)]
            return Part(key, f"{label}: {what}", {**document, "Statement": [one for one in rest if one is not None]})

        yield part("statement", None)
        for name in ("Action", "Resource"):
            values = listed(statement.get(name, ()))
            if len(values) > 1:
                for value in values:
                    rest = [other for other in values if other != value]
                    yield part(f"{name.lower()} {value}", {**statement, name: rest})
        yield from _conditions(statement, part)


def _conditions(statement: Mapping[str, Any], part: Any) -> Iterator[Part]:
    conditions: Mapping[str, Mapping[str, Any]] = statement.get("Condition", {})
    for operator, keys in conditions.items():
        for name, value in keys.items():
            others = {key: its for key, its in keys.items() if key != name}
            fewer = {other: its for other, its in conditions.items() if other != operator}
            if others:
                fewer[operator] = others
            changed = {key: its for key, its in statement.items() if key != "Condition"}
            yield part(f"condition {operator} {name}", {**changed, "Condition": fewer} if fewer else changed)
            values = listed(value)
            for one in values if len(values) > 1 else ():
                rest = {**keys, name: [other for other in values if other != one]}
                yield part(f"value {one} of {name}", {**statement, "Condition": {**conditions, operator: rest}})


def concerned(world: World, key: Key, rows: Iterable[Row]) -> list[Row]:
    """The rows about which a document has a say."""
    name, kind = key
    if kind == "identity":
        role = world.role_of(name)
        return [row for row in rows if row.who.role == role]
    if kind == "endpoint":
        return [row for row in rows if row.who.inside]
    return [row for row in rows if any(_about(world, key, request) for request in row.requests)]


def _about(world: World, key: Key, request: Request) -> bool:
    return request.owner is None and world.policy_key(world.filled(request.resource)) == key


def unnoticed(world: World, rows: Iterable[Row]) -> Iterator[str]:
    """The parts of all policies that could be taken away without any row of the table changing."""
    known = tuple(rows)
    for key, document in world.documents.items():
        about = concerned(world, key, known)
        for one in parts(key, document):
            if not any(world.with_document(key, one.without).differences(about)):
                yield f"{key[0]} ({key[1]}): {one.what}"
