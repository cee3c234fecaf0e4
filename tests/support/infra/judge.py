"""Has HashiCorp's provider for AWS judge the recorded program: `python -m judge dev`, `make judge ENV=dev`.

Every resource is validated and planned, without credentials; ends with 1 where something is refused. With
--replacements it is asked which changed property replaces a resource, and `aws_replacements.json` is written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from offline_providers.faults import OfflineError
from offline_providers.sdk.replacement import TOLD, told_of
from offline_providers.terraform.finding import find_provider
from offline_providers.terraform.judging import Row, judge, replacements, set_up
from offline_providers.terraform.provider import running
from recorder import Recorded, plausible_state
from whole_program import of_kinds, record

REPOSITORY = Path(__file__).resolve().parents[3]
ON_AWS = ("dev", "staging", "prod")
EVERYWHERE = {"123456789012", "eu-central-1", ""}
"""Values that stand in an output too, and that a plan knows."""


def rows(environment: Any) -> list[Row]:
    """The program's resources on AWS, each with the values that other resources give it."""
    recorder = record(environment)
    states = {
        one.urn: {"id": f"{one.name}-id", **plausible_state(one.type, one.name, one.inputs)}
        for one in recorder.resources
    }

    def unknown(one: Recorded) -> dict[str, set[str]]:
        return {
            name: {text for urn in urns if urn in states for text in texts(states[urn])} - EVERYWHERE
            for name, urns in one.references.items()
        }

    return [Row(one.type, one.name, one.inputs, unknown(one)) for one in of_kinds(recorder, "aws:")]


def texts(value: Any) -> Iterator[str]:
    """All texts within a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environment", choices=ON_AWS)
    parser.add_argument(
        "--provider", type=Path, help="its program (Terraform's plugin cache, or built from its module)"
    )
    parser.add_argument("--replacements", action="store_true", help="write the table of replacements, of all stacks")
    arguments = parser.parse_args(words)
    known = {token: told["terraform"] for token, told in told_of().items()}
    try:
        found = find_provider(arguments.provider, REPOSITORY)
        with running(found.path) as provider:
            set_up(provider)
            if arguments.replacements:
                every = [row for environment in ON_AWS for row in rows(environment)]
                return write(replacements(provider, every, known), found.version)
            judged = list(judge(provider, rows(arguments.environment), known))
            for one in judged:
                for finding in one.findings:
                    where = f" ({finding.where})" if finding.where else ""
                    told = "REFUSED" if finding.refused else "warning"
                    print(f"{told}: {one.row.type} {one.row.name}{where}: {finding.summary}. {finding.detail}".rstrip())
    except OfflineError as fault:
        print(f"judge: {fault}", file=sys.stderr)
        return 2
    planned, refused = sum(one.planned for one in judged), sum(one.refused for one in judged)
    print(found.version)
    print(f"{arguments.environment}: {len(judged)} resources, {planned} planned, {refused} refused")
    return 1 if refused else 0


def write(types: dict[str, Any], version: str) -> int:
    """Keeps the table, with the provider's version and the day."""
    content = {"provider": version, "asked": f"{datetime.now(UTC):%Y-%m-%d}", "types": types}
    beside = TOLD.with_suffix(".new")
    beside.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    beside.replace(TOLD)
    counts = [sum(len(one[key]) for one in types.values()) for key in ("replaces", "updates", "notTold")]
    print(
        f"{len(types)} types: {counts[0]} properties replace, {counts[1]} update, {counts[2]} not told; see {TOLD.name}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
