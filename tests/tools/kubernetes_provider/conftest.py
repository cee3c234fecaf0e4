"""One Kubernetes for all tests, a namespace for each, and stacks of the real engine on it."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from control_plane import ControlPlane, control_plane
from offline_providers.engine import OfflineStack, Program, Project, offline_stack
from offline_providers.kubernetes.apply import KubernetesApply
from offline_providers.kubernetes.readiness import Patience

NUMBERS = itertools.count()
OpenStack = Callable[[Program], AbstractContextManager[OfflineStack]]


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with control_plane(tmp_path_factory.mktemp("kubernetes"), "nobody") as running:
        running.add_node("worker")
        yield running


@pytest.fixture(scope="session")
def sdk() -> SimpleNamespace:
    """The SDKs. Not imported by name: their types are millions of lines for a type checker."""
    return SimpleNamespace(k8s=importlib.import_module("pulumi_kubernetes"), pulumi=importlib.import_module("pulumi"))


@pytest.fixture
def namespace(plane: ControlPlane) -> str:
    name = f"test-{next(NUMBERS)}"
    plane.core().create_namespace({"metadata": {"name": name}})
    return name


@pytest.fixture
def stack(plane: ControlPlane, tmp_path: Path) -> OpenStack:
    """Opens a stack with a program; the same one each time within a test."""
    (tmp_path / "project").mkdir()
    settings = {"name": "example", "runtime": "python"}
    (tmp_path / "project" / "Pulumi.yaml").write_text(yaml.safe_dump(settings))
    (tmp_path / "project" / "Pulumi.test.yaml").write_text("config: {}\n")

    @contextmanager
    def opened(program: Program, user: str = "admin") -> Iterator[OfflineStack]:
        project = Project.at(tmp_path / "project", tmp_path / "home")
        patience = Patience(image=1.0, settings=1.0, unschedulable=2.0, period=0.2)
        provider = KubernetesApply(str(plane.kubeconfig(user)), patience=patience)
        with offline_stack(project, "test", program, provider) as made:
            yield made

    return opened
