"""What an AWS account lacks for an environment, by the caller's own credentials: it looks, and changes nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from mlplatform.config.base import AwsEnvironment
from mlplatform.config.faults import ConfigError
from mlplatform.config.model import PlatformConfig
from mlplatform.config.stack_files import read_stack_file
from mlplatform.instance_types import INSTANCE_TYPES
from mlplatform.naming import PLATFORM
from mlplatform.service_types import SERVICE_TYPES

from tools.doctor.finding import Finding, good, lacks, note

ROOT: Final = Path(__file__).resolve().parents[2]
Session = Any
"""A `boto3.Session`: its clients are made when the program runs, and have no types."""
PATIENCE: Final = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 2, "mode": "standard"})


@dataclass(frozen=True)
class Quota:
    """A service quota of an account in a region."""

    service: str
    code: str
    name: str
    needed: int
    """All that the environment may have at once."""
    used: int | None = None
    """What the account has already; none when that is not counted here."""


def examine(config: PlatformConfig, owner_known: bool, session: Session) -> Iterator[Finding]:
    """All of the account. Without credentials it is one sentence.

    Args:
        config: of the environment.
        owner_known: whether its stack file names the account.
        session: a `boto3.Session`.
    """
    region = config.aws.region
    try:
        identity = session.client("sts", region_name=region, config=PATIENCE).get_caller_identity()
    except NoCredentialsError:
        yield note(
            "There are no AWS credentials here (AWS_PROFILE, or 'aws sso login'), so the account was not looked at."
        )
        return
    except (BotoCoreError, ClientError) as error:
        yield note(f"AWS does not accept the credentials here, so the account was not looked at: {error}")
        return
    yield _owner(config, owner_known, identity)
    for look in (_region, _spot_role, _quotas, _maker):
        try:
            yield from look(config, session)
        except (BotoCoreError, ClientError) as error:
            yield note(f"{_ABOUT[look.__name__]} could not be looked at: {error}")


_ABOUT: Final = {
    "_region": "The region",
    "_spot_role": "The Spot service-linked role",
    "_quotas": "The service quotas",
    "_maker": "The cluster's administrators",
}


def _owner(config: PlatformConfig, owner_known: bool, identity: Mapping[str, str]) -> Finding:
    here, arn = identity["Account"], identity["Arn"]
    if not owner_known:
        command = f"pulumi config set --stack {config.environment} --path '{PLATFORM}:owner.accountId' '{here}'"
        return note(f"Pulumi.{config.environment}.yaml names no account; if it is this one, {here}: {command}")
    if here != config.owner.account_id:
        return lacks(
            f"These credentials are for account {here} ({arn}), and Pulumi.{config.environment}.yaml names"
            f" {config.owner.account_id}: choose another profile."
        )
    return good(f"Account {here}, as {arn}.")


def _region(config: PlatformConfig, session: Session) -> Iterator[Finding]:
    region = config.aws.region
    client = session.client("ec2", region_name="us-east-1", config=PATIENCE)
    found = client.describe_regions(AllRegions=True, Filters=[{"Name": "region-name", "Values": [region]}])["Regions"]
    if not found:
        yield lacks(f"There is no region {region}.")
    elif found[0]["OptInStatus"] == "not-opted-in":
        yield lacks(f"Region {region} is not enabled in this account: enable it in the account's settings.")
    else:
        yield good(f"Region {region} is enabled.")


def _maker(config: PlatformConfig, session: Session) -> Iterator[Finding]:
    """EKS enters the role that makes the cluster as an administrator, and refuses to enter it a second time."""
    region = config.aws.region
    arn = session.client("sts", region_name=region, config=PATIENCE).get_caller_identity()["Arn"]
    # arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION; a role's path is not in it.
    own = arn.split("/")[1] if ":assumed-role/" in arn else ""
    named = [one for one in config.cluster.admin_role_arns if own and one.rsplit("/", 1)[-1] == own]
    if not named:
        return
    client = session.client("eks", region_name=region, config=PATIENCE)
    try:
        client.describe_cluster(name=f"{PLATFORM}-{config.environment}")
    except client.exceptions.ResourceNotFoundException:
        yield lacks(
            f"cluster.adminRoleArns names {named[0]}, the role that would make the cluster: EKS enters that one itself"
            " and refuses a second entry (ResourceInUseException). Remove it there."
        )


def _spot_role(config: PlatformConfig, session: Session) -> Iterator[Finding]:
    if not any(spot for *_, spot in _instances(config)):
        return
    client = session.client("iam", region_name=config.aws.region, config=PATIENCE)
    try:
        client.get_role(RoleName="AWSServiceRoleForEC2Spot")
    except client.exceptions.NoSuchEntityException:
        command = "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com"
        yield lacks(f"Spot has no service-linked role, and its node groups would never start a node: {command}")
    else:
        yield good("Spot has its service-linked role.")


def _quotas(config: PlatformConfig, session: Session) -> Iterator[Finding]:
    client = session.client("service-quotas", region_name=config.aws.region, config=PATIENCE)
    ec2 = session.client("ec2", region_name=config.aws.region, config=PATIENCE)
    for quota in quotas(config, len(ec2.describe_addresses()["Addresses"]), len(ec2.describe_vpcs()["Vpcs"])):
        try:
            found = client.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)["Quota"]["Value"]
        except (BotoCoreError, ClientError):
            needs = f"{config.environment} needs {quota.needed}"
            yield note(f"The quota '{quota.name}' ({quota.code}) cannot be read here; {needs}.")
            continue
        yield _quota(config, quota, int(found))


def _quota(config: PlatformConfig, quota: Quota, allowed: int) -> Finding:
    used = quota.used or 0
    besides = f", besides {used} that there are" if used else ""
    if used + quota.needed <= allowed:
        return good(f"Quota '{quota.name}': {allowed}, {config.environment} needs {quota.needed}{besides}.")
    command = (
        f"aws service-quotas request-service-quota-increase --service-code {quota.service} --quota-code {quota.code}"
        f" --desired-value {used + quota.needed}"
    )
    return lacks(
        f"Quota '{quota.name}' is {allowed}, and {config.environment} needs {quota.needed}{besides}: {command}"
    )


def quotas(config: PlatformConfig, addresses: int, vpcs: int) -> Iterator[Quota]:
    """What the environment needs at its largest. An environment that is up is counted twice for addresses and VPCs.

    Args:
        config: of the environment.
        addresses: elastic addresses that the account has in the region.
        vpcs: VPCs that the account has in the region.
    """
    needed = {False: 0, True: 0}
    for types, most, spot in _instances(config):
        facts = [INSTANCE_TYPES[one] for one in types]
        needed[spot] += most * max(one.vcpus for one in facts)
    for spot, (code, name) in _VCPU_QUOTAS.items():
        if needed[spot]:
            yield Quota("ec2", code, f"{name}, in vCPUs", needed[spot])
    nats = len(config.aws.zones) if config.network.nat_gateways == "perZone" else 1
    yield Quota("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", nats, addresses)
    yield Quota("vpc", "L-F678F1CE", "VPCs per Region", 1, vpcs)


_VCPU_QUOTAS: Final = {
    # Spot → code and name in Service Quotas.
    False: ("L-1216C47A", "Running On-Demand Standard instances"),
    True: ("L-34B43A08", "All Standard Spot Instance Requests"),
}


def _instances(config: PlatformConfig) -> Iterator[tuple[tuple[str, ...], int, bool]]:
    """Types, the most that there may be, and whether they are spot: of node groups and of EMR."""
    for service_type in SERVICE_TYPES:
        group = getattr(config.node_groups, service_type.config_key)
        if group is not None and group.enabled:
            yield group.instance_types, group.max_size, group.capacity_type == "spot"
    emr = config.emr
    if emr.enabled:
        yield (emr.primary_instance_type,), 1, False
        yield (emr.core_instance_type,), emr.core_units, False
        if emr.max_units > emr.core_units:
            yield emr.task_instance_types, emr.max_units - emr.core_units, True


def findings(folder: Path, environment: str, session: Session) -> list[Finding]:
    """All that there is to say; a stack file that is wrong is one sentence."""
    try:
        config, owner_known = read_stack_file(folder, cast("AwsEnvironment", environment))
    except ConfigError as error:
        return [note(f"{error}")]
    except OSError as error:
        return [note(f"{error.filename}: {error.strerror}.")]
    return list(examine(config, owner_known, session))


def printed(found: Iterable[Finding]) -> str:
    """For `tools.doctor.command_line`."""
    return json.dumps([asdict(one) for one in found])


if __name__ == "__main__":
    print(printed(findings(ROOT, sys.argv[1], boto3.Session())))
