"""The real engine for these tests, and projects of their own for it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from offline_providers.aws.provider import Aws
from offline_providers.engine import OfflineStack, Outcome, Program, Project, find_pulumi, offline_stack
from offline_providers.faults import OfflineError
from offline_providers.provider import Target
from offline_providers.report import Planned, errors, planned
from offline_providers.sdk.schema import Sdk

REPOSITORY = Path(__file__).resolve().parents[3]
TOOLCHAIN = REPOSITORY / "tools" / "toolchain" / "toolchain.py"


@pytest.fixture(scope="session")
def aws_sdk() -> Sdk:
    return Sdk("pulumi_aws")


@pytest.fixture(scope="session")
def pulumi_root() -> Path:
    """The engine: built, when it is not there and the toolchain can."""
    try:
        return find_pulumi(REPOSITORY)
    except OfflineError:
        if not TOOLCHAIN.is_file():
            pytest.skip("no Pulumi engine, and no toolchain to build it with")
    built = subprocess.run([sys.executable, str(TOOLCHAIN), "ensure", "pulumi"], check=False)
    if built.returncode != 0:
        pytest.skip("the toolchain could not build the Pulumi engine")
    return find_pulumi(REPOSITORY)


@pytest.fixture(scope="session")
def sdk() -> SimpleNamespace:
    """The SDKs. Not imported by name: their types are millions of lines for a type checker."""
    names = {
        "pulumi": "pulumi",
        "aws": "pulumi_aws",
        "eks": "pulumi_eks",
        "kubernetes": "pulumi_kubernetes",
    }
    return SimpleNamespace(**{name: importlib.import_module(module) for name, module in names.items()})


@pytest.fixture(scope="session")
def aws() -> Aws:
    return Aws()


@pytest.fixture(scope="session")
def at(aws: Aws) -> Callable[..., Target]:
    """A resource's address; its provider refuses other accounts and tags everything."""
    provider = {
        "region": "eu-central-1",
        "allowedAccountIds": '["111122223333"]',
        "defaultTags": '{"tags": {"environment": "dev", "owner": "ml"}}',
    }
    config = aws.configured(provider)

    def target(token: str, name: str = "it") -> Target:
        return Target(f"urn:pulumi:dev::p::{token}::{name}", name, token, config)

    return target


class Ran:
    """What came of one operation, easy to ask."""

    def __init__(self, outcome: Outcome, stack: OfflineStack) -> None:
        self.outcome = outcome
        self.steps: list[Planned] = planned(outcome.steps)
        self.by_name = {step.name: step for step in self.steps}
        self.errors = "\n".join(errors(outcome))
        self.failed = outcome.failed
        self.outputs = {name: output.value for name, output in outcome.outputs.items()}
        self.state = stack.export()

    def operation(self, name: str) -> str:
        return self.by_name[name].operation

    def resource(self, name: str) -> dict[str, Any]:
        """A resource's entry in the state."""
        found = [entry for entry in self.state["resources"] if entry["urn"].endswith(f"::{name}")]
        assert len(found) == 1, f"{name}: {len(found)} in the state"
        entry: dict[str, Any] = found[0]
        return entry

    def order(self, *names: str) -> list[int]:
        """When the engine came to each of these."""
        seen = [step.urn.rsplit("::", 1)[-1] for step in self.outcome.steps]
        return [seen.index(name) for name in names]


class Cloud:
    """A project in a folder of its own, and its simulated cloud."""

    def __init__(self, folder: Path, pulumi: Path) -> None:
        self.home = folder / "home"
        self.pulumi = pulumi
        self.folder = folder
        self._projects: dict[str, Project] = {}

    def project(self, name: str, config: Mapping[str, Any], stack: str = "dev") -> Project:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        settings = {"name": name, "runtime": "python", "config": {"pulumi:disable-default-providers": {"value": ["*"]}}}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(settings))
        (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": dict(config)}))
        return self._projects.setdefault(name, Project(folder, self.home, self.pulumi))

    def run(
        self,
        program: Program,
        operation: str = "preview",
        *,
        name: str = "example",
        config: Mapping[str, Any] | None = None,
    ) -> Ran:
        """Runs a program under the engine."""
        with offline_stack(self.project(name, config or {}), "dev", program) as stack:
            return Ran(stack.run(operation), stack)

    def files(self) -> Iterator[Path]:
        """Everything that was written."""
        return (path for path in self.home.rglob("*") if path.is_file())


@pytest.fixture(scope="session")
def cloud_in(pulumi_root: Path) -> Callable[[Path], Cloud]:
    """Clouds in folders that a test chooses."""
    return lambda folder: Cloud(folder, pulumi_root)


@pytest.fixture
def cloud(tmp_path: Path, cloud_in: Callable[[Path], Cloud]) -> Cloud:
    return cloud_in(tmp_path)


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Asks the simulated cloud for faults."""

    def ask(text: str) -> None:
        monkeypatch.setenv("OFFLINE_FAULTS", text)

    monkeypatch.delenv("OFFLINE_FAULTS", raising=False)
    return ask


@pytest.fixture(autouse=True)
def _quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("PULUMI_", "AWS_")):
            monkeypatch.delenv(name)


def pytest_configure(config: pytest.Config) -> None:
    # pulumi-aws warns of its own old classes whenever it is imported.
    for known in (
        "ignore:.*has been deprecated:DeprecationWarning",
        # What the Automation API leaves behind when a program is refused.
        "ignore:.*run_in_stack:pytest.PytestUnraisableExceptionWarning",
        "ignore:unclosed event loop:ResourceWarning",
        "ignore:.*unclosed event loop:pytest.PytestUnraisableExceptionWarning",
    ):
        config.addinivalue_line("filterwarnings", known)
