"""What `rights.table` is made of: who asks for what, and whether the answer must be yes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

ANOTHER_ACCOUNT: Final = "210987654321"
Value = str | tuple[str, ...]


@dataclass(frozen=True)
class Elsewhere:
    """The resource's own policy is not the platform's, and lets everybody in; mostly it is another account's."""

    account: str = ANOTHER_ACCOUNT


@dataclass(frozen=True)
class Request:
    """One authorisation, as a service asks IAM for it. Names in braces are filled in from the recorded environment."""

    action: str
    resource: str = "*"
    context: Mapping[str, Value] = field(default_factory=dict)
    owner: Elsewhere | None = None
    tags_of: tuple[str, str] | None = None
    """Type and logical name of the recorded resource whose tags the resource has."""
    requested_as: tuple[str, str] | None = None
    """The same, of the one whose tags the request asks for."""


@dataclass(frozen=True, kw_only=True)
class Who:
    """Who asks: a role of ours, an AWS service, another principal, or, with nothing set, nobody."""

    role: str = ""
    """Logical name."""
    service: str = ""
    arn: str = ""
    everything: bool = False
    """The principal of `arn` may do everything as far as its own policies go, as an administrator."""
    inside: bool = False
    """Its requests come from the VPC."""

    def __str__(self) -> str:
        return self.role or self.service or self.arn or "nobody in particular"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table: all of the requests are allowed, or none is."""

    who: Who
    what: str
    requests: tuple[Request, ...]
    allowed: bool
    source: str
    """Where it is written that these are the requests, or why they must be refused."""
    needs: tuple[str, ...] = ()
    """Names in braces that an environment without that part does not have."""


def may(who: Who, what: str, *requests: Request, source: str, needs: tuple[str, ...] = ()) -> Row:
    """All of this must be allowed."""
    return Row(who=who, what=what, requests=requests, allowed=True, source=source, needs=needs)


def may_not(who: Who, what: str, *requests: Request, source: str, needs: tuple[str, ...] = ()) -> Row:
    """Nothing of this may be allowed."""
    return Row(who=who, what=what, requests=requests, allowed=False, source=source, needs=needs)


def asks(resource: str, *actions: str, owner: Elsewhere | None = None, **context: Value) -> tuple[Request, ...]:
    """The actions on one resource, each with the same context; a key is written with ``__`` for ``:``."""
    keys = {key.replace("__", ":"): value for key, value in context.items()}
    return tuple(Request(action, resource, keys, owner) for action in actions)


def tagged(kind: str, **tags: Value) -> dict[str, Value]:
    """Tags as condition keys; `kind` is ``aws:RequestTag``, ``aws:ResourceTag`` or a service's own."""
    return {f"{kind}/{key}": value for key, value in tags.items()}


def pod(role: str) -> Who:
    """A pod, node or other machine of the VPC with that role."""
    return Who(role=role, inside=True)
