"""One PostgreSQL for all tests of the tracking server; each test has databases of its own on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgres_server import PostgresServer, postgres_server
from tracking_site import make_master


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        make_master(server)
        yield server
