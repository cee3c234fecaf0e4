"""The lake in S3 of one machine: the gateway as a run starts it, and what the run itself reads and writes there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from local_pipeline.cli import cli
from local_pipeline.faults import PipelineError
from local_pipeline.object_lake import ObjectStore, at_hand, contract_in_s3, land_in_s3, start_object_store
from local_pipeline.processes import Ledger, MemoryWatch, Running
from local_pipeline.raw_files import FILES
from local_pipeline.steps import Workspace
from object_store import GATEWAY, WITH_GO, ensure_gateway
from platform_contract import local_contract
from rich.console import Console


@dataclass(frozen=True)
class Site:
    """A gateway that is up, as a run has it."""

    store: ObjectStore
    running: Running
    ledger: Ledger
    log: Path


def _workspace(folder: Path) -> Workspace:
    return Workspace(
        environments=folder / "envs",
        logs=folder / "logs",
        ledger=Ledger(folder / "processes.json"),
        environ={},
        console=Console(),
        memory=MemoryWatch(),
    )


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    ensure_gateway()
    workspace, store = _workspace(tmp_path), ObjectStore.new()
    running = start_object_store(store, GATEWAY, tmp_path / "s3", workspace)
    yield Site(store, running, workspace.ledger, workspace.logs / "object-store.log")
    running.stop()


@WITH_GO
def test_raw_files_land_once_and_a_file_of_the_lake_is_at_hand_as_a_path(site: Site) -> None:
    folder, reused = land_in_s3("s3://lake/raw", site.store.files)
    assert (folder, reused) == ("s3://lake/raw/nycflights13", False)
    assert land_in_s3("s3://lake/raw", site.store.files) == (folder, True)
    with at_hand(f"{folder}/airlines.csv", site.store.files) as path:
        assert path.read_text().startswith("carrier,name")
    found = site.store.files.get_file_info([f"lake/raw/nycflights13/{name}" for name in FILES])
    assert all(info.size > 0 for info in found)


@WITH_GO
def test_the_credentials_are_a_runs_own_and_are_in_no_command_line_no_log_and_no_list(site: Site) -> None:
    assert ObjectStore.new().secret_key != site.store.secret_key
    (process,) = site.running.entry.processes()
    told = [
        " ".join(process.cmdline()),
        site.log.read_text(),
        json.dumps([vars(entry) for entry in site.ledger.read()]),
    ]
    for secret in (site.store.secret_key, site.store.access_key):
        assert not [text for text in told if secret in text]
    listening = [connection.laddr.ip for connection in process.net_connections() if connection.status == "LISTEN"]
    assert set(listening) == {"127.0.0.1"}


@WITH_GO
def test_what_a_killed_run_has_left_up_is_stopped_by_the_next(site: Site) -> None:
    assert site.ledger.stop_all() == ["object-store"]
    assert site.running.popen.wait(300) is not None


@WITH_GO
def test_the_command_lands_raw_files_where_the_sdks_variables_lead_to(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in FILES:
        (tmp_path / name).write_text("a delivery")
    for name, value in site.store.environ.items():
        monkeypatch.setenv(name, value)
    for reused in (False, False):  # of files that somebody gives, a size says nothing
        done = CliRunner().invoke(cli, ["land", "s3://lake/raw", "--raw-files", str(tmp_path)])
        assert done.exit_code == 0, done.output
        assert json.loads(done.output) == {"step": "land", "folder": "s3://lake/raw/nycflights13", "reused": reused}
    with site.store.files.open_input_file("lake/raw/nycflights13/flights.csv") as stream:
        assert stream.read() == b"a delivery"


@pytest.mark.parametrize("words", [("land", "s3://lake/raw"), ("ask", "s3://lake/x.parquet", "http://a", "http://b")])
def test_a_lake_in_s3_that_nothing_leads_to_is_one_sentence(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    done = CliRunner().invoke(cli, words)
    assert isinstance(done.exception, PipelineError)
    assert str(done.exception).endswith("how to reach it: AWS_ENDPOINT_URL_S3 is not set.")


def test_predictions_that_are_no_file_are_told() -> None:
    done = CliRunner().invoke(cli, ["ask", "/none.parquet", "http://a", "http://b"])
    assert done.exit_code == 2
    assert "/none.parquet is no file." in done.output


def test_a_gateway_that_is_not_built_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"none is not there: 'make run LAKE=s3' builds it"):
        start_object_store(ObjectStore.new(), tmp_path / "none", tmp_path, _workspace(tmp_path))


def test_all_that_is_in_s3_on_aws_is_in_the_bucket_and_shared_files_are_not(tmp_path: Path) -> None:
    contract = contract_in_s3(local_contract(tmp_path))
    places = [*contract.lake.model_dump().values(), contract.mlflow.artifacts, contract.ray.storage]
    assert all(place.startswith("s3://lake/") for place in places)
    assert contract.shared_files == local_contract(tmp_path).shared_files
