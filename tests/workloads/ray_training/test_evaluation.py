"""Scores against scikit-learn's, which computes them in its own way; and what the reading of files gives."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset as pads
import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_contract import local_contract
from ray.data import ExecutionResources
from ray_training.data.dataset import find_dataset
from ray_training.data.reading import FeatureFiles, fill, read, read_files
from ray_training.distributed import cluster
from ray_training.distributed.cluster import ray_cluster
from ray_training.models.evaluation import score
from ray_training.timing import Stopwatch
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from synthetic_dataset import write_dataset

rows = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1)),
    min_size=2,
    max_size=200,
).filter(lambda pairs: len({label for label, _ in pairs}) == 2)

YEAR = range(201301, 201313)


@given(rows)
def test_scores_are_what_scikit_learn_says(pairs: list[tuple[bool, float]]) -> None:
    labels = np.array([label for label, _ in pairs], dtype=np.float32)
    given_ = np.array([probability for _, probability in pairs])
    scores, curves = score(labels, given_, 0.3)
    assert scores.auc == pytest.approx(roc_auc_score(labels, given_))
    assert scores.brier == pytest.approx(brier_score_loss(labels, given_))
    assert scores.log_loss == pytest.approx(log_loss(labels, given_), rel=1e-6)
    assert scores.base_log_loss == pytest.approx(log_loss(labels, np.full(len(labels), 0.3)))
    assert (curves.false_positive_rate[0], curves.true_positive_rate[-1]) == (0, 1)
    assert 0 <= scores.calibration_error <= 1


def test_a_calibrated_forecast_has_next_to_no_calibration_error_and_a_shifted_one_has_the_shift() -> None:
    random = np.random.default_rng(1)
    given_ = random.uniform(0.05, 0.85, 400_000)
    labels = (random.random(len(given_)) < given_).astype(np.float32)
    assert score(labels, given_, 0.5)[0].calibration_error < 0.005
    assert score(labels, given_ + 0.1, 0.5)[0].calibration_error == pytest.approx(0.1, abs=0.005)


def test_rows_that_are_all_alike_cannot_be_scored() -> None:
    with pytest.raises(ValueError, match="all late or all punctual"):
        score(np.ones(3), np.ones(3), 0.5)


@pytest.mark.parametrize("tasks", [1, 2, 3, 7, 50])
def test_read_tasks_give_each_row_of_the_months_once_in_the_files_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tasks: int
) -> None:
    write_dataset(tmp_path, rows=1400, files=7)
    dataset = find_dataset(str(tmp_path))
    source = FeatureFiles(dataset, ["flight_id", "month"], [201302, 201309])
    monkeypatch.setattr("ray_training.data.reading.TASK_BYTES", source.estimate_inmemory_data_size() / tasks)
    made = source.get_read_tasks(parallelism=200)
    assert len(made) == source.count == min(tasks, 7)
    found = [number for task in made for table in task() for number in table["flight_id"].to_pylist()]
    expected = pads.dataset(dataset.paths).to_table(["flight_id"], filter=pads.field("month").isin([201302, 201309]))
    assert found == expected["flight_id"].to_pylist()


@pytest.fixture(scope="module")
def in_ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cluster for all: Ray keeps the token of the first that a process has started, and no other takes it."""
    settings = local_contract(tmp_path_factory.mktemp("ray")).ray.model_copy(update={"object_store_mib": 100})
    with ray_cluster(settings, Stopwatch()):
        yield


@pytest.mark.usefixtures("in_ray")
def test_ray_data_cuts_no_block_into_pieces(tmp_path: Path) -> None:
    write_dataset(tmp_path / "features", rows=2000, files=2)
    dataset = find_dataset(str(tmp_path / "features"))
    rows = read(dataset, ["flight_id"], YEAR).materialize()
    assert rows.num_blocks() <= len(dataset.paths)
    assert rows.count() == 2000


@pytest.mark.usefixtures("in_ray")
def test_the_scheduler_of_ray_data_rests_while_the_reader_is_at_work(tmp_path: Path) -> None:
    """Without a pause it asks all the time for blocks that may not be fetched yet, and takes a CPU for it."""
    write_dataset(tmp_path / "features", rows=20_000, files=10)
    dataset = find_dataset(str(tmp_path / "features"))
    rows = read(dataset, list(dataset.feature_names), YEAR)
    rows.context.target_max_block_size = 10_000
    rows.context.execution_options.resource_limits = ExecutionResources(cpu=1, object_store_memory=50_000)
    blocks = iter(rows.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0))
    first: Any = next(blocks)
    assert first.num_rows < 20_000, "there is more to read"
    taken, started = time.process_time(), time.monotonic()
    time.sleep(3)
    assert (time.process_time() - taken) / (time.monotonic() - started) < 0.4


def test_a_matrix_has_the_values_of_the_files_and_nan_for_null(tmp_path: Path) -> None:
    write_dataset(tmp_path, rows=900, files=3)
    dataset = find_dataset(str(tmp_path))
    manifest = dataset.manifest
    columns = [*dataset.feature_names, manifest.label, manifest.month]
    first, second = fill(dataset, read_files(dataset.paths, columns, "month", YEAR), [YEAR[:3], YEAR[11:]])
    table = pads.dataset(dataset.paths).to_table(filter=pads.field("month").isin(list(YEAR[:3])))
    assert first.rows == table.num_rows
    assert first.features.dtype == np.dtype("float32")
    for position, name in enumerate(dataset.feature_names):
        column = table[name].to_pandas().to_numpy()
        np.testing.assert_array_equal(first.features[:, position], column)
    np.testing.assert_array_equal(first.labels, table["arrived_late"].to_numpy())
    assert np.isnan(first.features).any()
    assert second.rows == pads.dataset(dataset.paths).count_rows(filter=pads.field("month") == 201312)


def test_every_setting_of_ray_is_one_that_this_ray_knows() -> None:
    import ray

    sources = [path.read_text(errors="replace") for path in Path(ray.__file__).parent.glob("_private/**/*.py")]
    sources += [path.read_text() for path in Path(ray.__file__).parent.glob("_common/usage/*.py")]
    sources += [(Path(ray.__file__).parent / "train/v2/_internal/constants.py").read_text()]
    # The raylet's own are in its program.
    sources.append((Path(ray.__file__).parent / "core/src/ray/raylet/raylet").read_bytes().decode("latin-1"))
    names = {*cluster.ENVIRONMENT, *cluster.LOCAL_ENVIRONMENT, "RAY_AUTH_TOKEN_PATH"}
    unknown = {name for name in names if not any(name in source for source in sources)}
    assert unknown == {"DO_NOT_TRACK"}  # a general wish, not Ray's
