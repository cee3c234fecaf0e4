"""Rights on areas of the lake, in IAM's words: for roles on AWS, and for accounts of what stands in for S3."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from mlplatform.iam_policies import Statement

LIST: tuple[str, ...] = ("s3:ListBucket",)
READ: tuple[str, ...] = ("s3:GetObject",)
WRITE: tuple[str, ...] = (
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)


def area_statements(
    bucket_arn: pulumi.Input[str],
    *,
    reads: Sequence[str] = (),
    writes: Sequence[str] = (),
) -> list[Statement]:
    """Reading, and writing where `writes` says so; files of no other area, nor their names.

    Clients ask whether an area itself is a file before they list what is in it (Hadoop's S3A, s3fs). Without a right to
    that name S3 answers 403 instead of 404, and they give up.

    The right to use the lake's key is the caller's to give: what else it may be used for differs.
    """
    areas = sorted({*reads, *writes})

    def objects(of: Sequence[str]) -> list[pulumi.Output[str]]:
        return [pulumi.Output.concat(bucket_arn, f"/{area}/*") for area in of]

    found = [
        Statement(sid="FindBucket", actions=["s3:GetBucketLocation"], resources=[bucket_arn]),
        Statement(
            sid="ListAreas",
            actions=LIST,
            resources=[bucket_arn],
            conditions={"StringLike": {"s3:prefix": [pattern for area in areas for pattern in (area, f"{area}/*")]}},
        ),
        Statement(
            sid="ReadAreas",
            actions=READ,
            resources=[*objects(areas), *(pulumi.Output.concat(bucket_arn, f"/{area}") for area in areas)],
        ),
    ]
    if writes:
        found.append(Statement(sid="WriteAreas", actions=WRITE, resources=objects(writes)))
    return found
