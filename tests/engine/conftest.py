"""One deployment of dev for all tests of this folder; whoever changes something takes a copy of it."""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine_clouds import Cloud, Ran
from whole_program import complete_config

Values = dict[str, Any]
KEPT = ("PULUMI_ERROR_OUTPUT_STRING", "OFFLINE_PULUMI_ROOT")


@pytest.fixture(autouse=True, scope="session")
def _quiet_environment() -> None:
    """Neither whoever is signed in to an account here, nor faults that a person has asked for, reach these tests."""
    for name in list(os.environ):
        # What the recorder sets for all programs stays.
        if name.startswith(("PULUMI_", "AWS_", "OFFLINE_")) and name not in KEPT:
            del os.environ[name]
    # The Automation API's own server logs what is refused with its stack; the tests look at the sentence.
    logging.getLogger("grpc").setLevel(logging.CRITICAL)
    logging.getLogger("offline_providers").setLevel(logging.CRITICAL)


@pytest.fixture(scope="session")
def deployed_values() -> Values:
    """Dev with all images, and with protection as staging and prod have it."""
    values = complete_config("dev")
    values["protection"] = {"protect": True, "retainOnDelete": False}
    values["database"]["deletionProtection"] = True
    return values


@pytest.fixture(scope="session")
def unprotected_values(deployed_values: Values) -> Values:
    """The same, after its owner has decided to take it down: what docs/teardown.md says to set."""
    values = copy.deepcopy(deployed_values)
    values["protection"]["protect"] = False
    values["database"]["deletionProtection"] = False
    return values


@pytest.fixture(scope="session")
def first_up(tmp_path_factory: pytest.TempPathFactory, deployed_values: Values) -> tuple[Cloud, Ran]:
    cloud = Cloud(tmp_path_factory.mktemp("deployed"))
    ran = cloud.run("dev", "up", deployed_values)
    assert not ran.outcome.failed, ran.errors
    return cloud, ran


@pytest.fixture(scope="session")
def deployed(first_up: tuple[Cloud, Ran]) -> Ran:
    """What came of the first `up`."""
    return first_up[1]


@pytest.fixture(scope="session")
def shared_cloud(first_up: tuple[Cloud, Ran]) -> Cloud:
    """The cloud with the deployment, for what changes nothing."""
    return first_up[0]


@pytest.fixture
def own_cloud(first_up: tuple[Cloud, Ran], tmp_path: Path) -> Cloud:
    """A copy of the deployment, to change."""
    return first_up[0].copied_to(tmp_path)


@pytest.fixture
def empty_cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path)


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Asks the simulated cloud for faults."""
    return lambda text: monkeypatch.setenv("OFFLINE_FAULTS", text)


def pytest_configure(config: pytest.Config) -> None:
    for known in (
        # What the Automation API leaves behind when the engine ends with an error, or is killed.
        "ignore:.*run_in_stack:pytest.PytestUnraisableExceptionWarning",
        "ignore:unclosed event loop:ResourceWarning",
        "ignore:.*unclosed event loop:pytest.PytestUnraisableExceptionWarning",
        "ignore:Error in event stream:UserWarning",
        "ignore:coroutine 'Output.* was never awaited:RuntimeWarning",
        # pulumi-eks warns of its own old classes whenever it is imported.
        "ignore:.*has been deprecated:DeprecationWarning",
    ):
        config.addinivalue_line("filterwarnings", known)
