"""IAM: nobody may do more than is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlplatform.iam_policies import ANY_RESOURCE

from mlplatform_policy.documents import allows, principals
from mlplatform_policy.rules import resource_rule
from mlplatform_policy.view import ResourceView, Value, dig, items

BROAD: Final = frozenset(
    {
        "AdministratorAccess",
        "PowerUserAccess",
        "IAMFullAccess",
        # Deprecated by AWS, for what they open: every bucket, every queue, every EC2 action.
        "AmazonElasticMapReduceRole",
        "AmazonElasticMapReduceforEC2Role",
        "AmazonEC2RoleforSSM",
        # Opens metadata of every volume and snapshot; its second version only what carries the driver's tag.
        "AmazonEBSCSIDriverPolicy",
    }
)
"""Managed policies of AWS that open more than their name says."""


def _documents(resource: ResourceView) -> Iterator[Value]:
    yield resource.get("policy")
    for inline in items(resource.get("inlinePolicies")):
        yield dig(inline, "policy")


@resource_rule(
    "no-wildcard-actions",
    "No policy allows all actions of a service.",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/policy:Policy",
    "aws:iam/role:Role",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)
def no_wildcard_actions(resource: ResourceView) -> Iterator[str]:
    """``s3:Get*`` is a choice; ``s3:*`` is none. ``NotAction`` allows what nobody has thought of."""
    for policy in _documents(resource):
        for statement in allows(policy):
            if "NotAction" in statement:
                yield "allows all but some actions (NotAction): name those that are needed"
            for action in items(statement.get("Action")):
                if isinstance(action, str) and action.split(":")[-1].strip("*?") == "":
                    yield f"allows {action}: name the actions that are needed"


@resource_rule(
    "no-wildcard-resources",
    "No policy allows an action on every resource, unless AWS leaves no other way.",
    *no_wildcard_actions.types,
)
def no_wildcard_resources(resource: ResourceView) -> Iterator[str]:
    """`mlplatform.iam_policies.ANY_RESOURCE` has the exceptions, each with its reason."""
    for policy in _documents(resource):
        for statement in allows(policy):
            if "NotResource" in statement:
                yield "allows something on all but some resources (NotResource): name those that are needed"
            if "*" not in items(statement.get("Resource")):
                continue
            for action in items(statement.get("Action")):
                if action not in ANY_RESOURCE:
                    yield f"allows {action} on every resource: name the resource, or say in ANY_RESOURCE why not"


@resource_rule(
    "no-broad-managed-policies",
    "No role has a managed policy of AWS that opens a whole service.",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/role:Role",
)
def no_broad_managed_policies(resource: ResourceView) -> Iterator[str]:
    """…FullAccess, and those that are `BROAD` without saying so."""
    for arn in [resource.get("policyArn"), *items(resource.get("managedPolicyArns"))]:
        if not isinstance(arn, str) or ":aws:policy/" not in arn:
            continue
        name = arn.rsplit("/", 1)[-1]
        if name.endswith("FullAccess") or name in BROAD:
            yield f"has {name}: write a policy with what is needed"


@resource_rule("trust-is-narrow", "No role can be assumed by everybody.", "aws:iam/role:Role")
def trust_is_narrow(resource: ResourceView) -> Iterator[str]:
    """Whatever the conditions: a role has somebody in mind."""
    for statement in allows(resource.get("assumeRolePolicy")):
        if "*" in principals(statement):
            yield "can be assumed by everybody: name a service or a role"


RULES = (no_wildcard_actions, no_wildcard_resources, no_broad_managed_policies, trust_is_narrow)
