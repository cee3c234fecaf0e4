"""The environment variables by which BentoML is told to be quiet and to stay in its place."""

from __future__ import annotations

from pathlib import Path


def quiet_environment(home: Path) -> dict[str, str]:
    """What BentoML must find in its environment when it is imported.

    Args:
        home: all that it writes goes below it.
    """
    return {
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "True",
        "DO_NOT_TRACK": "1",
        # Predictions take one thread each: idle OpenMP threads would only spin.
        "OMP_NUM_THREADS": "1",
    }
