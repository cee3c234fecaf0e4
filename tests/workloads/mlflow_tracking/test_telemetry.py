"""MLflow in the process of a test tells nobody anything (`tests/conftest.py`)."""

from __future__ import annotations

from mlflow.telemetry import get_telemetry_client


def test_mlflow_that_a_module_of_tests_imports_has_no_telemetry() -> None:
    assert get_telemetry_client() is None
