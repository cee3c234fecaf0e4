"""The rules as policies of a Pulumi policy pack: `pulumi preview --policy-pack infra/policy`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pulumi_policy import (
    Policy,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from mlplatform_policy.catalogue import RESOURCE_RULES, STACK_RULES
from mlplatform_policy.rules import ResourceRule, StackRule
from mlplatform_policy.view import UNKNOWN, ResourceView, Value


def policies() -> list[Policy]:
    """One policy for each rule."""
    return [*map(resource_policy, RESOURCE_RULES), *map(stack_policy, STACK_RULES)]


def resource_policy(rule: ResourceRule) -> ResourceValidationPolicy:
    """A rule of one resource."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for violation in rule.violations([view(args)]):
            report(violation.message, None)

    return ResourceValidationPolicy(rule.name, rule.description, validate)


def stack_policy(rule: StackRule) -> StackValidationPolicy:
    """A rule of the whole stack."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for violation in rule.violations([view(one) for one in args.resources]):
            report(f"{violation.resource.name}: {violation.message}", violation.resource.urn)

    return StackValidationPolicy(rule.name, rule.description, validate)


def view(resource: ResourceValidationArgs | PolicyResource) -> ResourceView:
    """What the engine tells of a resource, as rules see it."""
    references: Mapping[str, Sequence[PolicyResource]] = getattr(resource, "property_dependencies", {})
    return ResourceView(
        type=resource.resource_type,
        name=resource.name,
        urn=resource.urn,
        properties=known(resource.props),
        protect=resource.opts.protect,
        provider=resource.provider.name if resource.provider else "",
        references={key: tuple(one.urn for one in targets) for key, targets in references.items()},
    )


def known(value: Value) -> Value:
    """The value without the pack's proxies, which raise at what the plan does not know: that becomes `UNKNOWN`."""
    if isinstance(value, Mapping):
        return {key: _element(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_element(value, index) for index in range(len(value))]
    return value


def _element(holder: Value, key: Value) -> Value:
    try:
        return known(holder[key])
    except UnknownValueError:
        return UNKNOWN
