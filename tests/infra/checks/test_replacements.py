"""What happens when a resource must be replaced: the new one is made first, unless AWS takes both for the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest
from mlplatform.config.base import AwsEnvironment
from offline_providers.aws.identities import ALIKE, DELETED_FIRST, IDENTITIES, WITHOUT_THE_NAMES_RULE, same_after
from offline_providers.aws.tables import AUTO_NAMED
from offline_providers.sdk.replacement import replaced_by, told_of
from offline_providers.sdk.replacement_read import READ
from recorder import Recorded
from whole_program import ENVIRONMENTS, of_kinds, record

pytestmark = pytest.mark.parametrize("environment", ENVIRONMENTS)
NEVER_CHANGES: Final = {
    # A subnet's zone is part of its name in the program: another zone is another subnet.
    ("aws:ec2/subnet:Subnet", "availabilityZone"),
}


def _sets(inputs: Mapping[str, Any], path: str) -> bool:
    """Whether a resource has the property, `a.b` within an object or any item of a list."""
    values: list[Any] = [inputs]
    for part in path.split("."):
        within = [inner for value in values for inner in (value if isinstance(value, list) else [value])]
        values = [value[part] for value in within if isinstance(value, Mapping) and value.get(part) is not None]
    return bool(values)


def _names_itself(one: Recorded) -> bool:
    """Whether pulumi-aws sees to it: by deleting first what the program has named, or with another name."""
    name = AUTO_NAMED.get(one.type, "name")
    if one.type in WITHOUT_THE_NAMES_RULE:
        return False
    return name in one.inputs or name in IDENTITIES[one.type].properties


def test_the_provider_was_asked_of_every_type_or_its_source_was_read(environment: AwsEnvironment) -> None:
    asked = {*told_of(), *READ}
    assert {one.type for one in of_kinds(record(environment), "aws:")} - asked == set()


def test_it_is_known_of_every_type_by_what_aws_tells_two_apart(environment: AwsEnvironment) -> None:
    assert {one.type for one in of_kinds(record(environment), "aws:")} - {*IDENTITIES, *ALIKE} == set()


def test_what_aws_cannot_tell_from_its_replacement_is_deleted_first(environment: AwsEnvironment) -> None:
    """Otherwise AWS refuses the new one, or takes it for the old one, which is removed when it was made."""
    wrong = {}
    for one in of_kinds(record(environment), "aws:"):
        if one.type not in IDENTITIES or one.delete_before_replace or one.type in DELETED_FIRST or _names_itself(one):
            continue
        clashing = {
            path
            for path in replaced_by(one.type)
            if same_after(one.type, {path}) and _sets(one.inputs, path) and (one.type, path) not in NEVER_CHANGES
        }
        if clashing:
            wrong[one.type, one.name] = sorted(clashing)
    assert wrong == {}


def test_what_can_only_be_replaced_with_its_parent_is(environment: AwsEnvironment) -> None:
    """EMR has no call that deletes an instance fleet: a fleet of other instances needs another cluster."""
    staying = {token for token, identity in IDENTITIES.items() if identity.stays}
    for one in of_kinds(record(environment), "aws:"):
        if one.type in staying:
            [parent_urn] = one.references["clusterId"]
            [parent] = [other for other in record(environment).resources if other.urn == parent_urn]
            types = [found["instanceType"] for found in one.inputs["instanceTypeConfigs"]]
            assert types
            assert all(name in str(parent.replacement_trigger) for name in types), parent.replacement_trigger
