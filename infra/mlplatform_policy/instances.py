"""Instances: their metadata service, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlplatform_policy.rules import resource_rule
from mlplatform_policy.view import UNKNOWN, ResourceView, dig, document, items

REQUIRED_TAGS: Final = ("platform", "environment", "owner", "cost-centre")
"""By which a bill is split, and a teardown's audit finds what is left."""
TAGGED_BY_TEMPLATE: Final = ("instance", "volume", "network-interface")
"""What the provider's default tags do not reach, because EC2 makes it from the template."""


@resource_rule(
    "metadata-service-closed",
    "The metadata service of nodes wants a session token, and is out of reach for pods.",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/instance:Instance",
)
def metadata_service_closed(resource: ResourceView) -> Iterator[str]:
    """A pod is one hop further away than the node: with a hop limit of 1 it cannot take on the node's role."""
    if resource.get("metadataOptions", "httpTokens") not in ("required", UNKNOWN):
        yield "answers without a session token (IMDSv1): set metadata_options.http_tokens to required"
    if resource.get("metadataOptions", "httpPutResponseHopLimit") not in (1, UNKNOWN):
        yield "is in reach of pods: set metadata_options.http_put_response_hop_limit to 1"


@resource_rule(
    "emr-metadata-service-closed",
    "The metadata service of EMR's instances wants a session token, and is one hop away.",
    "aws:emr/securityConfiguration:SecurityConfiguration",
)
def emr_metadata_service_closed(resource: ResourceView) -> Iterator[str]:
    """EMR has no launch template: it reads this from the security configuration."""
    found = document(resource.get("configuration"))
    if found is UNKNOWN:
        return
    options = dig(found, "InstanceMetadataServiceConfiguration")
    if dig(options, "MinimumInstanceMetadataServiceVersion") != 2:
        yield "allows IMDSv1: set MinimumInstanceMetadataServiceVersion to 2"
    if dig(options, "HttpPutResponseHopLimit") != 1:
        yield "is in reach of containers: set HttpPutResponseHopLimit to 1"


def _missing(tags: object) -> str:
    return ", ".join(tag for tag in REQUIRED_TAGS if dig(tags, tag) in (None, ""))


@resource_rule(
    "provider-tags",
    "The provider tags all that it makes with platform, environment, owner and cost centre.",
    "pulumi:providers:aws",
)
def provider_tags(resource: ResourceView) -> Iterator[str]:
    """Providers get their inputs as JSON texts."""
    tags = dig(document(resource.get("defaultTags")), "tags")
    if tags is not UNKNOWN and (missing := _missing(tags)):
        yield f"does not tag what it makes with {missing}: set default_tags"


@resource_rule(
    "template-tags",
    "Launch templates tag instances, volumes and network interfaces, which the provider's tags do not reach.",
    "aws:ec2/launchTemplate:LaunchTemplate",
)
def template_tags(resource: ResourceView) -> Iterator[str]:
    """EC2 makes these itself, from the template."""
    specifications = resource.get("tagSpecifications")
    if specifications is UNKNOWN:
        return
    given = {dig(one, "resourceType"): dig(one, "tags") for one in items(specifications)}
    for kind in TAGGED_BY_TEMPLATE:
        if given.get(kind) is not UNKNOWN and (missing := _missing(given.get(kind))):
            yield f"does not tag each {kind} with {missing}: set tag_specifications"


@resource_rule(
    "provider-explicit",
    "Every AWS and Kubernetes resource names its provider, so that none goes to whatever account the shell is in.",
    "aws:*",
    "kubernetes:*",
)
def provider_explicit(resource: ResourceView) -> Iterator[str]:
    """The engine calls the providers that it makes itself ``default_…``."""
    if not resource.provider or resource.provider.startswith("default"):
        yield "names no provider: give it, or its component, the stack's own"


RULES = (metadata_service_closed, emr_metadata_service_closed, provider_tags, template_tags, provider_explicit)
