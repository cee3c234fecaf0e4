"""The whole program under the real engine, with a simulated cloud in a folder: what was planned, done and kept."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml
from infra_configs import REPOSITORY
from offline_providers.engine import OfflineStack, Outcome, Project, find_pulumi, offline_stack
from offline_providers.provider import Provider
from offline_providers.report import OWN_PROVIDER, STACK, Planned, errors, planned

POLICY_PACK: Final = REPOSITORY / "infra" / "policy"
EKS_CLUSTER: Final = "eks:index:Cluster"
SECRET: Final = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")
"""Key and value that make an object of a state a secret."""

Kinds = Counter[tuple[str, str]]
"""Type and name → how many resources have these."""


@dataclass(frozen=True)
class Ran:
    """What came of one operation."""

    outcome: Outcome
    state: Mapping[str, Any]
    """As the engine keeps it."""

    @cached_property
    def planned(self) -> list[Planned]:
        return planned(self.outcome.steps)

    @property
    def operations(self) -> set[str]:
        """All that happened to any resource."""
        return {step.operation for step in self.planned}

    def names(self, operation: str) -> set[str]:
        """The resources to which this happened."""
        return {step.name for step in self.planned if step.operation == operation}

    @property
    def messages(self) -> list[str]:
        """What went wrong."""
        return errors(self.outcome)

    @property
    def errors(self) -> str:
        return "\n".join(self.messages)

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The resources of the state."""
        return list(self.state.get("resources") or [])

    @property
    def text(self) -> str:
        """The state as it is on the disk, with nothing escaped."""
        return json.dumps(self.state, ensure_ascii=False).replace("\\", "")


class Cloud:
    """A simulated cloud, and the projects that are deployed to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"

    def copied_to(self, folder: Path) -> Cloud:
        """The same cloud in another folder, for a test of its own."""
        shutil.copytree(self.home, folder / "home")
        return Cloud(folder)

    @contextmanager
    def stack(
        self, environment: str, values: Mapping[str, Any], kubernetes: Provider | None = None
    ) -> Iterator[OfflineStack]:
        """The platform's stack with these values (key without the project's name → value) in its file."""
        from mlplatform.program import main  # the SDKs take seconds, and warn of their own old classes

        folder = self.folder / "project"
        # What Pulumi.yaml calls `main`.
        (folder / "infra").mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / "Pulumi.yaml", folder)
        config = {f"mlplatform:{key}": value for key, value in values.items()}
        (folder / f"Pulumi.{environment}.yaml").write_text(yaml.safe_dump({"config": config}))
        with offline_stack(self._project(folder), environment, main, kubernetes) as stack:
            yield stack

    def run(
        self,
        environment: str,
        operation: str,
        values: Mapping[str, Any],
        kubernetes: Provider | None = None,
        policy_packs: Sequence[Path] = (),
    ) -> Ran:
        """Runs an operation on the platform's stack."""
        with self.stack(environment, values, kubernetes) as stack:
            return Ran(stack.run(operation, policy_packs=policy_packs), stack.export())

    def run_project(
        self, folder: Path, program: Callable[[], None], operation: str, policy_packs: Sequence[Path] = ()
    ) -> Ran:
        """Runs an operation on the stack `dev` of another project."""
        with offline_stack(self._project(folder), "dev", program) as stack:
            return Ran(stack.run(operation, policy_packs=policy_packs), stack.export())

    def _project(self, folder: Path) -> Project:
        return Project(folder, self.home, find_pulumi(REPOSITORY))


def own_kinds(resources: list[tuple[str, str, str, str]]) -> Kinds:
    """What the program itself registers, of (URN, type, name, parent): not what pulumi-eks adds within its cluster.

    The engine also keeps the stack, and the provider of its own functions.
    """
    parents = {urn: parent for urn, _, _, parent in resources}
    remote = {urn for urn, kind, _, _ in resources if kind == EKS_CLUSTER}

    def is_within(urn: str) -> bool:
        above = parents.get(urn, "")
        return bool(above) and (above in remote or is_within(above))

    return Counter(
        (kind, name) for urn, kind, name, _ in resources if kind not in {STACK, OWN_PROVIDER} and not is_within(urn)
    )


def secrets_in(value: object, place: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every secret below a value of a state, with its place."""
    key, signature = SECRET
    if isinstance(value, dict):
        if value.get(key) == signature:
            yield place, value
            return
        for name, inner in value.items():
            yield from secrets_in(inner, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from secrets_in(inner, f"{place}[{number}]")
