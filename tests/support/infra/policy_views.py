"""Recorded resources as the rules of `mlplatform_policy` see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplatform_policy.view import ResourceView
from pulumi.runtime import rpc
from recorder import Recorded, Recorder


def views(recorder: Recorder) -> list[ResourceView]:
    """All resources, in the order in which they were registered."""
    return [view(one) for one in recorder.resources]


def view(recorded: Recorded) -> ResourceView:
    """One resource; what is secret is known to rules, as it is under the engine."""
    return ResourceView(
        type=recorded.type,
        name=recorded.name,
        urn=recorded.urn,
        properties=plain(recorded.inputs),
        protect=recorded.protect,
        provider=provider_name(recorded.provider),
        references=recorded.references,
    )


def provider_name(reference: str) -> str:
    """Logical name in a reference, ``<urn>::<id>``; empty when there is none."""
    return reference.split("::")[3] if reference else ""


def plain(value: Any) -> Any:
    """The value without the wrappers of secrets, and with the whole numbers that protocol buffers do not know."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
