"""What goes into an image, and when it counts as changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tools.images.conftest import Write
from tools.images.catalogue import EPOCH, Image, ImagesError
from tools.images.context import digest_of, find_bento, input_files, lay_out

SETTINGS = {"base": "abc", "architecture": "amd64"}


@pytest.mark.parametrize(
    "changed",
    [
        "workloads/ray_training/Containerfile",
        "workloads/ray_training/requirements.lock",
        "workloads/ray_training/pyproject.toml",
        "workloads/ray_training/src/ray_training/__init__.py",
        "workloads/platform_contract/src/platform_contract/__init__.py",
        "tools/build.lock",
        "tools/uv.lock",
        "tools/images/install.sh",
        "tools/images/parts/all.Containerfile",
    ],
)
def test_an_image_changes_with_every_file_that_goes_into_it(clone: Path, image: Image, changed: str) -> None:
    before = digest_of(image, None, SETTINGS)
    (clone / changed).write_text("something else")
    assert digest_of(image, None, SETTINGS) != before


@pytest.mark.parametrize("name", sorted(SETTINGS))
@pytest.mark.usefixtures("clone")
def test_an_image_changes_with_its_base_and_its_processor(image: Image, name: str) -> None:
    assert digest_of(image, None, SETTINGS) != digest_of(image, None, {**SETTINGS, name: "other"})


def test_a_script_that_can_no_longer_be_run_makes_another_image(clone: Path, image: Image, write: Write) -> None:
    script = write(clone / "workloads/ray_training/image/entrypoint.sh", "#!/bin/sh")
    script.chmod(0o755)
    before = digest_of(image, None, SETTINGS)
    script.chmod(0o644)
    assert digest_of(image, None, SETTINGS) != before


@pytest.mark.parametrize(
    "stray",
    [
        "workloads/ray_training/src/ray_training/__pycache__/a.cpython-311.pyc",
        "workloads/ray_training/requirements-test.lock",
        "workloads/ray_training/notes.txt",
        "workloads/bento_serving/src/bento_serving/other.py",
        ".env",
    ],
)
def test_a_file_that_is_in_no_image_changes_none(clone: Path, image: Image, write: Write, stray: str) -> None:
    before = digest_of(image, None, SETTINGS)
    write(clone / stray, "stray")
    assert digest_of(image, None, SETTINGS) == before
    assert stray not in input_files(image, None)


def test_neither_times_nor_the_umask_of_a_clone_change_an_image(clone: Path, image: Image) -> None:
    before = digest_of(image, None, SETTINGS)
    source = clone / "workloads/ray_training/src/ray_training/__init__.py"
    source.chmod(0o600)
    os.utime(source, (1, 1))
    assert digest_of(image, None, SETTINGS) == before


def test_a_context_has_the_files_with_one_time_and_open_modes(clone: Path, image: Image, tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text("uv")
    uv.chmod(0o700)
    (clone / "workloads/ray_training/pyproject.toml").chmod(0o600)
    folder = tmp_path / "context"
    lay_out(image, None, uv, folder)
    found = {path.relative_to(folder).as_posix(): path.stat() for path in folder.rglob("*") if path.is_file()}
    assert set(found) == {*input_files(image, None), "Containerfile", ".build/uv", ".build/install.sh"}
    assert {oct(status.st_mode & 0o777) for name, status in found.items() if name != ".build/uv"} == {"0o644"}
    assert oct(found[".build/uv"].st_mode & 0o777) == "0o755"
    assert {path.stat().st_mtime for path in (folder, *folder.rglob("*"))} == {EPOCH}


def test_nothing_of_an_earlier_context_stays(clone: Path, image: Image, tmp_path: Path, write: Write) -> None:
    write(tmp_path / "context" / "left.txt", "left")
    lay_out(image, None, clone / "tools" / "uv.lock", tmp_path / "context")
    assert not (tmp_path / "context" / "left.txt").exists()


@pytest.mark.usefixtures("clone")
def test_a_package_that_is_not_there_is_named() -> None:
    with pytest.raises(ImagesError, match=r"there is no workloads/absent/requirements\.lock"):
        input_files(Image("absent", "absent", "nothing"), None)


def test_the_stores_current_bento_is_taken(bento_home: Path) -> None:
    assert find_bento(None, bento_home) == bento_home / "bentos" / "flight_delay_model" / "1-abc"


def test_a_bentos_files_are_part_of_its_image(bento_home: Path, image: Image) -> None:
    bento = find_bento(None, bento_home)
    assert "bento/models/flight_delay/1-abc/model.yaml" in input_files(image, bento)
    before = digest_of(image, bento, SETTINGS)
    (bento / "bento.yaml").write_text("another")
    assert digest_of(image, bento, SETTINGS) != before


@pytest.mark.usefixtures("clone")
def test_without_a_bento_it_is_said_how_one_is_built(tmp_path: Path) -> None:
    with pytest.raises(ImagesError, match=r"no Bento is built yet in .*'make run' builds it anew"):
        find_bento(None, tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"bentos": {}}', '{"bentos": []}'])
@pytest.mark.usefixtures("clone")
def test_a_receipt_that_says_nothing_counts_as_no_bento(tmp_path: Path, write: Write, text: str) -> None:
    write(tmp_path / "home" / "current.json", text)
    with pytest.raises(ImagesError, match="no Bento is built yet"):
        find_bento(None, tmp_path / "home")


def test_a_bento_of_other_sources_is_refused(clone: Path, bento_home: Path) -> None:
    (clone / "workloads/bento_serving/src/bento_serving/__init__.py").write_text("# changed since")
    with pytest.raises(ImagesError, match=r"built from another bento_serving/__init__\.py than the one here"):
        find_bento(None, bento_home)


def test_a_bento_of_other_packages_is_refused(clone: Path, bento_home: Path) -> None:
    (clone / "workloads/bento_serving/requirements.lock").write_text("newer packages")
    with pytest.raises(ImagesError, match=r"built from another requirements\.lock"):
        find_bento(None, bento_home)


def test_a_folder_that_is_no_bento_is_refused(clone: Path) -> None:
    with pytest.raises(ImagesError, match="is not a Bento's folder"):
        find_bento(clone, clone)


def test_a_bento_without_a_model_is_refused(clone: Path, write: Write) -> None:
    bento = write(clone / "bento" / "bento.yaml", "name: flight_delay_shared").parent
    with pytest.raises(ImagesError, match="has no model in it"):
        find_bento(bento, clone)
