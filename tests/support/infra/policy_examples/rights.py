"""Examples of `mlplatform_policy.rights`."""

from __future__ import annotations

import json
from typing import Any, Final

from mlplatform_policy.view import UNKNOWN

from policy_examples.example import broken, kept, view

POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
ROLE: Final = "aws:iam/role:Role"
ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
BUCKET: Final = "arn:aws:s3:::a-bucket/*"


def text(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}})


def managed(name: str) -> dict[str, str]:
    return {"policyArn": f"arn:aws:iam::aws:policy/{name}"}


EXAMPLES = (
    kept(
        "no-wildcard-actions",
        view(POLICY, {"policy": text(Action=["s3:GetObject", "kms:ReEncrypt*"], Resource=BUCKET)}),
        view(POLICY, {"policy": UNKNOWN}),
    ),
    broken(
        "no-wildcard-actions",
        view(POLICY, {"policy": text(Action=["s3:*", "*"], Resource=BUCKET)}),
        "allows s3:*: name the actions that are needed",
        "allows *: name the actions that are needed",
    ),
    broken(
        "no-wildcard-actions",
        view(ROLE, {"inlinePolicies": [{"policy": text(NotAction="iam:*", Resource=BUCKET)}]}),
        "allows all but some actions (NotAction): name those that are needed",
    ),
    kept(
        "no-wildcard-resources",
        view(POLICY, {"policy": text(Action="s3:GetObject", Resource=BUCKET)}),
        view(POLICY, {"policy": text(Action="ecr:GetAuthorizationToken", Resource="*")}),
    ),
    broken(
        "no-wildcard-resources",
        view(POLICY, {"policy": text(Action=["s3:GetObject", "ecr:GetAuthorizationToken"], Resource=[BUCKET, "*"])}),
        "allows s3:GetObject on every resource: name the resource, or say in ANY_RESOURCE why not",
    ),
    broken(
        "no-wildcard-resources",
        view(POLICY, {"policy": text(Action="s3:GetObject", NotResource=BUCKET)}),
        "allows something on all but some resources (NotResource): name those that are needed",
    ),
    kept(
        "no-broad-managed-policies",
        view(ATTACHMENT, managed("AmazonEKSWorkerNodePolicy")),
        view(ATTACHMENT, {"policyArn": UNKNOWN}),
        # Of our own, whatever it is called: the other rules read it.
        view(ATTACHMENT, {"policyArn": "arn:aws:iam::123456789012:policy/OurFullAccess"}),
    ),
    broken(
        "no-broad-managed-policies",
        view(ATTACHMENT, managed("AmazonS3FullAccess")),
        "has AmazonS3FullAccess: write a policy with what is needed",
    ),
    broken(
        "no-broad-managed-policies",
        view(ROLE, {"managedPolicyArns": [managed("AdministratorAccess")["policyArn"]]}),
        "has AdministratorAccess: write a policy with what is needed",
    ),
    kept(
        "trust-is-narrow",
        view(ROLE, {"assumeRolePolicy": text(Action="sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"})}),
    ),
    broken(
        "trust-is-narrow",
        view(ROLE, {"assumeRolePolicy": text(Action="sts:AssumeRole", Principal={"AWS": "*"})}),
        "can be assumed by everybody: name a service or a role",
    ),
)
