"""One site for all tests, with a model, its Bentos and all three services."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from serving_site import Server, Services, Site, make_site, running, train


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A published data set and a published model of version 1, which no test replaces."""
    made = make_site(tmp_path_factory.mktemp("site"))
    made.publish(train(made, "1"))
    return made


@pytest.fixture(scope="session")
def built(site: Site) -> Site:
    """The site with its Bentos."""
    done = site.run("build")
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture(scope="session")
def services(built: Site) -> Iterator[Services]:
    """All three services."""
    with running(built, "model-api", "flight-api-embedded", "flight-api-shared") as (model_api, embedded, shared):
        yield Services(built, model_api, embedded, shared)


@pytest.fixture(params=["embedded", "shared"])
def flight_api(request: pytest.FixtureRequest, services: Services) -> Server:
    """Each flight API in turn."""
    server: Server = getattr(services, request.param)
    return server
