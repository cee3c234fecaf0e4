"""Rules about how resources belong together: a bucket and its settings, a namespace and its network policies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from mlplatform_policy.documents import statements
from mlplatform_policy.rules import stack_rule
from mlplatform_policy.view import UNKNOWN, ResourceView, Value, dig, is_on, is_set, items

BUCKET: Final = "aws:s3/bucket:Bucket"
FILES: Final = "aws:efs/fileSystem:FileSystem"
NAMESPACE: Final = "kubernetes:core/v1:Namespace"
FOUR_BLOCKS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _of(
    resources: Sequence[ResourceView], type_: str, path: tuple[str, ...], target: ResourceView, names: Sequence[str]
) -> list[ResourceView]:
    """The resources of a type whose property comes from the target, or is one of its names."""
    return [
        one
        for one in resources
        if one.type == type_ and (target.urn in one.references.get(path[0], ()) or one.get(*path) in names)
    ]


def _names(resource: ResourceView, *paths: tuple[str, ...]) -> list[str]:
    return [name for path in paths if isinstance(name := resource.get(*path), str)]


def _of_bucket(resources: Sequence[ResourceView], type_: str, bucket: ResourceView) -> list[ResourceView]:
    return _of(resources, type_, ("bucket",), bucket, _names(bucket, ("bucket",), ("id",)))


def _buckets(resources: Sequence[ResourceView]) -> list[ResourceView]:
    return [one for one in resources if one.type == BUCKET]


@stack_rule("buckets-closed", "Every bucket blocks public access in all four ways.", BUCKET)
def buckets_closed(resources: Sequence[ResourceView]) -> Iterator[tuple[ResourceView, str]]:
    """Each of the four closes another way."""
    type_ = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    for bucket in _buckets(resources):
        blocks = _of_bucket(resources, type_, bucket)
        missing = [key for key in FOUR_BLOCKS if not any(is_on(one.get(key)) for one in blocks)]
        if missing:
            yield bucket, f"does not block public access ({', '.join(missing)}): make a BucketPublicAccessBlock"


@stack_rule("buckets-encrypted", "Every bucket encrypts with a key of ours.", BUCKET)
def buckets_encrypted(resources: Sequence[ResourceView]) -> Iterator[tuple[ResourceView, str]]:
    """A bucket that S3 writes its access logs to is the exception: it cannot have a key (S3, "Enabling Amazon S3 server
    access logging")."""
    type_ = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    for bucket in _buckets(resources):
        if _is_for_access_logs(resources, bucket):
            continue
        settings = [
            dig(rule, "applyServerSideEncryptionByDefault")
            for one in _of_bucket(resources, type_, bucket)
            for rule in items(one.get("rules"))
        ]
        if not any(
            dig(one, "sseAlgorithm") in ("aws:kms", UNKNOWN) and is_set(dig(one, "kmsMasterKeyId")) for one in settings
        ):
            yield bucket, "has no key of ours: make a BucketServerSideEncryptionConfiguration with aws:kms and a key"


def _is_for_access_logs(resources: Sequence[ResourceView], bucket: ResourceView) -> bool:
    names = _names(bucket, ("bucket",), ("id",))
    return bool(_of(resources, "aws:s3/bucketLogging:BucketLogging", ("targetBucket",), bucket, names))


@stack_rule("buckets-tls-only", "Every bucket refuses requests without TLS.", BUCKET)
def buckets_tls_only(resources: Sequence[ResourceView]) -> Iterator[tuple[ResourceView, str]]:
    """By a statement that denies everything to everybody when ``aws:SecureTransport`` is false."""
    for bucket in _buckets(resources):
        policies = [one.get("policy") for one in _of_bucket(resources, "aws:s3/bucketPolicy:BucketPolicy", bucket)]
        if not any(policy is UNKNOWN or _denies_plain_text(policy) for policy in policies):
            yield bucket, "answers without TLS: deny s3:* when aws:SecureTransport is false, in a BucketPolicy"


def _denies_plain_text(policy: Value) -> bool:
    return any(
        statement.get("Effect") == "Deny"
        and "s3:*" in items(statement.get("Action"))
        and dig(statement, "Condition", "Bool", "aws:SecureTransport") == "false"
        for statement in statements(policy)
    )


@stack_rule("buckets-versioned", "Every bucket with data keeps what is overwritten.", BUCKET)
def buckets_versioned(resources: Sequence[ResourceView]) -> Iterator[tuple[ResourceView, str]]:
    """Access logs are never overwritten."""
    for bucket in _buckets(resources):
        found = _of_bucket(resources, "aws:s3/bucketVersioning:BucketVersioning", bucket)
        states = [one.get("versioningConfiguration", "status") for one in found]
        if not _is_for_access_logs(resources, bucket) and not any(one in ("Enabled", UNKNOWN) for one in states):
            yield bucket, "forgets what is overwritten or deleted: make a BucketVersioning that is Enabled"


@stack_rule("prod-files-backed-up", "In prod AWS Backup copies the shared files every day.", FILES)
def prod_files_backed_up(resources: Sequence[ResourceView]) -> Iterator[tuple[ResourceView, str]]:
    """The file system's own backup policy."""
    for files in (one for one in resources if one.type == FILES and one.environment == "prod"):
        found = _of(resources, "aws:efs/backupPolicy:BackupPolicy", ("fileSystemId",), files, _names(files, ("id",)))
        if not any(one.get("backupPolicy", "status") in ("ENABLED", UNKNOWN) for one in found):
            yield files, "is not backed up: make a BackupPolicy that is ENABLED"


@stack_rule(
    "namespaces-closed", "In every namespace pods reach nobody and nobody reaches them, unless said.", NAMESPACE
)
def namespaces_closed(resources: Sequence[ResourceView]) -> Iterator[tuple[ResourceView, str]]:
    """By a network policy for all pods, of both directions, that allows nothing."""
    for namespace in (one for one in resources if one.type == NAMESPACE):
        policies = _of(
            resources,
            "kubernetes:networking.k8s.io/v1:NetworkPolicy",
            ("metadata", "namespace"),
            namespace,
            _names(namespace, ("metadata", "name")),
        )
        if not any(_denies_all(policy) for policy in policies):
            yield namespace, "is open: make a NetworkPolicy for all its pods that allows nothing, in and out"


def _denies_all(policy: ResourceView) -> bool:
    spec = policy.get("spec")
    nobody_is_left_out = not any(is_set(dig(spec, "podSelector", key)) for key in ("matchLabels", "matchExpressions"))
    both_ways = set(map(str, items(dig(spec, "policyTypes")))) == {"Ingress", "Egress"}
    allows_nothing = not any(is_set(dig(spec, key)) for key in ("ingress", "egress"))
    return nobody_is_left_out and both_ways and allows_nothing


RULES = (
    buckets_closed,
    buckets_encrypted,
    buckets_tls_only,
    buckets_versioned,
    prod_files_backed_up,
    namespaces_closed,
)
