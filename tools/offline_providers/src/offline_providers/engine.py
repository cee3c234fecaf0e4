"""The real Pulumi engine with the simulated providers: previews and updates of an inline program."""

from __future__ import annotations

import contextlib
import copy
import fcntl
import functools
import importlib
import json
import os
import secrets
import shutil
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from pulumi import automation

from offline_providers.aws.inventory import Inventory
from offline_providers.aws.provider import Aws
from offline_providers.eks.provider import Eks
from offline_providers.faults import OfflineError
from offline_providers.kubernetes.plan import KubernetesPlan
from offline_providers.official import Plugin
from offline_providers.policies import executable_pack
from offline_providers.provider import Provider
from offline_providers.server import Servers
from offline_providers.simulation import check_faults
from offline_providers.stack_files import as_json, read_stack_file

Program = Callable[[], Awaitable[None] | None]
SECRET_STAND_IN: Final = "a secret of the stack, which cannot be opened offline"  # noqa: S105 - it says so
TOOLCHAIN: Final = Path(".local") / "toolchain" / "pulumi"
PULUMI_ROOT: Final = "OFFLINE_PULUMI_ROOT"


@dataclass(frozen=True)
class Project:
    """Whose stacks they are, and where everything goes."""

    folder: Path
    home: Path
    pulumi: Path
    extra_config: Mapping[str, str] = field(default_factory=dict)
    """What the stack's file leaves open, by `namespace:key.path`; wins over the file."""
    examples: Mapping[str, str] = field(default_factory=dict)
    """Stands in for what the file does not say, by `namespace:key.path`."""

    @staticmethod
    def at(
        folder: Path,
        home: Path | None = None,
        extra_config: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
    ) -> Project:
        """The project in a folder, with the engine of the repository that this file is in.

        Raises:
            OfflineError: there is no Pulumi.yaml, or no engine.
        """
        repository = Path(__file__).resolve().parents[4]
        if not (folder / "Pulumi.yaml").is_file():
            raise OfflineError(f"there is no Pulumi.yaml in {folder}: name the project's folder with --project-dir.")
        home = home or repository / ".local" / "plan"
        return Project(folder, home, find_pulumi(repository), extra_config or {}, examples or {})

    @functools.cached_property
    def settings(self) -> dict[str, Any]:
        """What Pulumi.yaml says, for an inline program."""
        found = yaml.safe_load((self.folder / "Pulumi.yaml").read_text("utf-8")) or {}
        if "name" not in found:
            raise OfflineError(f"{self.folder / 'Pulumi.yaml'} has no 'name'.")
        kept = {key: found[key] for key in ("name", "description", "config") if key in found}
        return {**kept, "runtime": "python", "main": str(self.folder / found.get("main", ""))}

    @functools.cached_property
    def command(self) -> automation.PulumiCommand:
        """The engine, which is asked for its version once; it logs even that, in ~/.pulumi if not told otherwise."""
        before = os.environ.get("PULUMI_HOME")
        os.environ["PULUMI_HOME"] = str(self.engine_home)
        try:
            return automation.PulumiCommand(str(self.pulumi))
        finally:
            os.environ.pop("PULUMI_HOME")
            if before is not None:
                os.environ["PULUMI_HOME"] = before

    @property
    def engine_home(self) -> Path:
        """Where the engine keeps what is its own."""
        return self.home / "pulumi-home"

    def work(self, stack: str) -> Path:
        """Where the engine runs for a stack."""
        return self.home / str(self.settings["name"]) / stack


def find_pulumi(repository: Path) -> Path:
    """The folder whose `bin/pulumi` is the engine: the toolchain's, the machine's own, or the one that is named."""
    named = os.environ.get(PULUMI_ROOT)
    candidates = [Path(named)] if named else [repository / TOOLCHAIN]
    if not named and (own := shutil.which("pulumi")):
        candidates.append(Path(own).resolve().parent.parent)
    for root in candidates:
        if (root / "bin" / "pulumi").is_file():
            return root
    raise OfflineError(
        f"no Pulumi engine at {candidates[0] / 'bin' / 'pulumi'}: build it with"
        " 'python3 tools/toolchain/toolchain.py ensure pulumi' (4 minutes, once)."
    )


