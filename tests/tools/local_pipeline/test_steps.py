"""A step's command is run, shown, measured and, when it fails, explained."""

from __future__ import annotations

import io
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from local_pipeline.faults import PipelineError
from local_pipeline.processes import Ledger, MemoryWatch
from local_pipeline.servers import Server, start_servers, stop_servers
from local_pipeline.steps import Workspace, run_step
from rich.console import Console

Write = Callable[[str], None]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    memory = MemoryWatch(interval_seconds=0.05)
    memory.start()
    yield Workspace(
        environments=tmp_path / "envs",
        logs=tmp_path / "logs",
        ledger=Ledger(tmp_path / "processes.json"),
        environ={"TOLD": "by the pipeline"},
        console=Console(file=io.StringIO(), width=200),
        memory=memory,
    )
    memory.stop()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the command ``step`` of the package ``package``."""

    def write_command(code: str) -> None:
        path = tmp_path / "envs" / "package" / "bin" / "step"
        path.parent.mkdir(parents=True)
        path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{code}\n")
        path.chmod(0o755)

    return write_command


def shown(workspace: Workspace) -> str:
    assert isinstance(workspace.console.file, io.StringIO)
    return workspace.console.file.getvalue()


def test_a_step_shows_its_progress_and_returns_its_summary(workspace: Workspace, write: Write) -> None:
    write("print('reading', os.environ['TOLD']); time.sleep(0.3); print('{\"rows\": 7, \"reused\": true}')")
    result = run_step(workspace, "It works", "package", ("step", "run"))
    assert result.summary == {"rows": 7, "reused": True}
    assert result.reused
    assert result.peak_bytes > 2**20
    assert shown(workspace).strip() == "reading by the pipeline"


def test_a_person_s_mistake_is_told_in_the_step_s_own_words(workspace: Workspace, write: Write) -> None:
    write(
        "print('WARN noise', file=sys.stderr); print('Error: no data.\\nRun it first.', file=sys.stderr); sys.exit(2)"
    )
    with pytest.raises(PipelineError, match=r"^It works: no data\.\nRun it first\.$"):
        run_step(workspace, "It works", "package", ("step",))


def test_a_failure_shows_the_end_of_the_log_and_where_it_is(workspace: Workspace, write: Write) -> None:
    write("[print('line', i, file=sys.stderr) for i in range(40)]; sys.exit(3)")
    with pytest.raises(PipelineError, match=r"failed with status 3.*logs/step\.log:\n  line 25\n(.*\n)*  line 39$"):
        run_step(workspace, "It works", "package", ("step",))


def test_a_step_that_was_killed_says_so(workspace: Workspace, write: Write) -> None:
    write("os.kill(os.getpid(), 9)")
    with pytest.raises(PipelineError, match="was killed by signal 9"):
        run_step(workspace, "It works", "package", ("step",))


def test_a_step_without_a_summary_is_a_fault(workspace: Workspace, write: Write) -> None:
    write("print('done')")
    with pytest.raises(PipelineError, match="ended without its summary"):
        run_step(workspace, "It works", "package", ("step",))


def test_a_command_that_is_not_installed_is_told(workspace: Workspace) -> None:
    with pytest.raises(PipelineError, match=r"bin/step is not there: run 'make run'"):
        run_step(workspace, "It works", "package", ("step",))


def test_a_server_that_ends_at_once_stops_the_others_and_shows_its_log(workspace: Workspace, write: Write) -> None:
    write("time.sleep(300) if sys.argv[1] == 'good' else sys.exit('no model here')")
    servers = [Server(name, "package", ("step", name), "http://127.0.0.1:9/never") for name in ("good", "bad")]
    with pytest.raises(PipelineError, match=r"bad ended at once\. The end of its log:\n  no model here"):
        start_servers(workspace, servers[1:] + servers[:1])
    assert workspace.ledger.read() == []


def test_servers_are_awaited_and_stopped(workspace: Workspace, write: Write) -> None:
    write(
        "from http.server import HTTPServer, SimpleHTTPRequestHandler as Handler\n"
        "time.sleep(0.3)\n"
        "HTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (running,) = start_servers(workspace, [Server("web", "package", ("step", str(port)), f"http://127.0.0.1:{port}/")])
    assert [entry.name for entry in workspace.ledger.read()] == ["web"]
    stop_servers([running])
    assert workspace.ledger.read() == []
    assert running.popen.returncode is not None
