"""The simulated AWS: reading, deleting, faults on demand, and the provider's own configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from offline_providers.aws.inventory import Inventory
from offline_providers.aws.provider import Aws
from offline_providers.faults import OfflineError
from offline_providers.provider import State, Target
from offline_providers.wire import has_unknown

ACCOUNT = "111122223333"
VPC = "aws:ec2/vpc:Vpc"
DATABASE = "aws:rds/instance:Instance"


def create(aws: Aws, target: Target, inputs: dict[str, Any], *, preview: bool = False) -> State:
    checked = aws.check(target, {}, inputs)
    assert checked.failures == []
    return aws.create(target, checked.inputs, preview=preview)


def test_a_read_finds_what_was_made(aws: Aws, at: Callable[..., Target]) -> None:
    made = create(aws, at(VPC), {"cidrBlock": "10.0.0.0/16"})
    assert aws.read(at(VPC), made.id, made.inputs, made.outputs) == made


def test_a_replacement_that_the_engine_decides_on_by_itself_is_another_resource(
    tmp_path: Path, at: Callable[..., Target]
) -> None:
    """A `replacement_trigger` has it replace what the provider calls unchanged, without asking for the differences."""
    vpc, inputs = at(VPC), {"cidrBlock": "10.0.0.0/16"}
    old = create(Aws(Inventory(tmp_path)), vpc, inputs)
    aws = Aws(Inventory(tmp_path))
    checked = aws.check(vpc, old.inputs, inputs)
    new = aws.create(vpc, checked.inputs, preview=False)
    assert new.id != old.id
    assert aws.read(vpc, old.id, old.inputs, old.outputs) == old


def test_what_an_engine_that_was_killed_made_is_made_again_as_itself(tmp_path: Path, at: Callable[..., Target]) -> None:
    vpc, inputs = at(VPC), {"cidrBlock": "10.0.0.0/16"}
    lost = create(Aws(Inventory(tmp_path)), vpc, inputs)
    assert create(Aws(Inventory(tmp_path)), vpc, inputs).id == lost.id


def test_a_read_of_what_nobody_made_is_plausible(aws: Aws, at: Callable[..., Target]) -> None:
    found = aws.read(at(VPC), "vpc-0123", {}, {})
    assert found is not None
    assert found.id == "vpc-0123"
    assert not has_unknown(found.outputs)


def test_what_a_fault_has_removed_is_gone(aws: Aws, at: Callable[..., Target], faults: Callable[[str], None]) -> None:
    made = create(aws, at(VPC), {})
    faults("gone:it")
    assert aws.read(at(VPC), made.id, made.inputs, made.outputs) is None


@pytest.mark.parametrize(
    ("token", "inputs", "answer"),
    [
        (
            DATABASE,
            {"instanceClass": "m", "deletionProtection": True, "skipFinalSnapshot": True},
            r"Cannot delete protected DB Instance.*it: deletionProtection is true",
        ),
        (DATABASE, {"instanceClass": "m"}, "it: final_snapshot_identifier is required when skip_final_snapshot"),
        (
            "aws:eks/cluster:Cluster",
            {"roleArn": "arn", "vpcConfig": {"subnetIds": ["s"]}, "deletionProtection": True},
            "Cluster has deletion protection enabled",
        ),
    ],
)
def test_what_is_protected_is_not_deleted(
    aws: Aws, at: Callable[..., Target], token: str, inputs: dict[str, Any], answer: str
) -> None:
    with pytest.raises(OfflineError, match=answer):
        aws.delete(at(token), create(aws, at(token), inputs))


def test_what_is_not_protected_is_deleted(aws: Aws, at: Callable[..., Target]) -> None:
    for inputs in ({"skipFinalSnapshot": True}, {"finalSnapshotIdentifier": "last"}):
        state = create(aws, at(DATABASE), {"instanceClass": "m", "deletionProtection": False, **inputs})
        aws.delete(at(DATABASE), state)


@pytest.mark.parametrize(
    ("token", "flag"), [("aws:s3/bucket:Bucket", "forceDestroy"), ("aws:ecr/repository:Repository", "forceDelete")]
)
def test_what_has_contents_is_deleted_by_force_alone(
    aws: Aws, at: Callable[..., Target], faults: Callable[[str], None], token: str, flag: str
) -> None:
    aws.delete(at(token), create(aws, at(token), {}))
    faults("filled:it")
    aws.delete(at(token), create(aws, at(token), {flag: True}))
    with pytest.raises(OfflineError, match=rf"it \(.*\) is not empty: it can be deleted when {flag} is true"):
        aws.delete(at(token), create(aws, at(token), {}))


def test_each_operation_fails_when_it_is_asked_to(
    aws: Aws, at: Callable[..., Target], faults: Callable[[str], None]
) -> None:
    state = create(aws, at(VPC), {})
    faults("create:it, update:it,delete:it")
    with pytest.raises(OfflineError, match="create of it fails"):
        create(aws, at(VPC), {})
    with pytest.raises(OfflineError, match="update of it fails"):
        aws.update(at(VPC), state, state.inputs, preview=False)
    with pytest.raises(OfflineError, match="delete of it fails"):
        aws.delete(at(VPC), state)
    create(aws, at(VPC), {}, preview=True)
    create(aws, at(VPC, "another"), {})


# -- the provider itself


def test_the_providers_configuration_is_checked_too(aws: Aws) -> None:
    assert (
        aws.check_config({"region": "eu-central-1", "allowedAccountIds": '["1"]', "version": "7.51.1"}).failures == []
    )
    failures = aws.check_config({"regoin": "x", "defaultTags": '{"tag": {}}', "maxRetries": '"three"'}).failures
    assert {failure.property for failure in failures} == {"regoin", "defaultTags.tag", "maxRetries"}


def test_the_account_is_the_allowed_one_or_the_assumed_roles(aws: Aws) -> None:
    assert aws.configured({"allowedAccountIds": f'["{ACCOUNT}"]'}).id == ACCOUNT
    role = f'[{{"roleArn": "arn:aws:iam::{ACCOUNT}:role/deploy"}}]'
    assert aws.configured({"assumeRoles": role}).id == ACCOUNT
    assert aws.configured({}).id == "123456789012"
    assert aws.configured({"region": "cn-north-1"}).partition == "aws-cn"
    assert aws.configured({"region": "us-gov-west-1"}).partition == "aws-us-gov"


def test_a_type_that_the_sdk_does_not_have_is_refused(aws: Aws, at: Callable[..., Target]) -> None:
    with pytest.raises(OfflineError, match=r"pulumi-aws \d+\.\d+\.\d+ has no resource type 'aws:ec2/vpcc:Vpcc'"):
        aws.check(at("aws:ec2/vpcc:Vpcc"), {}, {})
