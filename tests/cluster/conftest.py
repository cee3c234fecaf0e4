"""One Kubernetes with the whole platform deployed onto it, for all tests of this folder."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from cluster_requests import Requests
from control_plane import ControlPlane, control_plane
from deployed_platform import NODES, add_nodes, deploy_platform
from engine_clouds import Ran

REQUESTS_PER_SECOND = 5000
"""More than two cores can make: what is measured is the scheduler."""


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("kubernetes")
    with control_plane(folder, jobs_end=True, requests_per_second=REQUESTS_PER_SECOND) as running:
        yield running


@pytest.fixture(scope="session")
def requests(plane: ControlPlane) -> Requests:
    return Requests(plane)


@pytest.fixture(scope="session")
def platform(plane: ControlPlane, requests: Requests, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The stack `local`, on two nodes of each service type."""
    logging.getLogger("grpc").setLevel(logging.CRITICAL)
    logging.getLogger("offline_providers").setLevel(logging.CRITICAL)
    add_nodes(requests, dict.fromkeys(NODES, 2))
    return deploy_platform(plane, tmp_path_factory.mktemp("platform"))


@pytest.fixture(scope="session")
def names(platform: Ran) -> SimpleNamespace:
    """What the platform has made, as the stack's state says."""
    made = [entry for entry in platform.entries if entry["type"].startswith("kubernetes:")]
    metadata = [(entry["type"], entry["outputs"]["metadata"]) for entry in made]
    return SimpleNamespace(
        namespaces=sorted(one["name"] for kind, one in metadata if kind.endswith(":Namespace")),
        accounts=sorted(
            f"{one['namespace']}/{one['name']}" for kind, one in metadata if kind.endswith(":ServiceAccount")
        ),
    )


def pytest_configure(config: pytest.Config) -> None:
    for known in (
        # pulumi-eks warns of its own old classes whenever it is imported.
        "ignore:.*has been deprecated:DeprecationWarning",
        "ignore:unclosed event loop:ResourceWarning",
        "ignore:.*unclosed event loop:pytest.PytestUnraisableExceptionWarning",
    ):
        config.addinivalue_line("filterwarnings", known)
