"""The package on S3: what it reads and keeps, as whom it signs, and a whole training with everything there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hostile_store import Fate, hostile
from identity_agent import TOKEN, identity_agent
from object_store import WITH_GO, ObjectStore, enter, gateway
from pyarrow import fs
from ray_training.data.dataset import find_dataset
from ray_training.data.places import open_location, read_bytes, remove_folder, size_of, write_bytes
from ray_training.data.reading import read_files
from ray_training.errors import TrainingError
from ray_training.receipt import Receipt, find_receipt, keep_receipt
from synthetic_dataset import write_dataset
from training_site import ROUNDS, Site, TrainedSite

pytestmark = WITH_GO


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with gateway("lake") as running:
        yield running


@pytest.fixture
def in_s3(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    enter(store.environ, monkeypatch)
    return store


@pytest.fixture
def features(in_s3: ObjectStore, tmp_path: Path) -> str:  # noqa: ARG001 - it must be reached
    """A data set in S3."""
    write_dataset(tmp_path)
    target, path = open_location(f"s3://lake/{tmp_path.name}/features")
    fs.copy_files(str(tmp_path), path, destination_filesystem=target)
    return f"s3://lake/{tmp_path.name}/features"


def test_a_data_set_in_s3_is_found_checked_and_read(features: str, tmp_path: Path) -> None:
    dataset, local = find_dataset(features), find_dataset(str(tmp_path))
    assert dataset.manifest == local.manifest
    columns, month = list(dataset.feature_names), dataset.manifest.month
    read = [table.to_pylist() for table in read_files(dataset.paths, columns, month, [1, 11])]
    assert read == [table.to_pylist() for table in read_files(local.paths, columns, month, [1, 11])]
    name = dataset.manifest.files[0].path
    write_bytes(f"{dataset.location}/{name}", b"short")
    with pytest.raises(TrainingError, match=rf"{name}: has 5 bytes, the manifest says"):
        find_dataset(features)
    with pytest.raises(TrainingError, match=r"There is no data set at s3://lake/none/flight_delay yet"):
        find_dataset("s3://lake/none")


@pytest.mark.usefixtures("in_s3")
@pytest.mark.parametrize("size", [3, 12_000_000], ids=["one put", "several parts"])
def test_a_file_is_written_replaced_and_removed_with_its_folder(size: int) -> None:
    location = f"s3://lake/files-{size}/folder/file"
    assert size_of(location) is None
    with pytest.raises(FileNotFoundError):
        read_bytes(location)
    for content in (b"a" * size, b"b" * size):
        write_bytes(location, content)
        assert read_bytes(location) == content
    assert size_of(location) == size
    remove_folder(f"s3://lake/files-{size}/folder")
    remove_folder(f"s3://lake/files-{size}/folder")
    assert size_of(location) is None


@pytest.mark.usefixtures("in_s3")
def test_a_receipt_counts_as_long_as_its_files_are_there() -> None:
    write_bytes("s3://lake/receipts-test/model", b"model")
    keep_receipt("s3://lake/receipts-test", "1", Receipt(summary={}, files=["s3://lake/receipts-test/model"]))
    assert find_receipt("s3://lake/receipts-test", "1") is not None
    remove_folder("s3://lake/receipts-test/model")
    open_location("s3://lake")[0].delete_file("lake/receipts-test/model")
    assert find_receipt("s3://lake/receipts-test", "1") is None


@pytest.mark.parametrize("fate", [Fate.THROTTLED, Fate.DROPPED, Fate.SLOW], ids=lambda fate: fate.name.lower())
def test_a_store_that_fails_now_and_then_loses_nothing(
    features: str, store: ObjectStore, monkeypatch: pytest.MonkeyPatch, fate: Fate
) -> None:
    with hostile(store) as (behind, hostility):
        enter(behind.environ, monkeypatch)
        hostility.decide = lambda call: fate if call % 3 == 0 else Fate.SERVED
        dataset = find_dataset(features)
        write_bytes(f"{features}/beside", b"whole")
        assert read_bytes(f"{features}/beside") == b"whole"
        assert sum(pq.read_metadata(open_location(p)[0].open_input_file(p[5:])).num_rows for p in dataset.paths) == 6000
        assert hostility.met[fate] > 1


def test_a_column_of_fewer_bytes_than_a_throttled_answer_is_read_whole(
    features: str, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hostile(store) as (behind, hostility):
        enter(behind.environ, monkeypatch)
        dataset = find_dataset(features)
        month = dataset.manifest.month
        whole = [table.to_pydict() for table in read_files(dataset.paths, [month], month, [201301, 201311])]
        assert {value for table in whole for value in table[month]} == {201301, 201311}
        # Four of eleven calls, in an order that does not fall in step with the calls of a try.
        hostility.decide = lambda call: Fate.THROTTLED if call * 7 % 11 < 4 else Fate.SERVED
        read = [table.to_pydict() for table in read_files(dataset.paths, [month], month, [201301, 201311])]
        assert read == whole
        assert hostility.met[Fate.THROTTLED] > 1
        hostility.decide = lambda _: Fate.THROTTLED
        monkeypatch.setattr("ray_training.data.reading.TRIES", 1)
        monkeypatch.setattr("ray_training.data.places.TRIES", 1)
        with pytest.raises(OSError, match=r"AWS Error"):
            list(read_files(dataset.paths, [month], month, [201301]))


def test_a_file_whose_reading_is_begun_again_gives_no_row_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure comes late: rows were given away before it."""
    import pyarrow as pa
    import pyarrow.dataset as pads

    file = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"month": [1, 2] * 500, "row": range(1000)}), file, row_group_size=100)
    real, failures = pads.dataset, [3, 0, 6]

    class Breaking:
        def __init__(self, whole: pads.Dataset) -> None:
            self._whole = whole

        def to_batches(self, **options: object) -> Iterator[pa.RecordBatch]:
            left = failures.pop() if failures else None
            for batch in self._whole.to_batches(**options):
                if left == 0:
                    raise OSError("AWS Error INTERNAL_FAILURE during GetObject operation")
                left = None if left is None else left - 1
                yield batch

    monkeypatch.setattr(pads, "dataset", lambda *given, **named: Breaking(real(*given, **named)))
    monkeypatch.setattr("ray_training.data.reading.ROWS_PER_BATCH", 70)
    monkeypatch.setattr("time.sleep", lambda _: None)
    rows = [row for table in read_files([str(file)], ["row"], "month", [1]) for row in table["row"].to_pylist()]
    assert rows == list(range(0, 1000, 2))
    assert failures == []


