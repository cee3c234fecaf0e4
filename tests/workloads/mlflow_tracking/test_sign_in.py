"""Each new connection is signed in with the secret of the moment, and only over a connection that is safe."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from mlflow_tracking import sign_in
from mlflow_tracking.database import address_of, connected
from mlflow_tracking.errors import TrackingError
from mlflow_tracking.settings import Settings, database_of, region_of
from platform_contract.document import Database
from postgres_server import PostgresServer, write_certificates
from sqlalchemy import NullPool, create_engine, text
from tracking_site import TrackingSite

HOST = "runs.abc123.eu-central-1.rds.amazonaws.com"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not-to-be-seen",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer) -> Settings:
    """This process signs in with tokens of an account that does not exist."""
    variables = {
        **CREDENTIALS,
        "MLFLOW_TRACKING_DATABASE_AUTH": "iam",
        "MLFLOW_TRACKING_DATABASE_CA": str(postgres.ca),
        "AWS_REGION": "eu-central-1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    sign_in._rds.cache_clear()
    return Settings.from_environ()


def test_a_token_is_a_signed_request_for_host_user_and_fifteen_minutes(iam: Settings) -> None:
    token = sign_in.password_for(iam, HOST, 5432, "mlflow")
    parts = urlsplit(f"//{token}")
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    assert (parts.hostname, parts.port) == (HOST, 5432)
    assert (query["Action"], query["DBUser"], query["X-Amz-Expires"]) == ("connect", "mlflow", "900")
    assert query["X-Amz-Credential"].startswith("AKIAEXAMPLE/")
    assert query["X-Amz-Credential"].endswith("/eu-central-1/rds-db/aws4_request")
    assert len(query["X-Amz-Signature"]) == 64
    assert "not-to-be-seen" not in token


def test_postgresql_takes_the_token_and_each_connection_has_its_own(
    iam: Settings, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: now)
    database = Database(host="localhost", port=postgres.port, secret="unused", databases={})  # noqa: S106
    postgres.run("CREATE ROLE tokens LOGIN")
    postgres.run("CREATE DATABASE tokens OWNER tokens")
    engine = create_engine(address_of(database, "tokens", iam), poolclass=NullPool)
    for minute in (0, 20):
        now = datetime(2026, 11, 25, 12, minute, tzinfo=UTC)
        token = sign_in.iam_token(iam, "localhost", postgres.port, "tokens")
        assert f"20261125T12{minute:02}00Z" in token
        # In RDS the token is checked; here it is the password, so that another one is refused.
        postgres.run(f"ALTER ROLE tokens PASSWORD '{token}'")
        with engine.connect() as connection:
            found = connection.execute(
                text("SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            ).one()
            assert tuple(found) == ("tokens", True)
    now = datetime(2026, 11, 25, 12, 40, tzinfo=UTC)
    with pytest.raises(TrackingError, match=r"refuses tokens: .*password authentication failed"):
        _open(address_of(database, "tokens", iam))


def test_without_credentials_the_fault_says_who_gives_them(iam: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(TrackingError, match=r"No token for the database user mlflow: .*credentials.*Pod Identity"):
        sign_in.iam_token(iam, HOST, 5432, "mlflow")


def test_a_certificate_that_the_ca_did_not_sign_is_refused(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_certificates(tmp_path / "others", "another CA")
    site = TrackingSite.make(tmp_path, postgres, "unsafe")
    for name, value in {**site.environ, "MLFLOW_TRACKING_DATABASE_CA": str(tmp_path / "others" / "ca.crt")}.items():
        monkeypatch.setenv(name, value)
    settings = Settings.from_environ()
    with pytest.raises(TrackingError, match="certificate verify failed"):
        _open(address_of(database_of(site.contract, settings), "unsafe", settings))


def test_a_name_that_the_certificate_does_not_have_is_refused(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = TrackingSite.make(tmp_path, postgres, "unsafe", host="localhost.localdomain")
    for name, value in {**site.environ, "PGHOSTADDR": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    settings = Settings.from_environ()
    with pytest.raises(TrackingError, match=r'server certificate for "localhost" .*does not match host name'):
        _open(address_of(database_of(site.contract, settings), "unsafe", settings))


@pytest.mark.parametrize(
    ("variables", "changes", "message"),
    [
        ({"MLFLOW_TRACKING_DATABASE_AUTH": ""}, {}, "MLFLOW_TRACKING_DATABASE_AUTH is '': set it to 'iam'"),
        ({"MLFLOW_TRACKING_DATABASE_AUTH": "iam"}, {"tls": False}, "database.tls is false: an IAM token is a password"),
        (
            {"MLFLOW_TRACKING_DATABASE_CA": "/nowhere"},
            {},
            "No certificates at /nowhere: .*those of RDS, which come with",
        ),
        ({}, {"databases": {"airflow": "a"}}, "database.databases has no 'mlflow'"),
        ({"MLFLOW_TRACKING_PASSWORD_FOLDER": "/nowhere"}, {}, "Cannot read the password of the database user m"),
        ({"PLATFORM_CONTRACT": "/nowhere"}, {}, "Cannot read the contract /nowhere"),
    ],
)
def test_a_mistake_ends_in_a_sentence_and_status_2(
    tmp_path: Path,
    postgres: PostgresServer,
    variables: dict[str, str],
    changes: dict[str, object],
    message: str,
) -> None:
    done = TrackingSite.make(tmp_path, postgres, "m", **changes).run("serve", **variables)
    assert done.exit_code == 2
    assert re.search(message, done.stderr), done.stderr
    assert "Traceback" not in done.output


def test_a_database_that_is_not_there_is_waited_for_with_a_bound(tmp_path: Path, postgres: PostgresServer) -> None:
    site = TrackingSite.make(tmp_path, postgres, "late", port=1)
    started = time.monotonic()
    done = site.run("serve", "--wait", "2")
    assert done.exit_code == 2
    assert 2 <= time.monotonic() - started < 30
    assert "waiting for the database at localhost:1" in done.stdout
    assert "The database at localhost:1 did not answer in time. Last: connection" in done.stderr


def test_a_wrong_password_is_told_at_once_and_not_shown(tmp_path: Path, postgres: PostgresServer) -> None:
    site = TrackingSite.make(tmp_path, postgres, "locked")
    assert site.run("create-databases").exit_code == 0
    site.set_password_file("locked", "wrong one")
    done = site.run("serve", "--wait", "600")
    assert done.exit_code == 2
    assert f"The database at localhost:{postgres.port} refuses locked" in done.stderr
    assert "password authentication failed" in done.stderr
    assert "wrong one" not in done.output


@pytest.mark.parametrize(
    ("secret", "region"),
    [
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1", "eu-west-1"),
        ("master-password", None),
        ("arn:aws:secretsmanager::1:secret:x", None),
    ],
)
def test_the_region_is_that_of_the_secret(secret: str, region: str | None) -> None:
    assert region_of(secret) == region


def _open(address: str) -> None:
    with connected(address, time.monotonic(), lambda _: None):
        pass


def test_a_database_is_checked_against_the_authorities_of_rds_when_nothing_else_is_said(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = TrackingSite.make(tmp_path, postgres, "rds")
    site.run("create-databases")
    for name, value in site.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MLFLOW_TRACKING_DATABASE_CA")
    settings = Settings.from_environ()
    address = address_of(database_of(site.contract, settings), "rds", settings)
    # No authority of RDS has signed this server's certificate …
    with pytest.raises(TrackingError, match="certificate verify failed"):
        _open(address)
    # … and beside an authority that has, they are no obstacle.
    both = tmp_path / "both.pem"
    both.write_text(settings.ca.read_text() + postgres.ca.read_text())
    monkeypatch.setenv("MLFLOW_TRACKING_DATABASE_CA", str(both))
    settings = Settings.from_environ()
    _open(address_of(database_of(site.contract, settings), "rds", settings))
