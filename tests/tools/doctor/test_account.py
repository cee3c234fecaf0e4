"""The doctor on AWS accounts, which moto plays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError
from infra_configs import ENVIRONMENTS, REPOSITORY, platform_config
from mlplatform.config.base import AwsEnvironment, Environment
from mlplatform.config.stack_files import read_stack_file
from moto import mock_aws

from tools.doctor import account
from tools.doctor.account import findings, printed, quotas
from tools.doctor.finding import Finding, Level, good, lacks, note

MOTO_ACCOUNT = "123456789012"
ON_DEMAND, SPOT = "Running On-Demand Standard instances, in vCPUs", "All Standard Spot Instance Requests, in vCPUs"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account, and credentials for it."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Stack files that name moto's account."""
    for environment in ENVIRONMENTS:
        write_stack(tmp_path, environment, MOTO_ACCOUNT)
    return tmp_path


def write_stack(folder: Path, environment: str, account_id: str) -> None:
    read = yaml.safe_load((REPOSITORY / f"Pulumi.{environment}.yaml").read_text())
    read["config"]["mlplatform:owner"] = {
        "accountId": account_id,
        "alertEmail": "on-call@example.org",
    }
    (folder / f"Pulumi.{environment}.yaml").write_text(yaml.safe_dump(read))


def allow(monkeypatch: pytest.MonkeyPatch, values: dict[str, int]) -> None:
    """Service quotas by code; moto has none of EC2."""
    real = boto3.Session.client

    class Quotas:
        def get_service_quota(self, ServiceCode: str, QuotaCode: str) -> Any:  # noqa: N803 - boto3's names
            if QuotaCode not in values:
                raise ClientError({"Error": {"Code": "NoSuchResourceException"}}, ServiceCode)
            return {"Quota": {"Value": float(values[QuotaCode])}}

    def client(self: boto3.Session, name: str, **options: Any) -> Any:
        return Quotas() if name == "service-quotas" else real(self, name, **options)

    monkeypatch.setattr(boto3.Session, "client", client)


def examined(folder: Path, environment: str = "dev") -> list[Finding]:
    return findings(folder, environment, boto3.Session())


def texts(found: list[Finding], level: Level) -> list[str]:
    return [one.text for one in found if one.level is level]


def test_an_empty_account_lacks_the_spot_role_and_says_how_to_make_it(folder: Path) -> None:
    found = examined(folder)
    assert found[0].text.startswith(f"Account {MOTO_ACCOUNT}, as arn:aws:")
    assert good("Region eu-central-1 is enabled.") in found
    assert texts(found, Level.LACKS) == [
        "Spot has no service-linked role, and its node groups would never start a node:"
        " aws iam create-service-linked-role --aws-service-name spot.amazonaws.com"
    ]


def test_with_the_spot_role_nothing_is_lacking(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boto3.client("iam").create_service_linked_role(AWSServiceName="spot.amazonaws.com")
    role = boto3.client("iam").list_roles()["Roles"][0]["RoleName"]
    assert role.startswith("AWSServiceRole")
    # moto spells its name differently from AWS.
    boto3.client("iam").create_role(RoleName="AWSServiceRoleForEC2Spot", AssumeRolePolicyDocument="{}")
    allow(monkeypatch, dict.fromkeys(("L-1216C47A", "L-34B43A08", "L-0263D0A3", "L-F678F1CE"), 1000))
    found = examined(folder)
    assert {one.level for one in found} == {Level.GOOD}
    assert good("Spot has its service-linked role.") in found


def test_another_account_than_the_owner_s(folder: Path) -> None:
    write_stack(folder, "dev", "999999999999")
    assert texts(examined(folder), Level.LACKS)[0].endswith(
        ", and Pulumi.dev.yaml names 999999999999: choose another profile."
    )


def test_a_stack_file_as_it_is_shipped_names_no_account() -> None:
    found = examined(REPOSITORY)
    assert found[0] == note(
        "Pulumi.dev.yaml names no account; if it is this one, 123456789012: pulumi config set --stack dev --path"
        " 'mlplatform:owner.accountId' '123456789012'"
    )


def test_no_credentials_are_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert examined(folder) == [
        note("There are no AWS credentials here (AWS_PROFILE, or 'aws sso login'), so the account was not looked at.")
    ]


def test_credentials_that_aws_refuses_are_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "it is old"}}, "GetCallerIdentity")

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refused)
    (finding,) = examined(folder)
    assert finding.level is Level.NOTE
    assert finding.text.startswith("AWS does not accept the credentials here, so the account was not looked at: ")
    assert "ExpiredToken" in finding.text


def test_what_may_not_be_looked_at_is_a_note_and_not_the_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> Iterator[Finding]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeRegions")

    refused.__name__ = "_region"
    monkeypatch.setattr(account, "_region", refused)
    found = examined(folder)
    assert any(one.text.startswith("The region could not be looked at: ") for one in found)
    assert any("Spot" in one.text for one in found)


def test_a_region_that_is_not_enabled_or_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    config = platform_config("dev")

    class Ec2:
        regions: list[dict[str, str]]

        def client(self, *_: Any, **__: Any) -> Any:
            return self

        def describe_regions(self, **_: Any) -> Any:
            return {"Regions": self.regions}

    monkeypatch.setattr(Ec2, "regions", [{"OptInStatus": "not-opted-in"}], raising=False)
    assert list(account._region(config, Ec2())) == [
        lacks("Region eu-central-1 is not enabled in this account: enable it in the account's settings.")
    ]
    monkeypatch.setattr(Ec2, "regions", [])
    assert list(account._region(config, Ec2())) == [lacks("There is no region eu-central-1.")]


