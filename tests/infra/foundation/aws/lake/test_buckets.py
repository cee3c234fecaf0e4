"""The lake: nobody reads it in the clear or from outside, and nothing is kept or lost by accident."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest
from aws_account import KEY, assert_explicit_providers, record
from mlplatform.config import sections
from mlplatform.foundation.aws.lake.buckets import Lake, LakeArgs
from mlplatform.naming import LAKE_AREAS
from recorder import Recorded, Recorder, build

BUCKETS = ("bucket", "logs")
BUCKET_ARN = "arn:aws:s3:::lake-bucket"


@functools.cache
def recorded(*, protect: bool = True, retain: bool = False) -> Recorder:
    args = LakeArgs(
        settings=sections.Lake(noncurrent_version_days=31, quarantine_expiry_days=91, raw_to_infrequent_access_days=61),
        bucket_name="mlplatform-dev-lake",
        log_bucket_name="mlplatform-dev-logs",
        key_arn=KEY,
        protection=sections.Protection(protect=protect, retain_on_delete=retain),
    )
    return record(lambda opts: Lake("lake", args, opts))


def part(kind: str, use: str, suffix: str) -> Recorded:
    return recorded().one(f"aws:s3/{kind}:{kind[0].upper()}{kind[1:]}", f"lake-{use}-{suffix}")


def rules(use: str = "bucket") -> dict[str, Any]:
    return {rule["id"]: rule for rule in part("bucketLifecycleConfiguration", use, "lifecycle").inputs["rules"]}


def statements(use: str) -> dict[str, Any]:
    document = json.loads(part("bucketPolicy", use, "policy").inputs["policy"])
    return {one["Sid"]: one for one in document["Statement"]}


@pytest.mark.parametrize("use", BUCKETS)
def test_nothing_of_a_bucket_can_be_public(use: str) -> None:
    block = part("bucketPublicAccessBlock", use, "public-access").inputs
    assert [block[key] for key in block if key != "bucket"] == [True] * 4
    assert part("bucketOwnershipControls", use, "ownership").inputs["rule"] == {
        "objectOwnership": "BucketOwnerEnforced"
    }


@pytest.mark.parametrize("use", BUCKETS)
def test_a_bucket_answers_over_tls_alone(use: str) -> None:
    tls = statements(use)["TlsOnly"]
    assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", ["s3:*"])
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    arn = BUCKET_ARN.replace("lake-bucket", f"lake-{use}")
    assert tls["Resource"] == [arn, f"{arn}/*"]


def test_files_are_under_our_key() -> None:
    (rule,) = part("bucketServerSideEncryptionConfiguration", "bucket", "encryption").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}
    assert rule["bucketKeyEnabled"] is True


def test_a_writer_cannot_choose_another_encryption_and_need_not_choose_any() -> None:
    other, key = statements("bucket")["OtherEncryption"], statements("bucket")["OtherKey"]
    assert other["Condition"]["StringNotEquals"] == {"s3:x-amz-server-side-encryption": "aws:kms"}
    assert key["Condition"]["StringNotEquals"] == {"s3:x-amz-server-side-encryption-aws-kms-key-id": KEY}
    for statement in (other, key):
        # Without the header nothing is denied.
        assert list(statement["Condition"]["Null"].values()) == ["false"]
        assert list(statement["Condition"]["Null"]) == list(statement["Condition"]["StringNotEquals"])


def test_old_versions_and_what_is_worth_nothing_go() -> None:
    found = rules()
    assert part("bucketVersioning", "bucket", "versioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert found["old-versions"]["noncurrentVersionExpiration"] == {"noncurrentDays": 31}
    assert found["old-versions"]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert found["quarantine"]["expiration"] == {"days": 91}
    assert found["raw-to-infrequent-access"]["transitions"] == [{"days": 61, "storageClass": "STANDARD_IA"}]
    assert {rule["status"] for rule in found.values()} == {"Enabled"}


def test_data_never_expires() -> None:
    gone = {rule["filter"]["prefix"] for rule in rules().values() if "days" in rule.get("expiration", {})}
    assert gone == {"quarantine/", "spark-fallback/", "emr/logs/"}
    assert {prefix.split("/")[0] for prefix in gone} <= set(LAKE_AREAS)


def test_who_read_what_is_written_down_for_90_days() -> None:
    logging = recorded().one("aws:s3/bucketLogging:BucketLogging").inputs
    assert (logging["bucket"], logging["targetBucket"]) == ("mlplatform-dev-lake", "mlplatform-dev-logs")
    delivery = statements("logs")["LogDelivery"]
    assert delivery["Condition"] == {"ArnLike": {"aws:SourceArn": BUCKET_ARN}}
    assert delivery["Resource"] == [f"{BUCKET_ARN.replace('bucket', 'logs')}/{logging['targetPrefix']}*"]
    assert rules("logs")["access-logs"]["expiration"] == {"days": 90}


@pytest.mark.parametrize(
    ("protect", "retain", "emptied"), [(True, False, False), (False, True, False), (False, False, True)]
)
def test_a_bucket_goes_with_its_files_only_where_nothing_keeps_them(protect: bool, retain: bool, emptied: bool) -> None:
    for use in BUCKETS:
        bucket = recorded(protect=protect, retain=retain).one("aws:s3/bucket:Bucket", f"lake-{use}")
        assert (bucket.protect, bucket.retain_on_delete) == (protect, retain)
        assert bucket.inputs["forceDestroy"] is emptied


def test_areas_are_addresses_in_the_bucket() -> None:
    found: dict[str, str] = {}

    def program() -> None:
        args = LakeArgs(
            settings=sections.Lake(),
            bucket_name="lake",
            log_bucket_name="logs",
            key_arn=KEY,
            protection=sections.Protection(),
        )
        for area, address in Lake("lake", args).areas.items():
            address.apply(functools.partial(found.__setitem__, area))

    build(program)
    assert found == {area: f"s3://lake/{area}" for area in LAKE_AREAS}


def test_providers_are_explicit() -> None:
    assert_explicit_providers(recorded())
