"""Which version the alias names: the rule by itself, and in a real registry."""

from __future__ import annotations

import pytest
import xgboost
from hypothesis import given
from hypothesis import strategies as st
from plain_training import BAD, GOOD, Recorder
from ray_training.data.dataset import Dataset, find_dataset
from ray_training.data.reading import fill, read_files
from ray_training.models.boosting import predict
from ray_training.models.evaluation import score
from ray_training.tracking.champion import Standing, decide


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    recorder = Recorder(tmp_path_factory.mktemp("champions"))
    recorder.write_dataset()
    return recorder


def test_the_alias_goes_from_the_first_version_to_a_better_one_and_an_equal_one_but_not_to_a_worse_one(
    recorder: Recorder,
) -> None:
    first = recorder.record(BAD)
    assert (first.decision.moves, recorder.champion()) == (True, "1")
    better = recorder.record(GOOD)
    assert (better.decision.moves, recorder.champion()) == (True, "2")
    worse = recorder.record(BAD)
    assert (worse.decision.moves, recorder.champion()) == (False, "2")
    assert worse.version == "3"
    assert worse.champion_version == "2"
    assert "version 2 stays champion, version 3 is worse: log loss" in worse.decision.reason
    equal = recorder.record(GOOD)
    assert (equal.decision.moves, recorder.champion()) == (True, "4")


def test_a_champion_of_other_data_is_scored_anew_on_the_present_heldout_months(recorder: Recorder) -> None:
    champion = recorder.record(GOOD)
    assert recorder.champion() == champion.version
    recorder.write_dataset(seed=8)
    worse = recorder.record(BAD)
    assert recorder.champion() == champion.version
    assert "scored anew, as it was trained on other data" in worse.decision.reason
    dataset = find_dataset(recorder.site.contract.lake.features)
    manifest = dataset.manifest
    columns = [*dataset.feature_names, manifest.label, manifest.month]
    months = dataset.split.heldout
    (heldout,) = fill(dataset, read_files(dataset.paths, columns, manifest.month, months), [months])
    booster = xgboost.Booster(model_file=champion.model_file)
    expected, _ = score(heldout.labels, predict(booster, heldout.features), 0.5)
    assert f"{expected.log_loss:.6f}" in worse.decision.reason
    assert f"{champion.metrics['log_loss']:.6f}" not in worse.decision.reason


def test_a_champion_that_the_present_data_does_not_fit_stays_and_the_reason_is_told(recorder: Recorder) -> None:
    champion = recorder.champion()
    dataset = find_dataset(recorder.site.contract.lake.features)
    schema = dataset.manifest.feature_schema
    fewer = schema.model_copy(update={"features": schema.features[:-1]})
    other = dataset.manifest.model_copy(update={"feature_schema": fewer, "fingerprint": "f" * 16})
    recorded = recorder.record(GOOD, Dataset(dataset.location, other))
    assert (recorded.decision.moves, recorder.champion()) == (False, champion)
    assert "the data no longer has its features carrier_late_share_7d; move the alias by hand" in (
        recorded.decision.reason
    )


def test_a_version_number_that_was_taken_in_the_meantime_is_not_written_into_another_versions_file(
    recorder: Recorder,
) -> None:
    before = recorder.record(BAD)
    # A deleted version is not found by a search, and its number is not given away again.
    client, name = recorder.registry.client, recorder.site.contract.mlflow.registered_model
    gone = client.create_model_version(name, source=before.model_file.removesuffix("/model.ubj"))
    client.delete_model_version(name, gone.version)
    recorded = recorder.record(BAD)
    booster = xgboost.Booster(model_file=recorded.model_file)
    assert booster.attr("model_version") == recorded.version
    assert int(recorded.version) > int(gone.version)


losses = st.floats(0, 20)


@given(losses, losses)
def test_the_alias_moves_exactly_if_the_candidate_is_not_worse(candidate: float, champion: float) -> None:
    decision = decide(Standing("2", candidate), Standing("1", champion))
    assert decision.moves == (candidate <= champion)


def test_no_champion_means_that_the_first_version_is_it() -> None:
    assert decide(Standing("1", 9.0), None).moves
