"""The data sources of AWS that can be answered without AWS."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from offline_providers.aws.outputs import Account
from offline_providers.faults import OfflineError
from offline_providers.wire import Properties, Value

NEWEST_VERSION: Final = "2012-10-17"


def answer(token: str, arguments: Properties, account: Account) -> Properties:
    """What the function answers.

    Raises:
        OfflineError: it looks something up in an account, which a plan should not depend on.
    """
    function = FUNCTIONS.get(token)
    if function is None:
        raise OfflineError(
            f"{token} looks something up in AWS, which cannot be done offline. Offline there are"
            f" {', '.join(sorted(known.split(':')[-1] for known in FUNCTIONS))}. Give the value in the stack's"
            " configuration, so that a plan depends on the program and its configuration alone."
        )
    return function(arguments, account)


def _caller_identity(_arguments: Properties, account: Account) -> Properties:
    arn = f"arn:{account.partition}:sts::{account.id}:assumed-role/offline/plan"
    return {"accountId": account.id, "arn": arn, "id": account.id, "userId": "AROAOFFLINE:plan"}


def _region(arguments: Properties, account: Account) -> Properties:
    name = arguments.get("region") or arguments.get("name") or account.region
    return {
        "description": name,
        "endpoint": f"ec2.{name}.amazonaws.com",
        "id": name,
        "name": name,
        "region": name,
    }


def _partition(_arguments: Properties, account: Account) -> Properties:
    suffix = "amazonaws.com.cn" if account.partition == "aws-cn" else "amazonaws.com"
    return {
        "dnsSuffix": suffix,
        "id": account.partition,
        "partition": account.partition,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def _availability_zones(arguments: Properties, account: Account) -> Properties:
    region = arguments.get("region") or account.region
    excluded = arguments.get("excludeNames") or []
    names = [name for letter in "abc" if (name := f"{region}{letter}") not in excluded]
    code = "".join(part[0] for part in region.split("-")[:2]) + region.split("-")[-1]
    return {
        "groupNames": [region],
        "id": region,
        "names": names,
        "region": region,
        "state": "available",
        "zoneIds": [f"{code}-az{index}" for index, _ in enumerate(names, 1)],
    }


def _arn(arguments: Properties, _account: Account) -> Properties:
    arn = str(arguments.get("arn"))
    parts = arn.split(":", 5)
    if len(parts) != 6:
        raise OfflineError(f"'{arn}' is no ARN.")
    names = ("partition", "service", "region", "account", "resource")
    return {"arn": arn, "id": arn, **dict(zip(names, parts[1:], strict=True))}


def _default_tags(_arguments: Properties, account: Account) -> Properties:
    return {"id": account.partition, "tags": dict(account.default_tags)}


# -- policy documents, rendered as the Terraform provider renders them


def _policy_document(arguments: Properties, _account: Account) -> Properties:
    document: dict[str, Any] = {"Version": arguments.get("version") or NEWEST_VERSION}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    merged: dict[str, Any] = {}
    for source in arguments.get("sourcePolicyDocuments") or []:
        _merge(merged, json.loads(source))
    sids = [statement.get("sid") for statement in arguments.get("statements") or [] if statement.get("sid")]
    if len(sids) != len(set(sids)):
        raise OfflineError(f"the policy document has two statements with the same Sid ({', '.join(sids)}).")
    document["Statement"] = [_statement(statement) for statement in arguments.get("statements") or []]
    _merge(merged, document)
    for override in arguments.get("overridePolicyDocuments") or []:
        _merge(merged, json.loads(override))
    ordered = {key: merged[key] for key in ("Version", "Id", "Statement") if merged.get(key)}
    text = json.dumps(ordered, indent=2, ensure_ascii=False)
    return {
        **arguments,
        "id": str(int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)),
        "json": text,
        "minifiedJson": json.dumps(ordered, separators=(",", ":"), ensure_ascii=False),
        "version": document["Version"],
    }


def _merge(into: dict[str, Any], document: Mapping[str, Any]) -> None:
    """Statements with a Sid that is there already replace that one."""
    if document.get("Id"):
        into["Id"] = document["Id"]
    into["Version"] = max(into.get("Version", ""), document.get("Version", ""))
    statements = into.setdefault("Statement", [])
    new = document.get("Statement") or []
    for statement in [new] if isinstance(new, dict) else new:
        same = [i for i, old in enumerate(statements) if statement.get("Sid") and old.get("Sid") == statement["Sid"]]
        if same:
            statements[same[0]] = statement
        else:
            statements.append(statement)


def _statement(given: Mapping[str, Any]) -> dict[str, Any]:
    parts = {
        "Sid": given.get("sid"),
        "Effect": given.get("effect") or "Allow",
        "Action": _words(given.get("actions")),
        "NotAction": _words(given.get("notActions")),
        "Resource": _words(given.get("resources")),
        "NotResource": _words(given.get("notResources")),
        "Principal": _principals(given.get("principals")),
        "NotPrincipal": _principals(given.get("notPrincipals")),
        "Condition": _conditions(given.get("conditions")),
    }
    return {key: value for key, value in parts.items() if value}


def _words(words: list[str] | None) -> Value:
    """One word alone, or all of them, the last in the alphabet first."""
    replaced = [word.replace("&{", "${") for word in words or []]
    return replaced[0] if len(replaced) == 1 else sorted(set(replaced), reverse=True)


def _principals(given: list[Mapping[str, Any]] | None) -> Value:
    found: dict[str, list[str]] = {}
    for principal in given or []:
        found.setdefault(principal["type"], []).extend(principal["identifiers"])
    if found == {"*": ["*"]}:
        return "*"
    return {kind: _words(identifiers) for kind, identifiers in sorted(found.items())}


def _conditions(given: list[Mapping[str, Any]] | None) -> Value:
    found: dict[str, dict[str, list[str]]] = {}
    for condition in given or []:
        values = found.setdefault(condition["test"], {}).setdefault(condition["variable"], [])
        values.extend(value.replace("&{", "${") for value in condition["values"])
    return {
        test: {name: values[0] if len(values) == 1 else values for name, values in sorted(variables.items())}
        for test, variables in sorted(found.items())
    }


FUNCTIONS: Final[dict[str, Callable[[Properties, Account], Properties]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getArn:getArn": _arn,
    "aws:index/getDefaultTags:getDefaultTags": _default_tags,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
}
