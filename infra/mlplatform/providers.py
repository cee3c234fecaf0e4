"""The explicit providers: every resource names one, and the default ones are turned off in ``Pulumi.yaml``."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks

from mlplatform.config.model import PlatformConfig
from mlplatform.tags import platform_tags


def aws_providers(config: PlatformConfig) -> list[pulumi.ProviderResource]:
    """The account's provider, which refuses any other account and tags all that it makes; and pulumi-eks' own.

    A component of pulumi-eks runs in a provider of its own, to which it is as much a resource as any other: without an
    explicit one the engine refuses it.
    """
    account = aws.Provider(
        "aws",
        region=config.aws.region,
        allowed_account_ids=[config.owner.account_id],
        default_tags=aws.ProviderDefaultTagsArgs(tags=platform_tags(config)),
        # A runner signs in by its instance profile, which only the metadata service knows.
        skip_metadata_api_check=False,
    )
    return [account, eks.Provider("eks")]
