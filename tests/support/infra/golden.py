"""The golden lists: type and logical name of each resource of an environment. Every difference is a reviewed change.

``python tests/support/infra/golden.py`` accepts what the program registers now (`make golden`).
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parents[2] / "infra" / "golden"
HINT: Final = "run 'make golden' to accept this, and say in the commit why a resource is renamed, added or gone"


def path_of(environment: str) -> Path:
    """The list of an environment."""
    return FOLDER / f"{environment}.txt"


def listing(environment: str) -> str:
    """What the program registers now, sorted, one resource a line."""
    from whole_program import record

    found = {f"{one.type} {one.name}\n" for one in record(environment).resources}
    return "".join(sorted(found))


def difference(environment: str, now: str) -> str:
    """Lines that are gone (-) and new (+); empty when nothing is."""
    path = path_of(environment)
    accepted = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = difflib.unified_diff(accepted.splitlines(), now.splitlines(), "accepted", "now", lineterm="", n=0)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def accept() -> int:
    """Writes the lists anew, and prints what has changed; the picture of the platform too."""
    from mlplatform.config.base import ENVIRONMENTS

    FOLDER.mkdir(parents=True, exist_ok=True)
    for environment in ENVIRONMENTS:
        now = listing(environment)
        changes = difference(environment, now)
        path_of(environment).write_text(now, encoding="utf-8")
        print(f"{environment}: {changes or 'no change'}")
    from picture.__main__ import draw

    draw()
    return 0


if __name__ == "__main__":
    sys.exit(accept())
