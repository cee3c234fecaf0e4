"""The workloads' identities: areas of the lake, users of the database, topics.

The areas are written from what the workloads do with their contract (`workloads/`), not from `mlplatform.identities`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rights.requests import Request, Row, asks, may, may_not, pod

AREAS: Final = ("raw", "features", "quarantine", "predictions", "artifacts", "ray", "spark-fallback", "emr")
VIA_S3: Final = {"kms:ViaService": "s3.{region}.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": "{lake}"}
CLIENTS: Final = (
    "S3 user guide, 'Required permissions for API operations'; hadoop-aws 3.5.0 S3AFileSystem (HEAD, then LIST); s3fs"
)
READ_KEY: Final = ("kms:Decrypt",)
WRITE_KEY: Final = ("kms:GenerateDataKey", "kms:Decrypt")
"""A multipart upload is also read with the key, when its parts are put together (S3, "SSE-KMS")."""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a workload reads and writes."""

    reads: Sequence[str] = ()
    writes: Sequence[str] = ()
    why: str

    @property
    def seen(self) -> tuple[str, ...]:
        """Areas that it reads, those that it writes too."""
        return tuple(area for area in AREAS if area in {*self.reads, *self.writes})


SPARK: Final = Needs(
    reads=("raw",),
    writes=("features", "quarantine", "predictions", "spark-fallback"),
    why="spark_preprocessing reads flights and weather, writes data sets and what it refuses; executors that go away"
    " leave their shuffle files in spark-fallback",
)
LAKE: Final[Mapping[str, Needs]] = {
    "identities-mlflow-mlflow": Needs(writes=("artifacts",), why="mlflow_tracking keeps the registry's artifacts"),
    "identities-spark-spark-driver": SPARK,
    "identities-spark-spark-executor": SPARK,
    "identities-ray-ray": Needs(
        reads=("features",),
        writes=("artifacts", "ray", "predictions"),
        why="ray_training reads a data set, logs the model, keeps Ray's checkpoints, writes predictions",
    ),
    "identities-serving-flight-api": Needs(reads=("features",), why="bento_serving reads the lookup tables"),
    "identities-notebooks-notebook": Needs(
        reads=("raw", "features", "predictions", "artifacts"), why="notebooks look at data, and change none"
    ),
    "emr-on-eks-jobs": Needs(
        reads=("raw",),
        writes=("features", "quarantine", "predictions", "spark-fallback", "emr"),
        why="jobs as Spark's own, with the logs and the warehouse of EMR",
    ),
}
NO_LAKE: Final = ("identities-mlflow-database-setup",)
USERS: Final[Mapping[str, tuple[str, ...]]] = {"identities-mlflow-mlflow": ("mlflow",)}
"""Who signs in to the database as whom, with a token of IAM."""
TOPICS: Final[Mapping[str, str]] = {
    "identities-spark-spark-driver": "flights",
    "identities-spark-spark-executor": "flights",
}
SETUP: Final = pod("identities-mlflow-database-setup")
VIA_SECRETS: Final = {"kms:ViaService": "secretsmanager.{region}.amazonaws.com"}
WRITES: Final = ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")


def listing(area: str) -> tuple[Request, ...]:
    """As clients list: the area, its folder, something in it."""
    return tuple(
        Request("s3:ListBucket", "{lake}", {"s3:prefix": prefix, "s3:delimiter": "/"})
        for prefix in (area, f"{area}/", f"{area}/v1/part-")
    )


def reading(area: str) -> tuple[Request, ...]:
    """An object, and the look whether the area itself is one, which comes before a listing."""
    return (*asks(f"{{lake}}/{area}/v1/part-0.parquet", "s3:GetObject"), *asks(f"{{lake}}/{area}", "s3:GetObject"))


def writing(area: str) -> tuple[Request, ...]:
    """An object, and the mark of a folder."""
    return (*asks(f"{{lake}}/{area}/v1/part-0.parquet", *WRITES), *asks(f"{{lake}}/{area}/", "s3:PutObject"))


def key(*actions: str) -> tuple[Request, ...]:
    """The lake's key, used by S3 for the caller."""
    return tuple(Request(action, "{data_key}", VIA_S3) for action in actions)


def rows() -> Iterator[Row]:
    """Of all identities of workloads."""
    for role, needs in LAKE.items():
        yield from lake_rows(role, needs)
    for role in NO_LAKE:
        yield may_not(
            pod(role),
            "touches the lake",
            *(request for area in AREAS for request in (*reading(area), *writing(area), *listing(area))),
            *key(*WRITE_KEY),
            source="makes databases and users, and nothing else",
        )
    for role in (*LAKE, *NO_LAKE):
        yield from _database(role)
        yield from _kafka(role)
    yield from _setup()


