from __future__ import annotations

import functools
import json
from typing import Any

import pytest
from aws_account import ACCOUNT, REGION, assert_explicit_providers, record
from iam_documents import statement, statements
from mlplatform.config.sections import Protection
from mlplatform.foundation.aws.keys import Keys, KeysArgs
from recorder import Recorder

KEY = "aws:kms/key:Key"


@functools.cache
def keys(*, protect: bool = True, retain: bool = False) -> Recorder:
    protection = Protection(protect=protect, retain_on_delete=retain)
    args = KeysArgs(protection=protection, account_id=ACCOUNT, region=REGION, alias_prefix="mlplatform-dev")
    return record(lambda opts: Keys("keys", args, opts))


def policy_of(use: str) -> Any:
    return json.loads(keys().one(KEY, f"keys-{use}").inputs["policy"])


def test_every_key_rotates_and_can_be_brought_back_for_30_days() -> None:
    found = keys().of_type(KEY)
    assert {one.name for one in found} == {"keys-data", "keys-cluster", "keys-logs"}
    assert all(one.inputs["enableKeyRotation"] is True for one in found)
    assert all(one.inputs["deletionWindowInDays"] == 30 for one in found)
    assert_explicit_providers(keys())


@pytest.mark.parametrize(("protect", "retain"), [(True, False), (False, True)])
def test_keys_are_protected_and_retained_as_the_config_says(protect: bool, retain: bool) -> None:
    found = keys(protect=protect, retain=retain).of_type(KEY)
    assert {(one.protect, one.retain_on_delete) for one in found} == {(protect, retain)}


def test_each_key_has_an_alias_of_its_own() -> None:
    aliases = {one.inputs["name"]: one.inputs["targetKeyId"] for one in keys().of_type("aws:kms/alias:Alias")}
    assert set(aliases) == {f"alias/mlplatform-dev-{use}" for use in ("data", "cluster", "logs")}
    assert len(set(aliases.values())) == 3


@pytest.mark.parametrize("use", ["data", "cluster", "logs"])
def test_no_principal_outside_the_account_is_let_in(use: str) -> None:
    for one in statements(policy_of(use)):
        principal = one["Principal"]
        if principal == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}:
            continue
        text = json.dumps(one["Condition"])
        assert ACCOUNT in text, f"{one['Sid']} is not narrowed to the account"
        assert principal != "*"


def test_only_auto_scalings_own_role_may_use_the_clusters_key_for_nodes() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    for sid in ("AutoScalingUses", "AutoScalingGrants"):
        assert statement(policy_of("cluster"), sid)["Condition"]["StringEquals"] == {"aws:PrincipalArn": role}
    grants = statement(policy_of("cluster"), "AutoScalingGrants")
    assert grants["Action"] == ["kms:CreateGrant"]
    assert grants["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


def test_the_logs_key_serves_log_groups_of_the_account_and_region_alone() -> None:
    logs = statement(policy_of("logs"), "CloudWatchLogs")
    assert logs["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}
    assert logs["Condition"]["ArnLike"] == {
        "kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*"
    }


def test_the_data_key_leaves_its_use_to_iam_policies() -> None:
    assert [one["Sid"] for one in statements(policy_of("data"))] == ["Account"]
