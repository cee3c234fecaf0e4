"""Kills `make pipeline` at random moments, and lets the next one heal: after `make up`, as root.

.local/envs/infra/bin/python -m bench.platform_kills --output bench/results/platform-kills.json

Each kill is of a pipeline that has everything to do, the command and the pods of its steps with SIGKILL. The next one
must end with the version of the data set that a pipeline has which nobody kills; nothing may be left of the killed one
beside it; and a reader that follows ``LATEST.json`` all the time must never have been led to half a version.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = (
    "", "infra", "tools/offline_providers/src", "tools/local_pipeline/src", "tests/support/cluster",
    "tests/support/infra", "tests/support/workloads",
)  # fmt: skip
sys.path[:0] = [str(REPOSITORY / part) for part in SOURCES]

from live_lake import emptied, left_over, reading  # noqa: E402
from live_platform import Moment, killed_pipeline, some_moment, tool  # noqa: E402

from bench.machine import taken  # noqa: E402 - the path comes first
from tools.localplatform.pipeline import SUMMARY  # noqa: E402
from tools.localplatform.site import Site, own_site  # noqa: E402

SAME: Final = ("dataset", "rows_in", "rows_out", "metrics", "flights_asked")
"""What a healed pipeline tells as the one does that nobody kills."""


@dataclass(frozen=True)
class Outcome:
    """Of one kill."""

    number: int
    moment: str
    looks: int
    """Of the reader, while the two pipelines were at work."""
    healed_seconds: float
    faults: list[str]


def main() -> int:
    """The command; its status is 1 where a kill was not healed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=5, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=13, help="of the moments (%(default)s)")
    parser.add_argument("--raw-files", type=Path, help="a delivery (else: that of 2013)")
    parser.add_argument("--output", type=Path, required=True, help="JSON file with the result")
    arguments = parser.parse_args()
    load_before, site = os.getloadavg()[0], own_site()
    words = ["pipeline", *(["--raw-files", str(arguments.raw_files)] if arguments.raw_files else [])]
    emptied(site)
    whole = ended(site, words)
    seconds = list(whole["steps"].values())
    print(f"seed {arguments.seed}; {sum(seconds):.0f} s when nobody kills it", flush=True)
    outcomes = []
    for number, moment in enumerate(moments(arguments.seed, arguments.kills, seconds), start=1):
        outcomes.append(killed_and_healed(site, words, number, moment, whole))
        print(told(outcomes[-1]), flush=True)
    healed = sum(not outcome.faults for outcome in outcomes)
    print(f"{healed} of {len(outcomes)} healed, and nothing left over", flush=True)
    result: dict[str, Any] = {
        "taken": taken(),
        "what": "pipelines in pods that are killed at random moments, each healed by the next",
        "repeats": 1,
        "load_before": load_before,
        "seed": arguments.seed,
        "rows": whole["rows_in"],
        "version": Path(whole["dataset"]).name,
        "undisturbed_seconds": round(sum(seconds), 1),
        "undisturbed_steps": whole["steps"],
        "healed": healed,
        "kills": [asdict(outcome) for outcome in outcomes],
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0 if healed == len(outcomes) else 1


def moments(seed: int, count: int, seconds: list[float]) -> list[Moment]:
    """One in each of `count` equal parts of a pipeline's time, in random order."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    found = [some_moment((part + dice.random()) / count, seconds) for part in range(count)]
    dice.shuffle(found)
    return found


def ended(site: Site, words: list[str]) -> dict[str, Any]:
    """The summary of a pipeline that nobody kills."""
    tool(*words)
    summary: dict[str, Any] = json.loads((site.kept / SUMMARY).read_text())
    return summary


def killed_and_healed(site: Site, words: list[str], number: int, moment: Moment, whole: dict[str, Any]) -> Outcome:
    """Kills a pipeline that has everything to do, and looks at what the next one makes of it."""
    emptied(site)
    with reading(site) as reader:
        killed_pipeline(site, moment, words)
        began = time.monotonic()
        healed = ended(site, words)
        seconds = time.monotonic() - began
    other = [key for key in SAME if healed[key] != whole[key]]
    faults = [f"{key}: {healed[key]!r} and not {whole[key]!r}" for key in other]
    faults += [f"left over: {key}" for key in left_over(site, healed)]
    faults += [f"half a version: {half}" for half in reader.halves]
    if reader.found != [Path(whole["dataset"]).name]:
        faults.append(f"the reader was sent to {reader.found}")
    return Outcome(number, str(moment), reader.looks, round(seconds, 1), faults)


def told(outcome: Outcome) -> str:
    """In a line."""
    how = "; ".join(outcome.faults) or "healed"
    return f"{outcome.number}: killed at {outcome.moment}; {outcome.healed_seconds:.0f} s, {outcome.looks} looks: {how}"


if __name__ == "__main__":
    sys.exit(main())
