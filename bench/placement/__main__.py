"""Ten thousand pods on a thousand pretended nodes: how fast the real control plane binds them, and who works for it.

.local/envs/infra/bin/python -m bench.placement --output bench/results/placement.json

It is the run that `tests/cluster` judges (as root; `make test-cluster` says what it needs), with the figures kept.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
FIGURES: Final = ROOT / ".local" / "bench" / "placement.json"
"""Where `tests/cluster/test_placement.py` writes them."""
TEST: Final = "test_every_pod_is_on_a_node_of_its_service_type"


def main() -> int:
    """The command; its status is the test's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="JSON file with the result")
    arguments = parser.parse_args()
    load_before = os.getloadavg()[0]
    FIGURES.unlink(missing_ok=True)
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "run_tests.py"), "cluster", "-k", TEST], check=False)
    if done.returncode != 0:
        return done.returncode
    result = {"what": "placement", "repeats": 1, "load_before": load_before, **json.loads(FIGURES.read_text("utf-8"))}
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
