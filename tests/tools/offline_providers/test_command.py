"""The command `offline-plan`: what it prints and how it ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from offline_providers.cli import main

Cloud = Any
PROGRAM = """
import pulumi
import pulumi_aws as aws

def main():
    provider = aws.Provider("aws", region="eu-central-1")
    group = pulumi.ComponentResource("example:index:Network", "network")
    aws.ec2.Vpc("net", opts=pulumi.ResourceOptions(provider=provider, parent=group, protect=True))
    aws.s3.Bucket("lake", opts=pulumi.ResourceOptions(provider=provider, retain_on_delete=True))

def configured():
    owner = pulumi.Config("example").require_object("owner")
    raise ValueError(f"the owner is {owner}")

def broken():
    raise ValueError("the size is 7, and must be even.")
"""


@pytest.fixture
def command(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What every call has in common."""
    (tmp_path / "the_program.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "the_program", raising=False)
    monkeypatch.setenv("OFFLINE_PULUMI_ROOT", str(cloud.pulumi))
    project = cloud.project("example", {})
    return ["--stack", "dev", "--project-dir", str(project.folder), "--home", str(cloud.home)]


def test_a_plan_is_told_by_component_with_counts(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", *command, "--program", "the_program:main"]) == 0
    out = capsys.readouterr().out
    assert "the providers aws 7.51.1, eks 4.4.0, kubernetes 4.34.2 are simulated" in out.splitlines()[0]
    assert "+  example Network  network" in out
    assert "+    aws ec2.Vpc  net  [protected]" in out
    assert "+  aws s3.Bucket  lake  [retained]" in out
    assert "│ create │         3 │          1 │" in out
    assert out.rstrip().endswith(" s")


def test_the_engine_logs_below_home_from_its_first_call(command: list[str], cloud: Cloud) -> None:
    assert main(["plan", *command, "--program", "the_program:main", "--json"]) == 0
    logged = {path.stem.split("-")[-1] for path in (cloud.home / "pulumi-home" / "logs").iterdir()}
    assert "version" in logged


def test_the_same_for_a_program(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", *command, "--program", "the_program:main", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counts"] == {"create": 4}
    assert told["errors"] == []
    assert {(found["operation"], found["type"], found["name"]) for found in told["resources"]} == {
        ("create", "pulumi:providers:aws", "aws"),
        ("create", "example:index:Network", "network"),
        ("create", "aws:ec2/vpc:Vpc", "net"),
        ("create", "aws:s3/bucket:Bucket", "lake"),
    }


PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def judged(args, report):
    if args.resource_type == "aws:s3/bucket:Bucket" and args.name == {refused!r}:
        report("is no lake of ours")

policies = [ResourceValidationPolicy("lakes", "Every lake is ours.", judged, EnforcementLevel.MANDATORY)]
PolicyPack("example-rules", policies)
"""


@pytest.mark.parametrize(
    ("refused", "says"),
    [
        ("another", ["The policies of example-rules are kept."]),
        ("lake", ["is no lake of ours (policy lakes)", "The policies of example-rules are broken."]),
    ],
)
def test_a_policy_pack_is_asked_about_the_plan(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], refused: str, says: list[str]
) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__main__.py").write_text(PACK.format(refused=refused))
    pack = ["--policy-pack", str(tmp_path / "pack")]
    assert main(["plan", *command, "--program", "the_program:main", *pack]) == (2 if refused == "lake" else 0)
    out = capsys.readouterr().out
    assert [part for part in says if part not in out] == []


def test_a_deployed_stack_is_planned_from_where_it_is_unless_it_is_forgotten(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*command, "--program", "the_program:main", "--json"]
    for name, expected in (
        (["deploy"], {"create": 4}),
        (["plan"], {"same": 4}),
        (["plan", "--fresh"], {"create": 4}),
    ):
        assert main([*name, *words]) == 0
        assert json.loads(capsys.readouterr().out)["counts"] == expected


def test_a_program_that_fails_ends_with_2_and_its_sentence(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *command, "--program", "the_program:broken"]) == 2
    captured = capsys.readouterr()
    assert "error: the size is 7, and must be even." in captured.out
    assert "Traceback" not in captured.out + captured.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--program", "no_such_module:main"], "the program 'no_such_module:main' cannot be had: ModuleNotFoundError"),
        (
            ["--program", "the_program:no_such_function"],
            "the program 'the_program:no_such_function' cannot be had: AttributeError",
        ),
        (["--program", "the_program:main", "--stack", "moon"], "there is no stack 'moon'"),
        (["--program", "the_program:main", "--project-dir", "/"], "there is no Pulumi.yaml in /"),
        (["--program", "the_program:main", "--config", "size=3"], "--config size=3: it must be like example:owner"),
        (["--program", "the_program:main", "--config", "a:b.c=3", "--config", "a:b.c.d=3"], "a:b.c.d cannot be set"),
        (["--program", "the_program:main", "--policy-pack", "/nowhere"], "there is no policy pack in /nowhere"),
    ],
)
def test_a_slip_ends_with_2_and_a_sentence(
    command: list[str], capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert main(["plan", *command, *words]) == 2
    assert told in capsys.readouterr().err


def test_what_the_stacks_file_leaves_open_can_be_given(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--config", "example:owner.accountId=012345678901", "--config", "example:owner.mail=a@example.org"]
    assert main(["plan", *command, "--program", "the_program:configured", *given]) == 2
    assert "the owner is {'accountId': '012345678901', 'mail': 'a@example.org'}" in capsys.readouterr().out


def test_an_example_gives_way_to_what_is_said_elsewhere(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--config", "example:owner.mail=b@example.org", "--example", "example:owner.mail=a@example.org"]
    words += ["--example", "example:owner.accountId=012345678901"]
    assert main(["plan", *command, "--program", "the_program:configured", *words]) == 2
    assert "the owner is {'accountId': '012345678901', 'mail': 'b@example.org'}" in capsys.readouterr().out


def test_a_misspelt_fault_is_refused(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFLINE_FAULTS", "craete:net")
    assert main(["plan", *command, "--program", "the_program:main"]) == 2
    assert "OFFLINE_FAULTS: 'craete:net' is not one of create:NAME" in capsys.readouterr().err


def test_no_engine_is_told_with_how_to_get_one(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFLINE_PULUMI_ROOT", "/no/such/place")
    assert main(["plan", *command, "--program", "the_program:main"]) == 2
    assert "python3 tools/toolchain/toolchain.py ensure pulumi" in capsys.readouterr().err
