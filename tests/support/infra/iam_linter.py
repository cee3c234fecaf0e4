"""parliament, the linter of IAM policies, and the copy of AWS's own policies that moto ships."""

from __future__ import annotations

import importlib.util
import json
import sys
from functools import cache
from importlib import resources
from types import ModuleType
from typing import Any


def _parliament() -> Any:
    """It imports a part of setuptools that setuptools 82 took away, for one function."""
    if "pkg_resources" not in sys.modules and importlib.util.find_spec("pkg_resources") is None:
        stand_in = ModuleType("pkg_resources")
        stand_in.resource_filename = lambda package, name: str(resources.files(package) / name)  # type: ignore[attr-defined]
        sys.modules["pkg_resources"] = stand_in
    return importlib.import_module("parliament")


def findings(document: str) -> list[str]:
    """What the linter has to say of a policy document, ``ISSUE: detail``, sorted."""
    policy = _parliament().analyze_policy_string(document)
    return sorted(f"{one.issue}: {_text(one.detail) or _text(one.location)}" for one in policy.findings)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(part)}" for key, part in sorted(value.items()) if key not in ("line", "column"))
    return str(getattr(value, "value", value))


@cache
def _managed() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    read: dict[str, Any] = json.loads(aws_managed_policies_data)
    return read


@cache
def managed_policies() -> dict[str, str]:
    """Name of each of AWS's own policies → its ARN."""
    return {name: f"arn:aws:iam::aws:policy{its.get('Path', '/')}{name}" for name, its in _managed().items()}


@cache
def managed_documents() -> dict[str, dict[str, Any]]:
    """ARN of each of AWS's own policies → its document."""
    return {arn: _managed()[name]["Document"] for name, arn in managed_policies().items()}
