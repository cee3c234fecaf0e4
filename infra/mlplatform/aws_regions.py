"""AWS' regions: the zones of each, and which of the platform's services it lacks.

One source for both, dated: the regions and what is missing there are those of botocore 1.44.8 (its ``endpoints.json``,
of November 2026), the zones those of cfn-lint 1.58.0 (its data of 2026-10-20). A test compares every row with the two,
as the tests' lock has them: a region that AWS opens, or a service that comes to one, is entered here when they know it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

OptionalService = Literal["emr-containers", "elasticmapreduce", "kafka"]
"""What a configuration may turn off, by botocore's name; all else that the platform is made of is in every region."""
NAMES: Final[dict[OptionalService, str]] = {
    "emr-containers": "EMR on EKS",
    "elasticmapreduce": "EMR",
    "kafka": "MSK",
}
"""As people know them."""


@dataclass(frozen=True)
class Region:
    """One region."""

    zones: str = "abc"
    """Letters of its zones. An account sees its own choice of them: of `us-west-1` it has two."""
    lacks: tuple[OptionalService, ...] = ()
    """Services that are not there."""


REGIONS: Final = {
    "af-south-1": Region(),
    "ap-east-1": Region(),
    "ap-east-2": Region(lacks=("emr-containers",)),
    "ap-northeast-1": Region("abcd"),
    "ap-northeast-2": Region("abcd"),
    "ap-northeast-3": Region(),
    "ap-south-1": Region(),
    "ap-south-2": Region(),
    "ap-southeast-1": Region(),
    "ap-southeast-2": Region(),
    "ap-southeast-3": Region(),
    "ap-southeast-4": Region(lacks=("emr-containers",)),
    "ap-southeast-5": Region(lacks=("emr-containers",)),
    "ap-southeast-6": Region(lacks=("emr-containers",)),
    "ap-southeast-7": Region(),
    "ca-central-1": Region("abcd"),
    "ca-west-1": Region(lacks=("emr-containers",)),
    "eu-central-1": Region(),
    "eu-central-2": Region(),
    "eu-north-1": Region(),
    "eu-south-1": Region(),
    "eu-south-2": Region(),
    "eu-west-1": Region(),
    "eu-west-2": Region(),
    "eu-west-3": Region(),
    "il-central-1": Region(),
    "me-central-1": Region(),
    "me-south-1": Region(),
    "mx-central-1": Region(lacks=("emr-containers",)),
    "sa-east-1": Region(),
    "us-east-1": Region("abcdef"),
    "us-east-2": Region(),
    "us-west-1": Region("ac"),
    "us-west-2": Region("abcd"),
}
"""Regions of the partition `aws` (ARNs and addresses of others differ)."""
