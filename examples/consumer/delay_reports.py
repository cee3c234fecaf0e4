"""A team that reports on delays: may read the features and the predictions, and knows where to ask for one more.

All that it knows of the platform comes from one output of the platform's stack, the contract. It is checked as a whole
when it is read, so a platform that has moved on is one clear error here and not a surprise at night.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
from platform_contract import CONTRACT_VERSION, PlatformContract, VersionError, read_document
from pydantic import ValidationError


def main() -> None:
    """Registers the team's resources, and says where the platform answers."""
    settings = pulumi.Config("delay-reports")
    name = settings.require("platformStack")
    platform = pulumi.StackReference(name)
    contract = platform.get_output("contract").apply(lambda found: read_contract(told(name, "contract", found)))
    # The platform's region, from its outputs: this stack looks nothing up.
    region = platform.get_output("region").apply(lambda found: str(told(name, "region", found)))
    provider = aws.Provider("aws", region=region)
    reader = aws.iam.Policy(
        "delay-reports-reader",
        description="Reads the platform's features and predictions.",
        policy=pulumi.Output.json_dumps(contract.apply(reader_policy)),
        opts=pulumi.ResourceOptions(provider=provider),
    )
    pulumi.export("readerPolicyArn", reader.arn)
    pulumi.export("flightApi", contract.apply(lambda found: found.serving.flight_api_shared))


def told(stack: str, output: str, value: object) -> object:
    """An output of the platform's stack, which is None where there is none.

    Raises:
        pulumi.RunError: there is none.
    """
    if value is None:
        raise pulumi.RunError(
            f"The stack {stack} has no output {output}: is delay-reports:platformStack a stack of the ML platform, and"
            " is it up ('pulumi up' in the platform's clone)?"
        )
    return value


def read_contract(document: object) -> PlatformContract:
    """The platform's contract.

    Raises:
        pulumi.RunError: it is of a version that this stack cannot read, or is no contract at all.
    """
    try:
        return read_document(document)
    except VersionError as error:
        raise pulumi.RunError(f"The platform's contract cannot be read: {error}.") from error
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, fault["loc"])) for fault in error.errors()}))
        raise pulumi.RunError(
            f"The platform's contract is not what its version, {CONTRACT_VERSION}, promises (see {places}). Update"
            " workloads/platform_contract to the platform's release."
        ) from error


def reader_policy(contract: PlatformContract) -> dict[str, Any]:
    """An IAM policy that reads the lake's features and predictions: a list of their prefixes, and their objects.

    Raises:
        pulumi.RunError: the lake is not in AWS' S3, as that of the environment `local`.
    """
    if contract.environment == "local" or not contract.lake.features.startswith("s3://"):
        raise pulumi.RunError(
            f"The platform's environment {contract.environment} has its lake at {contract.lake.features}, and a policy"
            " of AWS gives rights on S3 alone: name a stack on AWS, as dev, in delay-reports:platformStack."
        )
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