def load_program(spec: str) -> Program:
    """The function that `module:function` names."""
    module, _, name = spec.partition(":")
    try:
        program: Program = getattr(importlib.import_module(module), name or "main")
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f" ({frame.filename}:{frame.lineno})" if Path(frame.filename).is_relative_to(Path.cwd()) else ""
        raise OfflineError(f"the program '{spec}' cannot be had: {type(error).__name__}: {error}{where}.") from error
    return program


def is_set(config: Mapping[str, Any], place: str) -> bool:
    """Whether a stack's configuration has a value at `namespace:key.path`."""
    inner: Any = config
    for name in place.split("."):
        if not isinstance(inner, Mapping) or name not in inner:
            return False
        inner = inner[name]
    return True


def with_settings(config: Mapping[str, Any], settings: Mapping[str, str]) -> dict[str, Any]:
    """A stack's configuration with `namespace:key.path` set to other values, as `pulumi config set --path` does."""
    merged = copy.deepcopy(dict(config))
    for place, value in settings.items():
        key, *path = place.split(".")
        inner = merged
        for outer, name in zip([key, *path], path, strict=False):
            inner = inner.setdefault(outer, {})
            if not isinstance(inner, dict):
                raise OfflineError(f"{place} cannot be set: {outer} is no object, so it has no '{name}'.")
        inner[path[-1] if path else key] = value
    return merged


@dataclass
class Outcome:
    """What the engine did, or would do."""

    stack: str
    operation: str
    steps: list[automation.StepEventMetadata] = field(default_factory=list)
    diagnostics: list[automation.DiagnosticEvent] = field(default_factory=list)
    violations: list[automation.PolicyEvent] = field(default_factory=list)
    policy_packs: Sequence[str] = ()
    """Those that were asked."""
    failed: bool = False
    program_fault: BaseException | None = None
    seconds: float = 0.0
    outputs: Mapping[str, automation.OutputValue] = field(default_factory=dict)

    def saw(self, event: automation.EngineEvent) -> None:
        """Keeps what a report needs of an event."""
        if event.resource_pre_event:
            self.steps.append(event.resource_pre_event.metadata)
        if event.diagnostic_event and event.diagnostic_event.severity in {"error", "warning"}:
            self.diagnostics.append(event.diagnostic_event)
        if event.policy_event:
            self.violations.append(event.policy_event)
        if event.summary_event:
            # A pack from a folder is told as `name|local|folder`.
            self.policy_packs = [name.partition("|")[0] for name in event.summary_event.policy_packs or ()]


