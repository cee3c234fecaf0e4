"""A provider plugin that the machine has: it is found, and the engine starts it in place of ours."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import offline_providers
from offline_providers.engine import offline_stack
from offline_providers.official import Plugin, installed_plugin

# The types come from the fixtures of this folder's conftest.
Cloud = Any
NAME = "pulumi-resource-kubernetes"
PROGRAM = """\
#!{python}
import os, signal, sys
sys.path.insert(0, {sources!r})
from offline_providers.kubernetes.plan import KubernetesPlan
from offline_providers.server import Servers
with open({told!r}, "w") as told:
    told.write(os.environ["KUBECONFIG"])
with Servers([KubernetesPlan()]) as servers:
    print(servers.ports["kubernetes"], flush=True)
    signal.pause()
"""


def executable(folder: Path, text: str = "#!/bin/sh\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / NAME
    program.write_text(text)
    program.chmod(0o755)
    return program


def test_the_one_on_path_comes_first_as_the_engine_has_it(tmp_path: Path) -> None:
    own = executable(tmp_path / "bin")
    executable(tmp_path / ".pulumi" / "plugins" / "resource-kubernetes-v4.34.2")
    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}
    assert installed_plugin("kubernetes", environ) == Plugin(own)


def test_of_those_that_were_installed_the_newest_is_taken(tmp_path: Path) -> None:
    plugins = tmp_path / ".pulumi" / "plugins"
    for version in ("v4.9.0", "v4.34.2", "v4.34.3-alpha.1"):
        executable(plugins / f"resource-kubernetes-{version}")
    (plugins / "resource-kubernetes-v4.40.0").mkdir()  # a download that was cut off
    for environ in ({"HOME": str(tmp_path), "PATH": ""}, {"PULUMI_HOME": str(tmp_path / ".pulumi"), "PATH": ""}):
        found = installed_plugin("kubernetes", environ)
        assert found == Plugin(plugins / "resource-kubernetes-v4.34.2" / NAME)


def test_a_machine_without_one_has_none(tmp_path: Path) -> None:
    assert installed_plugin("kubernetes", {"HOME": str(tmp_path), "PATH": str(tmp_path)}) is None


def test_the_engine_starts_it_in_place_of_ours(cloud: Cloud, sdk: SimpleNamespace, tmp_path: Path) -> None:
    """The program is ours, as an official one cannot be had everywhere: who starts it, and how, is what is tested."""
    told = tmp_path / "told"
    sources = str(Path(offline_providers.__file__).parents[1])
    program = executable(tmp_path / "bin", PROGRAM.format(python=sys.executable, sources=sources, told=str(told)))

    def example() -> None:
        provider = sdk.kubernetes.Provider("kubernetes")
        options = sdk.pulumi.ResourceOptions(provider=provider)
        sdk.kubernetes.core.v1.Namespace("spark", metadata={"name": "spark"}, opts=options)

    plugin = Plugin(program, kubeconfig="/a/kubeconfig")
    with offline_stack(cloud.project("example", {}), "dev", example, plugin) as stack:
        outcome = stack.run("up")
    assert not outcome.failed, outcome.diagnostics
    assert told.read_text() == "/a/kubeconfig"
    assert [step.urn.rsplit("::", 1)[-1] for step in outcome.steps if step.op == "create"][-1] == "spark"
    assert not runs(program)


def runs(program: Path) -> bool:
    """Whether a process of that program is left."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(program).encode() in place.read_bytes():
                return True
    return False
