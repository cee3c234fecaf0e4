"""What a person is told when something is not as it should be: one message, exit status 2, nothing half done."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from platform_contract.model_file import shared_model_path
from ray_training import publish_step
from ray_training.data.dataset import find_dataset
from ray_training.errors import TrainingError
from ray_training.tracking.registry import Registry
from synthetic_dataset import write_dataset
from training_site import Site, TrainedSite


@pytest.fixture
def features(tmp_path: Path) -> Path:
    write_dataset(tmp_path, rows=200)
    return tmp_path / "flight_delay"


def version_of(features: Path) -> Path:
    version = json.loads((features / "LATEST.json").read_text())["version"]
    return features / str(version)


def test_training_without_a_data_set_says_what_to_run_first(tmp_path: Path) -> None:
    done = Site.make(tmp_path).run("train")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "There is no data set at" in done.stderr
    assert "Run 'spark-preprocess' first." in done.stderr
    assert "Traceback" not in done.stderr


def test_publishing_without_a_champion_says_what_to_run_first(tmp_path: Path) -> None:
    done = Site.make(tmp_path).run("publish")
    assert done.returncode == 2
    assert "No version of the model 'flight-delay' has the alias 'champion'" in done.stderr
    assert "Run 'ray-train train' first." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_tracking_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    mlflow = Site.make(tmp_path).contract.mlflow.model_copy(update={"tracking_uri": "http://127.0.0.1:9"})
    done = Site.make(tmp_path, mlflow=mlflow).run("publish")
    assert done.returncode == 2
    assert "MLflow at http://127.0.0.1:9 did not do what it was asked for" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_training_ends_when_its_tracking_server_is_not_there(tmp_path: Path) -> None:
    mlflow = Site.make(tmp_path).contract.mlflow.model_copy(update={"tracking_uri": "http://127.0.0.1:9"})
    site = Site.make(tmp_path, mlflow=mlflow)
    write_dataset(Path(site.contract.lake.features), rows=2000)
    done = site.run("train")
    assert done.returncode == 2
    assert "MLflow at http://127.0.0.1:9 did not do what it was asked for" in done.stderr


def test_all_files_that_are_not_what_the_manifest_says_are_named_at_once(features: Path) -> None:
    first, second = sorted((version_of(features) / "data").iterdir())
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    with pytest.raises(TrainingError, match=r"(?s)part-00000\.parquet: is not there.*part-00001\.parquet: has \d+ b"):
        find_dataset(str(features.parent))


def test_a_manifest_of_another_version_is_refused(features: Path) -> None:
    path = version_of(features) / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "fingerprint": "0" * 16}))
    with pytest.raises(TrainingError, match="is of the data set v-0000000000000000, not of v-"):
        find_dataset(str(features.parent))


def test_a_broken_manifest_is_refused_with_all_its_faults(features: Path) -> None:
    path = version_of(features) / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "rows_in": -1, "label": 5}))
    with pytest.raises(TrainingError, match=r"(?s)prepare the data again:.*label: .*rows_in: "):
        find_dataset(str(features.parent))


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "models" / "flight_delay.ubj"
    publish_step.replace(target, b"old")
    target.with_name("taken").mkdir()
    with pytest.raises(TrainingError, match=r"Cannot write .*: Is a directory"):
        publish_step.replace(target.with_name("taken"), b"new")
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in target.parent.iterdir()) == ["flight_delay.ubj", "taken"]


def test_a_reader_sees_the_old_file_or_the_new_one_and_never_a_part(tmp_path: Path) -> None:
    import threading

    target = tmp_path / "flight_delay.ubj"
    contents = [bytes([number]) * 3_000_000 for number in range(2)]
    publish_step.replace(target, contents[0])
    stop = threading.Event()
    seen: set[bool] = set()

    def read() -> None:
        while not stop.is_set():
            seen.add(target.read_bytes() in contents)

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(40):
        publish_step.replace(target, contents[turn % 2])
    stop.set()
    reader.join()
    assert seen == {True}


def test_a_publication_that_is_killed_at_any_write_leaves_a_file_that_agrees_with_a_digest_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "flight_delay.ubj"

    def agrees() -> bool:
        stated = target.with_name("flight_delay.ubj.sha256").read_text()
        return hashlib.sha256(target.read_bytes()).hexdigest() in stated

    publish_step.replace_model(target, b"first")
    assert agrees()
    write, left = publish_step.replace, 0

    def dies(path: Path, content: bytes) -> None:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        write(path, content)

    monkeypatch.setattr(publish_step, "replace", dies)
    for writes in range(3):
        left = writes
        with pytest.raises(KeyboardInterrupt):
            publish_step.replace_model(target, f"killed after {writes}".encode())
        assert agrees()
    left = 3
    publish_step.replace_model(target, b"last")
    subprocess.run(["sha256sum", "--check", "--strict", "flight_delay.ubj.sha256"], cwd=tmp_path, check=True)


def test_a_file_that_was_damaged_where_it_lies_is_not_made_good_by_a_publication(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "flight_delay.ubj"
    publish_step.replace_model(target, b"first")
    target.write_bytes(b"firsT")
    seen: list[str] = []
    write = publish_step.replace

    def watched(path: Path, content: bytes) -> None:
        seen.append(content.decode())
        write(path, content)

    monkeypatch.setattr(publish_step, "replace", watched)
    publish_step.replace_model(target, b"second")
    assert len(seen) == 3
    assert hashlib.sha256(b"firsT").hexdigest() not in "".join(seen)


def test_a_version_whose_file_was_damaged_in_the_artifact_store_is_not_published(
    trained_site: TrainedSite, tmp_path: Path
) -> None:
    artifact = next(trained_site.site.folder.glob("mlflow/artifacts/**/model.ubj"))
    registry = Registry(trained_site.site.contract.mlflow)
    whole, target = artifact.read_bytes(), tmp_path / "flight_delay.ubj"
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 64
    artifact.write_bytes(changed)
    try:
        with pytest.raises(TrainingError, match="The file of version 1 of 'flight-delay' is not the one that was reg"):
            publish_step._put_champion(registry, target)
        assert not target.exists()
    finally:
        artifact.write_bytes(whole)
    publish_step._put_champion(registry, target)
    assert target.read_bytes() == whole


def test_a_version_that_did_not_come_from_training_is_not_published(trained_site: TrainedSite, tmp_path: Path) -> None:
    import xgboost

    path = next(trained_site.site.folder.glob("mlflow/artifacts/**/model.ubj"))
    booster = xgboost.Booster(model_file=path)
    booster.set_attr(model_version="77")
    booster.save_model(tmp_path / "model.ubj")
    with pytest.raises(TrainingError, match="The file of version 1 of 'flight-delay' says that it is version 77"):
        publish_step._check(tmp_path / "model.ubj", "1", "flight-delay")
    (tmp_path / "model.ubj").write_bytes(b"no booster")
    with pytest.raises(TrainingError, match="The file of version 1 of 'flight-delay' is no booster"):
        publish_step._check(tmp_path / "model.ubj", "1", "flight-delay")
    assert shared_model_path(tmp_path).exists() is False
