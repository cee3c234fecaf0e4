"""The evaluator of policies, against examples that AWS has written down with their outcome."""

from __future__ import annotations

from typing import Any

import pytest
from rights.conditions import matches
from rights.evaluation import Asked, Caller, decide

ACCOUNT, OTHER = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/analyst"
OBJECT = "arn:aws:s3:::amzn-s3-demo-bucket/report.csv"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **one} for one in statements]}


def allowed(
    *,
    identity: dict[str, Any] | None = None,
    boundary: dict[str, Any] | None = None,
    resource_policy: dict[str, Any] | None = None,
    endpoint: dict[str, Any] | None = None,
    action: str = "s3:GetObject",
    resource: str = OBJECT,
    owner: str = ACCOUNT,
    arn: str = ROLE,
    service: str = "",
    context: dict[str, Any] | None = None,
) -> bool:
    caller = Caller(arn=arn, service=service, identity=[identity] if identity else [], boundary=boundary)
    asked = Asked(
        action=action,
        resource=resource,
        owner=owner,
        context=context or {},
        resource_policy=resource_policy,
        endpoint=endpoint,
    )
    return decide(caller, asked).allowed


S3 = policy({"Action": "s3:*"})
TO_ALL = policy({"Action": "s3:GetObject", "Principal": "*"})
TO_ROLE = policy({"Action": "s3:GetObject", "Principal": {"AWS": ROLE}})
TO_ROOT = policy({"Action": "s3:GetObject", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}})
DENIED = policy({"Action": "s3:*"}, {"Effect": "Deny", "Action": "s3:GetObject"})


