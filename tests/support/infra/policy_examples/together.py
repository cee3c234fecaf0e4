"""Examples of `mlplatform_policy.together`."""

from __future__ import annotations

import json
from typing import Any, Final

from mlplatform_policy.view import UNKNOWN, ResourceView

from policy_examples.example import broken, kept, urn, view

BUCKET: Final = "aws:s3/bucket:Bucket"
BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
SSE: Final = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
VERSIONING: Final = "aws:s3/bucketVersioning:BucketVersioning"
LOGGING: Final = "aws:s3/bucketLogging:BucketLogging"
FILES: Final = "aws:efs/fileSystem:FileSystem"
BACKUP: Final = "aws:efs/backupPolicy:BackupPolicy"
NAMESPACE: Final = "kubernetes:core/v1:Namespace"
NETWORK_POLICY: Final = "kubernetes:networking.k8s.io/v1:NetworkPolicy"

LAKE: Final = view(BUCKET, {"bucket": "lake"})
ALL_FOUR: Final = dict.fromkeys(
    ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
)
OF_LAKE: Final = {"bucket": [urn(BUCKET)]}
SPARK: Final = view(NAMESPACE, {"metadata": {"name": "spark"}})
OPEN: Final = "is open: make a NetworkPolicy for all its pods that allows nothing, in and out"
ALL_WAYS: Final = ["Ingress", "Egress"]


def sse(**by_default: Any) -> ResourceView:
    return view(SSE, {"bucket": "lake", "rules": [{"applyServerSideEncryptionByDefault": by_default}]})


def tls(effect: str, secure: str) -> ResourceView:
    condition = {"Bool": {"aws:SecureTransport": secure}}
    statement = {"Effect": effect, "Action": "s3:*", "Principal": "*", "Condition": condition}
    return view(POLICY, {"bucket": "lake", "policy": json.dumps({"Statement": [statement]})})


def network_policy(namespace: object = "spark", **spec: Any) -> ResourceView:
    return view(NETWORK_POLICY, {"metadata": {"namespace": namespace}, "spec": {"podSelector": {}, **spec}})


NO_TLS: Final = "answers without TLS: deny s3:* when aws:SecureTransport is false, in a BucketPolicy"
NO_KEY: Final = "has no key of ours: make a BucketServerSideEncryptionConfiguration with aws:kms and a key"

EXAMPLES = (
    kept("buckets-closed", LAKE, view(BLOCK, {"bucket": "lake", **ALL_FOUR})),
    # While planning a new bucket has no name yet: where the value comes from is known.
    kept("buckets-closed", view(BUCKET, {}), view(BLOCK, {"bucket": UNKNOWN, **ALL_FOUR}, references=OF_LAKE)),
    broken(
        "buckets-closed",
        [LAKE, view(BLOCK, {"bucket": "lake", **ALL_FOUR, "ignorePublicAcls": False})],
        "does not block public access (ignorePublicAcls): make a BucketPublicAccessBlock",
    ),
    broken(
        "buckets-closed",
        [LAKE, view(BLOCK, {"bucket": "another", **ALL_FOUR})],
        "does not block public access (blockPublicAcls, blockPublicPolicy, ignorePublicAcls, restrictPublicBuckets):"
        " make a BucketPublicAccessBlock",
    ),
    kept("buckets-encrypted", LAKE, sse(sseAlgorithm="aws:kms", kmsMasterKeyId=UNKNOWN)),
    kept("buckets-encrypted", LAKE, view(LOGGING, {"bucket": "another", "targetBucket": "lake"})),
    broken("buckets-encrypted", [LAKE, sse(sseAlgorithm="AES256")], NO_KEY),
    broken("buckets-encrypted", [LAKE, sse(sseAlgorithm="aws:kms")], NO_KEY),
    kept("buckets-tls-only", LAKE, tls("Deny", "false")),
    kept("buckets-tls-only", LAKE, view(POLICY, {"bucket": "lake", "policy": UNKNOWN})),
    broken("buckets-tls-only", LAKE, NO_TLS),
    broken("buckets-tls-only", [LAKE, tls("Allow", "false")], NO_TLS),
    broken("buckets-tls-only", [LAKE, tls("Deny", "true")], NO_TLS),
    kept(
        "buckets-versioned",
        LAKE,
        view(VERSIONING, {"bucket": "lake", "versioningConfiguration": {"status": "Enabled"}}),
    ),
    broken(
        "buckets-versioned",
        [LAKE, view(VERSIONING, {"bucket": "lake", "versioningConfiguration": {"status": "Suspended"}})],
        "forgets what is overwritten or deleted: make a BucketVersioning that is Enabled",
    ),
    kept("prod-files-backed-up", view(FILES, {})),
    kept(
        "prod-files-backed-up",
        view(FILES, {}, environment="prod"),
        view(
            BACKUP,
            {"backupPolicy": {"status": "ENABLED"}},
            references={"fileSystemId": [urn(FILES, environment="prod")]},
        ),
    ),
    broken(
        "prod-files-backed-up",
        [view(FILES, {}, environment="prod"), view(BACKUP, {"backupPolicy": {"status": "ENABLED"}})],
        "is not backed up: make a BackupPolicy that is ENABLED",
    ),
    kept("namespaces-closed", SPARK, network_policy(policyTypes=ALL_WAYS)),
    broken("namespaces-closed", SPARK, OPEN),
    broken("namespaces-closed", [SPARK, network_policy("ray", policyTypes=ALL_WAYS)], OPEN),
    broken("namespaces-closed", [SPARK, network_policy(policyTypes=["Ingress"])], OPEN),
    broken("namespaces-closed", [SPARK, network_policy(policyTypes=ALL_WAYS, egress=[{"to": []}])], OPEN),
    broken(
        "namespaces-closed",
        [SPARK, network_policy(policyTypes=ALL_WAYS, podSelector={"matchLabels": {"app": "one"}})],
        OPEN,
    ),
)
