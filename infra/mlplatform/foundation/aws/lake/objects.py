"""What the program itself puts into the lake: small texts that services of AWS read there."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws


def lake_object(
    name: str,
    *,
    bucket: pulumi.Input[str],
    key: str,
    content: str,
    content_type: str,
    key_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> aws.s3.BucketObjectv2:
    """A text, encrypted with the lake's key."""
    return aws.s3.BucketObjectv2(
        name,
        bucket=bucket,
        key=key,
        content=content,
        content_type=content_type,
        server_side_encryption="aws:kms",
        kms_key_id=key_arn,
        bucket_key_enabled=True,
        opts=opts,
    )
