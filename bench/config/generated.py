"""Judges generated configurations: ``.local/envs/infra/bin/python -m bench.config.generated --count 25000``.

None may raise, none be refused without a key and a remedy, and none be accepted that MLflow or Kubernetes refuse by its
name or its size; with some of the accepted ones (`--programs`) the whole program runs, and the schemas of Kubernetes
and of CloudFormation judge every resource. `tests/infra/config/test_generated.py` does the same to a few hundred.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "tests" / "support" / "infra")]

from config_judge import judged, refused_resources  # noqa: E402 - the path comes first
from config_strategies.changes import families  # noqa: E402
from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from mlplatform.config.base import Environment  # noqa: E402
from mlplatform.program import main as _  # noqa: E402, F401 - imported before anybody edits it

FAMILY: Final = 5
"""Configurations of one base: four out of five differ from it in one value or up to three."""


def main() -> int:
    """The command; its status is 1 when there is something to mend."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=25_000)
    parser.add_argument("--programs", type=int, default=40, help="accepted ones for which the whole program runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, help="where the figures are written, as JSON")
    given_ = parser.parse_args()
    found: Counter[str] = Counter()
    accepted: list[tuple[Environment, dict[str, Any]]] = []
    wrong: list[str] = []
    started, load = time.monotonic(), os.getloadavg()[0]

    @seed(given_.seed)
    @settings(
        max_examples=-(-given_.count // FAMILY),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(families(FAMILY))
    def judge(drawn: tuple[Environment, list[dict[str, Any]]]) -> None:
        environment, family = drawn
        for values in family:
            verdict = judged(environment, values)
            found["judged"] += 1
            found[f"{environment}: {'accepted' if verdict.accepted else 'refused'}"] += 1
            for one in verdict.complaints:
                wrong.append(f"{one} <- {environment} {json.dumps(values)}")
                sys.stderr.write(f"{wrong[-1]}\n")
            if verdict.accepted and not verdict.complaints:
                accepted.append((environment, values))
            if found["judged"] % 1000 == 0:
                sys.stderr.write(f"{dict(found)}, {len(wrong)} complaints\n")

    judge()
    for environment, values in accepted[:: max(1, len(accepted) // max(1, given_.programs))][: given_.programs]:
        found["programs run"] += 1
        wrong.extend(f"{one} <- {environment} {json.dumps(values)}" for one in refused_resources(environment, values))
    counts = dict(sorted(found.items()))
    if given_.output:
        figures = {"what": "configurations", "seed": given_.seed, "repeats": 1, "load_before": load}
        figures |= {"seconds": round(time.monotonic() - started), "counts": counts, "complaints": len(wrong)}
        given_.output.write_text(json.dumps(figures, indent=2) + "\n")
    for what, count in counts.items():
        sys.stdout.write(f"{what}: {count}\n")
    sys.stdout.write(f"seed {given_.seed}, {len(wrong)} complaints\n")
    for one in wrong[:20]:
        sys.stdout.write(f"{one[:1500]}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
