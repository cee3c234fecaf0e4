"""An executor that dies costs time that nobody would explain: the run says that it was lost, and why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from spark_preprocessing.spark.lost_executors import _explained
from spark_site import contract_in

LOSES_ONE = """
import os, secrets, signal, sys, time
from pathlib import Path
from platform_contract import PlatformContract
from spark_preprocessing.spark import properties, session
from spark_preprocessing.spark.lost_executors import lost_executors

contract = PlatformContract.model_validate_json(Path(sys.argv[1]).read_text())
rendered = properties.spark_properties
session.spark_properties = lambda *given: {
    **rendered(*given),
    "spark.master": "local-cluster[1,1,1024]",
    "spark.authenticate.secret": secrets.token_hex(32),
    "spark.executor.memory": "512m",
}
def executors():
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            ours, words = os.getsid(int(entry.name)) == os.getsid(0), (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if ours and b".CoarseGrainedExecutorBackend\\0" in words:
            found.append(int(entry.name))
    return found
with session.spark_session(contract, "loses one") as spark:
    count = lambda: spark.range(1000).repartition(2).count()
    assert count() == 1000 and lost_executors(spark) == []
    for pid in executors():
        os.kill(pid, signal.SIGKILL)
    while not lost_executors(spark):
        time.sleep(0.1)
    assert count() == 1000
    print(*lost_executors(spark), sep="\\n")
"""
ON_KUBERNETES = """\
The executor with id 2 exited with exit code -1(unexpected).

The API gave the following container statuses:

\t container name: spark-executor
\t container state: terminated
\t exit code: 137
\t termination reason: OOMKilled
"""
"""What Spark 4.2.0 kept of one on the local cluster."""


def test_a_run_says_which_executor_it_has_lost_and_how(tmp_path: Path) -> None:
    contract = tmp_path / "contract.json"
    contract.write_text(contract_in(tmp_path).model_dump_json())
    done = subprocess.run(
        [sys.executable, "-c", LOSES_ONE, str(contract)],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == ["executor 0 ended with exit code 137; its work was done again"]


def test_one_that_the_kernel_has_killed_for_its_memory_leads_to_the_setting() -> None:
    assert _explained("2", ON_KUBERNETES) == (
        "executor 2 was killed for its memory (OOMKilled): the stack's spark.executor.overheadMib is too small;"
        " its work was done again"
    )
