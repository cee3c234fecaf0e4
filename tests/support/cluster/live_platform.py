"""The whole platform on a Kubernetes of this machine, for tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from kubernetes import client

from tools.localcluster.layout import ROOT
from tools.localplatform.site import Site

PART_OF = "app.kubernetes.io/part-of=mlplatform"
LOCAL_RUN = ROOT / ".local" / "run" / "summary.json"
TOOL = [sys.executable, str(ROOT / "tools" / "localplatform")]


@dataclass(frozen=True)
class Platform:
    """What is up, and what it took to get there."""

    site: Site
    before: dict[str, set[str]]
    """The machine's mounts, interfaces and the like, before anything was started."""
    healed: str
    """What the `up` has said that came after the one that was killed."""
    told: str
    """What the pipeline has said."""
    pipeline: dict[str, Any]
    """Its summary."""
    local_run: dict[str, Any]
    """The summary of `make run` on the same flights."""

    def api(self) -> client.ApiClient:
        return self.site.api()

    def pods(self) -> list[Any]:
        """All of the platform's that are there."""
        return list(client.CoreV1Api(self.api()).list_pod_for_all_namespaces(label_selector=PART_OF).items)


def tool(*words: str) -> str:
    """A command of the tool; what it said.

    Raises:
        AssertionError: it failed.
    """
    done = subprocess.run([*TOOL, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def killed_up(site: Site) -> None:
    """An `up` that ends with SIGKILL as soon as the database is asked for: its engine too."""
    with subprocess.Popen(
        [*TOOL, "up", "--no-build"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as running:
        end = time.monotonic() + 300
        while not client.AppsV1Api(site.api()).list_namespaced_deployment("platform-data").items:
            assert running.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < end
            time.sleep(0.1)
        os.killpg(running.pid, signal.SIGKILL)
