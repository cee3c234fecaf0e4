"""A training that is killed while it is put on record: the next one goes on with the same run and the same version."""

from __future__ import annotations

import importlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from forked import in_a_fork
from plain_training import GOOD, Recorder

PLACES = (
    ("mlflow", "log_params"),
    ("ray_training.tracking.recording", "_log_plots"),
    ("mlflow.xgboost", "log_model"),
    ("mlflow.MlflowClient", "create_model_version"),
    ("ray_training.tracking.recording", "write_bytes"),
    ("ray_training.tracking.recording", "decide"),
    ("ray_training.tracking.registry.Registry", "move_alias"),
)
"""What recording calls, in this order: whatever is killed before or after one of them."""


def owner_of(place: str) -> Any:
    module, _, name = place.rpartition(".")
    return getattr(importlib.import_module(module), name) if name[:1].isupper() else importlib.import_module(place)


def record_and_die(folder: Path, place: str, name: str, *, after: bool) -> None:
    """Records in a process that is killed right before or after that call."""

    def work() -> None:
        owner = owner_of(place)
        original = getattr(owner, name)

        def deadly(*arguments: Any, **options: Any) -> None:
            if after:
                original(*arguments, **options)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(owner, name, deadly)
        Recorder(folder).record(GOOD, resumes=True)

    assert in_a_fork(work) == -signal.SIGKILL, f"{place}.{name} was never called"


def recorded(folder: Path, *, resumes: bool = True) -> dict[str, Any]:
    """A recording that nothing disturbs."""
    told = folder / "recorded.json"

    def work() -> None:
        made = Recorder(folder).record(GOOD, resumes=resumes)
        told.write_text(json.dumps({"version": made.version, "run_id": made.run_id, "files": made.files}))

    assert in_a_fork(work) == 0
    found: dict[str, Any] = json.loads(told.read_text())
    return found


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_killed_recording_is_gone_on_with(tmp_path: Path, after: bool) -> None:
    recorder = Recorder(tmp_path)
    recorder.write_dataset()
    for place, name in PLACES:
        record_and_die(tmp_path, place, name, after=after)
    made = recorded(tmp_path)
    client, settings = recorder.registry.client, recorder.site.contract.mlflow
    assert made["version"] == recorder.champion() == "1"
    known = client.search_model_versions(f"name = '{settings.registered_model}'")
    assert [str(one.version) for one in known] == ["1"]
    (run,) = client.search_runs([recorder.registry.experiment_id])
    assert (run.info.run_id, run.info.status) == (made["run_id"], "FINISHED")
    assert len(made["files"]) > 3
    assert all(Path(file).exists() for file in made["files"])


def test_a_version_whose_file_is_gone_is_not_gone_on_with(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.write_dataset()
    Path(recorded(tmp_path)["files"][0]).unlink()
    assert recorded(tmp_path)["version"] == "2"


def test_a_training_that_is_asked_for_again_gets_a_version_of_its_own(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.write_dataset()
    assert [recorded(tmp_path, resumes=again)["version"] for again in (True, False)] == ["1", "2"]
