"""MLflow's own pages for a registry in a database on this machine."""

from __future__ import annotations

import os
import sys
from typing import NoReturn
from urllib.parse import urlsplit

from platform_contract import PlatformContract

from ray_training.errors import TrainingError
from ray_training.receipt import uri_for_mlflow
from ray_training.tracking.registry import ENVIRONMENT
from ray_training.tracking.tracking_database import ensure_database

LOOPBACK = ("127.0.0.1", "localhost")


def serve(contract: PlatformContract) -> NoReturn:
    """Becomes MLflow's server at the contract's ``mlflow_ui``.

    Raises:
        TrainingError: the contract names no address on this machine, MLflow has a server of its own already, or what
            should be its database is none.
    """
    settings = contract.mlflow
    if settings.tracking_uri.startswith("http"):
        raise TrainingError(f"MLflow has its own pages at {settings.tracking_uri}: there is nothing to serve here.")
    address = urlsplit(contract.mlflow_ui or "")
    if address.hostname not in LOOPBACK:
        raise TrainingError(
            f"The contract's mlflow_ui is {contract.mlflow_ui or 'not set'}: pages are served on loopback only, such"
            " as http://127.0.0.1:3004."
        )
    os.environ.update(ENVIRONMENT)
    ensure_database(settings.tracking_uri)
    options = {
        "--backend-store-uri": uri_for_mlflow(settings.tracking_uri),
        "--host": "127.0.0.1",
        "--port": str(address.port or 80),
        "--workers": "1",
    }
    words = [sys.executable, "-m", "mlflow", "server", *(word for option in options.items() for word in option)]
    sys.stdout.flush()
    os.execv(sys.executable, words)  # noqa: S606 - our own words; the pid stays that of the command
