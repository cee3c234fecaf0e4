"""The shared file system: reached from the nodes, over TLS, through its access points."""

from __future__ import annotations

import functools
import json
from typing import Any, get_args

import pytest
from aws_account import KEY, assert_explicit_providers, record
from cloudformation import schemas
from mlplatform.config import sections
from mlplatform.foundation.aws.shared_files import OWNER, SharedFiles, SharedFilesArgs
from mlplatform.kubernetes.pods import USER
from recorder import Recorder, build

POINT = "aws:efs/accessPoint:AccessPoint"


def arguments(**settings: Any) -> SharedFilesArgs:
    return SharedFilesArgs(
        settings=sections.SharedFiles(**settings),
        vpc_id="vpc-1",
        subnet_ids={"a": "subnet-a", "b": "subnet-b"},
        client_security_group_id="sg-nodes",
        key_arn=KEY,
        protection=sections.Protection(protect=True, retain_on_delete=True),
    )


@functools.cache
def recorded(**settings: Any) -> Recorder:
    return record(lambda opts: SharedFiles("files", arguments(**settings), opts))


def test_it_is_encrypted_with_our_key_and_kept() -> None:
    system = recorded().one("aws:efs/fileSystem:FileSystem")
    assert (system.inputs["encrypted"], system.inputs["kmsKeyId"]) == (True, KEY)
    assert (system.protect, system.retain_on_delete) == (True, True)


def test_every_zone_has_a_mount_target_that_the_nodes_alone_reach() -> None:
    targets = recorded().of_type("aws:efs/mountTarget:MountTarget")
    assert {one.name: one.inputs["subnetId"] for one in targets} == {"files-a": "subnet-a", "files-b": "subnet-b"}
    assert {tuple(one.inputs["securityGroups"]) for one in targets} == {("files-security-group-id",)}
    rule = recorded().one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    assert rule["securityGroupId"] == "files-security-group-id"
    assert (rule["referencedSecurityGroupId"], rule["fromPort"], rule["toPort"]) == ("sg-nodes", 2049, 2049)
    assert not recorded().of_type("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")


def test_each_use_has_a_part_of_its_own_that_belongs_to_our_processes() -> None:
    roots = {one.name: one.inputs["rootDirectory"]["path"] for one in recorded().of_type(POINT)}
    assert roots == {"files-models": "/models", "files-notebooks": "/notebooks"}
    assert OWNER == USER
    for point in recorded().of_type(POINT):
        assert point.inputs["posixUser"] == {"uid": USER, "gid": USER}
        info = point.inputs["rootDirectory"]["creationInfo"]
        assert (info["ownerUid"], info["ownerGid"], info["permissions"]) == (USER, USER, "0770")


def test_it_is_mounted_over_tls_through_the_access_points_and_in_no_other_way() -> None:
    document = json.loads(recorded().one("aws:efs/fileSystemPolicy:FileSystemPolicy").inputs["policy"])
    allowed, denied = document["Statement"]
    assert "elasticfilesystem:ClientRootAccess" not in allowed["Action"]
    points = allowed["Condition"]["StringEquals"]["elasticfilesystem:AccessPointArn"]
    assert [arn.rsplit(":", 1)[1] for arn in points] == [
        "access-point/fsap-files-models",
        "access-point/fsap-files-notebooks",
    ]
    assert (denied["Effect"], denied["Action"]) == ("Deny", ["*"])
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(("wanted", "status"), [(True, "ENABLED"), (False, "DISABLED")])
def test_backups_are_as_configured(wanted: bool, status: str) -> None:
    policy = recorded(backup=wanted).one("aws:efs/backupPolicy:BackupPolicy").inputs
    assert policy["backupPolicy"] == {"status": status}


@pytest.mark.parametrize("days", get_args(sections.SharedFiles.model_fields["infrequent_access_after_days"].annotation))
def test_files_that_nobody_reads_move_and_come_back(days: int) -> None:
    first, second = (
        recorded(infrequent_access_after_days=days).one("aws:efs/fileSystem:FileSystem").inputs["lifecyclePolicies"]
    )
    known = schemas("AWS::EFS::FileSystem")[0]["definitions"]["LifecyclePolicy"]["properties"]
    assert first["transitionToIa"] in known["TransitionToIA"]["enum"]
    assert str(days) in first["transitionToIa"].split("_")
    assert second == {"transitionToPrimaryStorageClass": "AFTER_1_ACCESS"}


def test_a_volume_handle_names_file_system_and_access_point() -> None:
    found: dict[str, str] = {}

    def program() -> None:
        for use, handle in SharedFiles("files", arguments()).volume_handles.items():
            handle.apply(functools.partial(found.__setitem__, use))

    build(program)
    assert found == {"models": "files-files-id::files-models-id", "notebooks": "files-files-id::files-notebooks-id"}


def test_providers_are_explicit() -> None:
    assert_explicit_providers(recorded())