def lake_rows(role: str, needs: Needs, *, via_s3: bool = True) -> Iterator[Row]:
    """What a role does with areas of the lake, and that it does it with no other.

    Args:
        role: logical name.
        needs: its areas.
        via_s3: it has no business with the lake's key but through S3.
    """
    who = pod(role)
    found = asks("{lake}", "s3:GetBucketLocation")
    for area in needs.seen:
        requests = (*found, *listing(area), *reading(area), *key(*READ_KEY))
        yield may(who, f"reads {area}", *requests, source=f"{needs.why}; {CLIENTS}")
    for area in needs.writes:
        yield may(who, f"writes {area}", *writing(area), *key(*WRITE_KEY), source=f"{needs.why}; {CLIENTS}")
    for area in AREAS:
        others = () if area in needs.seen else (*reading(area), *listing(area))
        more = () if area in needs.writes else writing(area)
        if requests := (*others, *more):
            yield may_not(who, f"goes beyond its needs in {area}", *requests, source=needs.why)
    yield may_not(
        who,
        "sees the whole lake, its old versions or its set-up, reaches other buckets or leaves the lake unencrypted",
        Request("s3:ListBucket", "{lake}"),
        *(Request("s3:ListBucket", "{lake}", {"s3:prefix": prefix}) for prefix in ("", "r")),
        *(Request("s3:ListBucket", "{lake}", {"s3:prefix": f"{area}2/"}) for area in needs.seen),
        *(request for area in needs.seen for request in asks(f"{{lake}}/{area}-2/x", "s3:GetObject", "s3:PutObject")),
        *asks("{lake}/features/x", "s3:GetObjectVersion", "s3:DeleteObjectVersion", "s3:PutObjectAcl"),
        *asks("{lake}", "s3:DeleteBucket", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration"),
        *asks("{logs_bucket}/lake/x", "s3:GetObject", "s3:DeleteObject"),
        *asks("{data_key}", "kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "kms:CreateGrant"),
        source="least privilege",
    )
    without = (*READ_KEY, *(("kms:GenerateDataKey",) if needs.writes else ()))
    if via_s3:
        yield may_not(
            who,
            "uses the lake's key for anything but the lake",
            *asks("{data_key}", *without),
            *asks("{data_key}", *without, kms__ViaService="rds.{region}.amazonaws.com"),
            source="the database and its passwords are under the same key",
        )
    if not needs.writes:
        yield may_not(who, "encrypts", *key("kms:GenerateDataKey"), source="only reads")


def _database(role: str) -> Iterator[Row]:
    users = {
        name: f"arn:aws:rds-db:{{region}}:{{account}}:dbuser:{{database}}/{name}" for name in ("mlflow", "metastore")
    }
    mine = USERS.get(role, ())
    if mine:
        requests = [request for user in mine for request in asks(users[user], "rds-db:connect")]
        yield may(pod(role), "signs in to the database", *requests, source="mlflow_tracking signs in with a token")
    others = [arn for user, arn in users.items() if user not in mine]
    others += [f"arn:aws:rds-db:{{region}}:{{account}}:dbuser:{{database}}/{name}" for name in ("platform", "postgres")]
    others.append("arn:aws:rds-db:{region}:{account}:dbuser:db-ANOTHER/mlflow")
    yield may_not(
        pod(role),
        "signs in to the database as somebody else",
        *(request for arn in others for request in asks(arn, "rds-db:connect")),
        source="each user of the database is one identity",
    )
    if role != SETUP.role:
        secrets = [
            request
            for secret in ("{master_secret}", "{metastore_secret}")
            for request in asks(secret, "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue")
        ]
        yield may_not(pod(role), "reads or changes passwords", *secrets, source="the database set-up alone does")


def _kafka(role: str) -> Iterator[Row]:
    topic = "arn:aws:kafka:{region}:{account}:topic/{kafka_path}/"
    group = "arn:aws:kafka:{region}:{account}:group/{kafka_path}/"
    connect = asks("{kafka}", "kafka-cluster:Connect", "kafka-cluster:DescribeCluster")
    both = ("kafka-cluster:DescribeTopic", "kafka-cluster:ReadData", "kafka-cluster:WriteData")
    if prefix := TOPICS.get(role):
        yield may(
            pod(role),
            f"reads and writes topics {prefix}…, in consumer groups of that name",
            *connect,
            *asks("{kafka}", "kafka-cluster:WriteDataIdempotently"),
            *asks(f"{topic}{prefix}", *both, "kafka-cluster:DescribeTopicDynamicConfiguration"),
            *asks(f"{topic}{prefix}-late", *both),
            *asks(f"{group}{prefix}-spark", "kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"),
            source="MSK guide, 'Common use cases for client authorization policy'; Spark's Kafka source",
            needs=("kafka",),
        )
        yield may_not(
            pod(role),
            "makes topics, changes them, or touches those of others",
            *asks(f"{topic}{prefix}", "kafka-cluster:DeleteTopic", "kafka-cluster:AlterTopic"),
            *asks(f"{topic}payments", *both),
            *asks(f"{group}payments", "kafka-cluster:AlterGroup"),
            *asks("{kafka}", "kafka-cluster:AlterCluster"),
            source="topics are the platform's",
            needs=("kafka",),
        )
    else:
        requests = (*connect, *asks(f"{topic}flights", *both))
        yield may_not(pod(role), "talks to the brokers", *requests, source="has no stream", needs=("kafka",))


def _setup() -> Iterator[Row]:
    read = ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret")
    yield may(
        SETUP,
        "reads the master's password, and keeps the metastore's",
        *asks("{master_secret}", *read),
        *asks("{metastore_secret}", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"),
        *(Request(action, "{data_key}", VIA_SECRETS) for action in ("kms:Decrypt", "kms:GenerateDataKey")),
        source="mlflow_tracking, database_setup; Secrets Manager guide, 'Secret encryption and decryption'",
    )
    yield may_not(
        SETUP,
        "changes the master's password, reads other secrets, or uses the key for anything else",
        *asks("{master_secret}", "secretsmanager:PutSecretValue", "secretsmanager:DeleteSecret"),
        *asks("{metastore_secret}", "secretsmanager:DeleteSecret", "secretsmanager:PutResourcePolicy"),
        *asks("arn:aws:secretsmanager:{region}:{account}:secret:another-AbCdEf", *read),
        *asks("{data_key}", "kms:Decrypt", "kms:GenerateDataKey"),
        *key("kms:Decrypt", "kms:GenerateDataKey"),
        source="RDS keeps the master's password itself",
    )
