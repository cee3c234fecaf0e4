"""Rules that every Containerfile keeps."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tools.images.bases import RECIPES
from tools.images.catalogue import BASES, IMAGES, ROOT, STAND_INS, Image, ImagesError
from tools.images.context import INCLUDED, PARTS, joined

WORKLOADS = sorted({image.folder / "Containerfile" for image in IMAGES.values()})
RUN_ON_A_BASE = [*WORKLOADS, *(image.folder / "Containerfile" for image in STAND_INS.values())]
ALL = [*RUN_ON_A_BASE, *sorted(RECIPES.glob("*.Containerfile"))]
SPARK = ROOT / "workloads" / "spark_preprocessing" / "image"


def instructions(file: Path) -> list[tuple[str, str]]:
    """Instruction and the rest, comments left out and lines put together."""
    text = "\n".join(line for line in joined(file).splitlines() if not line.lstrip().startswith("#"))
    lines = (line.strip() for line in re.sub(r"\\\n\s*", " ", text).splitlines())
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines if line]


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", ALL, ids=name_of)
def test_its_last_user_is_user_and_group_1000(file: Path) -> None:
    assert [rest for word, rest in instructions(file) if word == "USER"][-1] == "1000:1000"


@pytest.mark.parametrize("file", RUN_ON_A_BASE, ids=name_of)
def test_it_starts_from_the_base_that_it_is_given(file: Path) -> None:
    stages = [rest for word, rest in instructions(file) if word == "FROM"]
    named = [rest.split(" AS ")[1] for rest in stages if " AS " in rest]
    assert stages[0].split()[0] == "${BASE}"
    assert all(rest.split()[0] in named for rest in stages[1:])


@pytest.mark.parametrize("file", ALL, ids=name_of)
def test_what_it_pulls_is_pinned_by_digest(file: Path) -> None:
    stages = [rest.split(" AS ")[-1] for word, rest in instructions(file) if word == "FROM"]
    for word, rest in instructions(file):
        if word == "FROM" and rest.split()[0] not in {"${BASE}", "scratch", *stages}:
            assert re.fullmatch(r"[a-z0-9./-]+(:[\w.-]+)?@sha256:[0-9a-f]{64}", rest.split()[0])


@pytest.mark.parametrize("file", ALL, ids=name_of)
def test_it_has_no_moving_tag_no_url_and_no_secret(file: Path) -> None:
    for word, rest in instructions(file):
        assert ":latest" not in rest
        assert not (word in {"ADD", "COPY"} and "://" in rest)
        assert not (word == "RUN" and re.search(r"\b(curl|wget|sudo|git clone)\b", rest))
        assert not (word in {"ENV", "ARG"} and re.search(r"(?i)password|secret|token|credential|access_key", rest))


@pytest.mark.parametrize("file", RUN_ON_A_BASE, ids=name_of)
def test_it_adds_no_archive_and_only_what_is_named(file: Path) -> None:
    for word, rest in instructions(file):
        assert word != "ADD"
        assert not (word == "COPY" and rest.split()[0] in {".", "./", "*"})


@pytest.mark.parametrize("file", RUN_ON_A_BASE, ids=name_of)
def test_tini_is_its_first_process_and_tmp_its_home(file: Path) -> None:
    found = dict(instructions(file))
    assert found["ENTRYPOINT"].startswith('["/usr/bin/tini", "--"')
    assert found["WORKDIR"] == "/tmp"  # noqa: S108 - in the image
    assert "HOME=/tmp" in found["ENV"]


@pytest.mark.parametrize("file", WORKLOADS, ids=name_of)
def test_a_lock_file_comes_before_sources_so_that_packages_keep_their_layer(file: Path) -> None:
    words = [f"{word} {rest}" for word, rest in instructions(file)]
    packages = next(index for index, line in enumerate(words) if line.endswith("install.sh packages"))
    sources = next(index for index, line in enumerate(words) if line.startswith("COPY workloads/platform_contract"))
    assert packages < sources
    assert any("requirements.lock" in line for line in words[:packages])


@pytest.mark.parametrize("file", WORKLOADS, ids=name_of)
def test_it_has_the_parts_of_every_packages_image_and_says_which_package_it_is_of(file: Path) -> None:
    assert INCLUDED.findall(file.read_text()) == ["packages.Containerfile", "programs.Containerfile"]
    assert {path.name for path in PARTS.iterdir()} == {"packages.Containerfile", "programs.Containerfile"}
    given = dict(rest.partition("=")[::2] for word, rest in instructions(file) if word == "ARG")
    assert given["PACKAGE"] == file.parent.name
    assert given["IMPORTED"].strip('"').split()
    assert "#include" not in joined(file)


def test_a_part_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "Containerfile").write_text('FROM ${BASE}\n#include "other.Containerfile"\n')
    with pytest.raises(ImagesError, match=r"Containerfile includes other\.Containerfile, and there is none in "):
        joined(tmp_path / "Containerfile")


@pytest.mark.parametrize("image", IMAGES.values(), ids=lambda image: image.name)
def test_an_images_stage_is_there(image: Image) -> None:
    stages = re.findall(r"^FROM \S+ AS (\S+)$", (image.folder / "Containerfile").read_text(), re.MULTILINE)
    assert image.base in BASES
    assert image.target in (stages or [""])


def test_the_images_are_those_of_the_stacks_configuration() -> None:
    from mlplatform.config.workload_sections import Images
    from pydantic.alias_generators import to_camel

    assert set(IMAGES) == set(Images.model_fields)
    assert {image.key for image in IMAGES.values()} == {f"images.{to_camel(name)}" for name in Images.model_fields}


@pytest.mark.parametrize("image", STAND_INS.values(), ids=lambda image: image.name)
def test_a_stand_in_has_a_key_of_its_own_in_the_configuration_of_the_environment_local(image: Image) -> None:
    from mlplatform.config.local_model import StandIns
    from pydantic.alias_generators import to_camel

    assert image.key == f"inCluster.standIns.{to_camel(image.name)}"
    assert image.name in StandIns.model_fields
    assert image.base in BASES


def test_packages_are_installed_with_their_hashes_and_compiled_for_a_file_system_without_times() -> None:
    script = (ROOT / "tools/images/install.sh").read_text()
    assert "--require-hashes" in script
    assert "--invalidation-mode unchecked-hash" in script
    assert "PYC_INVALIDATION_MODE=UNCHECKED_HASH" in script


@pytest.fixture
def executor_pod(tmp_path: Path) -> dict[str, str]:
    """Variables of an executor's pod, and a `java` that says what it is given."""
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    java.chmod(0o755)
    return {
        "PATH": f"{java.parent}:/usr/bin:/bin",
        "SPARK_HOME": "/spark",
        "SPARK_CONF_DIR": "/opt/spark/conf",
        "SPARK_DRIVER_URL": "spark://CoarseGrainedScheduler@10.0.0.1:7078",
        "SPARK_EXECUTOR_ID": "3",
        "SPARK_EXECUTOR_CORES": "2",
        "SPARK_EXECUTOR_MEMORY": "1024m",
        "SPARK_APPLICATION_ID": "spark-abc",
        "SPARK_EXECUTOR_POD_IP": "10.0.0.2",
        "SPARK_EXECUTOR_POD_NAME": "executor-3",
        "SPARK_RESOURCE_PROFILE_ID": "0",
        "SPARK_JAVA_OPT_0": "-Da=1",
        "SPARK_JAVA_OPT_2": "-Dlast=two words",
        "SPARK_JAVA_OPT_10": "-Dten=10",
    }


