"""The program judged by a real provider: HashiCorp's `time`, which is small and speaks the protocol that AWS' does."""

from __future__ import annotations

import hashlib
import json
import platform
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from offline_providers.faults import OfflineError
from offline_providers.sdk.replacement import told_of
from offline_providers.terraform.conversion import convert, names_of, terraform_type
from offline_providers.terraform.finding import find_provider
from offline_providers.terraform.judging import Judged, Row, judge, replacements, set_up
from offline_providers.terraform.provider import Provider, running

REPOSITORY = Path(__file__).resolve().parents[3]
SLEEP = "time:index/sleep:Sleep"
KNOWN = {SLEEP: "time_sleep", "time:index/static:Static": "time_static"}


@pytest.fixture(scope="module")
def program() -> Path:
    tool = REPOSITORY / "tools" / "toolchain" / "toolchain.py"
    done = subprocess.run(
        [sys.executable, str(tool), "ensure", "terraform-provider-time"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return REPOSITORY / ".local" / "toolchain" / "bin" / "terraform-provider-time"


@pytest.fixture
def provider(program: Path) -> Iterator[Provider]:
    with running(program) as found:
        set_up(found)
        yield found


def judged(provider: Provider, **inputs: Any) -> Judged:
    (found,) = judge(provider, [Row(SLEEP, "nap", inputs)], KNOWN)
    return found


def test_a_sound_resource_is_planned_and_nothing_is_said(provider: Provider) -> None:
    found = judged(provider, createDuration="30s", triggers={"zone": "a"})
    assert (found.planned, found.findings) == (True, [])


def test_a_value_that_the_provider_refuses_is_told_with_its_place(provider: Provider) -> None:
    found = judged(provider, createDuration="soon")
    (finding,) = found.findings
    assert found.refused
    assert not found.planned
    assert finding.where == "create_duration"
    assert "must be a number immediately followed by ms" in finding.detail


def test_a_missing_value_is_told(provider: Provider) -> None:
    assert {one.summary for one in judged(provider).findings} == {"Invalid Attribute Combination"}


def test_a_property_or_a_type_that_finds_no_place_is_told(provider: Provider) -> None:
    found = judged(provider, createDuration="30s", destroyDuraton="5s")
    assert [(one.where, one.refused) for one in found.findings] == [("destroyDuraton", True)]
    (other,) = judge(provider, [Row("time:index/nothing:Nothing", "x", {})], KNOWN)
    assert other.findings[0].summary == "The provider has no type for time:index/nothing:Nothing"
    with pytest.raises(OfflineError, match=r"nap: time_sleep has no attribute for destroyDuraton"):
        replacements(provider, [Row(SLEEP, "nap", {"createDuration": "1s", "destroyDuraton": "5s"})], KNOWN)


def test_a_value_of_another_resource_is_not_known_yet(provider: Provider) -> None:
    """The provider would refuse the text itself: it stands for what another resource tells after its own creation."""
    inputs = {"createDuration": "made-up-by-a-mock"}
    (known,) = judge(provider, [Row(SLEEP, "nap", inputs)], KNOWN)
    (unknown,) = judge(provider, [Row(SLEEP, "nap", inputs, {"createDuration": {"made-up-by-a-mock"}})], KNOWN)
    assert known.refused
    assert (unknown.planned, unknown.findings) == (True, [])


def test_which_change_replaces_is_asked_for_each_property(provider: Provider) -> None:
    rows = [Row(SLEEP, "nap", {"createDuration": "30s", "triggers": {"zone": "a"}})]
    assert replacements(provider, rows, KNOWN) == {
        SLEEP: {
            "terraform": "time_sleep",
            "replaces": ["triggers"],
            "updates": ["createDuration", "destroyDuration"],
            "notTold": [],
        }
    }


def test_a_resource_that_is_refused_as_it_is_tells_of_no_change(provider: Provider) -> None:
    with pytest.raises(OfflineError, match=r"time:index/static:Static now is refused as it is: "):
        replacements(provider, [Row("time:index/static:Static", "now", {"rfc3339": "noon"})], KNOWN)


def test_the_table_that_is_kept_names_types_as_they_are_found_without_it() -> None:
    """Where the rule of names gives an answer, it is that of the table."""
    types = {told["terraform"]: object() for told in told_of().values()}
    found = {token: terraform_type(token, types, {}) for token in told_of()}
    assert {token for token, kind in found.items() if kind not in {None, told_of()[token]["terraform"]}} == set()
    assert sum(kind is not None for kind in found.values()) > len(found) / 2


def test_a_property_with_its_very_name_takes_it_before_a_plural() -> None:
    assert list(names_of("policy"))[:2] == ["policy", "policy"]
    assert "policies" in names_of("policy")

    class Attribute:
        def __init__(self, name: str) -> None:
            self.name, self.type = name, b'"string"'

    class Block:
        attributes = (Attribute("name"), Attribute("names"))
        block_types = ()

    assert convert("any", Block(), {"names": "b", "name": "a"}, {}).config == {"name": "a", "names": "b"}


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 3", r"has ended \(with 3\) and said nothing: is it a provider\?"),
        ("kill -9 $$", r"has ended \(by SIGKILL\) and said nothing"),
        ("echo hello; exec sleep 60", r"is no provider of Terraform's: it says 'hello'"),
        (
            "echo '1|6|unix|/tmp/none|grpc'; exec sleep 60",
            r"speaks version 6 of the plugin protocol; version 5 is asked with",
        ),
        ("echo '1|5|unix|/nonexistent/socket|grpc'; exec sleep 60", r"does not answer GetSchema: UNAVAILABLE"),
        ("echo '1|5|unix|/nonexistent/socket|grpc'; exit 2", r"has ended \(with 2\) while it was asked GetSchema"),
        ("printf '\\377\\376\\n'; exec sleep 60", r"is no provider of Terraform's: it says 'what is no text'"),
    ],
)
def test_what_is_no_provider_is_said_in_a_sentence(tmp_path: Path, script: str, words: str) -> None:
    program = tmp_path / "provider"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(OfflineError, match=words), running(program):
        pass
    left = [one.read_bytes() for one in Path("/proc/self/task").glob("*/children")]
    for pid in b"".join(left).split():
        assert str(program).encode() not in Path("/proc", pid.decode(), "cmdline").read_bytes()


