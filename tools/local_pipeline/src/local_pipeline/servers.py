"""The servers of a run: started together, awaited together, stopped by their own pids."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from local_pipeline.failures import tail
from local_pipeline.faults import PipelineError
from local_pipeline.processes import Running
from local_pipeline.steps import Workspace

READY_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Server:
    """A server, and the address that answers 200 once it is ready."""

    name: str
    package: str
    words: tuple[str, ...]
    ready: str


def start_servers(workspace: Workspace, servers: Sequence[Server]) -> list[Running]:
    """Starts all servers at once. The caller stops them; when one does not get ready, all of them are stopped here.

    Raises:
        PipelineError: one ended, or was not ready in time; with the end of its log.
    """
    running: list[Running] = []
    try:
        for server in servers:
            with _log(workspace, server).open("w", encoding="utf-8") as log:
                command = [workspace.command(server.package, server.words[0]), *server.words[1:]]
                running.append(
                    Running(
                        server.name,
                        command,
                        ledger=workspace.ledger,
                        stdout=log,
                        stderr=log,
                        environ=workspace.environ,
                    )
                )
        await_ready(workspace, servers, running)
    except BaseException:
        stop_servers(running)
        raise
    return running


def stop_servers(running: Sequence[Running]) -> None:
    """Stops servers, the last one first: those that ask others end before those that answer."""
    for server in reversed(running):
        server.stop()


def await_ready(workspace: Workspace, servers: Sequence[Server], running: Sequence[Running]) -> None:
    """Waits until every server answers."""
    deadline = time.monotonic() + READY_SECONDS
    with httpx.Client(timeout=5, trust_env=False) as client:
        for server, process in zip(servers, running, strict=True):
            while not _answers(client, server.ready):
                if process.popen.poll() is not None:
                    raise PipelineError(f"{server.name} ended at once. The end of its log:\n{_tail(workspace, server)}")
                if time.monotonic() > deadline:
                    raise PipelineError(
                        f"{server.name} did not answer within {READY_SECONDS:.0f} s at {server.ready}."
                        f" The end of its log:\n{_tail(workspace, server)}"
                    )
                time.sleep(0.1)


def _answers(client: httpx.Client, address: str) -> bool:
    try:
        return client.get(address).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _log(workspace: Workspace, server: Server) -> Path:
    workspace.logs.mkdir(parents=True, exist_ok=True)
    return workspace.logs / f"{server.name.replace(' ', '-')}.log"


def _tail(workspace: Workspace, server: Server) -> str:
    return tail(_log(workspace, server).read_text(encoding="utf-8", errors="replace").strip().splitlines())
