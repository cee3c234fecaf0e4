"""AWS services, administrators and nobody: flow logs, keys, buckets, files, messages, the endpoint of S3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rights.requests import ANOTHER_ACCOUNT, Elsewhere, Request, Row, Who, asks, may, may_not

ADMINISTRATOR: Final = Who(arn="arn:aws:iam::{account}:role/administrator", everything=True)
INSIDE: Final = Who(arn="arn:aws:iam::{account}:role/administrator", everything=True, inside=True)
STRANGER: Final = Who(arn=f"arn:aws:iam::{ANOTHER_ACCOUNT}:role/stranger", everything=True)
STRANGER_INSIDE: Final = Who(arn=f"arn:aws:iam::{ANOTHER_ACCOUNT}:role/stranger", everything=True, inside=True)
NOBODY: Final = Who()
NOBODY_INSIDE: Final = Who(inside=True)
FLOW_LOGS: Final = Who(role="network-flow-logs-role")
MONITORING: Final = Who(role="database-monitoring")
AUTOSCALING: Final = Who(
    arn="arn:aws:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)
CLOUDWATCH_LOGS: Final = Who(service="logs.{region}.amazonaws.com")
CLOUDWATCH: Final = Who(service="cloudwatch.amazonaws.com")
DELIVERY: Final = Who(service="logging.s3.amazonaws.com")
KEYS: Final = ("{data_key}", "{cluster_key}", "{logs_key}", "{alarms_key}")
USE: Final = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey")
SSE: Final = "s3:x-amz-server-side-encryption"
SSE_KEY: Final = f"{SSE}-aws-kms-key-id"


def rows() -> Iterator[Row]:
    """Of all of these."""
    yield from _logs()
    yield from _keys()
    yield from _buckets()
    yield from _files()
    yield from _topic()
    yield from _endpoint()


def _logs() -> Iterator[Row]:
    group, stream = "{flow_log_group}", "{flow_log_group}:log-stream:eni-1-all"
    yield may(
        FLOW_LOGS,
        "finds the log group and writes to a stream of each network interface",
        Request("logs:DescribeLogGroups"),
        Request("logs:DescribeLogStreams", group),
        Request("logs:CreateLogStream", stream),
        Request("logs:PutLogEvents", stream),
        source="VPC user guide, 'IAM role for publishing flow logs to CloudWatch Logs'",
    )
    yield may_not(
        FLOW_LOGS,
        "makes or removes log groups, or writes to others",
        Request("logs:CreateLogGroup", group),
        Request("logs:DeleteLogGroup", group),
        Request("logs:PutRetentionPolicy", group),
        Request("logs:PutLogEvents", "arn:aws:logs:{region}:{account}:log-group:another:log-stream:x"),
        source="the group is this program's",
    )
    database = "arn:aws:logs:{region}:{account}:log-group:RDSOSMetrics"
    yield may(
        MONITORING,
        "writes what the database's machine is doing",
        *asks(database, "logs:CreateLogGroup", "logs:PutRetentionPolicy"),
        *asks(f"{database}:log-stream:db-1", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"),
        source="RDS user guide, 'Setting up and enabling Enhanced Monitoring'",
    )
    yield may_not(
        MONITORING,
        "writes elsewhere, or reads the database's secrets",
        Request("logs:PutLogEvents", stream),
        *asks("{master_secret}", "secretsmanager:GetSecretValue"),
        source="least privilege",
    )


def _keys() -> Iterator[Row]:
    yield may(
        ADMINISTRATOR,
        "uses and changes every key: a key that nobody may change is lost",
        *(request for key in KEYS for request in asks(key, *USE, "kms:PutKeyPolicy", "kms:CreateGrant")),
        source="KMS guide, 'Default key policy': the account's root, so that IAM's policies count",
    )
    yield may_not(
        STRANGER,
        "uses a key of ours",
        *(request for key in KEYS for request in asks(key, *USE, "kms:PutKeyPolicy", "kms:CreateGrant")),
        source="keys are the account's own",
    )
    mine = {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:{region}:{account}:log-group:/aws/eks/x/cluster"}
    theirs = {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{{region}}:{ANOTHER_ACCOUNT}:log-group:x"}
    yield may(
        CLOUDWATCH_LOGS,
        "encrypts and reads the account's log groups",
        *(Request(action, "{logs_key}", mine) for action in (*USE, "kms:DescribeKey")),
        source="CloudWatch Logs guide, 'Encrypt log data … using AWS KMS'",
    )
    yield may_not(
        CLOUDWATCH_LOGS,
        "uses the key for another account, or another key",
        *(Request(action, "{logs_key}", context) for action in USE for context in (theirs, {})),
        *(Request(action, key, mine) for action in USE for key in ("{data_key}", "{cluster_key}")),
        source="confused deputy",
    )
    yield may_not(
        Who(service="logs.eu-west-3.amazonaws.com"),
        "uses the key from another region",
        *(Request(action, "{logs_key}", mine) for action in USE),
        source="the groups are in this region",
    )
    grant = {"kms:GrantIsForAWSResource": "true"}
    yield may(
        AUTOSCALING,
        "starts nodes whose volumes are under the cluster's key",
        *asks("{cluster_key}", *USE, "kms:DescribeKey"),
        Request("kms:CreateGrant", "{cluster_key}", grant),
        source="EC2 Auto Scaling guide, 'Required AWS KMS key policy for use with encrypted volumes'",
    )
    yield may_not(
        AUTOSCALING,
        "uses other keys, changes this one, or gives it to somebody",
        *asks("{data_key}", *USE),
        *asks("{cluster_key}", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"),
        Request("kms:CreateGrant", "{cluster_key}", {"kms:GrantIsForAWSResource": "false"}),
        Request("kms:CreateGrant", "{data_key}", grant),
        source="least privilege",
    )
    others = Who(arn="arn:aws:iam::{account}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot")
    yield may_not(
        others,
        "uses the cluster's key by its policy alone",
        *asks("{cluster_key}", *USE, "kms:DescribeKey"),
        Request("kms:CreateGrant", "{cluster_key}", grant),
        source="only Auto Scaling's role is named",
    )


def _buckets() -> Iterator[Row]:
    written = "{lake}/features/v1/part-0.parquet"
    ours = {SSE: "aws:kms", SSE_KEY: "{data_key}"}
    wrong: tuple[dict[str, str], ...] = (
        {SSE: "AES256"},
        {SSE: "aws:kms:dsse"},
        {SSE: "aws:kms", SSE_KEY: "{cluster_key}"},
        {SSE_KEY: "{cluster_key}"},
    )
    yield may(
        ADMINISTRATOR,
        "writes to the lake under its key, said or unsaid",
        *(Request("s3:PutObject", written, context) for context in ({}, ours, {SSE: "aws:kms"})),
        *asks(written, "s3:GetObject", "s3:DeleteObject"),
        *asks("{lake}", "s3:ListBucket", "s3:PutLifecycleConfiguration"),
        *asks("{logs_bucket}/lake/x", "s3:GetObject", "s3:PutObject"),
        source="the bucket's own encryption is used where none is named",
    )
    yield may_not(
        ADMINISTRATOR,
        "writes under another key or without TLS",
        *(Request("s3:PutObject", written, context) for context in wrong),
        *(
            Request(action, resource, {"aws:SecureTransport": "false"})
            for action, resource in (
                ("s3:GetObject", written),
                ("s3:ListBucket", "{lake}"),
                ("s3:GetObject", "{logs_bucket}/lake/x"),
                ("s3:ListBucket", "{logs_bucket}"),
            )
        ),
        source="S3 guide, 'Requiring server-side encryption'; Security Hub S3.5",
    )
    for who in (STRANGER, NOBODY):
        yield may_not(
            who,
            "reaches the buckets",
            *asks(written, "s3:GetObject", "s3:PutObject"),
            *asks("{logs_bucket}/lake/x", "s3:GetObject", "s3:PutObject"),
            source="nothing is shared",
        )
    mine = {"aws:SourceArn": "{lake}", "aws:SourceAccount": "{account}"}
    yield may(
        DELIVERY,
        "delivers the lake's access log",
        Request("s3:PutObject", "{logs_bucket}/lake/2026/11/29/x", mine),
        source="S3 guide, 'Enabling Amazon S3 server access logging'",
    )
    yield may_not(
        DELIVERY,
        "delivers logs of other buckets, elsewhere, or reads",
        Request("s3:PutObject", "{logs_bucket}/lake/x", {"aws:SourceArn": "arn:aws:s3:::another"}),
        Request("s3:PutObject", "{logs_bucket}/lake/x"),
        Request("s3:PutObject", "{logs_bucket}/another/x", mine),
        Request("s3:GetObject", "{logs_bucket}/lake/x", mine),
        Request("s3:PutObject", "{lake}/raw/x", mine),
        source="confused deputy",
    )


def _files() -> Iterator[Row]:
    mounted = {"elasticfilesystem:AccessedViaMountTarget": "true"}
    points = ("{models_point}", "{notebooks_point}")
    through = {**mounted, "elasticfilesystem:AccessPointArn": points[0]}
    client = ("elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite")
    yield may(
        NOBODY,
        "mounts the files through an access point: the driver does so without IAM",
        *(
            Request(action, "{files}", {**through, "elasticfilesystem:AccessPointArn": point})
            for action in client
            for point in points
        ),
        source="kubernetes-sigs/aws-efs-csi-driver, docs/README.md: `iam` is a mount option that is not set",
    )
    yield may_not(
        NOBODY,
        "mounts the whole file system, by another way, in the open, or as its root",
        *(Request(action, "{files}", mounted) for action in client),
        *(Request(action, "{files}", {"elasticfilesystem:AccessPointArn": "{models_point}"}) for action in client),
        *(Request(action, "{files}", {**through, "aws:SecureTransport": "false"}) for action in client),
        *(
            Request(action, "{files}", {**mounted, "elasticfilesystem:AccessPointArn": "{models_point}x"})
            for action in client
        ),
        Request("elasticfilesystem:ClientRootAccess", "{files}", through),
        source="EFS guide, 'Using IAM to control file system data access'",
    )


def _topic() -> Iterator[Row]:
    mine = {"aws:SourceAccount": "{account}", "aws:SourceArn": "arn:aws:cloudwatch:{region}:{account}:alarm:x"}
    theirs = {
        "aws:SourceAccount": ANOTHER_ACCOUNT,
        "aws:SourceArn": f"arn:aws:cloudwatch:{{region}}:{ANOTHER_ACCOUNT}:alarm:x",
    }
    yield may(
        CLOUDWATCH,
        "tells of alarms",
        Request("sns:Publish", "{topic}", mine),
        *(Request(action, "{alarms_key}", mine) for action in ("kms:Decrypt", "kms:GenerateDataKey")),
        source="SNS guide, 'Enable compatibility between event sources … and encrypted topics'",
    )
    yield may_not(
        CLOUDWATCH,
        "tells of another account's alarms",
        *(Request("sns:Publish", "{topic}", context) for context in (theirs, {})),
        Request("sns:Publish", "{topic}", {**mine, "aws:SourceArn": theirs["aws:SourceArn"]}),
        Request("sns:Publish", "{topic}", {**mine, "aws:SourceAccount": ANOTHER_ACCOUNT}),
        Request("sns:Publish", "{topic}", {**mine, "aws:SecureTransport": "false"}),
        *(Request(action, "{alarms_key}", theirs) for action in ("kms:Decrypt", "kms:GenerateDataKey")),
        *asks("{data_key}", "kms:Decrypt", aws__SourceAccount="{account}"),
        source="confused deputy",
    )
    for who in (STRANGER, NOBODY, DELIVERY):
        yield may_not(who, "publishes", Request("sns:Publish", "{topic}", mine), source="CloudWatch alone does")


def _endpoint() -> Iterator[Row]:
    elsewhere = Elsewhere()
    public = "arn:aws:s3:::public-data/x.csv"
    yield may(
        INSIDE,
        "reads public data elsewhere, and works with buckets of the account",
        *asks(public, "s3:GetObject", "s3:GetObjectVersion", owner=elsewhere),
        *asks("arn:aws:s3:::public-data", "s3:ListBucket", "s3:GetBucketLocation", owner=elsewhere),
        *asks("{lake}/raw/x", "s3:GetObject", "s3:PutObject"),
        *asks("arn:aws:s3:::{account}-another", "s3:CreateBucket"),
        *asks("arn:aws:s3:::{account}-another/x", "s3:PutObject"),
        source="docstring of the endpoint's policy",
    )
    yield may_not(
        INSIDE,
        "writes to buckets of others: data cannot leave this way",
        *asks(public, "s3:PutObject", "s3:DeleteObject", "s3:PutObjectAcl", owner=elsewhere),
        source="docstring of the endpoint's policy",
    )
    yield may_not(
        STRANGER_INSIDE,
        "carries data out with credentials of another account, or reads with them",
        *asks("arn:aws:s3:::stranger/x", "s3:PutObject", "s3:GetObject", owner=elsewhere),
        *asks("arn:aws:s3:::stranger", "s3:ListBucket", owner=elsewhere),
        *asks("arn:aws:s3:::{account}-open/x", "s3:GetObject", "s3:PutObject", owner=Elsewhere("{account}")),
        source="VPC guide, 'Data perimeter': only trusted identities from expected networks",
    )
    yield may_not(
        NOBODY_INSIDE,
        "writes anywhere, or reads what the platform does not install from",
        *asks(public, "s3:GetObject", "s3:PutObject", owner=elsewhere),
        *asks("arn:aws:s3:::al2023-repos-{region}-de612dc2/x", "s3:PutObject", owner=elsewhere),
        source="docstring of the endpoint's policy",
    )
