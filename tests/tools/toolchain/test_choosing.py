from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.toolchain.building import ensure_built, path_of
from tools.toolchain.choosing import Source, choose
from tools.toolchain.machine import Go, find_go, why_not_go
from tools.toolchain.programs import PROGRAMS, Program
from tools.toolchain.versions import Range, ToolchainError

Put = Callable[[str, str], Path]
PULUMI, KUBECTL = PROGRAMS["pulumi"], PROGRAMS["kubectl"]


@pytest.fixture(autouse=True)
def no_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOOLCHAIN", raising=False)


def test_an_official_pulumi_on_path_is_preferred(put_on_path: Put, folder: Path, go: Go) -> None:
    path = put_on_path("pulumi", "echo v3.300.0")
    choice = choose(PULUMI, folder, go)
    assert (choice.source, choice.version, choice.path) == (Source.OWN, "v3.300.0", path)


def test_toolchain_pinned_leaves_the_machines_own_alone(
    put_on_path: Put, folder: Path, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path("pulumi", "echo v3.300.0")
    monkeypatch.setenv("TOOLCHAIN", "pinned")
    choice = choose(PULUMI, folder, go)
    assert (choice.source, choice.why) == (Source.MISSING, "TOOLCHAIN=pinned")


def test_another_value_of_toolchain_is_refused(folder: Path, go: Go, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLCHAIN", "Pinned")
    with pytest.raises(ToolchainError, match="TOOLCHAIN=Pinned is not known: set TOOLCHAIN=pinned, or leave it away"):
        choose(PULUMI, folder, go)


def test_a_kubectl_two_minors_older_is_not_used_and_the_reason_is_told(put_on_path: Put, folder: Path, go: Go) -> None:
    path = put_on_path("kubectl", "echo 'Client Version: v1.32.4-dispatcher'")
    choice = choose(KUBECTL, folder, go)
    assert choice.source is Source.MISSING
    assert choice.why == f"{path} is v1.32.4; v1.33 to v1.35 would fit"


def test_a_kubectl_is_asked_for_its_own_version_and_for_no_servers(put_on_path: Put, folder: Path, go: Go) -> None:
    put_on_path("kubectl", 'test "$*" = "version --client" && echo "Client Version: v1.35.1"')
    assert choose(KUBECTL, folder, go).source is Source.OWN


def test_to_ask_pulumi_for_its_version_writes_nothing_in_the_callers_home(
    put_on_path: Put, folder: Path, go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    # Pulumi logs every command, this one too.
    put_on_path("pulumi", 'mkdir -p "${PULUMI_HOME:=$HOME/.pulumi}/logs"; echo v3.300.0')
    assert choose(PULUMI, folder, go).source is Source.OWN
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("script", ["exit 1", "echo v3.300.0; exit 1", "echo none of your business"])
def test_a_program_that_tells_no_version_is_not_used(put_on_path: Put, folder: Path, go: Go, script: str) -> None:
    put_on_path("pulumi", script)
    choice = choose(PULUMI, folder, go)
    assert choice.source is Source.MISSING
    assert "no version it would tell" in choice.why


def test_what_the_toolchain_has_built_is_not_taken_for_the_machines_own(
    hello: Program, folder: Path, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program(**{**vars(hello), "own": Range(older=0, newer=None)})
    ensure_built(program, folder, go)
    monkeypatch.setenv("PATH", str(path_of(program, folder).parent))
    assert choose(program, folder, go).source is Source.BUILT


def test_the_other_programs_come_only_as_pinned(put_on_path: Put, folder: Path, go: Go) -> None:
    put_on_path("etcd", "echo etcd Version: 3.6.15")
    choice = choose(PROGRAMS["etcd"], folder, go)
    assert (choice.source, choice.why) == (Source.MISSING, "only the pinned version is used")


@pytest.mark.usefixtures("without_go")
def test_without_go_the_choice_says_what_to_install(folder: Path) -> None:
    choice = choose(KUBECTL, folder, find_go())
    assert choice.source is Source.CANNOT
    assert choice.why == (
        "Go is not on PATH: install Go 1.26.0 or newer to build kubectl; no kubectl on PATH; v1.33 to v1.35 would fit"
    )


@pytest.mark.parametrize(
    ("version", "toolchain", "reason"),
    [
        ("go1.26.6", "local", None),
        ("go1.27", "local", None),
        ("go1.26.5", "local", "go1.26.5 is too old (and is not set to fetch a newer one): pulumi needs Go 1.26.6"),
        ("go1.26.5", "auto", None),
        ("go1.20.14", "auto", "go1.20.14 is too old"),
    ],
)
def test_a_go_that_is_too_old_is_named_unless_it_fetches_a_newer_one(
    version: str, toolchain: str, reason: str | None
) -> None:
    said = why_not_go(PULUMI, Go(Path("/usr/bin/go"), version, toolchain))
    assert said is None if reason is None else said is not None and said.startswith(reason)


def test_a_go_that_does_not_run_is_named(put_on_path: Put) -> None:
    path = put_on_path("go", "echo 'cannot find GOROOT' >&2; exit 2")
    with pytest.raises(ToolchainError, match=f"{path} does not run: cannot find GOROOT. Install Go anew."):
        find_go()
