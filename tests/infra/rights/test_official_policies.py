"""Our policies beside those that the makers publish, action by action and condition by condition."""

from __future__ import annotations

import pytest
from mlplatform import versions
from mlplatform.config.base import AwsEnvironment
from mlplatform.foundation.aws import engine_versions
from rights.official import LOOKED_AT, OFFICIAL, Official, rights_of
from rights.recorded import World
from whole_program import ENVIRONMENTS, record


@pytest.mark.parametrize("official", OFFICIAL, ids=lambda one: one.role)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_difference_from_the_makers_policy_is_named_with_a_reason(
    official: Official, environment: AwsEnvironment
) -> None:
    world = World(record(environment))
    ours: dict[str, frozenset[str]] = {}
    for (name, kind), document in world.documents.items():
        if kind == "identity" and world.role_of(name) == official.role:
            ours |= rights_of(document)
    theirs = official.rights
    narrowed = {action for action in ours.keys() & theirs.keys() if ours[action] != theirs[action]}
    assert theirs.keys() - ours.keys() == set(official.left_out)
    assert ours.keys() - theirs.keys() == set(official.added)
    assert narrowed == set(official.narrowed)


def test_the_table_was_written_from_the_versions_that_are_pinned() -> None:
    """A step of a version needs a look at what the new one asks for: then change `LOOKED_AT`."""
    releases = record("prod").of_type("kubernetes:helm.sh/v3:Release")
    pinned = {one.inputs["chart"]: one.inputs["version"] for one in releases}
    pinned |= {
        one.inputs["addonName"]: one.inputs["addonVersion"] for one in record("prod").of_type("aws:eks/addon:Addon")
    }
    assert versions.ADD_ONS.items() <= pinned.items()
    pinned["EMR"] = engine_versions.EMR
    assert {name: version for name, (version, _) in LOOKED_AT.items()} == pinned
