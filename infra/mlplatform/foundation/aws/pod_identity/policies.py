"""What an identity's needs are in IAM's words."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from mlplatform.foundation.aws.pod_identity.roles import Place
from mlplatform.iam_policies import Statement
from mlplatform.identities import Identity
from mlplatform.lake_access import area_statements


@dataclass(frozen=True, kw_only=True)
class Resources:
    """The resources that identities need."""

    place: Place
    lake_bucket_arn: pulumi.Input[str]
    lake_key_arn: pulumi.Input[str]
    database_resource_id: pulumi.Input[str]
    database_secret_arn: pulumi.Input[str]
    database_key_arn: pulumi.Input[str]
    metastore_secret_arn: pulumi.Input[str]
    kafka_cluster_arn: pulumi.Input[str] | None


def statements_of(identity: Identity, resources: Resources) -> list[Statement]:
    """Its rights; none for an identity that needs nothing outside the cluster."""
    return [
        *_lake(identity, resources),
        *_database(identity, resources),
        *_kafka(identity, resources),
    ]


def _lake(identity: Identity, resources: Resources) -> list[Statement]:
    if not (identity.reads or identity.writes):
        return []
    via_s3 = {"StringEquals": {"kms:ViaService": f"s3.{resources.place.region}.amazonaws.com"}}
    key = [resources.lake_key_arn]
    found = [
        *area_statements(resources.lake_bucket_arn, reads=identity.reads, writes=identity.writes),
        Statement(sid="DecryptAreas", actions=["kms:Decrypt"], resources=key, conditions=via_s3),
    ]
    if identity.writes:
        found.append(Statement(sid="EncryptAreas", actions=["kms:GenerateDataKey"], resources=key, conditions=via_s3))
    return found


def _database(identity: Identity, resources: Resources) -> list[Statement]:
    place, found = resources.place, []
    if identity.database_users:
        users = [
            pulumi.Output.concat(place.arn("rds-db", "dbuser:"), resources.database_resource_id, f"/{user}")
            for user in identity.database_users
        ]
        found.append(Statement(sid="SignInToDatabase", actions=["rds-db:connect"], resources=users))
    if identity.database_master:
        via = {"StringEquals": {"kms:ViaService": f"secretsmanager.{place.region}.amazonaws.com"}}
        found += [
            Statement(
                sid="ReadMasterSecret",
                actions=["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
                resources=[resources.database_secret_arn],
            ),
            Statement(
                sid="UseSecretsKey",
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=[resources.database_key_arn],
                conditions=via,
            ),
            # It draws the metastore's password, which EMR reads.
            Statement(
                sid="KeepMetastorePassword",
                actions=["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
                resources=[resources.metastore_secret_arn],
            ),
        ]
    return found


def _kafka(identity: Identity, resources: Resources) -> list[Statement]:
    """Topics by prefix, and consumer groups of the same prefix (Spark's ``kafka.group.id`` or ``groupIdPrefix``)."""
    if resources.kafka_cluster_arn is None or not identity.kafka_topics:
        return []
    cluster = pulumi.Output.from_input(resources.kafka_cluster_arn)
    patterns = [f"{prefix.removesuffix('*')}*" for prefix in identity.kafka_topics]

    def inside(kind: str) -> list[pulumi.Output[str]]:
        # The ARN of a topic is the cluster's, with another kind and one more part.
        base = cluster.apply(lambda arn: arn.replace(":cluster/", f":{kind}/", 1))
        return [pulumi.Output.concat(base, f"/{pattern}") for pattern in patterns]

    return [
        Statement(
            sid="ConnectToKafka",
            actions=["kafka-cluster:Connect", "kafka-cluster:DescribeCluster", "kafka-cluster:WriteDataIdempotently"],
            resources=[cluster],
        ),
        Statement(
            sid="UseTopics",
            actions=[
                "kafka-cluster:DescribeTopic",
                "kafka-cluster:DescribeTopicDynamicConfiguration",
                "kafka-cluster:ReadData",
                "kafka-cluster:WriteData",
            ],
            resources=inside("topic"),
        ),
        Statement(
            sid="UseGroups",
            actions=["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"],
            resources=inside("group"),
        ),
    ]
