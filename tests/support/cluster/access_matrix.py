"""Who may do what at a Kubernetes API: the authorizer itself is asked, about everything that the API has."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

from cluster_requests import Asked, Requests

VERBS: Final = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
EVERYWHERE: Final = "the whole cluster"
"""A scope: cluster-wide kinds, and the others in all namespaces at once."""
ADDRESSES: Final = (
    "/",
    "/api",
    "/apis",
    "/version",
    "/healthz",
    "/livez",
    "/readyz",
    "/metrics",
    "/logs",
    "/debug/pprof",
)
"""What the API server has beside resources."""
AUTHORIZATION: Final = "/apis/authorization.k8s.io/v1"


class Right(NamedTuple):
    """An account may do this to that, there."""

    account: str
    """``namespace/name``."""
    scope: str
    """A namespace or `EVERYWHERE`."""
    resource: str
    """As kubectl names it, ``deployments.apps/scale``; or an address."""
    verb: str


@dataclass(frozen=True, order=True)
class Kind:
    """A resource or subresource that the API has, and what can be done to it."""

    group: str
    resource: str
    """With its subresource, ``pods/exec``."""
    namespaced: bool
    verbs: tuple[str, ...] = VERBS

    @property
    def name(self) -> str:
        """As kubectl names it."""
        parent, slash, sub = self.resource.partition("/")
        return f"{parent}{self.group and '.'}{self.group}{slash}{sub}"


# Verbs that are no requests of their own, so discovery does not tell of them: to act as somebody else, and to hand out
# rights that one has not.
HIDDEN: Final = (
    Kind("", "users", namespaced=False, verbs=("impersonate",)),
    Kind("", "groups", namespaced=False, verbs=("impersonate",)),
    Kind("", "serviceaccounts", namespaced=True, verbs=("impersonate",)),
    Kind("rbac.authorization.k8s.io", "roles", namespaced=True, verbs=("bind", "escalate")),
    Kind("rbac.authorization.k8s.io", "clusterroles", namespaced=False, verbs=("bind", "escalate")),
    Kind("certificates.k8s.io", "signers", namespaced=False, verbs=("approve", "sign", "attest")),
)


def kinds_of(requests: Requests) -> list[Kind]:
    """All that discovery lists, of every group and version, and `HIDDEN`."""
    groups = requests.one(Asked("/apis"))["groups"]
    places = {"/api/v1": ""} | {
        f"/apis/{version['groupVersion']}": group["name"] for group in groups for version in group["versions"]
    }
    found = {
        Kind(group, one["name"], one["namespaced"])
        for place, group in places.items()
        for one in requests.one(Asked(place))["resources"]
    }
    return sorted(found | set(HIDDEN))


def accounts_in(requests: Requests, namespaces: Collection[str]) -> list[str]:
    """The service accounts of the namespaces, sorted."""
    live = requests.items("/api/v1/serviceaccounts")
    found = [(one["metadata"]["namespace"], one["metadata"]["name"]) for one in live]
    return sorted(f"{namespace}/{name}" for namespace, name in found if namespace in namespaces)


def questions(accounts: Iterable[str], namespaces: Sequence[str], kinds: Iterable[Kind]) -> dict[Right, Asked]:
    """Each right that there could be → what to ask the authorizer."""
    asked: dict[Right, Asked] = {}
    known = tuple(kinds)
    for account in accounts:
        for kind in known:
            group, (resource, _, sub) = kind.group, kind.resource.partition("/")
            for scope, verb in product((*namespaces, EVERYWHERE) if kind.namespaced else (EVERYWHERE,), kind.verbs):
                about = {"verb": verb, "group": group, "resource": resource, "subresource": sub}
                where = {} if scope == EVERYWHERE else {"namespace": scope}
                asked[Right(account, scope, kind.name, verb)] = _review(account, resourceAttributes={**about, **where})
        for address in ADDRESSES:
            review = _review(account, nonResourceAttributes={"path": address, "verb": "get"})
            asked[Right(account, EVERYWHERE, address, "get")] = review
    return asked


def granted(requests: Requests, asked: Mapping[Right, Asked]) -> set[Right]:
    """Those of the rights that the authorizer grants."""
    answers = requests.many(asked.values())
    return {right for right, answer in zip(asked, answers, strict=True) if answer["status"]["allowed"]}


def told_in_namespaces(
    requests: Requests, accounts: Iterable[str], namespaces: Sequence[str], kinds: Sequence[Kind]
) -> set[Right]:
    """What the accounts themselves are told when they ask for their rights in each namespace.

    The authorizer then lists its rules instead of applying them; rules with wildcards are spelt out with `kinds`. It
    tells of rights to a namespace's objects and of rights to all namespaces in one list: `EVERYWHERE` is not asked.

    Raises:
        AssertionError: it has not told all.
    """
    places = list(product(accounts, namespaces))
    path = f"{AUTHORIZATION}/selfsubjectrulesreviews"
    reviews = [
        Asked(path, {"spec": {"namespace": namespace}}, {"Impersonate-User": _user(account)})
        for account, namespace in places
    ]
    found: set[Right] = set()
    for (account, namespace), answer in zip(places, requests.many(reviews), strict=True):
        status = answer["status"]
        assert not status["incomplete"], status
        for rule, kind in product(status["resourceRules"], kinds):
            if kind.namespaced and _has(rule.get("apiGroups"), kind.group) and _covers(rule["resources"], kind):
                verbs = [verb for verb in kind.verbs if _has(rule["verbs"], verb)]
                # A right to objects of some names alone is none to the kind: it shows as a resource of its own.
                only = f"[{','.join(rule['resourceNames'])}]" if rule.get("resourceNames") else ""
                found |= {Right(account, namespace, f"{kind.name}{only}", verb) for verb in verbs}
    return found


def _covers(resources: Collection[str], kind: Kind) -> bool:
    _, slash, sub = kind.resource.partition("/")
    return _has(resources, kind.resource) or bool(slash and f"*/{sub}" in resources)


def _has(names: Collection[str] | None, name: str) -> bool:
    return names is not None and ("*" in names or name in names)


def _user(account: str) -> str:
    return f"system:serviceaccount:{account.replace('/', ':')}"


def _review(account: str, **about: Mapping[str, str]) -> Asked:
    namespace = account.partition("/")[0]
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
    return Asked(f"{AUTHORIZATION}/subjectaccessreviews", {"spec": {"user": _user(account), "groups": groups, **about}})


def without(rights: Iterable[Right], everybody: Iterable[Right]) -> set[Right]:
    """The rights that an account has beyond those that any account has in the same place."""
    common = {right[1:] for right in everybody}
    return {right for right in rights if right[1:] not in common}


def spelt_out(table: Mapping[str, Mapping[str, Mapping[str, str]]]) -> set[Right]:
    """A table of account → scope → resources → verbs, both separated by spaces, as single rights."""
    return {
        Right(account, scope, resource, verb)
        for account, scopes in table.items()
        for scope, rules in scopes.items()
        for resources, verbs in rules.items()
        for resource, verb in product(resources.split(), verbs.split())
    }


def differences(found: Collection[Right], table: Collection[Right]) -> list[str]:
    """What is allowed and should not be, and the reverse, as sentences; a line for each account, scope and resource."""
    return [
        *_lines(set(found) - set(table), "may, and should not"),
        *_lines(set(table) - set(found), "should, and may not"),
    ]


def _lines(rights: Collection[Right], what: str) -> list[str]:
    places = sorted({right[:3] for right in rights})
    order: Callable[[Right], str] = lambda right: right.verb  # noqa: E731
    return [
        f"{account} {what}: {' '.join(right.verb for right in sorted(rights, key=order) if right[:3] == place)}"
        f" {resource} in {scope}"
        for place in places
        for account, scope, resource in [place]
    ]


def is_about_oneself(right: Right) -> bool:
    """Whether it is the right to ask who one is and what one may do."""
    return bool(re.fullmatch(r"selfsubject\w+\.(authorization|authentication)\.k8s\.io", right.resource))
