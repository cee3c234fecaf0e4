"""A process that has the large packages in memory and runs tests in copies of itself: it saves each mistake 15 seconds.

Reads lines of JSON, `{"tests": [...], "log": "file", "seconds": 600}`, and answers each with the exit code.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import time
import warnings
from pathlib import Path

PACKAGES = (
    "pytest", "hypothesis", "yaml", "pydantic", "pulumi", "pulumi_aws", "pulumi_eks", "pulumi_kubernetes",
    "pulumi_policy", "botocore.session", "kubernetes_validate", "jsonschema", "cfnlint.api",
)  # fmt: skip


def main() -> None:
    root = Path.cwd()
    warnings.simplefilter("ignore")
    used = {
        found
        for path in (root / "infra" / "mlplatform").rglob("*.py")
        for found in re.findall(r"\baws\.(\w+)\.[A-Z]", path.read_text("utf-8"))
    }
    for name in (*PACKAGES, *(f"pulumi_aws.{part}" for part in sorted(used))):
        importlib.import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            os.setsid()
            os._exit(_run(root, asked["tests"], asked["log"]))
        print(_wait(child, asked["seconds"]), flush=True)


def _run(root: Path, tests: list[str], log: str) -> int:
    import pytest

    with Path(log).open("w") as handle:
        os.dup2(handle.fileno(), 1)
        os.dup2(handle.fileno(), 2)
        sys.path[:0] = [str(root / "infra"), str(root / "workloads" / "platform_contract" / "src")]
        code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--no-header", *tests]))
        sys.stdout.flush()
        made = sys.modules.get("mlplatform")
        if made is not None and not str(made.__file__).startswith(str(root)):
            return 99  # the tests have looked at another copy
        return code


def _wait(child: int, seconds: float) -> int:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.killpg(child, 9)
    os.waitpid(child, 0)
    return -9


if __name__ == "__main__":
    main()