def entrypoint(variables: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SPARK / "entrypoint.sh"), *command], env=variables, capture_output=True, text=True, check=False
    )


def test_executor_becomes_sparks_executor_with_its_options_in_order(executor_pod: dict[str, str]) -> None:
    done = entrypoint(executor_pod, "executor")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        *("-Da=1", "-Dlast=two words", "-Dten=10", "-Xms1024m", "-Xmx1024m", "-cp", "/opt/spark/conf:/spark/jars/*"),
        "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend",
        *("--driver-url", "spark://CoarseGrainedScheduler@10.0.0.1:7078", "--executor-id", "3", "--cores", "2"),
        *("--app-id", "spark-abc", "--hostname", "10.0.0.2", "--resourceProfileId", "0", "--podName", "executor-3"),
    ]


def test_an_executor_finds_what_spark_puts_before_its_own_jars(executor_pod: dict[str, str]) -> None:
    """``spark.executor.extraClassPath``: the client for S3. Spark 4.2.0 gives it to the pod as this variable
    (``deploy/k8s/Constants.scala``, ``ENV_CLASSPATH``; ``features/BasicExecutorFeatureStep.scala``), and no other."""
    done = entrypoint({**executor_pod, "SPARK_CLASSPATH": "/opt/venv/share/s3a/*"}, "executor")
    assert "/opt/spark/conf:/opt/venv/share/s3a/*:/spark/jars/*" in done.stdout.splitlines(), done.stderr


def test_an_executor_without_options_starts_too(executor_pod: dict[str, str]) -> None:
    plain = {name: value for name, value in executor_pod.items() if not name.startswith("SPARK_JAVA_OPT_")}
    done = entrypoint(plain, "executor")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("-Xms1024m\n")


def test_an_executor_that_is_told_nothing_says_so(executor_pod: dict[str, str]) -> None:
    del executor_pod["SPARK_DRIVER_URL"]
    done = entrypoint(executor_pod, "executor")
    assert done.returncode == 2
    assert done.stderr.startswith("SPARK_DRIVER_URL is not set: ")


def test_any_other_command_is_run_as_it_is(executor_pod: dict[str, str]) -> None:
    assert entrypoint(executor_pod, "echo", "two words", "$HOME").stdout == "two words $HOME\n"


def test_no_command_is_a_mistake_that_is_explained(executor_pod: dict[str, str]) -> None:
    done = entrypoint(executor_pod)
    assert done.returncode == 2
    assert "Give a command to run" in done.stderr


@pytest.mark.parametrize("script", sorted(SPARK.glob("*.sh")), ids=lambda path: path.name)
def test_a_script_in_an_image_can_be_run(script: Path) -> None:
    assert script.stat().st_mode & 0o111 == 0o111
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
