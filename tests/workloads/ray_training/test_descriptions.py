"""What a person reads in MLflow of a training: names, inputs, descriptions, and pages that open on them."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.environment_variables import MLFLOW_SERVER_ENABLE_JOB_EXECUTION
from plain_training import GOOD, Recorder
from ray_training.data.dataset import find_dataset
from ray_training.tracking import ui
from ray_training.tracking.recording import Recorded
from ray_training.tracking.registry import Registry

KIND = "mlflow.experimentKind"


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    recorder = Recorder(tmp_path_factory.mktemp("described"))
    recorder.write_dataset()
    return recorder


@pytest.fixture(scope="module")
def recorded(recorder: Recorder) -> Recorded:
    return recorder.record(GOOD)


@pytest.fixture
def run(recorder: Recorder, recorded: Recorded) -> Any:
    return recorder.registry.client.get_run(recorded.run_id)


def test_a_run_is_named_by_the_version_of_its_data_and_by_its_day(recorder: Recorder, run: Any) -> None:
    version, _, day = run.info.run_name.partition(" ")
    location = find_dataset(recorder.site.contract.lake.features).location
    assert Path(location).name.startswith(version)
    assert len(version) == len("v-") + 12
    assert abs((dt.datetime.now(dt.UTC).date() - dt.date.fromisoformat(day)).days) <= 1


def test_the_data_set_is_an_input_of_its_run_with_its_digest_its_columns_and_where_it_lies(
    recorder: Recorder, run: Any
) -> None:
    dataset = find_dataset(recorder.site.contract.lake.features)
    (used,) = run.inputs.dataset_inputs
    assert [(tag.key, tag.value) for tag in used.tags] == [("mlflow.data.context", "training")]
    assert dataset.manifest.fingerprint.startswith(used.dataset.digest)
    assert len(used.dataset.digest) >= 16
    assert mlflow.data.get_source(used).load() == dataset.location
    columns = [column["name"] for column in json.loads(used.dataset.schema)["mlflow_colspec"]]
    assert columns == [*dataset.feature_names, dataset.manifest.label]
    assert json.loads(used.dataset.profile) == {
        "num_rows": 4000,
        "num_features": len(dataset.feature_names),
        "first_day": "2013-01-01",
        "last_day": "2013-12-31",
    }


def test_a_registered_version_says_what_it_was_trained_on_and_how_well_it_does(
    recorder: Recorder, recorded: Recorded
) -> None:
    client, name = recorder.registry.client, recorder.site.contract.mlflow.registered_model
    version = client.get_model_version(name, recorded.version)
    metrics = recorded.metrics
    for told in (
        f"{metrics['rows_train']:,} flights of 2013-01 to 2013-09",
        f"{metrics['rows_heldout']:,} flights of 2013-11 to 2013-12",
        find_dataset(recorder.site.contract.lake.features).manifest.fingerprint,
        f"log loss {metrics['log_loss']:.3f}",
    ):
        assert told in str(version.description)
    assert version.tags["heldout_months"] == "2013-11 to 2013-12"
    assert version.tags["dataset"] == find_dataset(recorder.site.contract.lake.features).location
    assert "arrives late" in str(client.get_registered_model(name).description)


def test_the_experiment_is_one_of_model_training(recorder: Recorder) -> None:
    tags = recorder.registry.client.get_experiment(recorder.registry.experiment_id).tags
    assert tags[KIND] == "custom_model_development"
    assert "delays of flights" in tags["mlflow.note.content"]


def test_mlflows_page_knows_that_kind() -> None:
    scripts = (Path(mlflow.__file__).parent / "server" / "js" / "build" / "static" / "js").glob("*.js")
    texts = [text for path in scripts if "experimentKind" in (text := path.read_text(errors="replace"))]
    assert any('CUSTOM_MODEL_DEVELOPMENT="custom_model_development"' in text for text in texts)
    assert any('"mlflow.experimentKind"' in text for text in texts)


def test_what_a_person_has_said_of_an_experiment_stays(recorder: Recorder) -> None:
    client, one = recorder.registry.client, recorder.registry.experiment_id
    client.set_experiment_tag(one, "mlflow.note.content", "ours")
    client.delete_experiment_tag(one, KIND)
    Registry(recorder.site.contract.mlflow)
    tags = client.get_experiment(one).tags
    assert (tags["mlflow.note.content"], tags[KIND]) == ("ours", "custom_model_development")


def test_mlflows_server_starts_no_consumers_of_jobs(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    switch: Any = MLFLOW_SERVER_ENABLE_JOB_EXECUTION  # its own types are not told
    monkeypatch.delenv(switch.name, raising=False)
    assert switch.get(), "left out, MLflow starts ten processes for them"

    def serving(*_: object) -> None:
        raise SystemExit(f"with jobs: {switch.get()}")

    monkeypatch.setattr(os, "execv", serving)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    with pytest.raises(SystemExit, match="with jobs: False"):
        ui.serve(recorder.site.contract)
