"""IAM's decision about one request, from all the policies that have a say (IAM user guide, "Policy evaluation logic").

Small on purpose, and no product: it knows what the policies of this repository use and refuses the rest. It is proven
by the examples of AWS' documentation (`tests/infra/rights/test_evaluation.py`) and by a second implementation that
looks at the same requests (`tests/infra/rights/test_second_opinion.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from rights.conditions import Context, matches, wildcard

Statement = Mapping[str, Any]
Document = Mapping[str, Any]
Delegation = Literal["caller", "account", "nobody"]
"""Whom a resource's policy allows something: the caller itself, its account, or none of the two."""
STRICT: Final = ("kms:", "sts:AssumeRole", "sts:TagSession")
"""Where the resource's policy has to agree, also for callers of the same account: keys and roles."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks."""

    arn: str = ""
    """Of a role; empty for an AWS service and for nobody."""
    service: str = ""
    """As ``logs.eu-central-1.amazonaws.com``."""
    identity: Sequence[Document] = ()
    boundary: Document | None = None

    @property
    def account(self) -> str:
        """Of a role; empty otherwise."""
        return self.arn.split(":")[4] if self.arn else ""

    def context(self) -> dict[str, str]:
        """The keys that every request of it has (IAM user guide, "AWS global condition context keys")."""
        if self.service:
            return {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": self.service}
        if not self.arn:
            return {"aws:PrincipalType": "Anonymous"}
        return {
            "aws:PrincipalArn": self.arn,
            "aws:PrincipalAccount": self.account,
            "aws:PrincipalType": "AssumedRole",
            "aws:PrincipalIsAWSService": "false",
        }


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request, and the policies on its way besides the caller's."""

    action: str
    resource: str
    """An ARN; ``*`` for actions that know no resources."""
    owner: str
    """The account that the resource belongs to."""
    context: Context = field(default_factory=dict)
    resource_policy: Document | None = None
    endpoint: Document | None = None
    """Policy of the VPC endpoint that the request passes; None: it passes none, or one without a policy."""
    owner_agrees: bool = False
    """The resource is another account's, whose policy is not ours to see and known to let everybody in."""


@dataclass(frozen=True)
class Decision:
    """Whether it is allowed, and what decided."""

    allowed: bool
    reason: str


def decide(caller: Caller, asked: Asked) -> Decision:
    """What AWS would answer."""
    context = {"aws:SecureTransport": "true", "aws:ResourceAccount": asked.owner, **caller.context(), **asked.context}
    if asked.action.lower().startswith("s3:"):
        context.setdefault("s3:ResourceAccount", asked.owner)
    asking = _Asking(caller, asked, context)
    documents = (*caller.identity, caller.boundary, asked.resource_policy, asked.endpoint)
    for document in documents:
        if denial := asking.first(document, "Deny"):
            return Decision(allowed=False, reason=f"denied by {_label(denial)}")
    if asked.endpoint is not None and not asking.first(asked.endpoint, "Allow"):
        return Decision(allowed=False, reason="the VPC endpoint's policy does not let it pass")
    return _allowed(asking)


def _allowed(asking: _Asking) -> Decision:
    caller, asked = asking.caller, asking.asked
    from_resource = asking.delegation()
    from_identity = next((found for one in caller.identity if (found := asking.first(one, "Allow"))), None)
    if from_identity is not None and caller.boundary and not asking.first(caller.boundary, "Allow"):
        return Decision(allowed=False, reason="the permissions boundary does not allow it")
    if not caller.account:
        return Decision(from_resource == "caller" or asked.owner_agrees, f"the resource's policy: {from_resource}")
    identity = "no policy of the caller" if from_identity is None else _label(from_identity)
    if asked.owner != caller.account:
        agreed = asked.owner_agrees or from_resource != "nobody"
        return Decision(from_identity is not None and agreed, f"{identity}, and the resource's policy: {from_resource}")
    if asked.action.startswith(STRICT):
        allowed = from_resource == "caller" or (from_resource == "account" and from_identity is not None)
        return Decision(allowed, f"{identity}, and the resource's policy: {from_resource}")
    return Decision(from_identity is not None or from_resource == "caller", identity)


@dataclass(frozen=True)
class _Asking:
    caller: Caller
    asked: Asked
    context: Context

    def first(self, document: Document | None, effect: str) -> Statement | None:
        """The first statement that applies, whatever its principal means; see `delegation`."""
        return next((one for one in statements(document) if one["Effect"] == effect and self._applies(one)), None)

    def delegation(self) -> Delegation:
        """Whom the resource's policy allows the request."""
        whom: Delegation = "nobody"
        for one in statements(self.asked.resource_policy):
            if one["Effect"] == "Allow" and self._applies(one):
                if self._principal(one) == "caller":
                    return "caller"
                whom = "account"
        return whom

    def _applies(self, statement: Statement) -> bool:
        return (
            self._principal(statement) != "nobody"
            and _action(statement, self.asked.action)
            and _resource(statement, self.asked.resource)
            and matches(statement.get("Condition", {}), self.context)
        )

    def _principal(self, statement: Statement) -> Delegation:
        if "NotPrincipal" in statement:
            raise ValueError(f"NotPrincipal is not known here: {_label(statement)}")
        if "Principal" not in statement:
            return "caller"
        principal = statement["Principal"]
        if principal == "*" or "*" in listed(principal.get("AWS", ())):
            return "caller"
        if self.caller.service:
            return "caller" if self.caller.service in listed(principal.get("Service", ())) else "nobody"
        named = listed(principal.get("AWS", ()))
        if self.caller.arn and self.caller.arn in named:
            return "caller"
        account = self.caller.account
        return "account" if account and {account, f"arn:aws:iam::{account}:root"} & set(named) else "nobody"


def statements(document: Document | None) -> Iterator[Statement]:
    """Of a document, which may have one alone instead of a list."""
    found = (document or {}).get("Statement", ())
    yield from [found] if isinstance(found, Mapping) else found


def listed(value: str | Sequence[str]) -> list[str]:
    """A text or a list of them, as a list."""
    return [value] if isinstance(value, str) else list(value)


def _action(statement: Statement, action: str) -> bool:
    if "NotAction" in statement:
        return not any(wildcard(one, any_case=True).fullmatch(action) for one in listed(statement["NotAction"]))
    return any(wildcard(one, any_case=True).fullmatch(action) for one in listed(statement["Action"]))


def _resource(statement: Statement, resource: str) -> bool:
    if "NotResource" in statement:
        return not any(wildcard(one).fullmatch(resource) for one in listed(statement["NotResource"]))
    # A trust policy has none: it is about its role.
    return "Resource" not in statement or any(
        wildcard(one).fullmatch(resource) for one in listed(statement["Resource"])
    )


def _label(statement: Statement) -> str:
    return str(statement.get("Sid") or ", ".join(listed(statement.get("Action", statement.get("NotAction", ())))))
