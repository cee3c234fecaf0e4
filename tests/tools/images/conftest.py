"""A clone with two small packages, a Bento, and programs that say what they were told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.images import catalogue, context
from tools.images.catalogue import Image

Write = Callable[[Path, str], Path]


@pytest.fixture
def write() -> Write:
    def write(path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write) -> Path:
    """Shaped as this repository is; the tool takes it for its own."""
    root = tmp_path / "clone"
    for name in ("build.lock", "uv.lock", "images/install.sh", "images/parts/all.Containerfile"):
        write(root / "tools" / name, name)
    for package in ("platform_contract", "bento_serving", "ray_training"):
        folder = root / "workloads" / package
        write(folder / "pyproject.toml", f"name = {package}")
        write(folder / "requirements.lock", f"{package} packages")
        write(folder / "Containerfile", 'FROM ${BASE}\n#include "all.Containerfile"\n')
        write(folder / "src" / package / "__init__.py", f"# {package}")
    for module in (catalogue, context):
        monkeypatch.setattr(module, "ROOT", root)
    monkeypatch.setattr(context, "PARTS", root / "tools" / "images" / "parts")
    monkeypatch.setattr(context, "INSTALLER", (root / "tools" / "images" / "install.sh", root / "tools" / "uv.lock"))
    return root


@pytest.fixture
def image() -> Image:
    return Image("ray_training", "ray_training", "Ray")


@pytest.fixture
def bento_home(clone: Path, write: Write) -> Path:
    """A store whose current Bento was built from the clone's sources."""
    home = clone.parent / "bentoml"
    bento = home / "bentos" / "flight_delay_model" / "1-abc"
    write(bento / "bento.yaml", "name: flight_delay_model")
    write(bento / "models" / "flight_delay" / "1-abc" / "model.yaml", "name: flight_delay")
    for package in ("platform_contract", "bento_serving"):
        write(bento / "src" / package / "__init__.py", f"# {package}")
    write(bento / "src" / "requirements.lock", "bento_serving packages")
    write(home / "current.json", json.dumps({"bentos": {"model-api": "flight_delay_model:1-abc"}}))
    return home


@pytest.fixture
def only_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes PATH have nothing but these: name → script."""

    def only(**scripts: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        for name, script in scripts.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        return folder

    return only


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine is set up with has no say in what a test expects."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL", "SSL_CERT_FILE", "STORAGE_DRIVER"):
        monkeypatch.delenv(name, raising=False)
    os.umask(0o022)
