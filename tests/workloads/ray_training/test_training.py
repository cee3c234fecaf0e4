"""One training from data set to champion, as the command does it: real Ray, real MLflow."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import xgboost
from platform_contract import KEY_COLUMNS, FeatureSchema
from platform_contract.model_file import (
    FINGERPRINT_ATTRIBUTE,
    SCHEMA_ATTRIBUTE,
    VERSION_ATTRIBUTE,
    predictions_path,
    shared_model_path,
)
from ray_training.data.dataset import Dataset, find_dataset
from ray_training.data.reading import Matrix
from ray_training.models.boosting import best_of, boost, quantized
from ray_training.settings import BoostingSettings
from training_site import ROUNDS, TrainedSite


def dataset_of(trained: TrainedSite) -> Dataset:
    return find_dataset(trained.site.contract.lake.features)


def champion_booster(trained: TrainedSite, client: Any, folder: Path) -> xgboost.Booster:
    import mlflow

    settings = trained.site.contract.mlflow
    version = client.get_model_version_by_alias(settings.registered_model, settings.champion_alias)
    uri = f"models:/{settings.registered_model}/{version.version}"
    path = mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder))
    return xgboost.Booster(model_file=f"{path}/model.ubj")


def matrix_of(dataset: Dataset, months: list[int]) -> Matrix:
    """Read by pyarrow alone, apart from the code that is tested."""
    manifest = dataset.manifest
    table = pads.dataset(dataset.paths, format="parquet").to_table(filter=pads.field(manifest.month).isin(months))
    matrix = Matrix(dataset.feature_names, manifest.label, table.num_rows)
    matrix.add(table)
    return matrix


def test_the_model_beats_the_base_rate_and_the_logistic_regression(trained_site: TrainedSite) -> None:
    metrics = trained_site.summary["metrics"]
    assert metrics["log_loss"] < metrics["logistic_log_loss"] < metrics["base_log_loss"]
    assert metrics["auc"] > metrics["logistic_auc"] > 0.6


def test_the_trees_are_those_of_months_1_to_10_alone(
    trained_site: TrainedSite, mlflow_client: Any, tmp_path: Path
) -> None:
    # One plain process that is given the ten months and nothing else grows the very same trees.
    dataset, settings = dataset_of(trained_site), BoostingSettings(rounds=int(ROUNDS))
    matrices = [matrix_of(dataset, list(range(201301, 201310))), matrix_of(dataset, [201310])]
    train, validation = quantized(dataset, matrices, settings, threads=2)
    plain = best_of(*boost(settings, 2, train, validation))
    champion = champion_booster(trained_site, mlflow_client, tmp_path)
    assert champion.get_dump(with_stats=True) == plain.get_dump(with_stats=True)
    assert trained_site.summary["metrics"]["rows_train"] == matrices[0].rows
    assert trained_site.summary["metrics"]["rows_validation"] == matrices[1].rows


def test_the_predictions_are_those_of_the_booster_for_every_flight_of_the_heldout_months(
    trained_site: TrainedSite, mlflow_client: Any, tmp_path: Path
) -> None:
    dataset, summary = dataset_of(trained_site), trained_site.summary
    path = predictions_path(trained_site.site.contract.lake.predictions, summary["model_version"])
    assert summary["predictions"] == path
    predictions = pq.read_table(path)
    manifest = dataset.manifest
    assert predictions.column_names == [*KEY_COLUMNS, manifest.label, manifest.outcome, manifest.month, "probability"]
    assert set(predictions["month"].to_pylist()) == {201311, 201312}
    heldout = matrix_of(dataset, [201311, 201312])
    booster = champion_booster(trained_site, mlflow_client, tmp_path)
    expected = booster.inplace_predict(heldout.features).astype(np.float64)
    given = predictions["probability"].to_numpy()
    assert given.dtype == np.float64
    np.testing.assert_allclose(given, expected, rtol=0, atol=1e-12)
    keys = pads.dataset(dataset.paths).to_table(["flight_id"], filter=pads.field("month") >= 201311)
    assert predictions["flight_id"].to_pylist() == keys["flight_id"].to_pylist()


def test_the_run_has_parameters_metrics_plots_and_the_fingerprint(
    trained_site: TrainedSite, mlflow_client: Any
) -> None:
    run = mlflow_client.get_run(trained_site.summary["run_id"])
    fingerprint = dataset_of(trained_site).manifest.fingerprint
    assert (run.info.status, run.info.experiment_id) == ("FINISHED", trained_site.summary["experiment_id"])
    assert run.data.params["data_fingerprint"] == run.data.tags["data_fingerprint"] == fingerprint
    assert run.data.params["max_depth"] == "5"
    assert run.data.params["train_months"] == "2013-01 to 2013-09"
    assert (run.data.params["validation_months"], run.data.params["heldout_months"]) == (
        "2013-10",
        "2013-11 to 2013-12",
    )
    assert run.data.metrics.items() >= trained_site.summary["metrics"].items()
    assert {"auc", "log_loss", "brier", "calibration_error", "logistic_auc"} <= set(run.data.metrics)
    plots = [Path(path) for path in trained_site.summary["plots"]]
    assert [path.name for path in plots] == ["roc.png", "calibration.png", "feature_importance.png"]
    for path in plots:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size > 10_000


def test_the_registered_model_has_a_signature_and_an_example_and_predicts_as_the_booster(
    trained_site: TrainedSite, mlflow_client: Any, tmp_path: Path
) -> None:
    import mlflow

    uri = f"models:/{trained_site.site.contract.mlflow.registered_model}@champion"
    model = mlflow.pyfunc.load_model(uri)
    dataset = dataset_of(trained_site)
    assert model.metadata.signature.inputs.input_names() == list(dataset.feature_names)
    example = model.input_example
    assert example.shape == (5, len(dataset.feature_names))
    booster = champion_booster(trained_site, mlflow_client, tmp_path)
    expected = booster.inplace_predict(example.to_numpy(dtype=np.float32))
    np.testing.assert_allclose(model.predict(example.astype(np.float32)), expected, atol=1e-7)


def test_the_model_file_says_by_itself_what_it_is(
    trained_site: TrainedSite, mlflow_client: Any, tmp_path: Path
) -> None:
    dataset = dataset_of(trained_site)
    booster = champion_booster(trained_site, mlflow_client, tmp_path)
    assert booster.attr(VERSION_ATTRIBUTE) == trained_site.summary["model_version"]
    assert booster.attr(FINGERPRINT_ATTRIBUTE) == dataset.manifest.fingerprint
    schema = FeatureSchema.model_validate_json(booster.attr(SCHEMA_ATTRIBUTE) or "")
    assert schema == dataset.manifest.feature_schema
    assert booster.feature_names == list(dataset.feature_names)


def test_the_same_training_is_not_done_twice(trained_site: TrainedSite, mlflow_client: Any) -> None:
    again = trained_site.site.run("train", "--rounds", ROUNDS)
    summary = json.loads(again.stdout.splitlines()[-1])
    assert summary["reused"] is True
    told = {"run_id", "model_version", "metrics", "plots", "predictions"}
    assert {name: summary[name] for name in told} == {name: trained_site.summary[name] for name in told}
    runs = mlflow_client.search_runs([mlflow_client.get_run(summary["run_id"]).info.experiment_id])
    assert len(runs) == 1


def engines_imported_by(trained: TrainedSite, *words: str) -> tuple[dict[str, Any], list[str]]:
    """The summary of a command, and which of the slow engines it has imported."""
    import subprocess
    import sys

    engines = {"ray", "mlflow", "xgboost", "sklearn", "pandas", "pyarrow"}
    code = (
        "import json, sys; from ray_training.cli import main\n"
        f"try: main({list(words)!r})\n"
        f"except SystemExit: print(json.dumps(sorted({engines!r} & set(sys.modules))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=trained.site.environ, text=True, capture_output=True, check=True
    )
    summary, imported = map(json.loads, done.stdout.splitlines()[-2:])
    return summary, imported


def test_a_training_is_reused_without_an_engine_being_imported(trained_site: TrainedSite) -> None:
    summary, imported = engines_imported_by(trained_site, "train", "--rounds", ROUNDS)
    assert summary["reused"] is True
    assert imported == []


def test_publish_puts_the_champions_very_file_on_shared_storage_once(
    trained_site: TrainedSite, mlflow_client: Any, tmp_path: Path
) -> None:
    target = shared_model_path(trained_site.site.contract.shared_files.models)
    first = trained_site.site.summary("publish")
    assert first == {"step": "publish", "model_version": "1", "path": str(target), "reused": False}
    written = target.stat()
    assert engines_imported_by(trained_site, "publish") == ({**first, "reused": True}, [])
    assert target.stat().st_mtime_ns == written.st_mtime_ns
    assert sorted(path.name for path in target.parent.iterdir()) == [target.name, f"{target.name}.sha256"]
    subprocess.run(["sha256sum", "--check", "--strict", f"{target.name}.sha256"], cwd=target.parent, check=True)
    champion = champion_booster(trained_site, mlflow_client, tmp_path)
    assert xgboost.Booster(model_file=target).save_raw("ubj") == champion.save_raw("ubj")


def test_publish_asks_the_registry_again_when_it_or_the_file_has_changed(
    trained_site: TrainedSite, mlflow_client: Any
) -> None:
    settings = trained_site.site.contract.mlflow
    target = shared_model_path(trained_site.site.contract.shared_files.models)
    trained_site.site.summary("publish")
    content = target.read_bytes()
    target.write_bytes(content[:-1])
    assert trained_site.site.summary("publish")["reused"] is False
    assert target.read_bytes() == content
    digest = target.with_name(f"{target.name}.sha256")
    stated = digest.read_text()
    digest.unlink()
    assert trained_site.site.summary("publish")["reused"] is False
    assert digest.read_text() == stated
    mlflow_client.delete_registered_model_alias(settings.registered_model, settings.champion_alias)
    try:
        done = trained_site.site.run("publish")
    finally:
        mlflow_client.set_registered_model_alias(settings.registered_model, settings.champion_alias, "1")
    assert done.returncode == 2
    assert "has the alias 'champion'" in done.stderr
