"""The real server on the real database, as MLflow's own client sees it."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from mlflow_tracking.serve_step import allowed_hosts
from postgres_server import PostgresServer
from tracking_site import RunningServer, TrackingSite


def client_of(server: RunningServer) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(server.address, server.address)


def test_runs_and_models_survive_a_changed_password_and_a_restart(tmp_path: Path, postgres: PostgresServer) -> None:
    site = TrackingSite.make(tmp_path, postgres, "served")
    assert site.run("create-databases").exit_code == 0
    with site.serving("first", workers=2) as server:
        server.wait_until_healthy()
        client = client_of(server)
        experiment = client.create_experiment("delays")
        assert client.get_experiment(experiment).artifact_location == f"{site.contract.mlflow.artifacts}/{experiment}"
        run = client.create_run(experiment)
        client.log_metric(run.info.run_id, "log_loss", 0.25)
        client.create_registered_model("delay")
        version = client.create_model_version("delay", source=run.info.artifact_uri, run_id=run.info.run_id)
        client.set_registered_model_alias("delay", "champion", version.version)

        postgres.run("ALTER ROLE served PASSWORD 'a second one'")
        site.set_password_file("served", "a second one")
        ended = postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'served'")
        assert ended, "connections were open, which now must be made anew"
        for _ in range(8):  # both workers
            assert client.get_run(run.info.run_id).data.metrics == {"log_loss": 0.25}

    with site.serving("second") as server:
        server.wait_until_healthy()
        client = client_of(server)
        assert client.get_run(run.info.run_id).data.metrics == {"log_loss": 0.25}
        assert client.get_model_version_by_alias("delay", "champion").run_id == run.info.run_id
        _is_called_by_its_names_alone(server)
        assert "the schema is up to date" in server.log.read_text()
        assert "bringing the schema" not in server.log.read_text()

    first = (tmp_path / "first.log").read_text()
    assert "bringing the schema from nothing" in first
    for secret in ("a second one", "first password"):
        assert secret not in first + (tmp_path / "second.log").read_text()


def test_two_servers_that_start_at_once_migrate_once(tmp_path: Path, postgres: PostgresServer) -> None:
    site = TrackingSite.make(tmp_path, postgres, "twice")
    assert site.run("create-databases").exit_code == 0
    with site.serving("one") as one, site.serving("two") as two:
        for server in (
            one,
            two,
        ):  # MLflow says so once its stores are there: before its workers start, which takes long
            server.wait_until_it_says("Security middleware enabled")
        logs = [server.log.read_text() for server in (one, two)]
        assert sum("bringing the schema from nothing" in log for log in logs) == 1, logs
        assert all("the schema is up to date" in log for log in logs), logs
    assert postgres.run("SELECT experiment_id, name FROM experiments", database="twice") == [(0, "Default")]


def _is_called_by_its_names_alone(server: RunningServer) -> None:
    """Against DNS rebinding; the names of the contract are in `allowed_hosts`."""
    path = f"{server.address}/api/2.0/mlflow/experiments/get?experiment_id=0"
    request = urllib.request.Request(path, headers={"Host": "evil.example:5000"})  # noqa: S310
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=120)  # noqa: S310


def test_a_schema_of_a_newer_mlflow_is_refused(tmp_path: Path, postgres: PostgresServer) -> None:
    site = TrackingSite.make(tmp_path, postgres, "newer")
    assert site.run("create-databases").exit_code == 0
    with postgres.connect("newer", site.password_file("newer"), "newer") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num text)")
        connection.execute("CREATE TABLE experiments ()")
        connection.execute("INSERT INTO alembic_version VALUES ('fffffffffff0')")
    done = site.run("serve")
    assert done.exit_code == 2, done.output
    assert "schema (fffffffffff0) is newer than this MLflow" in done.stderr


def test_a_server_in_a_cluster_answers_to_its_services_names(tmp_path: Path, postgres: PostgresServer) -> None:
    contract = TrackingSite.make(tmp_path, postgres, "named").contract
    address = "http://mlflow.mlflow.svc.cluster.local:5000"
    mlflow = contract.mlflow.model_copy(update={"tracking_uri": address})
    hosts, origins = allowed_hosts(contract.model_copy(update={"mlflow": mlflow, "mlflow_ui": address}), 5000)
    for name in ("mlflow", "mlflow.mlflow", "mlflow.mlflow.svc", "mlflow.mlflow.svc.cluster.local", "localhost"):
        assert {name, f"{name}:*"} <= set(hosts)
    assert not any(host.startswith("*") for host in hosts)
    assert origins == ["http://localhost:5000", address]
