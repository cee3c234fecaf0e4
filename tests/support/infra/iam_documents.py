"""Policy documents of a recorded program, and what parliament (Duo's linter of IAM policies) says about them."""

from __future__ import annotations

import importlib
import importlib.resources
import importlib.util
import json
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

from recorder import Recorder

Document = Mapping[str, Any]


def role_policies(recorder: Recorder) -> dict[str, Document]:
    """Logical name of each inline policy → its document."""
    return {one.name: json.loads(one.inputs["policy"]) for one in recorder.of_type("aws:iam/rolePolicy:RolePolicy")}


def trust_of(recorder: Recorder, role: str) -> Document:
    """The only statement of a role's trust policy."""
    found = json.loads(recorder.one("aws:iam/role:Role", role).inputs["assumeRolePolicy"])["Statement"]
    assert len(found) == 1
    statement: Document = found[0]
    return statement


def statements(document: Document) -> Iterator[Document]:
    """All statements of a document."""
    yield from document["Statement"]


def statement(document: Document, sid: str) -> Document:
    """The statement of a name."""
    return next(one for one in statements(document) if one["Sid"] == sid)


def findings(document: Document) -> list[str]:
    """What is wrong with a policy: unknown actions, resources and conditions that do not go with the actions."""
    parliament = _parliament()
    analyzed = parliament.analyze_policy_string(json.dumps(document))
    return [str(finding) for finding in analyzed.findings]


def _parliament() -> Any:
    # parliament asks setuptools' pkg_resources for two paths; setuptools 82 and later has no such module.
    if "pkg_resources" not in sys.modules and importlib.util.find_spec("pkg_resources") is None:
        stand_in = types.ModuleType("pkg_resources")
        stand_in.__dict__["resource_filename"] = lambda package, name: str(importlib.resources.files(package) / name)
        sys.modules["pkg_resources"] = stand_in
    return importlib.import_module("parliament")