class OfflineStack:
    """One stack, and the providers that it talks to.

    All stacks of all projects share one state and one passphrase below `home`, so that one may refer to another.
    """

    def __init__(self, project: Project, stack: str, program: Program, variables: Mapping[str, str]) -> None:
        self.name = stack
        self._project = project
        self._program = program
        self._fault: BaseException | None = None
        self.work = project.work(stack)
        self.state = project.home / "state"
        self.work.mkdir(parents=True, exist_ok=True)
        self.state.mkdir(parents=True, exist_ok=True)
        withheld = self._write_settings()
        self._stack = automation.create_or_select_stack(
            stack_name=stack,
            project_name=project.settings["name"],
            program=self._run_program,
            opts=automation.LocalWorkspaceOptions(
                work_dir=str(self.work),
                pulumi_home=str(project.engine_home),
                pulumi_command=project.command,
                env_vars={**self._environ(), **variables},
                project_settings=automation.ProjectSettings(**project.settings),
            ),
        )
        for key in withheld:
            self._stack.set_config(key, automation.ConfigValue(SECRET_STAND_IN, secret=True))

    def _environ(self) -> dict[str, str]:
        return {
            "PULUMI_BACKEND_URL": self.state.resolve().as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": self._passphrase(),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_ACCESS_TOKEN": "",
        }

    def _passphrase(self) -> str:
        """Made up once for the simulated states. It protects nothing but made-up secrets."""
        path = self._project.home / "passphrase"
        if not path.exists():
            descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as handle:
                handle.write(secrets.token_hex(16))
        return path.read_text()

    def _write_settings(self) -> list[str]:
        """The stack's configuration without what another passphrase or a cloud key has encrypted; those keys."""
        source = self._project.folder / f"Pulumi.{self.name}.yaml"
        if not source.is_file():
            there = sorted(path.name.split(".")[1] for path in self._project.folder.glob("Pulumi.*.yaml"))
            raise OfflineError(f"there is no stack '{self.name}' in {source.parent}: there is {', '.join(there)}.")
        given = read_stack_file(source)
        own = given.get("config") or {}
        missing = {place: value for place, value in self._project.examples.items() if not is_set(own, place)}
        config = with_settings(own, {**missing, **self._project.extra_config})
        withheld = [key for key, value in config.items() if isinstance(value, dict) and "secure" in value]
        target = self.work / source.name
        before = yaml.safe_load(target.read_text("utf-8")) if target.is_file() else {}
        salt = {"encryptionsalt": before["encryptionsalt"]} if before and "encryptionsalt" in before else {}
        kept = {key: value for key, value in config.items() if key not in withheld}
        target.write_text(as_json({**salt, "config": kept}), "utf-8")
        return withheld

    def _run_program(self) -> Awaitable[None] | None:
        try:
            return self._program()
        except BaseException as fault:
            self._fault = fault
            raise

    def run(self, operation: str, *, policy_packs: Sequence[Path] = (), **options: object) -> Outcome:
        """Runs `preview`, `up`, `refresh` or `destroy`; what the engine refuses is in the outcome, not raised.

        Args:
            policy_packs: folders of packs in Python, for `preview` and `up`.

        Raises:
            OfflineError: there is no pack in such a folder, or the engine has failed and said nothing of why.
        """
        if policy_packs:
            options["policy_packs"] = [str(executable_pack(pack, self._project.home)) for pack in policy_packs]
        outcome = Outcome(self.name, operation)
        self._fault = None
        started = time.monotonic()
        try:
            result = getattr(self._stack, operation)(on_event=outcome.saw, color="never", **options)
            outcome.outputs = getattr(result, "outputs", {})
        except automation.CommandError as error:
            outcome.failed = True
            told = outcome.violations or any(found.severity == "error" for found in outcome.diagnostics)
            if not told and self._fault is None:
                raise OfflineError(f"the engine has failed:\n{error}") from error
        finally:
            outcome.seconds = time.monotonic() - started
        outcome.program_fault = self._fault
        return outcome

    def unlock(self) -> None:
        """Lifts the lock of an engine that was killed: no other is at work, for this process has the stack's own."""
        if any((self.state / ".pulumi" / "locks").rglob(f"{self.name}/*.json")):
            self._stack.cancel()

    def forget(self) -> None:
        """Drops the stack's state: nothing of it is there any more."""
        Inventory(self.work).forget()
        self._stack.workspace.remove_stack(self.name, force=True, preserve_config=True)
        self._stack.workspace.create_stack(self.name)

    def export(self) -> dict[str, Any]:
        """The state, as the engine keeps it: its secrets are encrypted."""
        folder = self.state / ".pulumi" / "stacks" / str(self._project.settings["name"])
        checkpoint = json.loads((folder / f"{self.name}.json").read_text("utf-8"))["checkpoint"]
        return dict(checkpoint.get("latest") or {})


@contextlib.contextmanager
def offline_stack(
    project: Project, stack: str, program: Program, kubernetes: Provider | Plugin | None = None
) -> Iterator[OfflineStack]:
    """A stack with its providers up, for as long as the block lasts.

    Args:
        kubernetes: in place of the one that only plans; an official one is started by the engine.

    Raises:
        OfflineError: another process is at work on the same stack.
    """
    check_faults()
    folder = project.work(stack)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OfflineError(f"another plan of '{stack}' is at work in {folder}: wait for it to end.") from error
        official = kubernetes if isinstance(kubernetes, Plugin) else None
        ours = [] if isinstance(kubernetes, Plugin) else [kubernetes or KubernetesPlan()]
        with Servers([Aws(Inventory(folder)), Eks(), *ours]) as servers:
            variables = {"PULUMI_DEBUG_PROVIDERS": servers.variable, **(official.variables if official else {})}
            yield OfflineStack(project, stack, program, variables)
        sys.stdout.flush()
