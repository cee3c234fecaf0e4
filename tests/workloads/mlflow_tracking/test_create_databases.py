"""Databases and their owners are made once, with safe names, and no secret is shown."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
import pytest
from mlflow_tracking.create_databases import read_pairs
from mlflow_tracking.errors import TrackingError
from postgres_server import PostgresServer
from tracking_site import MASTER, TrackingSite, master_password

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1"


@contextmanager
def secrets_manager(secrets: dict[str, str]) -> Iterator[dict[str, str]]:
    """The part of AWS Secrets Manager that is used, on loopback; variables that lead boto3 to it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name, target = asked["SecretId"], self.headers["X-Amz-Target"]
            if target == "secretsmanager.PutSecretValue":
                secrets[name] = asked["SecretString"]
            else:
                assert target == "secretsmanager.GetSecretValue"
            known = secrets.get(name, "") != ""
            fault = {"__type": "ResourceNotFoundException" if name in secrets else "AccessDeniedException"}
            body = json.dumps({"Name": name, "SecretString": secrets[name]} if known else fault).encode()
            self.send_response(200 if known else 400)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {
            "MLFLOW_TRACKING_DATABASE_AUTH": "iam",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": f"http://127.0.0.1:{server.server_address[1]}",
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    finally:
        server.shutdown()
        server.server_close()


def last_line(output: str) -> dict[str, list[str]]:
    summary: dict[str, list[str]] = json.loads(output.splitlines()[-1])
    return summary


def test_users_own_their_databases_and_a_second_run_does_nothing(tmp_path: Path, postgres: PostgresServer) -> None:
    site = TrackingSite.make(tmp_path, postgres, "flights", "flows", "hive")
    first, second = site.run("create-databases"), site.run("create-databases")
    assert first.exit_code == 0, first.stderr
    assert last_line(first.stdout) == {
        "users": ["flights", "flows", "hive"],
        "databases": ["flights", "flows", "hive"],
        "tokens": [],
        "passwords": ["flights", "flows", "hive"],
    }
    assert last_line(second.stdout) == {"users": [], "databases": [], "tokens": [], "passwords": []}
    assert len(second.stdout.splitlines()) == 1
    with postgres.connect("flights", site.password_file("flights"), "flights") as connection:
        connection.execute("CREATE TABLE mine ()")
    with pytest.raises(psycopg.OperationalError, match='permission denied for database "flows"'):
        postgres.connect("flights", site.password_file("flights"), "flows")


def test_no_password_reaches_the_output_or_the_servers_log(tmp_path: Path, postgres: PostgresServer) -> None:
    site = TrackingSite.make(tmp_path, postgres, "quiet")
    before = len(postgres.log.read_text())
    done = site.run("create-databases")
    assert done.exit_code == 0, done.stderr
    log = postgres.log.read_text()[before:]
    assert "ALTER ROLE" in log, "statements are logged, or this test would see nothing"
    for secret in (site.password_file("quiet"), master_password(postgres)):
        assert secret not in log + done.stdout + done.stderr
        assert secret.replace("'", "''") not in log


def test_the_master_keeps_no_membership_that_could_cost_it_its_password(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    site = TrackingSite.make(tmp_path, postgres, "apart")
    assert site.run("create-databases").exit_code == 0
    question = (
        "SELECT inherit_option, set_option FROM pg_auth_members WHERE roleid = %s::regrole AND member = %s::regrole"
    )
    given = postgres.run(question, "apart", MASTER)
    # PostgreSQL itself makes the creator an administrator of the role; nothing may be added to that.
    assert given == [(False, False)]


def test_a_changed_password_file_changes_the_password(tmp_path: Path, postgres: PostgresServer) -> None:
    site = TrackingSite.make(tmp_path, postgres, "changing")
    assert site.run("create-databases").exit_code == 0
    site.set_password_file("changing", "another")
    assert last_line(site.run("create-databases").stdout)["passwords"] == ["changing"]
    postgres.connect("changing", "another", "changing").close()


def test_names_are_quoted(tmp_path: Path, postgres: PostgresServer) -> None:
    name = 'odd"; DROP ROLE postgres; --'
    done = TrackingSite.make(tmp_path, postgres, name).run("create-databases")
    assert done.exit_code == 0, done.stderr
    assert postgres.run("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", name) == [(name,)]


def test_with_iam_the_master_secret_is_read_from_aws_and_users_get_tokens(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    site = TrackingSite.make(tmp_path, postgres, "runs", "dags", "tables", secret=ARN)
    secrets = {
        ARN: json.dumps({"username": MASTER, "password": master_password(postgres)}),
        "tables-user": "",  # a secret that has no value yet
    }
    words = ("create-databases", "--password-secret", "tables=tables-user")
    with secrets_manager(secrets) as variables:
        first = site.run(*words, AWS_REGION="eu-central-1", **variables)
        second = site.run(*words, AWS_REGION="eu-central-1", **variables)
    assert first.exit_code == 0, first.stderr
    assert last_line(first.stdout) == {
        "users": ["dags", "runs", "tables"],
        "databases": ["dags", "runs", "tables"],
        "tokens": ["dags", "runs"],
        "passwords": ["tables"],
    }
    assert not any(last_line(second.stdout).values())
    assert master_password(postgres) not in first.stdout + first.stderr
    members = postgres.run("SELECT member::regrole::text FROM pg_auth_members WHERE roleid = 'rds_iam'::regrole")
    assert {row[0] for row in members} == {MASTER, "dags", "runs"}
    drawn = secrets["tables-user"]
    assert len(drawn) >= 32
    assert drawn not in first.stdout + first.stderr
    postgres.connect("tables", drawn, "tables").close()


def test_a_secret_that_may_not_be_read_is_named(tmp_path: Path, postgres: PostgresServer) -> None:
    site = TrackingSite.make(tmp_path, postgres, "unread", secret=ARN)
    with secrets_manager({}) as variables:
        done = site.run("create-databases", **variables)
    assert done.exit_code == 2
    assert done.stderr == (
        f"Error: The secret {ARN} cannot be read: AccessDeniedException. May this process's role read it?\n"
    )


def test_a_secret_of_another_form_is_named_and_not_shown(tmp_path: Path, postgres: PostgresServer) -> None:
    site = TrackingSite.make(tmp_path, postgres, "unread", secret=ARN)
    with secrets_manager({ARN: "hush"}) as variables:
        done = site.run("create-databases", **variables)
    assert (done.exit_code, done.stderr) == (
        2,
        f"Error: The secret {ARN} is not JSON with a 'password', as RDS writes it.\n",
    )


def test_a_database_of_somebody_else_is_left_alone(tmp_path: Path, postgres: PostgresServer) -> None:
    postgres.run("CREATE DATABASE taken")
    done = TrackingSite.make(tmp_path, postgres, "taken").run("create-databases")
    assert done.exit_code == 2
    assert "The database taken belongs to boot, not to taken" in done.stderr


def test_a_wrong_master_password_ends_in_a_sentence(tmp_path: Path, postgres: PostgresServer) -> None:
    site = TrackingSite.make(tmp_path, postgres, "never")
    site.set_password_file(MASTER, "wrong one")
    done = site.run("create-databases")
    assert done.exit_code == 2
    assert "password authentication failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert "wrong one" not in done.stderr


@pytest.mark.parametrize("pair", ["mlflow", "=secret", "mlflow="])
def test_a_malformed_password_secret_is_refused(pair: str) -> None:
    with pytest.raises(TrackingError, match="--password-secret wants DATABASE=SECRET"):
        read_pairs([pair])