def test_a_provider_that_is_not_there_or_cannot_be_run(tmp_path: Path) -> None:
    with (
        pytest.raises(OfflineError, match=r"There is no provider at .*none.*JUDGE_PROVIDER=… names another"),
        running(tmp_path / "none"),
    ):
        pass
    (tmp_path / "other").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "other").chmod(0o755)
    with (
        pytest.raises(OfflineError, match=r"cannot be run: .*Is it a program for this machine"),
        running(tmp_path / "other"),
    ):
        pass


def test_the_provider_is_the_named_one_or_the_newest_of_terraforms_cache(tmp_path: Path) -> None:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    for version in ("6.9.0", "6.10.1", "6.2.0"):
        there = (
            tmp_path
            / f"registry.terraform.io/hashicorp/aws/{version}/linux_{machine}/terraform-provider-aws_v{version}_x5"
        )
        there.parent.mkdir(parents=True)
        there.write_text("")
        there.chmod(0o755)
    found = find_provider(None, REPOSITORY, {"TF_PLUGIN_CACHE_DIR": str(tmp_path)})
    assert (found.path.name, found.version) == (
        "terraform-provider-aws_v6.10.1_x5",
        "registry.terraform.io/hashicorp/aws 6.10.1",
    )
    (tmp_path / "own").write_bytes(b"abc")
    assert find_provider(tmp_path / "own", REPOSITORY).version == f"own sha256:{hashlib.sha256(b'abc').hexdigest()}"


def test_the_command_says_what_is_refused_and_writes_the_table(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import judge as command

    naps = [Row(SLEEP, "nap", {"createDuration": "30s"}), Row(SLEEP, "bad", {"createDuration": "soon"})]
    monkeypatch.setattr(command, "rows", lambda _: naps)
    monkeypatch.setattr(command, "told_of", lambda: {SLEEP: {"terraform": "time_sleep"}})
    monkeypatch.setattr(command, "TOLD", tmp_path / "told.json")
    words = ["dev", "--provider", str(program)]
    assert command.main(words) == 1
    said = capsys.readouterr().out
    assert "REFUSED: time:index/sleep:Sleep bad (create_duration): Invalid Attribute Value Match. " in said
    assert "dev: 2 resources, 1 planned, 1 refused" in said
    assert command.main([*words, "--replacements"]) == 0
    kept = json.loads((tmp_path / "told.json").read_text())
    assert kept["provider"].startswith("terraform-provider-time sha256:")
    assert kept["types"][SLEEP]["updates"] == ["createDuration", "destroyDuration"]
    assert command.main(["dev", "--provider", str(tmp_path / "none")]) == 2
    assert "judge: There is no provider at" in capsys.readouterr().err


def test_a_provider_that_is_killed_while_it_is_asked(provider: Provider) -> None:
    threading.Timer(0.3, lambda: provider._process.send_signal(signal.SIGKILL)).start()
    rows = (Row(SLEEP, "nap", {"createDuration": "30s"}) for _ in range(1_000_000))
    with pytest.raises(OfflineError, match=r"has ended \(by SIGKILL\) while it was asked"):
        deque(judge(provider, rows, KNOWN), maxlen=1)
