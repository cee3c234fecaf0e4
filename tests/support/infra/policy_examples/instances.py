"""Examples of `mlplatform_policy.instances`."""

from __future__ import annotations

import json
from typing import Any, Final

from mlplatform_policy.view import UNKNOWN

from policy_examples.example import broken, kept, view

TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
EMR_SETTINGS: Final = "aws:emr/securityConfiguration:SecurityConfiguration"
PROVIDER: Final = "pulumi:providers:aws"
VPC: Final = "aws:ec2/vpc:Vpc"
TAGS: Final = {"platform": "mlplatform", "environment": "dev", "owner": "team", "cost-centre": "ML-1"}
FIRST_VERSION: Final = "answers without a session token (IMDSv1): set metadata_options.http_tokens to required"


def metadata(tokens: str | None, hops: object) -> dict[str, Any]:
    return {"metadataOptions": {"httpTokens": tokens, "httpPutResponseHopLimit": hops}}


def emr(version: int, hops: int) -> dict[str, str]:
    options = {"MinimumInstanceMetadataServiceVersion": version, "HttpPutResponseHopLimit": hops}
    return {"configuration": json.dumps({"InstanceMetadataServiceConfiguration": options})}


def tagged(*kinds: str, tags: object = TAGS) -> dict[str, Any]:
    return {"tagSpecifications": [{"resourceType": kind, "tags": tags} for kind in kinds]}


EXAMPLES = (
    kept("metadata-service-closed", view(TEMPLATE, metadata("required", 1))),
    broken(
        "metadata-service-closed",
        view(TEMPLATE, {}),
        FIRST_VERSION,
        "is in reach of pods: set metadata_options.http_put_response_hop_limit to 1",
    ),
    broken("metadata-service-closed", view(TEMPLATE, metadata("optional", 1)), FIRST_VERSION),
    broken(
        "metadata-service-closed",
        view(TEMPLATE, metadata("required", 2)),
        "is in reach of pods: set metadata_options.http_put_response_hop_limit to 1",
    ),
    kept(
        "emr-metadata-service-closed",
        view(EMR_SETTINGS, emr(2, 1)),
        view(EMR_SETTINGS, {"configuration": UNKNOWN}),
    ),
    broken(
        "emr-metadata-service-closed",
        view(EMR_SETTINGS, emr(1, 2)),
        "allows IMDSv1: set MinimumInstanceMetadataServiceVersion to 2",
        "is in reach of containers: set HttpPutResponseHopLimit to 1",
    ),
    kept("provider-tags", view(PROVIDER, {"defaultTags": json.dumps({"tags": TAGS})})),
    broken(
        "provider-tags",
        view(PROVIDER, {"defaultTags": {"tags": {"platform": "mlplatform", "owner": ""}}}),
        "does not tag what it makes with environment, owner, cost-centre: set default_tags",
    ),
    broken(
        "provider-tags",
        view(PROVIDER, {}),
        "does not tag what it makes with platform, environment, owner, cost-centre: set default_tags",
    ),
    kept(
        "template-tags",
        view(TEMPLATE, tagged("instance", "volume", "network-interface")),
        view(TEMPLATE, tagged("instance", "volume", "network-interface", tags=UNKNOWN)),
    ),
    broken(
        "template-tags",
        view(TEMPLATE, tagged("instance", "network-interface")),
        "does not tag each volume with platform, environment, owner, cost-centre: set tag_specifications",
    ),
    kept("provider-explicit", view(VPC, {}), view("mlplatform:network:Network", {}, provider="")),
    broken(
        "provider-explicit",
        [view(VPC, {}, provider=""), view("kubernetes:core/v1:Pod", {}, provider="default_4_34_2")],
        "names no provider: give it, or its component, the stack's own",
        "names no provider: give it, or its component, the stack's own",
    ),
)
