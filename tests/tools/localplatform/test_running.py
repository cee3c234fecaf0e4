"""A step that failed in a pod is told as one of this machine is: in its own words, or by the end of its log."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from offline_providers.engine import Outcome
from pulumi.automation import OpType

from tools.localplatform import pipeline
from tools.localplatform.jobs import PREPARE, TRAIN
from tools.localplatform.running import _follow, _require_success
from tools.localplatform.site import PlatformError
from tools.localplatform.stack import counted


def after(lines: list[str], *, reason: str = "Error", status: int | None = 1, phase: str = "Failed") -> None:
    """What comes of a pod whose container ended so, after it said that."""
    ended = None if status is None else SimpleNamespace(reason=reason, exit_code=status)
    container = SimpleNamespace(state=SimpleNamespace(terminated=ended))
    found = SimpleNamespace(phase=phase, container_statuses=[container], reason="Evicted")
    core: Any = SimpleNamespace(read_namespaced_pod=lambda *_: SimpleNamespace(status=found))
    _require_success(core, TRAIN, "train-x1", lines, Path("kept.log"))


def test_a_pod_that_succeeded_is_no_failure() -> None:
    after([], status=0, phase="Succeeded")


SPARKS_OWN = """\
WARNING: Using incubator modules: jdk.incubator.vector
Using Spark's default log4j profile: org/apache/spark/log4j2-defaults.properties
26/11/29 22:34:18 WARN NativeCodeLoader: Unable to load native-hadoop library for your platform
spark-preprocess: reading the raw files
26/11/29 22:34:19 WARN VertxHttpClientFactory: Vert.x will be closed by its client

spark-preprocess: 327,346 flights
{"step": "prepare"}
"""
"""What a pod's log has of Java, Hadoop and the client of Kubernetes around a program's own lines."""


def test_what_java_and_spark_say_of_themselves_is_kept_and_not_shown(tmp_path: Path) -> None:
    content, shown = SPARKS_OWN.encode(), list[str]()
    parts = (content[:100], content[100:250], content[250:])
    core: Any = SimpleNamespace(
        read_namespaced_pod_log=lambda *_, **__: SimpleNamespace(stream=lambda **_: iter(parts)),
        read_namespaced_pod=lambda *_: SimpleNamespace(status=SimpleNamespace(phase="Succeeded")),
    )
    kept = tmp_path / "logs" / "prepare.log"
    lines = _follow(core, PREPARE, "prepare-x1", shown.append, kept)
    assert shown == ["spark-preprocess: reading the raw files", "spark-preprocess: 327,346 flights"]
    assert lines[-1] == '{"step": "prepare"}', "the summary is the last line"
    assert kept.read_text() == SPARKS_OWN


def test_a_persons_mistake_is_told_in_the_steps_own_words() -> None:
    with pytest.raises(PlatformError) as told:
        after(["WARN noise", "Error: there is no data set.", "Run it first."], status=2)
    assert str(told.value) == f"{TRAIN.title}: there is no data set.\nRun it first."


@pytest.mark.parametrize(
    ("ended", "how"),
    [
        ({"reason": "OOMKilled", "status": 137}, r"failed \(OOMKilled, exit status 137\)"),
        ({"status": None}, r"failed \(Evicted\)"),
    ],
)
def test_any_other_failure_says_how_it_ended_and_shows_the_end_of_its_log(ended: dict[str, Any], how: str) -> None:
    log = [f"line {number}" for number in range(40)]
    pod = rf"The end of the log of the pod {TRAIN.namespace}/train-x1, kept\.log"
    with pytest.raises(PlatformError, match=rf"the step {how}\. {pod}:\n  line 25\n(.*\n)*  line 39$"):
        after(log, **ended)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo 'Error: no file.' >&2; echo 'Make it.' >&2; exit 2", r"^'ask it': no file\.\nMake it\.$"),
        ("echo one >&2; echo two >&2; exit 1", r"^'ask it': the step failed with status 1\..*said:\n  one\n  two$"),
        ("exit 1", r"The end of what it said:\n  \(nothing\)$"),
        ("exit 2", r"^'ask it': failed with status 2, and said nothing$"),
    ],
)
def test_a_command_of_this_machine_that_failed_is_told_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str
) -> None:
    program = tmp_path / "asking" / "bin" / "ask"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(pipeline, "ENVIRONMENTS", tmp_path)
    with pytest.raises(PlatformError, match=told):
        pipeline._command("asking", "ask", ["it"])


def test_what_the_engine_did_is_counted_by_resource_as_a_plan_counts_it() -> None:
    def step(name: str, op: OpType, kind: str = "kubernetes:core/v1:Service") -> Any:
        urn = f"urn:pulumi:local::p::{kind}::{name}"
        return SimpleNamespace(urn=urn, op=op, type=kind, old=None, new=None, keys=[], diffs=[], detailed_diff=None)

    steps = [
        step("stack", OpType.SAME, "pulumi:pulumi:Stack"),
        step("kept", OpType.SAME),
        step("made", OpType.CREATE),
        *(step("other", op) for op in (OpType.CREATE_REPLACEMENT, OpType.REPLACE, OpType.DELETE_REPLACED)),
    ]
    assert counted(Outcome("local", "up", steps, seconds=1.25)) == "1 create, 1 replace, 1 same in 1.2 s"


@pytest.mark.parametrize(
    ("generation", "counts", "complete"),
    [
        (2, (1, 1, 1), True),
        (1, (1, 1, 1), False),
        (2, (1, 2, 2), False),
        (2, (1, 2, 1), False),
        (2, (None, 1, 1), False),
        (2, (1, 1, None), False),
    ],
    ids=["complete", "not seen yet", "an old pod beside", "a new pod that starts", "none is new", "not ready"],
)
def test_a_roll_out_is_complete_when_all_pods_are_new_and_ready(
    generation: int, counts: tuple[int | None, int | None, int | None], *, complete: bool
) -> None:
    updated, all_of_them, ready = counts
    deployment: Any = SimpleNamespace(
        metadata=SimpleNamespace(generation=2),
        spec=SimpleNamespace(replicas=1),
        status=SimpleNamespace(
            observed_generation=generation, updated_replicas=updated, replicas=all_of_them, ready_replicas=ready
        ),
    )
    assert pipeline.rolled_out(deployment) is complete
