"""What an example is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlplatform_policy.view import ResourceView


@dataclass(frozen=True)
class Example:
    """Resources, and the messages with which a rule refuses them: none when it does not."""

    rule: str
    resources: tuple[ResourceView, ...]
    messages: tuple[str, ...]

    def __str__(self) -> str:
        """Name of the test's case."""
        return f"{self.rule}: {self.messages[0] if self.messages else 'kept'}"[:90]


def view(
    type_: str,
    properties: Mapping[str, Any],
    *,
    environment: str = "dev",
    name: str = "example",
    protect: bool = False,
    provider: str = "aws",
    references: Mapping[str, Sequence[str]] | None = None,
) -> ResourceView:
    """A resource made by hand."""
    return ResourceView(
        type=type_,
        name=name,
        urn=urn(type_, name, environment),
        properties=properties,
        protect=protect,
        provider=provider,
        references=references or {},
    )


def urn(type_: str, name: str = "example", environment: str = "dev") -> str:
    """The URN of `view`'s resource."""
    return f"urn:pulumi:{environment}::mlplatform::{type_}::{name}"


def kept(rule: str, *resources: ResourceView) -> Example:
    """The rule has nothing against them."""
    return Example(rule, resources, ())


def broken(rule: str, resource: ResourceView | Sequence[ResourceView], *messages: str) -> Example:
    """The rule says these messages."""
    resources = (resource,) if isinstance(resource, ResourceView) else tuple(resource)
    return Example(rule, resources, messages)
