"""A team that reports on delays: may read the features and the predictions, and knows where to ask for one more.

All that it knows of the platform comes from one output of the platform's stack, the contract. It is checked as a whole
when it is read, so a platform that has moved on is one clear error here and not a surprise at night.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
from platform_contract import PlatformContract
from pydantic import ValidationError


def main() -> None:
    """Registers the team's resources, and says where the platform answers."""
    settings = pulumi.Config("delay-reports")
    platform = pulumi.StackReference(settings.require("platformStack"))
    contract = platform.require_output("contract").apply(read_contract)
    # The platform's region, from its outputs: this stack looks nothing up.
    provider = aws.Provider("aws", region=platform.require_output("region"))
    reader = aws.iam.Policy(
        "delay-reports-reader",
        description="Reads the platform's features and predictions.",
        policy=pulumi.Output.json_dumps(contract.apply(reader_policy)),
        opts=pulumi.ResourceOptions(provider=provider),
    )
    pulumi.export("readerPolicyArn", reader.arn)
    pulumi.export("flightApi", contract.apply(lambda found: found.serving.flight_api_shared))


def read_contract(document: object) -> PlatformContract:
    """The platform's contract.

    Raises:
        pulumi.RunError: it is of a version that this stack does not know, or is no contract at all.
    """
    try:
        return PlatformContract.model_validate(document)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, fault["loc"])) for fault in error.errors()}))
        raise pulumi.RunError(
            f"The platform's contract is not the one that this stack was written for (see {places})."
            " Update workloads/platform_contract to the platform's release."
        ) from error


def reader_policy(contract: PlatformContract) -> dict[str, Any]:
    """An IAM policy that reads the lake's features and predictions: a list of their prefixes, and their objects."""
    areas = [area.removeprefix("s3://") for area in (contract.lake.features, contract.lake.predictions)]
    buckets = sorted({area.split("/", 1)[0] for area in areas})
    prefixes = [f"{area.split('/', 1)[1]}/*" for area in areas]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": [f"arn:aws:s3:::{bucket}" for bucket in buckets],
                "Condition": {"StringLike": {"s3:prefix": prefixes}},
            },
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [f"arn:aws:s3:::{area}/*" for area in areas]},
        ],
    }
