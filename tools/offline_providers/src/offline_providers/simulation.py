"""Faults on demand: what a test, or a person with a doubt, makes the simulated cloud do.

`OFFLINE_FAULTS` lists `what:name` pairs, separated by commas, of resources by their name in the program:

- `create:NAME`, `update:NAME`, `delete:NAME`: that operation fails;
- `gone:NAME`: it is no longer there when it is read (`refresh`);
- `filled:NAME`: a bucket, a repository or a vault has contents, which only a force flag lets be deleted.
"""

from __future__ import annotations

import os
from typing import Final

from offline_providers.faults import OfflineError

VARIABLE: Final = "OFFLINE_FAULTS"
KINDS: Final = ("create", "update", "delete", "gone", "filled")


def asked_for(kind: str, name: str) -> bool:
    """Whether this fault is asked for."""
    return f"{kind}:{name}" in _listed()


def check_faults() -> None:
    """Raises what is wrong with the list."""
    for entry in _listed():
        kind, _, name = entry.partition(":")
        if kind not in KINDS or not name:
            raise OfflineError(f"{VARIABLE}: '{entry}' is not one of {', '.join(f'{kind}:NAME' for kind in KINDS)}.")


def fail_if_asked(kind: str, name: str) -> None:
    """Raises the fault that is asked for."""
    if asked_for(kind, name):
        raise OfflineError(f"{kind} of {name} fails because {VARIABLE} asks for it")


def _listed() -> list[str]:
    return [entry.strip() for entry in os.environ.get(VARIABLE, "").split(",") if entry.strip()]
