"""AWS' own models of its APIs, as botocore ships them: what the call that makes a resource takes.

CloudFormation's words (`cloudformation_table`) are nearly those of the calls, so a resource that is translated for one
is compared with the other: every enumeration, pattern and bound of whatever parameter has the same name. What has no
such parameter is CloudFormation's alone, or the provider's.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from functools import cache
from typing import Any, Final

import botocore.session
import regex

CALLS: Final[Mapping[str, tuple[str, str]]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": ("application-autoscaling", "RegisterScalableTarget"),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("application-autoscaling", "PutScalingPolicy"),
    "AWS::Budgets::Budget": ("budgets", "CreateBudget"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm"),
    "AWS::EC2::EIP": ("ec2", "AllocateAddress"),
    "AWS::EC2::FlowLog": ("ec2", "CreateFlowLogs"),
    "AWS::EC2::LaunchTemplate": ("ec2", "CreateLaunchTemplate"),
    "AWS::EC2::NatGateway": ("ec2", "CreateNatGateway"),
    "AWS::EC2::Subnet": ("ec2", "CreateSubnet"),
    "AWS::EC2::VPC": ("ec2", "CreateVpc"),
    "AWS::EC2::VPCEndpoint": ("ec2", "CreateVpcEndpoint"),
    "AWS::ECR::Repository": ("ecr", "CreateRepository"),
    "AWS::EFS::AccessPoint": ("efs", "CreateAccessPoint"),
    "AWS::EFS::FileSystem": ("efs", "CreateFileSystem"),
    "AWS::EFS::MountTarget": ("efs", "CreateMountTarget"),
    "AWS::EKS::Addon": ("eks", "CreateAddon"),
    "AWS::EKS::Nodegroup": ("eks", "CreateNodegroup"),
    "AWS::EKS::PodIdentityAssociation": ("eks", "CreatePodIdentityAssociation"),
    "AWS::EMR::Cluster": ("emr", "RunJobFlow"),
    "AWS::EMR::InstanceFleetConfig": ("emr", "AddInstanceFleet"),
    "AWS::EMR::SecurityConfiguration": ("emr", "CreateSecurityConfiguration"),
    "AWS::EMRContainers::VirtualCluster": ("emr-containers", "CreateVirtualCluster"),
    "AWS::KMS::Alias": ("kms", "CreateAlias"),
    "AWS::KMS::Key": ("kms", "CreateKey"),
    "AWS::Logs::LogGroup": ("logs", "CreateLogGroup"),
    "AWS::MSK::Cluster": ("kafka", "CreateCluster"),
    "AWS::MSK::Configuration": ("kafka", "CreateConfiguration"),
    "AWS::RDS::DBInstance": ("rds", "CreateDBInstance"),
    "AWS::RDS::DBParameterGroup": ("rds", "CreateDBParameterGroup"),
    "AWS::RDS::DBSubnetGroup": ("rds", "CreateDBSubnetGroup"),
    "AWS::S3::Bucket": ("s3", "CreateBucket"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "CreateSecret"),
    "AWS::SNS::Subscription": ("sns", "Subscribe"),
    "AWS::SNS::Topic": ("sns", "CreateTopic"),
}
"""CloudFormation's type → service and call."""
UNIONS: Final = {("efs", "CreateFileSystem"): ("PutLifecycleConfiguration", "PutFileSystemPolicy", "PutBackupPolicy")}
"""Calls that the resource takes too."""


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def shapes(type_: str) -> list[Any]:
    """What the calls of a type take."""
    service, call = CALLS[type_]
    calls = (call, *UNIONS.get((service, call), ()))
    return [_model(service).operation_model(one).input_shape for one in calls]


def faults(type_: str, properties: Mapping[str, Any], made_up: Container[object] = ()) -> tuple[list[str], int]:
    """What the models have against a resource, and how many of its values they know.

    Args:
        made_up: identifiers that no real provider has given, which fit no pattern of real ones.
    """
    found: list[str] = []
    known = 0
    for shape in shapes(type_):
        for path, inner, value in _leaves(shape, properties, ""):
            known += 1
            if value not in made_up:
                found += [f"{path}: {fault}" for fault in _against(inner, value)]
    return sorted(set(found)), known


def _leaves(shape: Any, value: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Place, shape and value of whatever both have."""
    if shape.type_name == "structure" and isinstance(value, Mapping):
        members = {name.lower(): (name, member) for name, member in shape.members.items()}
        for key, part in value.items():
            if key.lower() in members:
                name, member = members[key.lower()]
                yield from _leaves(member, part, f"{path}.{name}" if path else name)
    elif shape.type_name == "list" and isinstance(value, list):
        for number, part in enumerate(value):
            yield from _leaves(shape.member, part, f"{path}.{number}")
    elif shape.type_name not in {"structure", "list", "map"} and not isinstance(value, Mapping | list):
        yield path, shape, value


def _python(pattern: str) -> str:
    """A pattern of the models, which are written for Java: there a character beyond 16 bits is a pair."""
    for pair in ("\\uD800\\uDC00-\\uDBFF\\uDFFF", "\\ud800\\udc00-\\udbff\\udfff"):
        pattern = pattern.replace(pair, "\U00010000-\U0010ffff")
    return pattern


def _against(shape: Any, value: Any) -> Iterator[str]:
    limits, text = shape.metadata, str(value)
    if getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{value!r} is not one of {', '.join(shape.enum[:12])}"
    if "pattern" in limits and isinstance(value, str) and not regex.search(_python(limits["pattern"]), value):
        yield f"{value!r} does not match {limits['pattern']}"
    if shape.type_name in {"integer", "long", "float", "double"}:
        size: float | None = float(text) if regex.fullmatch(r"-?\d+(\.\d+)?", text) else None
        if size is None:
            yield f"{value!r} is no number"
    else:
        size = len(text) if shape.type_name == "string" else None
    if size is not None and not limits.get("min", size) <= size <= limits.get("max", size):
        yield f"{value!r} is not within {limits.get('min', '')} to {limits.get('max', '')}"
