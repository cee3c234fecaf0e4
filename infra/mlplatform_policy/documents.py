"""IAM's policy documents, as far as rules read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlplatform_policy.view import UNKNOWN, Value, document, items


def statements(policy: Value) -> Iterator[Mapping[str, Any]]:
    """The statements of a document; none as long as it is not known."""
    found = document(policy)
    if found is UNKNOWN or not isinstance(found, Mapping):
        return
    for statement in items(found.get("Statement")):
        if isinstance(statement, Mapping):
            yield statement


def allows(policy: Value) -> Iterator[Mapping[str, Any]]:
    """The statements that give a right."""
    return (statement for statement in statements(policy) if statement.get("Effect") == "Allow")


def principals(statement: Mapping[str, Any]) -> list[str]:
    """Who a statement is for, whatever their kind."""
    found = statement.get("Principal")
    values = list(found.values()) if isinstance(found, Mapping) else [found]
    return [one for value in values for one in items(value) if isinstance(one, str)]
