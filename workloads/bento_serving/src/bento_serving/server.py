"""Runs a service in one process: ``python -m bento_serving.server TARGET``, a Bento's folder or an import string.

``bentoml serve`` starts a supervisor (circus) that listens for commands on loopback without authentication, so that any
user of the machine can have it run programs as its owner. One worker needs no supervisor: Kubernetes starts a pod's
process again, and 'make run' says that one has ended. What is loaded and run is the same BentoML service, with its gate
before BentoML's own middleware instead of behind it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from starlette.types import ASGIApp

KEEP_ALIVE_SECONDS: Final = 75
"""How long an idle connection stays open: longer than clients keep theirs, so that none is closed under a question."""


def load_app(target: str) -> ASGIApp:
    """The ASGI application of a service.

    Args:
        target: a Bento's folder, or ``module:Service``.
    """
    from _bentoml_impl.loader import load  # type: ignore[import-untyped]  # BentoML ships no types
    from bentoml._internal.context import server_context

    service: Any = load(target, standalone_load=True)
    server_context.service_type = "entry_service"
    server_context.service_name = service.name
    gates = list(service.middlewares)
    service.middlewares.clear()
    app: ASGIApp = service.to_asgi(is_main=True)
    for gate, options in reversed(gates):
        app = gate(app, **options)
    return app


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("target")
@click.option("--host", default="127.0.0.1")
@click.option("--port", type=click.IntRange(1, 65535), default=3000)
@click.option("--timeout-graceful-shutdown", "shutdown_seconds", type=click.IntRange(min=0), default=10)
def main(*, target: str, host: str, port: int, shutdown_seconds: int) -> None:
    """Serve TARGET until SIGTERM or Ctrl-C."""
    _with_source_of(target)
    import uvicorn
    from bentoml._internal.log import configure_server_logging

    from bento_serving.front.connections import PunctualProtocol

    # uvicorn ends what is under way, and then sends itself the signal again.
    signal.signal(signal.SIGTERM, _stopped)
    configure_server_logging()  # type: ignore[no-untyped-call]
    config = uvicorn.Config(
        load_app(target),
        host=host,
        port=port,
        http=PunctualProtocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=shutdown_seconds,
    )
    server = uvicorn.Server(config)
    try:
        server.run()
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(0)
    if not server.started:
        sys.exit(3)


def _with_source_of(target: str) -> None:
    """A Bento is run with the source that is in it: starts anew with that first on Python's path."""
    source = str(Path(target, "src").absolute())
    path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if Path(source).is_dir() and path[0] != source:
        os.environ["PYTHONPATH"] = os.pathsep.join([source, *filter(None, path)])
        os.execv(sys.executable, [sys.executable, "-m", "bento_serving.server", *sys.argv[1:]])  # noqa: S606


def _stopped(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler
    sys.exit(0)


if __name__ == "__main__":
    main()
