"""Runs a step as a job to its end: what its program tells a person is shown as it comes, the last line is its summary.

A pod has one log of both standard output and standard error. All of it is kept in a file; what Java, Spark or MLflow
say there of themselves is not for who runs the pipeline.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import urllib3
from kubernetes import client
from local_pipeline.failures import why_it_failed

from tools.localplatform.jobs import Step, job
from tools.localplatform.site import PlatformError, Site

START_SECONDS: Final = 300
"""Longest until a pod runs: its node may have to pull a gigabyte first."""
BROKEN: Final = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "ErrImageNeverPull",
)


def run_step(site: Site, step: Step, image: str, tell: Callable[[str], None]) -> dict[str, Any]:
    """Runs a step; its summary.

    A job that an earlier run has left under the same name goes first; the new one stays, with its log, until the next.

    Raises:
        PlatformError: the pod does not start, or the step failed; with its own words.
    """
    api = site.api()
    batch, core = client.BatchV1Api(api), client.CoreV1Api(api)
    _remove(batch, step)
    batch.create_namespaced_job(step.namespace, job(step, step.name, image))
    pod = _started(core, step)
    log = site.kept / "logs" / f"{step.name}.log"
    lines = _follow(core, step, pod, tell, log)
    _require_success(core, step, pod, lines, log)
    try:
        found: dict[str, Any] = json.loads(lines[-1])
    except (IndexError, json.JSONDecodeError) as error:
        raise PlatformError(
            f"{step.title}: the step ended without its summary (pod {step.namespace}/{pod}; its log is {log})."
        ) from error
    return found


def remove_jobs(site: Site, steps: Sequence[Step]) -> None:
    """Removes what the steps have left: a pod holds its claims even when it has ended."""
    batch = client.BatchV1Api(site.api())
    for step in steps:
        _remove(batch, step)


def _remove(batch: client.BatchV1Api, step: Step) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            batch.delete_namespaced_job(step.name, step.namespace, propagation_policy="Foreground")
        except client.ApiException as error:
            if error.status == 404:
                return
            raise
        time.sleep(0.5)
    raise PlatformError(f"The job {step.namespace}/{step.name} of an earlier run does not go away.")


def _pods(core: client.CoreV1Api, step: Step) -> list[Any]:
    return list(core.list_namespaced_pod(step.namespace, label_selector=f"job-name={step.name}").items)


def _started(core: client.CoreV1Api, step: Step) -> str:
    """The name of the step's pod, once its container runs or has run."""
    end, why = time.monotonic() + START_SECONDS, "no pod was made: its namespace's quota or rules refuse it"
    while time.monotonic() < end:
        for pod in _pods(core, step):
            why = next((c.message or "" for c in pod.status.conditions or () if c.status == "False"), "") or "it starts"
            for status in pod.status.container_statuses or ():
                if status.state.running or status.state.terminated:
                    return str(pod.metadata.name)
                waiting = status.state.waiting
                if waiting and waiting.reason in BROKEN:
                    raise PlatformError(f"{step.title}: {waiting.reason}: {waiting.message}")
        time.sleep(0.5)
    raise PlatformError(f"{step.title}: its pod does not run after {START_SECONDS} s: {why}")


def _follow(core: client.CoreV1Api, step: Step, pod: str, tell: Callable[[str], None], kept: Path) -> list[str]:
    """Keeps the log until the container has ended, and shows what is for a person; its lines."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    shown = 0
    while True:
        try:
            log = core.read_namespaced_pod_log(pod, step.namespace, follow=True, _preload_content=False)
            lines, text = [], ""
            with kept.open("w", encoding="utf-8") as file:
                for chunk in log.stream(decode_content=True):
                    said = chunk.decode("utf-8", "replace")
                    file.write(said)
                    *whole, text = (text + said).split("\n")
                    lines += [line for line in whole if line.strip()]
                    for line in lines[shown:]:
                        if line.startswith(f"{step.command[0]}: "):
                            tell(line)
                    shown = max(shown, len(lines))
            lines += [text] if text.strip() else []
        except urllib3.exceptions.HTTPError:
            pass  # the connection was cut: the log is asked for again, from its start
        phase = core.read_namespaced_pod(pod, step.namespace).status.phase
        if phase in {"Succeeded", "Failed"}:
            return lines
        time.sleep(0.5)


def _require_success(core: client.CoreV1Api, step: Step, pod: str, lines: list[str], kept: Path) -> None:
    found = core.read_namespaced_pod(pod, step.namespace)
    if found.status.phase == "Succeeded":
        return
    ended = next((status.state.terminated for status in found.status.container_statuses or ()), None)
    how = f"{ended.reason}, exit status {ended.exit_code}" if ended else str(found.status.reason or "no reason told")
    status = ended.exit_code if ended else None
    log = f"the log of the pod {step.namespace}/{pod}, {kept}"
    raise PlatformError(why_it_failed(step.title, status, lines, how=f"failed ({how})", log=log))
