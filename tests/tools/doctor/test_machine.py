"""The doctor on machines that lack something: a PATH of small programs, each of which answers as a real one would."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from platform_contract import loading

from tools.doctor import command_line, machine
from tools.doctor.finding import Finding, Level, good, lacks, note

ROOT = Path(__file__).resolve().parents[3]
JAVA_17 = 'openjdk version "17.0.13" 2024-10-15'
JAVA_8 = 'java version "1.8.0_402"'


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


def program(folder: Path, name: str, prints: str = "", *, status: int = 0) -> Path:
    """A program that says this, on the stream that Java uses."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\nexec 1>&2\necho '{prints}'\nexit {status}\n")
    file.chmod(0o755)
    return file


def test_a_java_that_will_do(path: Path) -> None:
    java = program(path, "java", JAVA_17)
    assert machine.java() == good(f"Java 17, {java}.")


@pytest.mark.parametrize(
    ("says", "status", "found"),
    [
        (JAVA_8, 0, "is Java 8, and Spark needs 17: install Java 17"),
        ("not a Java", 0, "does not run (JAVA_HOME=not set): install Java 17"),
        (JAVA_17, 1, "does not run (JAVA_HOME=not set): install Java 17"),
    ],
)
def test_a_java_that_will_not(path: Path, says: str, status: int, found: str) -> None:
    program(path, "java", says, status=status)
    finding = machine.java()
    assert finding.level is Level.LACKS
    assert found in finding.text


@pytest.mark.usefixtures("path")
def test_no_java() -> None:
    assert machine.java() == lacks(
        "Spark needs Java, and there is none: install Java 17 (Debian: apt install openjdk-17-jre-headless) or set"
        " JAVA_HOME to one."
    )


def test_java_home_wins_over_the_path(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(path, "java", JAVA_17)
    java = program(tmp_path / "old" / "bin", "java", JAVA_8)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    assert machine.java().text.startswith(f"{java} is Java 8")


def test_make(path: Path) -> None:
    assert machine.make() == lacks("There is no make: install it (Debian: apt install make).")
    make = program(path, "make")
    assert machine.make() == good(f"make, {make}.")


@pytest.mark.parametrize("version", [(3, 10, 9), (3, 14, 0)])
def test_a_python_of_another_time(version: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    text = ".".join(map(str, version))
    assert machine.python() == lacks(
        f"Python is {text}: install one from 3.11 to 3.13, and name it: make … PYTHON=python3.11."
    )


def test_a_python_without_virtual_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    finding = machine.python()
    assert finding.level is Level.LACKS
    assert "apt install python3-venv" in finding.text


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 1.5e9})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert machine.disk(tmp_path).text.startswith("1.5 GB are free on the disk of ")
    assert "7 GB are needed" in machine.disk(tmp_path).text
    (tmp_path / ".local" / "envs").mkdir(parents=True)
    assert "2 GB are needed" in machine.disk(tmp_path).text


def test_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: "MemTotal: 9 kB\nMemAvailable:    2000000 kB\n")
    assert machine.memory() == lacks("2.0 GB of memory are free, and training needs 4 GB: close what takes it.")


def test_a_system_that_does_not_tell_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    assert machine.memory() is None


def test_a_port_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert not machine.is_free(port)
        monkeypatch.setattr(machine, "FIRST_PORT", port)
        monkeypatch.setattr(machine, "PORTS", 1)
        assert list(machine.ports()) == [
            lacks(f"Port {port} is taken: 'make stop' if an earlier run has it, or 'make run PORT_BASE=4001'.")
        ]
    assert machine.is_free(port)


def test_the_ports_are_those_of_the_contract() -> None:
    assert (machine.FIRST_PORT, machine.PORTS) == (loading.DEFAULT_PORT_BASE, loading.PORTS_USED)


def test_something_that_builds_images(path: Path) -> None:
    assert machine.image_builder().level is Level.NOTE
    program(path, "buildah")
    assert machine.image_builder() == good("buildah, for images.")


def test_a_docker_without_an_engine_builds_nothing(path: Path) -> None:
    program(path, "docker", "Cannot connect to the Docker daemon", status=1)
    finding = machine.image_builder()
    assert finding.level is Level.NOTE
    assert "no docker engine answers" in finding.text