@pytest.mark.parametrize(
    ("outcome", "given"),
    [
        # IAM user guide, "How AWS enforcement code logic evaluates requests".
        pytest.param(False, {}, id="nothing is allowed by itself"),
        pytest.param(True, {"identity": S3}, id="an identity policy allows"),
        pytest.param(False, {"identity": DENIED}, id="a denial beats an allowance"),
        pytest.param(True, {"resource_policy": TO_ROLE}, id="in one account the resource's policy is enough"),
        pytest.param(False, {"resource_policy": TO_ROOT}, id="naming the account leaves it to its own policies"),
        pytest.param(
            False,
            {"identity": S3, "resource_policy": policy({"Effect": "Deny", "Action": "s3:*", "Principal": "*"})},
            id="a denial of the resource's policy counts too",
        ),
        # "Cross-account policy evaluation logic": both sides have to agree.
        pytest.param(False, {"identity": S3, "owner": OTHER}, id="across accounts the caller's policy is not enough"),
        pytest.param(False, {"resource_policy": TO_ROLE, "owner": OTHER}, id="nor is the resource's"),
        pytest.param(True, {"identity": S3, "resource_policy": TO_ROLE, "owner": OTHER}, id="both are"),
        pytest.param(
            True, {"identity": S3, "resource_policy": TO_ROOT, "owner": OTHER}, id="with the account named too"
        ),
        # "Permissions boundaries for IAM entities": Shirley may manage S3, CloudWatch and EC2, and not make users.
        pytest.param(
            False,
            {
                "identity": policy({"Action": "iam:CreateUser"}),
                "boundary": policy({"Action": ["s3:*", "cloudwatch:*", "ec2:*"]}),
                "action": "iam:CreateUser",
            },
            id="a boundary limits what an identity policy gives",
        ),
        pytest.param(False, {"boundary": S3}, id="a boundary gives nothing"),
        # "AWS JSON policy elements: Principal": anonymous users; S3's guide, public buckets.
        pytest.param(True, {"arn": "", "resource_policy": TO_ALL}, id="anybody where the principal is a star"),
        pytest.param(False, {"arn": "", "resource_policy": TO_ROLE}, id="not anybody where it is a role"),
        # VPC guide, "Control access to VPC endpoints using endpoint policies": it gives nothing, and limits.
        pytest.param(True, {"identity": S3, "endpoint": TO_ALL}, id="what the endpoint lets pass"),
        pytest.param(
            False,
            {"identity": S3, "endpoint": TO_ALL, "action": "s3:PutObject"},
            id="what the endpoint does not let pass",
        ),
        pytest.param(False, {"endpoint": TO_ALL}, id="an endpoint gives nothing"),
        # KMS guide, "Default key policy": without the account's root IAM policies have no effect on the key.
        pytest.param(
            True,
            {
                "action": "kms:Decrypt",
                "resource": KEY,
                "identity": policy({"Action": "kms:Decrypt"}),
                "resource_policy": policy({"Action": "kms:*", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}),
            },
            id="a key that leaves it to the account",
        ),
        pytest.param(
            False,
            {
                "action": "kms:Decrypt",
                "resource": KEY,
                "resource_policy": policy({"Action": "kms:*", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}),
            },
            id="a key that leaves it to an account that says nothing",
        ),
        pytest.param(
            False,
            {
                "action": "kms:Decrypt",
                "resource": KEY,
                "identity": policy({"Action": "kms:Decrypt"}),
                "resource_policy": policy({"Action": "kms:*", "Principal": {"AWS": f"{ROLE}-another"}}),
            },
            id="a key whose policy names another",
        ),
        # STS: a role's trust policy decides, also within the account.
        pytest.param(
            False,
            {"action": "sts:AssumeRole", "resource": ROLE, "identity": policy({"Action": "sts:AssumeRole"})},
            id="a role that trusts nobody",
        ),
        pytest.param(
            True,
            {
                "action": "sts:AssumeRole",
                "resource": ROLE,
                "arn": "",
                "service": "ec2.amazonaws.com",
                "resource_policy": policy({"Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}),
            },
            id="a role that trusts a service",
        ),
        # "AWS JSON policy elements: NotAction" and "NotResource".
        pytest.param(False, {"identity": {"Statement": {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}}}),
        pytest.param(
            True,
            {"identity": {"Statement": {"Effect": "Allow", "Action": "S3:get*", "NotResource": f"{OBJECT}.gz"}}},
            id="actions in any case, resources but one",
        ),
        pytest.param(
            False,
            {"identity": policy({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::AMZN-s3-demo-bucket/*"})},
            id="resources in their own case",
        ),
    ],
)
def test_a_request_is_decided_as_aws_documents(*, outcome: bool, given: dict[str, Any]) -> None:
    assert allowed(**given) is outcome


@pytest.mark.parametrize(
    ("outcome", "condition", "context"),
    [
        # IAM user guide, "Conditions with multiple context keys or values".
        (
            True,
            {"StringEquals": {"aws:PrincipalTag/job": ["iamuser-admin", "auditor"]}},
            {"aws:PrincipalTag/job": "auditor"},
        ),
        (
            False,
            {"StringEquals": {"aws:PrincipalTag/job": "a", "aws:RequestTag/t": "b"}},
            {"aws:PrincipalTag/job": "a"},
        ),
        (False, {"StringEquals": {"aws:PrincipalTag/job": "Auditor"}}, {"aws:PrincipalTag/job": "auditor"}),
        (True, {"StringEquals": {"AWS:principaltag/Job": "a"}}, {"aws:PrincipalTag/job": "a"}),
        (True, {"StringEqualsIgnoreCase": {"aws:PrincipalTag/job": "Auditor"}}, {"aws:PrincipalTag/job": "auditor"}),
        # "Multiple values for negated matching": none of them may match, and a key that is not there does not.
        (False, {"StringNotEquals": {"aws:PrincipalTag/job": ["a", "b"]}}, {"aws:PrincipalTag/job": "b"}),
        (True, {"StringNotEquals": {"aws:PrincipalTag/job": ["a", "b"]}}, {"aws:PrincipalTag/job": "c"}),
        (True, {"StringNotEquals": {"aws:PrincipalTag/job": "a"}}, {}),
        # "String condition operators": the home folder of each user.
        (
            True,
            {"StringLike": {"s3:prefix": ["", "home/${aws:username}/*"]}},
            {"s3:prefix": "home/ana/x", "aws:username": "ana"},
        ),
        (
            False,
            {"StringLike": {"s3:prefix": "home/${aws:username}/*"}},
            {"s3:prefix": "home/bob/x", "aws:username": "ana"},
        ),
        (False, {"StringLike": {"s3:prefix": "home/${aws:username}/*"}}, {"s3:prefix": "home/*/x"}),
        (
            False,
            {"StringLike": {"s3:prefix": "home/${aws:username}/x"}},
            {"s3:prefix": "home/ana/x", "aws:username": "*"},
        ),
        (True, {"StringEquals": {"aws:RequestTag/t": "${*}"}}, {"aws:RequestTag/t": "*"}),
        # "Amazon Resource Name (ARN) condition operators": each part by itself.
        (
            True,
            {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:123456789012:*"}},
            {"aws:SourceArn": "arn:aws:sns:eu:123456789012:t"},
        ),
        (
            False,
            {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:*:t"}},
            {"aws:SourceArn": "arn:aws:sns:eu:123456789012:t"},
        ),
        (True, {"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, {"aws:SourceArn": "arn:aws:sns:eu:1:t"}),
        # "Boolean condition operators", "Null", "…IfExists".
        (True, {"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "false"}),
        (False, {"Bool": {"aws:SecureTransport": False}}, {}),
        (True, {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, {}),
        (True, {"Null": {"aws:TokenIssueTime": "true"}}, {}),
        (False, {"Null": {"aws:TokenIssueTime": "false"}}, {}),
        (True, {"StringLikeIfExists": {"ec2:InstanceType": ["t2.*", "m3.*"]}}, {}),
        (False, {"StringLikeIfExists": {"ec2:InstanceType": ["t2.*", "m3.*"]}}, {"ec2:InstanceType": "p5.large"}),
        # "Numeric condition operators" and "IP address condition operators".
        (True, {"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "9"}),
        (False, {"NumericNotEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "10"}),
        (True, {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"aws:SourceIp": "203.0.113.9"}),
        (False, {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"aws:SourceIp": "203.0.113.9"}),
        # "Set operators for multivalued context keys".
        (True, {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["b"]}),
        (False, {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["b", "c"]}),
        (True, {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {}),
        (True, {"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["b", "c"]}),
        (False, {"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {}),
        (False, {"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ["a", "b"]}),
    ],
)
def test_a_condition_is_met_as_aws_documents(
    *, outcome: bool, condition: dict[str, Any], context: dict[str, Any]
) -> None:
    assert matches(condition, context) is outcome


def test_what_is_not_known_is_refused_and_not_passed_over() -> None:
    with pytest.raises(ValueError, match="condition operator DateGreaterThan is not known here"):
        matches({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01"}}, {"aws:CurrentTime": "2026-02-01"})
    with pytest.raises(ValueError, match="NotPrincipal is not known here"):
        allowed(resource_policy=policy({"Action": "s3:*", "NotPrincipal": {"AWS": ROLE}}))
    with pytest.raises(ValueError, match="a key of several values needs ForAnyValue or ForAllValues"):
        matches({"StringEquals": {"aws:TagKeys": "a"}}, {"aws:TagKeys": ["a", "b"]})
