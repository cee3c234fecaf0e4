"""A process that has the large packages in memory and runs tests in copies of itself.

It has recorded the whole program once, and so imported what the SDKs import when it is first asked for: a mistake then
costs 3 to 5 seconds of a core, and not 11 to 18.

Reads lines of JSON, `{"tests": [...], "log": "file", "seconds": 600}`, and answers each with the exit code.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
import warnings
from pathlib import Path

PACKAGES = (
    "pytest", "hypothesis", "yaml", "pydantic", "pulumi", "pulumi_aws", "pulumi_eks", "pulumi_kubernetes",
    "pulumi_policy", "botocore.session", "kubernetes_validate", "jsonschema", "cfnlint.api",
)  # fmt: skip
WARM = ("local", "dev")
"""Environments whose program is recorded once, without a mistake."""


def main() -> None:
    root = Path.cwd()
    warnings.simplefilter("ignore")
    for name in PACKAGES:
        importlib.import_module(name)
    _warm_up(root)
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            os.setsid()
            os._exit(_run(root, asked["tests"], asked["log"]))
        print(_wait(child, asked["seconds"]), flush=True)


def _warm_up(root: Path) -> None:
    """Imports what the program and its SDKs import, and forgets the program itself: each run imports its own."""
    own = [str(root / part) for part in ("infra", "workloads/platform_contract/src", "tests/support/infra")]
    sys.path[:0] = own
    program = importlib.import_module("whole_program")
    for environment in WARM:
        program.record(environment)
    del sys.path[: len(own)]
    for name, module in list(sys.modules.items()):
        if name != "__main__" and (getattr(module, "__file__", None) or "").startswith(tuple(own)):
            del sys.modules[name]
    gc.collect()
    gc.freeze()  # what is in memory already is looked at by no collection in the copies


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
