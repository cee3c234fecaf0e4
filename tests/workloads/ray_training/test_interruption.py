"""Trainings that are cut off: what is left behind, and how the next one goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import xgboost
from ray_training.distributed.cluster import FOLDER, PREFIX, remove_leftovers
from synthetic_dataset import write_dataset
from training_site import AGENTS, ROUNDS, Site, TrainedSite, leftovers, processes_of, wait_for


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, int]:
    """A training that was killed after its third checkpoint, and the pid that it had."""
    site = Site.make(tmp_path_factory.mktemp("cut-off"))
    write_dataset(Path(site.contract.lake.features))
    process = site.start("train", "--rounds", ROUNDS, "--checkpoint-every", "1")
    runs = Path(site.contract.ray.storage)
    try:
        wait_for(lambda: newest_checkpoint(runs) >= 3, "the third checkpoint")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    # Ray's workers die a moment later than the one that started them, and go on boosting until then.
    wait_for(lambda: not workers_of(process.pid), "Ray's workers to end")
    assert newest_checkpoint(runs) < int(ROUNDS)
    return site, process.pid


def workers_of(pid: int) -> list[str]:
    return [command for command in processes_of(pid).values() if not command.startswith(AGENTS)]


def newest_checkpoint(runs: Path) -> int:
    """Rounds of the newest checkpoint that Ray Train has noted."""
    for path in runs.glob("*/checkpoint_manager_snapshot.json"):
        try:
            latest = json.loads(path.read_text())["latest_checkpoint_result"]
        except ValueError:  # read while it was written
            continue
        if latest:
            return int(latest["metrics"]["rounds"])
    return 0


def test_the_workers_of_a_killed_training_die_with_it(cut_off: tuple[Site, int]) -> None:
    _, pid = cut_off
    assert workers_of(pid) == []


def test_a_killed_training_continues_from_its_checkpoint_and_grows_the_same_trees(
    cut_off: tuple[Site, int], trained_site: TrainedSite
) -> None:
    site, pid = cut_off
    done_before = newest_checkpoint(Path(site.contract.ray.storage))
    summary = site.summary("train", "--rounds", ROUNDS)
    assert 3 <= summary["resumed_from_round"] == done_before
    boosters = [
        xgboost.Booster(model_file=next(one.folder.glob("mlflow/artifacts/**/model.ubj")))
        for one in (site, trained_site.site)
    ]
    resumed, undisturbed = (booster.get_dump(with_stats=True) for booster in boosters)
    assert len(resumed) > done_before
    assert resumed == undisturbed
    assert summary["metrics"] == trained_site.summary["metrics"]
    # The next cluster has cleaned up after the killed one.
    assert leftovers(pid) == []
    assert processes_of(pid) == {}


def test_the_run_tells_from_which_round_it_continued(cut_off: tuple[Site, int]) -> None:
    import mlflow

    site, _ = cut_off
    summary = site.summary("train", "--rounds", ROUNDS)
    client = mlflow.MlflowClient(tracking_uri=site.contract.mlflow.tracking_uri)
    tags = client.get_run(summary["run_id"]).data.tags
    assert tags["resumed_from_round"] == str(summary["resumed_from_round"]) != "0"


def stop(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """Sends the signal, after which there must soon be nothing left of the training; its standard error."""
    process.send_signal(number)
    _, stderr = process.communicate(timeout=300)
    wait_for(lambda: not processes_of(process.pid), "Ray's processes to end")
    assert leftovers(process.pid) == []
    return stderr


@pytest.fixture
def training(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A long training, from the moment on when Ray is up."""
    site = Site.make(tmp_path)
    write_dataset(Path(site.contract.lake.features), rows=2000)
    process = site.start("train", "--rounds", "5000")
    assert process.stdout is not None
    assert any("Ray is up" in line for line in process.stdout), process.communicate()[1]
    assert processes_of(process.pid)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 1)])
@pytest.mark.parametrize("seconds", [0, 0.5, 4])
def test_a_stopped_training_stops_what_it_started(
    training: subprocess.Popen[str], number: signal.Signals, status: int, seconds: float
) -> None:
    """At once, while Ray Train starts, and while it trains: other threads are in Ray then."""
    time.sleep(seconds)
    stderr = stop(training, number)
    assert training.returncode == status
    assert "Traceback" not in stderr
    assert ("Aborted!" in stderr) == (number == signal.SIGINT)


def test_a_training_is_stopped_even_if_ray_does_not_answer(training: subprocess.Popen[str]) -> None:
    time.sleep(2)
    for pid in processes_of(training.pid):
        os.kill(pid, signal.SIGSTOP)
    stop(training, signal.SIGTERM)
    assert training.returncode == 143


def test_a_training_is_stopped_while_ray_starts(tmp_path: Path) -> None:
    site = Site.make(tmp_path)
    write_dataset(Path(site.contract.lake.features), rows=2000)
    process = site.start("train")
    wait_for(lambda: bool(processes_of(process.pid)), "Ray's first process")
    stop(process, signal.SIGTERM)
    assert process.returncode == 143


def test_the_folder_of_a_dead_training_goes_even_if_nobody_has_asked_after_the_process() -> None:
    """As in a container whose first process is no init: who was killed stays in the table of processes."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        stat = Path(f"/proc/{process.pid}/stat")
        wait_for(lambda: stat.read_text().rpartition(")")[2].split()[0] == "Z", "the end of the process")
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{process.pid}-", dir=FOLDER))
        try:
            remove_leftovers()
            assert not folder.exists()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
