"""Policies of the lake's buckets."""

from __future__ import annotations

import pulumi

from mlplatform.iam_policies import Statement

ENCRYPTION = "s3:x-amz-server-side-encryption"
KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"


def lake_statements(bucket_arn: pulumi.Input[str], key_arn: pulumi.Input[str]) -> tuple[Statement, ...]:
    """TLS alone, and no file under another encryption than ours.

    A writer that asks for none gets the bucket's. A denial must look whether there is a header at all (`Null`):
    a key that is missing satisfies `StringNotEquals`.
    """
    objects = pulumi.Output.concat(bucket_arn, "/*")
    return (
        _tls_only(bucket_arn),
        Statement(
            sid="OtherEncryption",
            effect="Deny",
            actions=["s3:PutObject"],
            resources=[objects],
            principals="*",
            conditions={"Null": {ENCRYPTION: "false"}, "StringNotEquals": {ENCRYPTION: "aws:kms"}},
        ),
        Statement(
            sid="OtherKey",
            effect="Deny",
            actions=["s3:PutObject"],
            resources=[objects],
            principals="*",
            conditions={"Null": {KEY: "false"}, "StringNotEquals": {KEY: key_arn}},
        ),
    )


def log_statements(bucket_arn: pulumi.Input[str], source_arn: pulumi.Input[str]) -> tuple[Statement, ...]:
    """TLS alone, and S3 may deliver the logs of the source bucket."""
    return (
        _tls_only(bucket_arn),
        Statement(
            sid="LogDelivery",
            actions=["s3:PutObject"],
            resources=[pulumi.Output.concat(bucket_arn, "/lake/*")],
            principals={"Service": "logging.s3.amazonaws.com"},
            conditions={"ArnLike": {"aws:SourceArn": source_arn}},
        ),
    )


def _tls_only(bucket_arn: pulumi.Input[str]) -> Statement:
    return Statement(
        sid="TlsOnly",
        effect="Deny",
        actions=["s3:*"],
        resources=[bucket_arn, pulumi.Output.concat(bucket_arn, "/*")],
        principals="*",
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )
