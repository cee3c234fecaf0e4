"""Trainings that are cut off: what is left behind, and how the next one goes on."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import xgboost
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
    wait_for(lambda: not workers_of(process.pid), "Ray's workers to end", seconds=30)
    assert newest_checkpoint(runs) < int(ROUNDS)
    return site, process.pid


def workers_of(pid: int) -> list[str]:
    return [command for command in processes_of(pid) if not command.startswith(AGENTS)]


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
    assert processes_of(pid) == []


def test_the_run_tells_from_which_round_it_continued(cut_off: tuple[Site, int]) -> None:
    import mlflow

    site, _ = cut_off
    summary = site.summary("train", "--rounds", ROUNDS)
    client = mlflow.MlflowClient(tracking_uri=site.contract.mlflow.tracking_uri)
    tags = client.get_run(summary["run_id"]).data.tags
    assert tags["resumed_from_round"] == str(summary["resumed_from_round"]) != "0"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_training_stops_what_it_started(tmp_path: Path, number: signal.Signals) -> None:
    site = Site.make(tmp_path)
    write_dataset(Path(site.contract.lake.features), rows=2000)
    process = site.start("train")
    assert process.stdout is not None
    for line in process.stdout:
        if "Ray is up" in line:
            break
    assert processes_of(process.pid)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    wait_for(lambda: not processes_of(process.pid), "Ray's processes to end", seconds=30)
    assert leftovers(process.pid) == []
