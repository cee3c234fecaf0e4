"""Writes ``docs/outputs.md`` and publishes the catalogue of outputs: ``python -m mlplatform.outputs_page``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from mlplatform.outputs import OUTPUTS, OUTPUTS_VERSION

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PAGE: Final = REPOSITORY / "docs" / "outputs.md"
SCHEMAS: Final = REPOSITORY / "infra" / "schemas"

HEAD: Final = """# Outputs of a stack

<!-- Written by `python -m mlplatform.outputs_page` from infra/mlplatform/outputs.py: change it there. -->

Other teams read a stack with a `StackReference` (see `examples/consumer/`) or with `pulumi stack output`. They need the
output `contract` and nothing else; the others are parts of it that people ask for most.

Version of this page: {version}. The second number is raised when an output is added, the first when one is removed or
gets another type.

No secret, kubeconfig or password is ever an output.

| Output | Type | Meaning |
| --- | --- | --- |
"""


class PublishedError(ValueError):
    """The catalogue is not what its version was published as."""


def page() -> str:
    """The page's text."""
    rows = [f"| `{output.name}` | {output.type} | {output.meaning} |" for output in OUTPUTS]
    return HEAD.format(version=OUTPUTS_VERSION) + "\n".join(rows) + "\n"


def lock() -> str:
    """What is promised, as JSON: names and types."""
    promised = {output.name: output.type for output in OUTPUTS}
    return json.dumps({"version": OUTPUTS_VERSION, "outputs": promised}, indent=2) + "\n"


def publish(folder: Path) -> Path:
    """Writes the lock of this version, unless it is there.

    Raises:
        PublishedError: it is there and says otherwise.
    """
    path = folder / f"outputs-{OUTPUTS_VERSION}.json"
    if path.exists() and path.read_text(encoding="utf-8") != lock():
        raise PublishedError(
            f"OUTPUTS is not what {path.name} says, and that version is published: raise OUTPUTS_VERSION (the second"
            " number for an added output, the first for anything else) and publish again."
        )
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(lock(), encoding="utf-8")
    return path


def main() -> None:
    """The command."""
    try:
        published = publish(SCHEMAS)
    except PublishedError as error:
        sys.exit(str(error))
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n{published}\n")


if __name__ == "__main__":
    main()
