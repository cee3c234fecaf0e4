"""IAM: every policy document against parliament, every policy of AWS's own against the copy that moto ships."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

import pytest
from iam_linter import findings, managed_policies
from policy_views import plain
from recorder import Recorded
from whole_program import ENVIRONMENTS, record

Kind = Literal["identity", "trust", "resource"]
DOCUMENTS: Final[dict[tuple[str, str], Kind]] = {
    ("aws:iam/rolePolicy:RolePolicy", "policy"): "identity",
    ("aws:iam/policy:Policy", "policy"): "identity",
    ("aws:iam/role:Role", "assumeRolePolicy"): "trust",
    ("aws:kms/key:Key", "policy"): "resource",
    ("aws:s3/bucketPolicy:BucketPolicy", "policy"): "resource",
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "policy"): "resource",
    ("aws:efs/fileSystemPolicy:FileSystemPolicy", "policy"): "resource",
    ("aws:ecr/repositoryPolicy:RepositoryPolicy", "policy"): "resource",
    ("aws:sns/topicPolicy:TopicPolicy", "policy"): "resource",
    ("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", "policyDocument"): "resource",
}
"""Where policy documents are. `test_no_document_is_missed` finds those that are elsewhere."""
ITSELF: Final = {
    # A trust policy has no resource, and in a key's policy ``*`` is the key: parliament is told what is meant.
    "aws:iam/role:Role": "arn:aws:iam::123456789012:role/itself",
    "aws:kms/key:Key": "arn:aws:kms:eu-central-1:123456789012:key/itself",
}
ACCEPTED: Final = (
    # A key's policy has to give the account all actions, also those that are about no key, or nobody could ever change
    # it again (KMS, "Default key policy").
    ("aws:kms/key:Key", r"^RESOURCE_MISMATCH: .*kms:ConnectCustomKeyStore"),
    # As CloudWatch's own guide has it ("Encrypt log data in CloudWatch Logs using KMS"): the context is an ARN, and
    # describing the key has none.
    ("aws:kms/key:Key", r"^MISMATCHED_TYPE: Type mismatch: ArnLike requires a value of type Arn but given String$"),
    ("aws:kms/key:Key", r"^UNKNOWN_CONDITION_FOR_ACTION: .*kms:EncryptionContext:.* for action kms:DescribeKey$"),
    # An endpoint's policy gives no rights: it is what may pass, and its conditions say whose buckets.
    ("aws:ec2/vpcEndpoint:VpcEndpoint", r"^RESOURCE_STAR: "),
    ("aws:ec2/vpcEndpoint:VpcEndpoint", r"^UNKNOWN_CONDITION_FOR_ACTION: Unknown condition s3:ResourceAccount "),
    # The texts of two ARNs are compared, as in S3's and EFS's own guides ("Using server-side encryption with KMS keys",
    # "Access point enforcement").
    ("aws:s3/bucketPolicy:BucketPolicy", r"^MISMATCHED_TYPE_BUT_USABLE: .*StringNotEquals"),
    ("aws:efs/fileSystemPolicy:FileSystemPolicy", r"^MISMATCHED_TYPE_BUT_USABLE: .*StringEquals"),
    # parliament's list is older than the condition, which the controller's makers use in their own policy.
    (
        "aws:iam/rolePolicy:RolePolicy",
        r"^UNKNOWN_CONDITION_FOR_ACTION: Unknown condition elasticloadbalancing:CreateAction for action"
        r" elasticloadbalancing:AddTags$",
    ),
)
"""Type of resource, pattern of a finding that is no fault, and why."""


@dataclass(frozen=True)
class Document:
    """One policy document of the program."""

    resource: Recorded
    text: str

    def __str__(self) -> str:
        return self.resource.name


def completed(type_: str, text: str) -> str:
    policy = json.loads(text)
    if own := ITSELF.get(type_):
        for statement in policy["Statement"]:
            statement["Resource"] = own
    return json.dumps(policy)


@cache
def documents() -> tuple[Document, ...]:
    """Of all environments, each text once."""
    found: dict[tuple[str, str], Document] = {}
    for environment in ENVIRONMENTS:
        for one in record(environment).resources:
            for type_, key in DOCUMENTS:
                if one.type == type_ and (text := one.inputs.get(key)):
                    found.setdefault((one.name, text), Document(one, completed(type_, text)))
    return tuple(found.values())


def unaccepted(document: Document) -> list[str]:
    """What is found, but for what is accepted for the type of resource."""
    accepted = [pattern for type_, pattern in ACCEPTED if type_ == document.resource.type]
    return [one for one in findings(document.text) if not any(re.search(pattern, one) for pattern in accepted)]


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a value, with the property that it is in."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from texts(part, path or key)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part, path)
    elif isinstance(value, str):
        yield path, value


def test_every_policy_document_is_clean() -> None:
    assert {str(one): faults for one in documents() if (faults := unaccepted(one))} == {}


def test_an_accepted_finding_still_occurs() -> None:
    found = [(one.resource.type, finding) for one in documents() for finding in findings(one.text)]
    idle = [
        (type_, pattern)
        for type_, pattern in ACCEPTED
        if not any(type_ == of and re.search(pattern, finding) for of, finding in found)
    ]
    assert idle == []


def test_no_document_is_missed() -> None:
    assert len(documents()) > 20
    missed = {
        (one.type, key)
        for environment in ENVIRONMENTS
        for one in record(environment).resources
        if one.type.startswith("aws:")
        for key, text in texts(plain(one.inputs))
        if '"Statement"' in text and (one.type, key) not in DOCUMENTS
    }
    assert missed == set()


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ({"Action": "s3:GetObjekt", "Resource": "*"}, "UNKNOWN_ACTION: Unknown action s3:GetObjekt"),
        (
            {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"},
            "RESOURCE_MISMATCH",
        ),
        (
            {
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::b/*",
                "Condition": {"StringEquals": {"s3:prefix": "a"}},
            },
            "UNKNOWN_CONDITION_FOR_ACTION: Unknown condition s3:prefix for action s3:GetObject",
        ),
    ],
)
def test_a_document_with_a_mistake_is_found(statement: dict[str, Any], finding: str) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
    assert [one for one in findings(text) if one.startswith(finding)]


def attached(recorded: Recorded) -> list[str]:
    """ARNs of AWS's own policies that a resource gives to a role."""
    given = [recorded.inputs.get("policyArn"), *(recorded.inputs.get("managedPolicyArns") or [])]
    return [arn for arn in given if isinstance(arn, str) and arn.startswith("arn:aws:iam::aws:")]


def test_every_managed_policy_exists() -> None:
    used = {arn for environment in ENVIRONMENTS for one in record(environment).resources for arn in attached(one)}
    assert used
    assert used - set(managed_policies().values()) == set()
