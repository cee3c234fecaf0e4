"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mlplatform_policy.view import ResourceView

ResourceCheck = Callable[[ResourceView], Iterable[str]]
"""The violations of one resource, as sentences that say what to do."""


@dataclass(frozen=True)
class Violation:
    """One resource that breaks one rule."""

    rule: str
    resource: ResourceView
    message: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.resource.type} {self.resource.name}: {self.message} [{self.rule}]"


StackCheck = Callable[[Sequence[ResourceView]], Iterable[tuple[ResourceView, str]]]
"""The violations among all resources together."""


@dataclass(frozen=True, kw_only=True)
class ResourceRule:
    """A rule that can be judged by one resource alone."""

    name: str
    description: str
    types: tuple[str, ...]
    """Type tokens that it looks at, ``*`` for any part."""
    check: ResourceCheck

    def looks_at(self, resource: ResourceView) -> bool:
        """Whether it has a say about the resource."""
        return any(fnmatchcase(resource.type, pattern) for pattern in self.types)

    def violations(self, resources: Iterable[ResourceView]) -> Iterator[Violation]:
        """Of all resources."""
        for resource in resources:
            if self.looks_at(resource):
                yield from (Violation(self.name, resource, message) for message in self.check(resource))


@dataclass(frozen=True, kw_only=True)
class StackRule:
    """A rule about how resources belong together."""

    name: str
    description: str
    types: tuple[str, ...]
    """Type tokens of the resources that it judges."""
    check: StackCheck

    def looks_at(self, resource: ResourceView) -> bool:
        """Whether it judges the resource."""
        return resource.type in self.types

    def violations(self, resources: Sequence[ResourceView]) -> Iterator[Violation]:
        """Of all resources."""
        for resource, message in self.check(resources):
            yield Violation(self.name, resource, message)


def resource_rule(name: str, description: str, *types: str) -> Callable[[ResourceCheck], ResourceRule]:
    """Makes a rule of a function."""
    return lambda check: ResourceRule(name=name, description=description, types=types, check=check)


def stack_rule(name: str, description: str, *types: str) -> Callable[[StackCheck], StackRule]:
    """Makes a rule about the stack of a function."""
    return lambda check: StackRule(name=name, description=description, types=types, check=check)
