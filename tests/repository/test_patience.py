"""Tests wait for conditions, with limits that also hold where a machine has much else to do.

A limit costs nothing where the condition comes; one of a few seconds fails a test for the load of its machine.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEAST_SECONDS = 120
LIMIT = re.compile(
    r"(?:monotonic\(\) \+ |\bcommunicate\(timeout=|\bwait\((?:timeout=)?|\bwait_procs\(\w+, timeout=)"
    r"(\d[\d_.]*)\b(?! \*)"
)
"""An end that is so many seconds from now, or a process or an event that is waited for so long."""
NO_LIMITS = {
    "tests/support/workloads/serving_site.py": 2.0,  # what a test has left is killed, whatever it does
    "tests/support/workloads/object_store.py": 10.0,  # the same
    "tests/support/cluster/control_plane.py": 10.0,  # the same
    "tests/workloads/spark_preprocessing/test_publication.py": 6.0,  # twice a lease, during which it is to stay
    "tests/workloads/bento_serving/hostile_requests.py": 0.05,  # a pause between two looks
}


def test_no_test_gives_up_within_seconds() -> None:
    told = subprocess.run(
        ["git", "ls-files", "tests/*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    found = {
        (name, float(seconds))
        for name in told.splitlines()
        if (ROOT / name).is_file()
        for seconds in LIMIT.findall((ROOT / name).read_text())
    }
    assert len(found) > 10, "limits are not found any more"
    hasty = {(name, seconds) for name, seconds in found if seconds < LEAST_SECONDS}
    assert hasty <= set(NO_LIMITS.items())