def test_what_nodes_lack_is_told_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    program(path, "runc")
    finding = machine.cluster()
    assert finding.level is Level.NOTE
    assert "cannot run here: containerd, iptables, ip, mount" in finding.text
    assert "apt-get install --no-install-recommends containerd runc" in finding.text


def test_nodes_need_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "it needs root" in machine.cluster().text


def test_other_clusters_are_named_and_not_taken(path: Path) -> None:
    program(path, "kubectl", "kind-mine\nprod")
    finding = machine.contexts()
    assert finding is not None
    assert "kind-mine, prod. 'make up' takes none of them unless CONTEXT names it" in finding.text


def test_a_machine_with_no_other_cluster(path: Path) -> None:
    program(path, "kubectl")
    assert machine.contexts() is None


def answer(source: str, go: str | None = "go1.26") -> str:
    row = {"name": "pulumi", "version": "v3.274.1", "source": source, "path": "/usr/bin/pulumi", "why": "it is too old"}
    return json.dumps({"go": go, "programs": [row]})


@pytest.mark.parametrize(
    ("told", "findings"),
    [
        (answer("own"), [good("pulumi v3.274.1 of this machine, /usr/bin/pulumi."), good("Go, go1.26.")]),
        (
            answer("built"),
            [good("pulumi v3.274.1 built by 'make toolchain' (it is too old)."), good("Go, go1.26.")],
        ),
        (
            answer("missing", go=None),
            [
                note(
                    "There is no pulumi yet (it is too old): 'make toolchain' builds one, or install the official one."
                ),
                note("There is no Go, by which 'make toolchain' builds what is missing: install Go 1.21 or newer."),
            ],
        ),
        (
            answer("cannot"),
            [
                note("There is no pulumi, and it cannot be built: it is too old; install the official one."),
                good("Go, go1.26."),
            ],
        ),
        ("", [note("Which Pulumi is here cannot be told: tools/toolchain/toolchain.py status --json has no answer.")]),
    ],
)
def test_pulumi_of_whatever_origin(told: str, findings: list[Finding], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "output", lambda *_: told)
    assert list(machine.programs()) == findings


def test_a_machine_that_lacks_something_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "examine", lambda: iter([good("Here."), lacks("Gone: get it."), note("Well.")]))
    assert command_line.main([]) == 1
    assert capsys.readouterr().out == (
        "This machine:\n  ok    Here.\n  FAIL  Gone: get it.\n  note  Well.\n\n"
        "'make run' and 'make test' lack one thing; what is marked FAIL says what to do.\n"
    )


def test_what_an_account_lacks_does_not_count(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "examine", lambda: iter([good("Here.")]))
    monkeypatch.setattr(command_line, "account", lambda _: [lacks("No quota: ask.")])
    assert command_line.main(["--env", "dev"]) == 0
    assert "The AWS account of dev:\n  FAIL  No quota: ask." in capsys.readouterr().out


def test_without_the_program_s_packages_the_account_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_line, "ROOT", tmp_path)
    (finding,) = command_line.account("dev")
    assert finding == note(
        "The account cannot be looked at yet: run 'python3 tools/environments.py sync --tests infra' first."
    )


@pytest.mark.parametrize("environ", [{"AWS_EC2_METADATA_DISABLED": "true"}])
def test_the_real_doctor_runs_on_this_machine(environ: dict[str, str], tmp_path: Path) -> None:
    """With no credentials anywhere, whatever the machine has."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "doctor"), "--env", "dev"],
        capture_output=True,
        text=True,
        check=False,
        env={**clean, **environ, "HOME": str(tmp_path)},
        cwd=tmp_path,
    )
    assert done.stderr == ""
    assert done.returncode in (0, 1)
    assert done.stdout.startswith("This machine:\n")
    assert "There are no AWS credentials here" in done.stdout or "cannot be looked at yet" in done.stdout


def test_it_needs_nothing_but_python(tmp_path: Path) -> None:
    """The standard library alone, as on a machine on which nothing was installed yet."""
    command = [sys.executable, "-I", "-S", str(ROOT / "tools" / "doctor")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "This machine:" in done.stdout, done.stderr