@pytest.mark.usefixtures("in_s3")
def test_a_store_that_refuses_says_what_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TrainingError, match=r"s3://nowhere/x: .* does not exist"):
        write_bytes("s3://nowhere/x", b"")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(TrainingError, match=r"s3://lake/x: S3 refuses this identity\. Is it the workload's"):
        read_bytes("s3://lake/x")


def test_pyarrow_and_boto3_ask_the_agent_of_the_pods_identity(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway takes no role's credentials: that it says so shows that it was sent them."""
    import boto3
    from botocore.exceptions import ClientError

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    with identity_agent(store, tmp_path) as (environ, asked):
        enter(environ, monkeypatch)
        with pytest.raises(TrainingError, match="HTTP status 400"):
            read_bytes("s3://lake/x")
        assert asked == [TOKEN]
        with pytest.raises(ClientError, match="InvalidToken"):
            boto3.client("s3").get_object(Bucket="lake", Key="x")
        assert asked == [TOKEN, TOKEN]


def test_a_training_with_everything_in_s3_and_no_rights_but_a_workloads_makes_the_same_model(
    trained_site: TrainedSite, features: str, store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = features.removeprefix("s3://lake/").removesuffix("/features")
    written = [f"{inner}/{area}" for area in ("predictions", "mlflow", "ray")]
    enter(store.limited("lake", reads=[f"{inner}/features"], writes=written).environ, monkeypatch)
    base = features.removesuffix("/features")
    before = trained_site.site.contract
    site = Site.make(tmp_path / "site")
    contract = site.contract.model_copy(
        update={
            "lake": site.contract.lake.model_copy(update={"features": features, "predictions": f"{base}/predictions"}),
            "mlflow": site.contract.mlflow.model_copy(update={"artifacts": f"{base}/mlflow"}),
            "ray": site.contract.ray.model_copy(update={"storage": f"{base}/ray"}),
        }
    )
    (site.folder / "contract.json").write_text(contract.model_dump_json())
    summary = site.summary("train", "--rounds", ROUNDS)
    assert before.ray.workers == contract.ray.workers
    assert summary["metrics"] == trained_site.summary["metrics"]
    assert summary["predictions"].startswith(base)
    assert all(size_of(location) for location in (summary["predictions"], *summary["plots"]))
    assert site.summary("train", "--rounds", ROUNDS)["reused"] is True
    assert site.summary("publish")["model_version"] == summary["model_version"]
    model = Path(contract.shared_files.models, "flight_delay.ubj")
    assert model.stat().st_size > 0
