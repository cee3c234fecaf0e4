"""Several workers, and a search before the training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from synthetic_dataset import write_dataset
from training_site import Site, TrainedSite


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> TrainedSite:
    site = Site.make(tmp_path_factory.mktemp("two-workers"), workers=2, cpus_per_worker=1)
    write_dataset(Path(site.contract.lake.features), files=4)
    return TrainedSite(site, site.summary("train", "--tune", "2", "--rounds", "40"))


def test_two_workers_share_the_rows_and_make_one_good_model(searched: TrainedSite, trained_site: TrainedSite) -> None:
    metrics, alone = searched.summary["metrics"], trained_site.summary["metrics"]
    assert metrics["rows_heldout"] == alone["rows_heldout"]
    # Ray Data deals out equal shares, and leaves out the one row that is over.
    rows, of_one = (m["rows_train"] + m["rows_validation"] for m in (metrics, alone))
    assert of_one - 1 <= rows <= of_one
    assert metrics["log_loss"] < metrics["logistic_log_loss"] < metrics["base_log_loss"]
    assert metrics["auc"] > metrics["logistic_auc"]


def test_the_search_tries_as_often_as_asked_and_trains_the_best(searched: TrainedSite) -> None:
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=searched.site.contract.mlflow.tracking_uri)
    run = client.get_run(searched.summary["run_id"])
    artifact = Path(run.info.artifact_uri.removeprefix("file://")) / "tuning.json"
    table = json.loads(artifact.read_text())
    trials = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert len(trials) == 2
    assert {5, trials[0]["max_depth"]} <= {trial["max_depth"] for trial in trials}  # the present settings are tried
    best = min(trials, key=lambda trial: trial["validation_log_loss"])
    assert float(run.data.params["learning_rate"]) == pytest.approx(best["learning_rate"])
    assert run.data.params["max_depth"] == str(best["max_depth"])
