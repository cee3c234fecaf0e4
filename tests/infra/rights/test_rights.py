"""The table of rights, evaluated over the policies of every environment."""

from __future__ import annotations

from functools import cache

import pytest
from mlplatform.config.base import AwsEnvironment
from rights.parts import unnoticed
from rights.recorded import World
from rights.table import table
from rights.table.trust import TRUST
from whole_program import ENVIRONMENTS, record


@cache
def world(environment: AwsEnvironment) -> World:
    return World(record(environment))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_everybody_may_do_what_they_must_and_nothing_that_they_must_not(environment: AwsEnvironment) -> None:
    found = world(environment)
    assert list(found.differences(found.applicable(table()))) == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_role_is_in_the_table(environment: AwsEnvironment) -> None:
    roles = set(world(environment).roles)
    assert roles == set(TRUST)
    for allowed in (True, False):
        assert roles - {row.who.role for row in table() if row.allowed is allowed} == set()


def test_no_part_of_a_policy_is_there_for_nothing() -> None:
    """Without any statement, action, resource, condition or value of one, some row of the table must change."""
    found = world("prod")
    assert list(unnoticed(found, found.applicable(table()))) == []


@pytest.mark.parametrize("environment", [one for one in ENVIRONMENTS if one != "prod"])
def test_the_environments_have_the_same_policies(environment: AwsEnvironment) -> None:
    """But for names: what is shown for the parts of one environment's holds for the others'."""
    own, prod = world(environment).documents, world("prod").documents
    told = {
        key: str(document).replace("mlplatform-prod", f"mlplatform-{environment}") for key, document in prod.items()
    }
    assert {key: str(document) for key, document in own.items()} == told