def test_a_quota_that_is_too_small_says_which_and_how_to_raise_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, {"L-1216C47A": 5, "L-34B43A08": 1000})
    found = examined(folder)
    needed = next(one.needed for one in quotas(platform_config("dev"), 0, 0) if one.code == "L-1216C47A")
    assert (
        lacks(
            f"Quota '{ON_DEMAND}' is 5, and dev needs {needed}: aws service-quotas request-service-quota-increase"
            f" --service-code ec2 --quota-code L-1216C47A --desired-value {needed}"
        )
        in found
    )
    assert [one for one in found if one.text.startswith(f"Quota '{SPOT}': 1000")]
    assert note("The quota 'VPCs per Region' (L-F678F1CE) cannot be read here; dev needs 1.") in found


def test_what_is_there_already_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ec2 = boto3.client("ec2", region_name="eu-central-1")
    for _ in range(4):
        ec2.allocate_address(Domain="vpc")
    allow(monkeypatch, {"L-0263D0A3": 5})
    found = examined(folder, "prod")
    assert any(
        one.text.startswith("Quota 'EC2-VPC Elastic IPs' is 5, and prod needs 3, besides 4 that there are: ")
        for one in texts_as_findings(found)
    )


def texts_as_findings(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.level is Level.LACKS]


@pytest.mark.parametrize(
    ("environment", "code", "vcpus"),
    [
        # t3.xlarge 3 + 4 + 3, m7i.xlarge 3, EMR 1 + 1: of 4 each.
        ("dev", "L-1216C47A", 4 * (3 + 4 + 3 + 3 + 1 + 1)),
        # Executors and Ray of 8 each, EMR's tasks of 4.
        ("dev", "L-34B43A08", 8 * (4 + 4) + 4 * 3),
        ("prod", "L-34B43A08", 16 * 20 + 8 * 27),
    ],
)
def test_vcpus_are_those_of_the_largest_environment(environment: Environment, code: str, vcpus: int) -> None:
    assert [one.needed for one in quotas(platform_config(environment), 0, 0) if one.code == code] == [vcpus]


def test_a_quota_of_what_is_not_used_is_not_asked_for() -> None:
    assert "L-34B43A08" in [one.code for one in quotas(platform_config("dev"), 0, 0)]
    spot = platform_config("dev").node_groups.spark_executor.model_copy(update={"capacity_type": "onDemand"})
    config = platform_config("dev")
    groups = config.node_groups.model_copy(
        update={"spark_executor": spot, "ray": config.node_groups.ray.model_copy(update={"capacity_type": "onDemand"})}
    )
    changed = config.model_copy(update={"node_groups": groups, "emr": config.emr.model_copy(update={"enabled": False})})
    assert "L-34B43A08" not in [one.code for one in quotas(changed, 0, 0)]


def test_a_stack_file_that_is_wrong_or_missing_is_one_note(tmp_path: Path) -> None:
    (missing,) = examined(tmp_path)
    assert missing == note(f"{tmp_path / 'Pulumi.dev.yaml'}: No such file or directory.")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {mlplatform:network: {cidr: 1}}")
    (wrong,) = examined(tmp_path)
    assert wrong.level is Level.NOTE
    assert wrong.text.startswith("Pulumi.dev.yaml has ")


def test_findings_survive_being_printed() -> None:
    found = [good("Here."), lacks("Gone.")]
    assert json.loads(printed(found)) == [{"level": "good", "text": "Here."}, {"level": "lacks", "text": "Gone."}]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_shipped_stack_files_are_read(environment: AwsEnvironment) -> None:
    config, owner_known = read_stack_file(REPOSITORY, environment)
    assert config.environment == environment
    assert not owner_known


def test_the_role_that_makes_the_cluster_is_not_entered_twice(folder: Path) -> None:
    role = boto3.client("iam").create_role(RoleName="deployer", Path="/ci/", AssumeRolePolicyDocument="{}")["Role"][
        "Arn"
    ]
    path = folder / "Pulumi.dev.yaml"
    read = yaml.safe_load(path.read_text())
    others = f"arn:aws:iam::{MOTO_ACCOUNT}:role/admins"
    read["config"].setdefault("mlplatform:cluster", {})["adminRoleArns"] = [others, role]
    path.write_text(yaml.safe_dump(read))
    # As anybody else it is no fault: the role is one of several.
    assert not [text for text in texts(examined(folder), Level.LACKS) if "ResourceInUse" in text]
    given = boto3.client("sts", region_name="eu-central-1").assume_role(RoleArn=role, RoleSessionName="ci")[
        "Credentials"
    ]
    session = boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    (fault,) = [text for text in texts(findings(folder, "dev", session), Level.LACKS) if "ResourceInUse" in text]
    assert fault.startswith(f"cluster.adminRoleArns names {role}, the role that would make the cluster: ")
    # Once the cluster is there, whoever made it, the role may be one of those that were entered.
    boto3.client("eks", region_name="eu-central-1").create_cluster(
        name="mlplatform-dev", roleArn=role, resourcesVpcConfig={}
    )
    assert not [text for text in texts(findings(folder, "dev", session), Level.LACKS) if "ResourceInUse" in text]
