"""What a person is told, and with which exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.images.building import Result, Stamp
from tools.images.catalogue import IMAGES, ROOT, STAND_INS, known_image
from tools.images.command_line import as_json, configuration_commands, main, told
from tools.images.processes import advice_on

Programs = Callable[..., Path]
DIGEST = "sha256:" + "0123456789abcdef" * 4
REGISTRY = "r.test/mlplatform-dev"
RESULTS = [
    Result(IMAGES["ray_training"], "t", Stamp("i", "abc", 1_234_000_000, 61.2), built=True, digest=DIGEST),
    Result(IMAGES["bento_model_api"], "t", Stamp("i", "def", 400_000_000, 9), built=False, digest=DIGEST),
]


def test_pushed_images_are_put_under_a_stack_with_commands_that_can_be_copied() -> None:
    assert configuration_commands(RESULTS, "registry.example", "dev") == [
        f"pulumi config set --stack dev --path 'mlplatform:images.rayTraining' {DIGEST}",
        f"pulumi config set --stack dev --path 'mlplatform:images.bentoModelApi' {DIGEST}",
    ]
    assert configuration_commands(RESULTS[:1], "registry.example", "")[0].startswith(
        "pulumi config set --path 'mlplatform:images."
    )


def test_a_stand_in_is_configured_by_its_whole_address_and_is_not_built_unless_it_is_named() -> None:
    result = Result(STAND_INS["postgresql"], "t", Stamp("i", "abc"), built=True, digest=DIGEST)
    assert configuration_commands([result], "127.0.0.1:5000/mlplatform/", "local") == [
        "pulumi config set --stack local --path 'mlplatform:inCluster.standIns.postgresql'"
        f" 127.0.0.1:5000/mlplatform/postgresql@{DIGEST}"
    ]
    assert known_image("postgresql") is STAND_INS["postgresql"]
    assert not set(STAND_INS) & set(IMAGES)


def test_a_table_shows_sizes_and_times() -> None:
    lines = told(RESULTS, REGISTRY, "").splitlines()
    assert lines[0].split() == ["image", "size", "took", "what", "digest"]
    assert lines[1].split() == ["ray_training", "1,234", "MB", "61", "s", "built", DIGEST]
    assert lines[2].split() == ["bento_model_api", "400", "MB", "-", "nothing", "has", "changed", DIGEST]


def test_without_a_registry_there_is_nothing_to_configure() -> None:
    assert "pulumi" not in told(RESULTS, "", "")
    assert json.loads(as_json(RESULTS, "", ""))["commands"] == []


def test_a_program_reads_digest_reference_and_commands() -> None:
    document = json.loads(as_json(RESULTS, REGISTRY + "/", "dev"))
    assert document["images"][0]["reference"] == f"{REGISTRY}/ray-training@{DIGEST}"
    assert document["images"][0]["bytes"] == 1_234_000_000
    assert len(document["commands"]) == 2


def test_images_are_known_in_both_spellings() -> None:
    assert known_image("ray-training") is known_image("ray_training")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["build", "nothing"], "no such image: nothing (there is mlflow_tracking, "),
        (["build", "--snapshot", "yesterday"], "--snapshot yesterday: write the time as 20260101T000000Z."),
        (["build", "--push", "https://r.test"], "name a registry without a scheme"),
        (["build", "--builder", "podman"], "podman is not on PATH"),
        (["build"], "There is nothing that builds images"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_status_2(
    arguments: list[str], sentence: str, only_programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    only_programs()
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith("images: ")
    assert sentence in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("write /var/lib: no space left on device", "The disk is full"),
        ("dial tcp 127.0.0.1:5000: connect: connection refused", "was not reached"),
        ("unauthorized: authentication required", "sign in first"),
        ("name unknown: The repository with name 'x' does not exist in the registry", "no repository of that name"),
        ("http: server gave HTTP response to HTTPS client", "not trusted"),
        ("error: Hash mismatch for `numpy`", "not what the lock file says"),
        ("exec /bin/sh: exec format error", "cannot run programs of that processor"),
        ("something else", ""),
    ],
)
def test_what_a_builder_said_becomes_advice(said: str, advice: str) -> None:
    assert advice in advice_on(said) if advice else not advice_on(said)


def test_it_starts_from_any_folder_and_explains_itself(tmp_path: Path) -> None:
    script = str(ROOT / "tools" / "images" / "images.py")
    done = subprocess.run([sys.executable, script, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert all(name in done.stdout for name in IMAGES)
