"""The lake: one bucket whose prefixes are its areas, and the bucket that tells who read what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from mlplatform.config import sections
from mlplatform.config.sections import Protection
from mlplatform.foundation.aws.lake.policies import lake_statements, log_statements
from mlplatform.iam_policies import Statement, policy
from mlplatform.naming import LAKE_AREAS
from mlplatform.stateful import stateful

ABORT_UPLOAD_DAYS: Final = 7
"""Parts of an upload that nobody finished are paid for and cannot be seen."""
ACCESS_LOG_DAYS: Final = 90
"""How long it can be said who read what."""
EMR_LOG_DAYS: Final = 30
"""How long the logs of EMR's clusters are kept."""
SPARK_FALLBACK_DAYS: Final = 7
"""Longer than a Spark job runs: its shuffle blocks are worth nothing after it."""

Rule = aws.s3.BucketLifecycleConfigurationRuleArgs
RuleFilter = aws.s3.BucketLifecycleConfigurationRuleFilterArgs
EncryptionRule = aws.s3.BucketServerSideEncryptionConfigurationRuleArgs
Encryption = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs
ABORT_UPLOADS: Final = aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
    days_after_initiation=ABORT_UPLOAD_DAYS
)


@dataclass(frozen=True, kw_only=True)
class LakeArgs:
    """Inputs of `Lake`."""

    settings: sections.Lake
    bucket_name: str
    log_bucket_name: str
    key_arn: pulumi.Input[str]
    protection: Protection


class Lake(pulumi.ComponentResource):
    """The bucket: versioned, encrypted with our key, reached over TLS alone and by nobody outside the account."""

    bucket_arn: pulumi.Output[str]
    bucket_name: pulumi.Output[str]
    areas: Mapping[str, pulumi.Output[str]]
    """Area (`mlplatform.naming.LAKE_AREAS`) → ``s3://BUCKET/AREA``."""

    def __init__(self, name: str, args: LakeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:lake:Lake", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        # S3 delivers its logs to buckets that are encrypted with its own key alone.
        logs = self._bucket("logs", args.log_bucket_name, key_arn=None)
        bucket = self._bucket("bucket", args.bucket_name, key_arn=args.key_arn)
        log_policy = self._policy("logs", logs, log_statements(logs.arn, bucket.arn))
        self._policy("bucket", bucket, lake_statements(bucket.arn, args.key_arn))
        aws.s3.BucketLogging(
            f"{name}-bucket-logging",
            bucket=bucket.bucket,
            target_bucket=logs.bucket,
            target_prefix="lake/",
            target_object_key_format=aws.s3.BucketLoggingTargetObjectKeyFormatArgs(
                partitioned_prefix=aws.s3.BucketLoggingTargetObjectKeyFormatPartitionedPrefixArgs(
                    partition_date_source="EventTime"
                )
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[log_policy]),
        )
        self._lifecycle("logs", logs, [_expire("access-logs", "", ACCESS_LOG_DAYS)])
        self._lifecycle("bucket", bucket, _lake_rules(args.settings))
        self.bucket_arn, self.bucket_name = bucket.arn, bucket.bucket
        self.areas = {area: pulumi.Output.concat("s3://", bucket.bucket, "/", area) for area in LAKE_AREAS}
        self.register_outputs({"bucketName": self.bucket_name})

    def _bucket(self, use: str, bucket_name: str, key_arn: pulumi.Input[str] | None) -> aws.s3.Bucket:
        protection = self._args.protection
        bucket = aws.s3.Bucket(
            f"{self._name}-{use}",
            bucket=bucket_name,
            # What is neither protected nor retained goes with its stack, files and all.
            force_destroy=not (protection.protect or protection.retain_on_delete),
            opts=stateful(self, protection),
        )
        aws.s3.BucketPublicAccessBlock(
            f"{self._name}-{use}-public-access",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        aws.s3.BucketOwnershipControls(
            f"{self._name}-{use}-ownership",
            bucket=bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self._child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-{use}-encryption",
            bucket=bucket.bucket,
            rules=[
                EncryptionRule(
                    apply_server_side_encryption_by_default=Encryption(
                        sse_algorithm="aws:kms" if key_arn is not None else "AES256", kms_master_key_id=key_arn
                    ),
                    # One key of the bucket instead of a call to KMS for each file.
                    bucket_key_enabled=key_arn is not None,
                )
            ],
            opts=self._child,
        )
        return bucket

    def _policy(self, use: str, bucket: aws.s3.Bucket, statements: tuple[Statement, ...]) -> aws.s3.BucketPolicy:
        return aws.s3.BucketPolicy(
            f"{self._name}-{use}-policy", bucket=bucket.bucket, policy=policy(*statements), opts=self._child
        )

    def _lifecycle(self, use: str, bucket: aws.s3.Bucket, rules: list[Rule]) -> None:
        after: list[pulumi.Resource] = []
        if use == "bucket":
            versioning = aws.s3.BucketVersioning(
                f"{self._name}-{use}-versioning",
                bucket=bucket.bucket,
                versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
                opts=self._child,
            )
            # Its rules are about versions, which there are none of before.
            after = [versioning]
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-{use}-lifecycle",
            bucket=bucket.bucket,
            rules=rules,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )


def _lake_rules(settings: sections.Lake) -> list[Rule]:
    everything = Rule(
        id="old-versions",
        status="Enabled",
        filter=RuleFilter(prefix=""),
        noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=settings.noncurrent_version_days
        ),
        # The mark of a deleted file goes when the last of its versions is gone.
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(expired_object_delete_marker=True),
        abort_incomplete_multipart_upload=ABORT_UPLOADS,
    )
    raw = Rule(
        id="raw-to-infrequent-access",
        status="Enabled",
        filter=RuleFilter(prefix="raw/"),
        transitions=[
            aws.s3.BucketLifecycleConfigurationRuleTransitionArgs(
                days=settings.raw_to_infrequent_access_days, storage_class="STANDARD_IA"
            )
        ],
    )
    return [
        everything,
        raw,
        _expire("quarantine", "quarantine/", settings.quarantine_expiry_days),
        _expire("spark-fallback", "spark-fallback/", SPARK_FALLBACK_DAYS),
        _expire("emr-logs", "emr/logs/", EMR_LOG_DAYS),
    ]


def _expire(rule: str, prefix: str, days: int) -> Rule:
    return Rule(
        id=rule,
        status="Enabled",
        filter=RuleFilter(prefix=prefix),
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days),
        # A rule for everything in the bucket looks after unfinished uploads as well.
        abort_incomplete_multipart_upload=None if prefix else ABORT_UPLOADS,
    )
