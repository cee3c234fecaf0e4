"""Stack files as the engine reads them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from offline_providers.faults import OfflineError


def read_stack_file(path: Path) -> dict[str, Any]:
    """What is in a ``Pulumi.<stack>.yaml``.

    Raises:
        OfflineError: it is no YAML, or no mapping.
    """
    try:
        found = yaml.safe_load(path.read_text("utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise OfflineError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict) or not isinstance(found.get("config") or {}, dict):
        raise OfflineError(f"{path} has no section 'config' of keys and values.")
    return found


def as_json(settings: Mapping[str, Any]) -> str:
    """JSON, which is YAML in which no reader takes '012345678901' for a number."""
    return json.dumps(settings, indent=2, default=_as_the_engine_has_it)


def _as_the_engine_has_it(value: object) -> str:
    """A date without quotes becomes the text of a time, by which a program can tell that the quotes are missing."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=value.tzinfo or dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return f"{value.isoformat()}T00:00:00Z"
    raise TypeError(f"{value!r} is nothing that a stack file can have")
