"""What a rule sees of a resource: the same in the policy pack, under the engine, as in tests, on recorded resources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final


class Unknown:
    """A value that the plan does not know yet; the update does, and is then judged by it."""

    def __repr__(self) -> str:
        """For messages."""
        return "UNKNOWN"


UNKNOWN: Final = Unknown()

Value = Any
"""A property's value: whatever JSON can say, or `UNKNOWN`."""


@dataclass(frozen=True, kw_only=True)
class ResourceView:
    """One resource."""

    type: str
    """``aws:s3/bucket:Bucket``."""
    name: str
    """The logical name."""
    urn: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    """In the provider's camelCase; what is not known yet is `UNKNOWN`."""
    protect: bool = False
    provider: str = ""
    """Logical name of its provider; empty when there is none."""
    references: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Property → URNs of the resources that its value comes from."""

    @property
    def environment(self) -> str:
        """The stack: ``urn:pulumi:<stack>::…``."""
        return self.urn.split(":")[2]

    def get(self, *path: str) -> Value:
        """The value of a property, or of one in it; None when something on the way is missing."""
        return dig(self.properties, *path)


def is_shell(resource: ResourceView) -> bool:
    """A component of another language's package: the engine tells of it no inputs, but of the resources in it; mocks do
    the opposite."""
    return resource.type == "eks:index:Cluster" and not resource.properties


def dig(value: Value, *path: str) -> Value:
    """The value at the path; the only element of a list is meant when a name follows a list.

    (A block that can be there once is a list of one in some resources and an object in others.)
    """
    for key in path:
        if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 1:
            value = value[0]
        if value is UNKNOWN:
            return UNKNOWN
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def is_on(value: Value) -> bool:
    """True, in either of the ways that resources write it; what is not known yet gets the benefit of the doubt."""
    return value is UNKNOWN or value is True or value == "true"


def is_set(value: Value) -> bool:
    """Something is there."""
    return value is UNKNOWN or value not in (None, "", False, [], {})


def items(value: Value) -> Iterable[Any]:
    """The elements of a list; a single thing is a list of one, and nothing is known of an unknown list."""
    if value is None or value is UNKNOWN:
        return []
    return value if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def document(value: Value) -> Value:
    """A JSON document, parsed if it is a text; `UNKNOWN` as long as it is not known, None if it is no JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None
