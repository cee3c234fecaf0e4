"""The whole platform on a Kubernetes of this machine, for tests."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from live_lake import Reader

from tools.localcluster.layout import ROOT
from tools.localplatform.jobs import STEPS
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
    killed_at: str
    """When the pipeline was killed that ran before this one; by chance."""
    reader: Reader
    """Who looked at the lake from before the killed pipeline to the end of the next one."""
    told: str
    """What the pipeline has said that came after the one that was killed."""
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


@dataclass(frozen=True)
class Moment:
    """When a pipeline is killed."""

    step: int
    """Number of the step, as the pipeline counts them."""
    seconds: float
    """After it has begun."""

    def __str__(self) -> str:
        """For whoever wants to see it again."""
        return f"step {self.step}, {self.seconds:.1f} s"


def some_moment(share: float, seconds: Sequence[float]) -> Moment:
    """A moment of a pipeline.

    Args:
        share: of its time, from 0 to 1.
        seconds: how long each step takes, or is to be watched, from the first on.
    """
    left = share * sum(seconds)
    for number, one in enumerate(seconds, start=1):
        if left <= one:
            return Moment(number, left)
        left -= one
    return Moment(len(seconds), seconds[-1])


def killed_pipeline(site: Site, moment: Moment, words: Sequence[str] = ("pipeline",)) -> str:
    """A pipeline that ends with SIGKILL, its pods too; what it had said. It may have come to its end before."""
    with subprocess.Popen(
        [*TOOL, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as running:
        said: list[str] = []
        assert running.stdout is not None
        for line in running.stdout:
            said.append(line)
            if line.startswith(f"[{moment.step}/"):
                break
        # What it goes on saying must not fill the pipe.
        rest = threading.Thread(target=said.extend, args=(running.stdout,))
        rest.start()
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(moment.seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        _kill_pods(site)
        rest.join()
    return "".join(said)


def _kill_pods(site: Site) -> None:
    """The pods of the steps that are at work end at once, as when their node is switched off."""
    core = client.CoreV1Api(site.api())
    for step in STEPS:
        for pod in core.list_namespaced_pod(step.namespace, label_selector=f"job-name={step.name}").items:
            with contextlib.suppress(client.ApiException):
                core.delete_namespaced_pod(pod.metadata.name, step.namespace, grace_period_seconds=0)
