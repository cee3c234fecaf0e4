"""What holds for every suite.

Drawn examples are the same on every machine and at every run: a failure is seen by whoever caused it. How long one
takes is asserted nowhere: a machine that has other things to do fails no test.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress

import pytest

with suppress(ImportError):  # not every environment draws examples
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
    )
    settings.load_profile("steady")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """A module of tests that imports MLflow starts no telemetry by it.

    Its thread takes variables from the environment while a test's client goes through them for proxies, which is a
    `KeyError`. MLflow knows by itself that a test is running, but not that one is being collected.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        return (yield)
