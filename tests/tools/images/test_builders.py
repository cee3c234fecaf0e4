"""What each builder is told, and which is taken."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.images.builders import NAMES, Build, Builder, find_builder
from tools.images.catalogue import EPOCH, ImagesError

Programs = Callable[..., Path]
BUILD = Build(
    tag="localhost/mlplatform/ray-training:arm64",
    file=Path("/clone/Containerfile"),
    context=Path("/clone/context"),
    architecture="arm64",
    target="flight-api",
    arguments={"BASE": "localhost/base:arm64"},
    labels={"title": "two words"},
)


@pytest.fixture(params=NAMES)
def builder(request: pytest.FixtureRequest, tmp_path: Path) -> Builder:
    return Builder(request.param, tmp_path)


def has(command: list[str], *words: str) -> bool:
    """Whether the words follow each other in the command."""
    return any(command[start : start + len(words)] == list(words) for start in range(len(command)))


def test_a_build_names_file_tag_processor_stage_arguments_and_labels(builder: Builder) -> None:
    command = builder.build(BUILD)
    assert has(command, "--file", "/clone/Containerfile")
    assert has(command, "--tag", BUILD.tag)
    assert has(command, "--platform", "linux/arm64")
    assert has(command, "--target", "flight-api")
    assert has(command, "--build-arg", "BASE=localhost/base:arm64")
    assert has(command, "--label", "title=two words")
    assert command[-1] == "/clone/context"


def test_an_image_says_the_same_time_whenever_it_is_built(builder: Builder) -> None:
    told = [*builder.build(BUILD), *(f"{name}={value}" for name, value in builder.variables.items())]
    assert has(told, "--timestamp", str(EPOCH)) or f"SOURCE_DATE_EPOCH={EPOCH}" in told


@pytest.mark.parametrize("name", ["buildah", "podman"])
def test_storage_and_work_in_progress_are_in_one_folder(name: str, tmp_path: Path) -> None:
    builder = Builder(name, tmp_path)
    for command in (
        builder.build(BUILD),
        *builder.push("a", "b/c:1", tmp_path),
        *builder.save("a", tmp_path, tmp_path),
    ):
        assert has(command, "--root", f"{tmp_path}/storage", "--runroot", f"{tmp_path}/run")
    assert builder.variables == {"TMPDIR": str(tmp_path / "tmp")}


def test_certificates_are_lent_to_a_build_and_not_left_in_it(
    builder: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = tmp_path / "site.pem"
    certificates.write_text("site")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates))
    assert has(builder.build(BUILD), "--secret", f"id=certificates,src={certificates}")


def test_the_password_of_a_package_index_is_on_no_command_line(
    builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://me:hidden@index.example.test/simple")
    command = builder.build(BUILD)
    assert has(command, "--secret", "id=index,env=PIP_INDEX_URL")
    assert "hidden" not in shlex.join(command)


@pytest.mark.parametrize(
    ("registry", "plain"),
    [
        ("127.0.0.1:5000", True),
        ("localhost:5000", True),
        ("registry.example.test", False),
        ("localhosting.test", False),
    ],
)
@pytest.mark.parametrize("name", ["buildah", "podman"])
def test_only_a_registry_on_this_machine_is_spoken_to_without_encryption(
    name: str, registry: str, plain: bool, tmp_path: Path
) -> None:
    (command,) = Builder(name, tmp_path).push("image:amd64", f"{registry}/a/image:1", tmp_path / "digest")
    assert ("--tls-verify=false" in command) is plain
    assert has(command, "--digestfile", str(tmp_path / "digest"))


def test_docker_tags_before_it_pushes(tmp_path: Path) -> None:
    commands = Builder("docker", tmp_path).push("image:amd64", "r.test/image:1", tmp_path / "digest")
    assert commands == [
        ["docker", "tag", "image:amd64", "r.test/image:1"],
        ["docker", "push", "--quiet", "r.test/image:1"],
    ]


def test_the_first_builder_that_is_there_is_taken(only_programs: Programs) -> None:
    only_programs(podman="exit 0")
    assert find_builder(None).name == "podman"
    only_programs(buildah="exit 0")
    assert find_builder(None).name == "buildah"
    assert find_builder("podman").name == "podman"


def test_a_docker_whose_engine_does_not_answer_is_no_builder(only_programs: Programs) -> None:
    only_programs(docker="exit 1")
    with pytest.raises(ImagesError, match="no docker engine answers"):
        find_builder(None)
    with pytest.raises(ImagesError, match="its engine does not answer: start it"):
        find_builder("docker")
    only_programs(docker="echo 27.0")
    assert find_builder(None).name == "docker"


def test_a_machine_without_a_builder_is_told_what_to_install(only_programs: Programs) -> None:
    only_programs()
    with pytest.raises(ImagesError, match=r"nothing that builds images.*apt-get install .*buildah mmdebstrap"):
        find_builder(None)
    with pytest.raises(ImagesError, match="podman is not on PATH"):
        find_builder("podman")


def test_buildah_tells_id_and_size_of_an_image(only_programs: Programs, tmp_path: Path) -> None:
    manifest = r"{\"layers\": [{\"size\": 40}, {\"size\": 2}]}"
    only_programs(buildah=f"""printf '%s' '{{"FromImageID": "abc", "Manifest": "{manifest}"}}'""")
    assert Builder("buildah", tmp_path).find("image") == ("abc", 42)


@pytest.mark.parametrize("name", ["podman", "docker"])
def test_podman_and_docker_tell_id_and_size_of_an_image(name: str, only_programs: Programs, tmp_path: Path) -> None:
    only_programs(**{name: """printf '%s' '[{"Id": "sha256:abc", "Size": 42}]'"""})
    assert Builder(name, tmp_path).find("image") == ("abc", 42)


def test_an_image_that_is_not_there_is_none(builder: Builder, only_programs: Programs) -> None:
    only_programs(**{builder.name: "exit 125"})
    assert builder.find("image") is None


def test_docker_tells_the_digest_in_the_registry_that_was_pushed_to(only_programs: Programs, tmp_path: Path) -> None:
    only_programs(docker="""echo '["other.test/image@sha256:1", "r.test:5000/image@sha256:2"]'""")
    assert Builder("docker", tmp_path).pushed_digest("r.test:5000/image:tag") == "sha256:2"
    assert Builder("docker", tmp_path).pushed_digest("third.test/image:tag") is None
