"""Artifacts, on folders and in S3: the client writes them, and the server only shows them."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from object_store import WITH_GO, ObjectStore, enter, gateway
from postgres_server import PostgresServer
from tracking_site import RunningServer, TrackingSite

BIG = 9_000_000
"""Bytes of a file that boto3 brings to S3 in parts."""


@dataclass(frozen=True)
class Tracked:
    """A server, and where the artifacts of an experiment go."""

    server: RunningServer
    root: str
    store: ObjectStore


@pytest.fixture(scope="module")
def site_in_s3(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> Iterator[tuple[RunningServer, ObjectStore, TrackingSite]]:
    """One server whose new experiments are in S3; an experiment may be put elsewhere when it is made."""
    with gateway("lake") as store:
        site = TrackingSite.make(tmp_path_factory.mktemp("artifacts"), postgres, "artifacts")
        mlflow = site.contract.mlflow.model_copy(update={"artifacts": "s3://lake/mlflow"})
        contract = site.contract.model_copy(update={"mlflow": mlflow})
        (site.folder / "contract.json").write_text(contract.model_dump_json())
        limited = store.limited("lake", reads=[], writes=["mlflow"])
        site = replace(site, contract=contract, variables=limited.environ)
        assert site.run("create-databases").exit_code == 0
        with site.serving() as server:
            server.wait_until_healthy()
            yield server, limited, site


@pytest.fixture(params=[pytest.param("folder", id="folder"), pytest.param("s3", id="s3")])
def tracked(
    request: pytest.FixtureRequest,
    site_in_s3: tuple[RunningServer, ObjectStore, TrackingSite],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Tracked:
    server, store, site = site_in_s3
    enter(store.environ, monkeypatch)
    root = str(tmp_path / "artifacts") if request.param == "folder" else site.contract.mlflow.artifacts
    return Tracked(server, root, store)


def client_of(tracked: Tracked) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracked.server.address, tracked.server.address)


@WITH_GO
def test_what_a_client_writes_is_shown_by_the_server_and_read_by_another(tracked: Tracked, tmp_path: Path) -> None:
    client = client_of(tracked)
    in_s3 = tracked.root.startswith("s3://")
    name, given = ("s3", {}) if in_s3 else ("folders", {"artifact_location": tracked.root})
    experiment = client.create_experiment(f"of {name}", **given)
    run = client.create_run(experiment).info
    assert run.artifact_uri.startswith(tracked.root)
    written = {"plots/roc.txt": b"a curve", "model.bin": bytes(range(256)) * (BIG // 256)}
    for path, content in written.items():
        file = tmp_path / Path(path).name
        file.write_bytes(content)
        client.log_artifact(run.run_id, str(file), str(Path(path).parent) if "/" in path else None)

    listed = {one.path: one.file_size for one in client.list_artifacts(run.run_id)}
    assert listed == {"plots": None, "model.bin": len(written["model.bin"])}
    for path, content in written.items():
        assert Path(client.download_artifacts(run.run_id, path, str(tmp_path))).read_bytes() == content
    # What a person sees on MLflow's pages: the server reads it with its own identity.
    query = urlencode({"path": "plots/roc.txt", "run_uuid": run.run_id})
    with urllib.request.urlopen(f"{tracked.server.address}/get-artifact?{query}", timeout=60) as answer:  # noqa: S310
        assert answer.read() == written["plots/roc.txt"]

    client.create_registered_model(f"delay of {name}")
    version = client.create_model_version(f"delay of {name}", f"{run.artifact_uri}/plots", run.run_id)
    assert client.get_model_version_download_uri(f"delay of {name}", version.version).startswith(tracked.root)


@WITH_GO
@pytest.mark.parametrize("tracked", ["s3"], indirect=True)
def test_the_server_is_no_way_around_the_rights_of_a_client(tracked: Tracked) -> None:
    """It writes for nobody, though it could: MLflow's proxy for artifacts is off."""
    request = urllib.request.Request(  # noqa: S310
        f"{tracked.server.address}/api/2.0/mlflow-artifacts/artifacts/x", data=b"x", method="PUT"
    )
    with pytest.raises(urllib.error.HTTPError, match=r"404|405|501|503"):
        urllib.request.urlopen(request, timeout=60)  # noqa: S310
