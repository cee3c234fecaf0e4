"""docs/restore.md, as it stands there: its commands run by a shell, with the real engine on a simulated account."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from engine_clouds import Cloud, Ran
from infra_configs import REPOSITORY
from offline_providers.aws.inventory import Inventory
from offline_providers.engine import find_pulumi
from whole_program import record

Values = dict[str, Any]
PAGE = REPOSITORY / "docs" / "restore.md"
INSTANCE = "aws:rds/instance:Instance"
SUPPORT = [REPOSITORY / "tests" / "support" / name for name in ("cluster", "infra", "workloads")]
SOURCES = [*SUPPORT, REPOSITORY / "tools" / "offline_providers" / "src", REPOSITORY / "infra"]
# Whatever the engine needs the program for runs in the test's own process: it waits for these files.
PULUMI = """#!/bin/sh
case "$1" in
  stack) exec {pulumi} "$@" ;;
  *) echo "$@" > {folder}/asked; while [ -e {folder}/asked ]; do sleep 0.1; done; cat {folder}/said
     [ ! -e {folder}/failed ] ;;
esac
"""
AWS = '#!/bin/sh\nexec {python} {script} "$@"\n'
KUBECTL = '#!/bin/sh\necho "$@" >> {folder}/kubectl\n'


class Site:
    """A shell in which `aws`, `pulumi` and `kubectl` are those of a simulated platform."""

    def __init__(self, cloud: Cloud, values: Values, folder: Path) -> None:
        self._cloud, self._values, self.folder = cloud, values, folder
        self.ran: list[Ran] = []
        self.account = f"{values['owner']['accountId']} {values['aws']['region']}"
        with cloud.stack("dev", values) as stack:
            self.work = stack.work
            self._variables = stack._environ()
        python = f"PYTHONPATH={':'.join(map(str, SOURCES))} {sys.executable}"
        pulumi = find_pulumi(REPOSITORY) / "bin" / "pulumi"
        self._tool("aws", AWS.format(python=f"env {python}", script=SUPPORT[1] / "aws_by_hand.py"))
        self._tool("pulumi", PULUMI.format(pulumi=pulumi, folder=folder))
        self._tool("kubectl", KUBECTL.format(folder=folder))

    def _tool(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(self, script: str) -> str:
        """Runs a script; what it printed.

        Raises:
            AssertionError: it ended with an error; with all that was printed.
        """
        environ = {
            **os.environ,
            **self._variables,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PULUMI_HOME": str(self._cloud.home / "pulumi-home"),
            "SIMULATED_ACCOUNT": str(self.work),
            "SIMULATED_OWNER": self.account,
        }
        log = self.folder / "log"
        with log.open("w") as handle:
            shell = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", script], cwd=self.work, env=environ, stdout=handle, stderr=handle
            )
            while shell.poll() is None:
                if (self.folder / "asked").exists():
                    self._answer((self.folder / "asked").read_text().split())
        assert shell.returncode == 0, log.read_text()
        return log.read_text()

    def _answer(self, words: list[str]) -> None:
        operation, *options = words
        if not options:  # the shell has opened the file and not written it yet
            return
        settings = {"--target": "target"}
        given = dict(zip(options[::2], options[1::2], strict=True))
        assert given.pop("--stack") == "dev"
        with self._cloud.stack("dev", self._values) as stack:
            chosen: dict[str, Any] = {settings[key]: [value.strip("'")] for key, value in given.items()}
            ran = Ran(stack.run(operation, **chosen), stack.export())
        self.ran.append(ran)
        (self.folder / "said").write_text(f"{operation}: {ran.errors}\n")
        if ran.outcome.failed:
            (self.folder / "failed").touch()
        (self.folder / "asked").unlink()


def commands(page: Path = PAGE) -> list[str]:
    """The shell blocks of the page, for the environment that the tests have."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 8
    return [block.replace("mlplatform-prod", "mlplatform-dev").replace("prod", "dev") for block in blocks]


@pytest.fixture
def site(own_cloud: Cloud, deployed_values: Values, tmp_path: Path) -> Site:
    return Site(own_cloud, deployed_values, tmp_path)


def instances(site: Site) -> dict[str, str]:
    """Name → resource id of all database instances of the account."""
    from offline_providers.aws.outputs import Account

    owner, region = site.account.split()
    found = Inventory(site.work).all_of(Account(owner, region), INSTANCE)
    return {outputs["identifier"]: id_ for id_, outputs in found.items()}


def test_the_page_leads_to_the_restored_instance(site: Site) -> None:
    [(name, old)] = instances(site).items()
    site.run("\n".join(commands()))
    [(after, new)] = instances(site).items()
    assert (after, new != old) == (name, True), "the old one is gone, and the new one has its name"

    refresh, preview, up = site.ran
    assert refresh.names("refresh") <= {"database-instance"}
    assert "replace" not in preview.operations, [step.name for step in preview.planned if step.operation == "replace"]
    assert "database-instance" in preview.names("update")
    assert "identifier" not in next(step for step in preview.planned if step.name == "database-instance").changed
    [entry] = [entry for entry in up.entries if entry["type"] == INSTANCE]
    assert (entry["id"], entry["outputs"]["identifier"], entry["outputs"]["resourceId"]) == (new, name, new)
    assert old not in json.dumps(up.entries), "something still means the old instance"
    assert [line.split()[-1] for line in (site.folder / "kubectl").read_text().splitlines()] == ["0", "3"]


def test_without_the_step_that_tells_the_state_the_up_fails(site: Site) -> None:
    """What this page once said: a refresh follows the old instance, by its id, to its new name."""
    blocks = commands()
    blocks[5] = "pulumi refresh --stack dev --target '**::database-instance'"
    with pytest.raises(AssertionError, match="DBInstanceAlreadyExists"):
        site.run("\n".join(blocks[:7]))


def test_what_the_page_scales_is_mlflow() -> None:
    [namespace, selector] = re.findall(r"--namespace (\S+) scale deployment --selector (\S+)", commands()[1])[0]
    key, _, value = selector.partition("=")
    found = [
        one.name
        for one in record("prod").of_type("kubernetes:apps/v1:Deployment")
        if one.inputs["metadata"].get("labels", {}).get(key) == value
    ]
    assert (namespace, found) == ("mlflow", ["mlflow-server"])
