"""Where the images of a cluster come from, and where each registry keeps their layers.

A registry sends whoever pulls on to the store of its layers. What is in S3 in the platform's own region is reached
through the VPC's endpoint, whose policy must let it pass; all else leaves through NAT.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

AWS_REGISTRY: Final = "dkr.ecr"
"""Of our own images, of the add-ons and of EMR on EKS."""

K8S_BUCKETS: Final[Mapping[str, tuple[str, str]]] = {
    **{
        region: (f"prod-registry-k8s-io-{region}", region)
        for region in (
            "af-south-1",
            "ap-east-1",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "mx-central-1",
            "sa-east-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        )
    },
    "eu-west-2": ("767373bbdcb8270361b96548387bf2a9ad0d48758c35-eu-west-2", "eu-west-2"),
    "ap-east-2": ("prod-registry-k8s-io-ap-east-1", "ap-east-1"),
    "me-south-1": ("prod-registry-k8s-io-me-central-1", "me-central-1"),
}
"""Region of whoever pulls → bucket of registry.k8s.io's layers, and the region that it is in
(kubernetes/registry.k8s.io 093d55a of 6 August 2026, cmd/archeio/internal/app/buckets.go)."""

QUAY_BUCKET: Final = ("quayio-production-s3", "us-east-1")
"""quay.io has a content network; in the bucket's own region it sends clients to the bucket (Red Hat, "Firewall
requirements": quayio-production-s3.s3.amazonaws.com)."""

LAYERS_BY_NAT: Final[Mapping[str, str]] = {
    "public.ecr.aws": "CloudFront (ECR Public user guide, 'Service endpoints')",
    "quay.io": "cdn.quay.io and cdn01 to cdn06 (Red Hat, 'Firewall requirements')",
}
"""Registries that keep layers outside S3, where they do not say so above."""


def buckets(registry: str, region: str) -> list[str]:
    """The buckets in the region that layers of a registry are fetched from.

    Args:
        registry: host of an image's name.
        region: of whoever pulls.

    Raises:
        ValueError: nobody has looked where that registry keeps its layers.
    """
    if f".{AWS_REGISTRY}.{region}." in registry:
        return [f"prod-{region}-starport-layer-bucket"]
    if registry == "registry.k8s.io":
        bucket, where = K8S_BUCKETS[region]
        return [bucket] if where == region else []
    if registry == "quay.io" and region == QUAY_BUCKET[1]:
        return [QUAY_BUCKET[0]]
    if registry in LAYERS_BY_NAT:
        return []
    raise ValueError(f"where does {registry} keep its layers? Look, and add it to rights.image_sources")
