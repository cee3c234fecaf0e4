"""An `up` that does not come to its end, and the next one."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from engine_clouds import Cloud, Ran
from offline_providers.faults import OfflineError
from offline_providers.kubernetes.plan import KubernetesPlan
from offline_providers.provider import State, Target
from offline_providers.wire import Properties
from whole_program import complete_config


def engines() -> Iterator[int]:
    """Engines that this process has started."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            before, _, after = (folder / "stat").read_text().rpartition(")")
        except OSError:
            continue  # it has ended meanwhile
        if before.endswith("(pulumi") and int(after.split()[1]) == os.getpid():
            yield int(folder.name)


class Fatal(KubernetesPlan):
    """A cluster that the engine does not survive: it is killed when it asks for this object."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.fatal = name

    def create(self, target: Target, inputs: Properties, *, preview: bool) -> State:
        if not preview and target.name == self.fatal:
            for engine in engines():
                os.kill(engine, signal.SIGKILL)
        return super().create(target, inputs, preview=preview)


def urns(ran: Ran) -> set[str]:
    return {entry["urn"] for entry in ran.entries}


def names_of_pending(state: Mapping[str, Any]) -> set[str]:
    """What the engine was at when it was killed."""
    pending = state.get("pending_operations") or []
    return {operation["resource"]["urn"].rpartition("::")[2] for operation in pending}


def test_an_up_that_is_killed_half_way_is_taken_up_by_the_next(
    empty_cloud: Cloud, deployed: Ran, deployed_values: dict[str, Any]
) -> None:
    with empty_cloud.stack("dev", deployed_values, Fatal("namespaces-serving")) as stack:
        with pytest.raises(OfflineError, match="code: -9"):
            stack.run("up")
        half = stack.export()
        there = {entry["urn"].rpartition("::")[2] for entry in half["resources"]}
        assert "database-instance" in there, "was it killed before it had done anything?"
        assert "namespaces-serving" not in there
        with pytest.raises(OfflineError, match="the stack is currently locked by 1 lock"):
            stack.run("up")
        stack._stack.cancel()
    healed = empty_cloud.run("dev", "up", deployed_values)
    assert not healed.outcome.failed, healed.errors
    assert healed.operations == {"same", "create"}
    assert urns(healed) == urns(deployed)
    assert healed.names("same") >= there - {"mlplatform-dev"}, "what was there is not made again"

    # The engine does not know whether what it was making is there twice now; somebody has to look, and say so.
    assert "namespaces-serving" in names_of_pending(healed.state)
    with empty_cloud.stack("dev", deployed_values) as stack:
        cleared = Ran(stack.run("refresh", clear_pending_creates=True), stack.export())
    assert not cleared.outcome.failed, cleared.errors
    assert names_of_pending(cleared.state) == set()


def test_an_up_that_fails_half_way_makes_what_it_can_and_the_next_one_the_rest(
    empty_cloud: Cloud, faults: Callable[[str], None]
) -> None:
    values = complete_config("local")
    faults("create:postgresql-server")
    failed = empty_cloud.run("local", "up", values)
    assert failed.outcome.failed
    assert "create of postgresql-server fails because OFFLINE_FAULTS asks for it" in failed.errors
    faults("")
    healed = empty_cloud.run("local", "up", values)
    assert not healed.outcome.failed, healed.errors
    assert "postgresql-server" in healed.names("create")
    assert healed.names("create").isdisjoint(entry["urn"].rpartition("::")[2] for entry in failed.entries)
