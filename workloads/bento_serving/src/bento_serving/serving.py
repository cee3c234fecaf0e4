"""Starts one of the services in the foreground."""

from __future__ import annotations

import errno
import os
import socket
import sys
from typing import Final, NoReturn
from urllib.parse import urlsplit

from platform_contract import PlatformContract

from bento_serving.errors import ServingError
from bento_serving.stores import MODEL_API, SERVICES, Store
from bento_serving.surroundings import quiet_environment

SHUTDOWN_SECONDS: Final = 10
"""How long requests that are under way may take when a server is stopped."""


def address_of(contract: PlatformContract, service: str) -> tuple[str, int]:
    """Host and port at which a service of `SERVICES` answers."""
    addresses = {
        MODEL_API: contract.serving.model_api,
        "flight-api-embedded": contract.serving.flight_api_embedded,
        "flight-api-shared": contract.serving.flight_api_shared,
    }
    parts = urlsplit(addresses[service])
    return parts.hostname or "", parts.port or 80


def require_free_port(host: str, port: int) -> None:
    """Raises `ServingError` when nobody can listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                remedy = "stop what uses it, or name another address in the contract ('serving')"
                raise ServingError(f"Port {port} of {host} is taken: {remedy}.") from error
            raise ServingError(
                f"Nobody can listen at {host}:{port}: {error.strerror}. See 'serving' of the contract."
            ) from error


def serve(contract: PlatformContract, service: str) -> NoReturn:
    """Becomes the service's server (`bento_serving.server`), one process, stopped by SIGTERM or SIGINT.

    The model API comes from its Bento; the flight APIs, which have no artifact of their own, from this package.

    Raises:
        ServingError: the port is taken, or no Bento was built.
    """
    host, port = address_of(contract, service)
    require_free_port(host, port)
    store = Store.of(contract)
    target = SERVICES[service]
    if service == MODEL_API:
        target = str(store.bento(store.current().bentos[MODEL_API]))
    home = store.server_home(service, port)
    home.mkdir(parents=True, exist_ok=True)
    os.chdir(home)  # BentoML looks for code in the working folder
    os.environ.update(quiet_environment(home))
    os.environ["PYTHONSAFEPATH"] = "1"
    options = ["--host", host, "--port", str(port), "--timeout-graceful-shutdown", str(SHUTDOWN_SECONDS)]
    os.execv(sys.executable, [sys.executable, "-m", "bento_serving.server", target, *options])  # noqa: S606
