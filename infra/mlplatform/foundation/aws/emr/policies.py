"""What EMR and its nodes may do beside AWS's own policy for the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi

from mlplatform.foundation.aws.pod_identity.roles import Place
from mlplatform.iam_policies import Statement, policy
from mlplatform.lake_access import area_statements

SERVICE_POLICY: Final = "arn:aws:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"
"""Touches what is tagged with `MANAGED_TAG`, and nothing else."""
MANAGED_TAG: Final = {"for-use-with-amazon-emr-managed-policies": "true"}
"""On the cluster, its security groups and the subnets of its nodes (EMR management guide, "Amazon EMR managed
policies")."""

READS: Final = ("raw", "features")
WRITES: Final = ("features", "quarantine", "predictions", "emr")
"""Areas of the lake. ``emr`` holds the warehouse, the bootstrap script and the logs."""
USE_KEY: Final = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")


@dataclass(frozen=True, kw_only=True)
class EmrResources:
    """The resources that EMR needs."""

    place: Place
    lake_bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    """Encrypts the lake, the nodes' volumes and the metastore's password."""
    metastore_secret_arn: pulumi.Input[str]


def trust_emr(place: Place) -> pulumi.Output[str]:
    """EMR takes on the service role for clusters of the account alone."""
    return policy(
        Statement(
            actions=["sts:AssumeRole"],
            principals={"Service": "elasticmapreduce.amazonaws.com"},
            conditions={
                "StringEquals": {"aws:SourceAccount": place.account_id},
                "ArnLike": {"aws:SourceArn": place.arn("elasticmapreduce", "*")},
            },
        )
    )


def service_statements(resources: EmrResources, instance_role_arn: pulumi.Input[str]) -> list[Statement]:
    """The service's own: it starts nodes with our role and key, and reads the password for their configuration."""
    region = resources.place.region
    via_ec2 = {"StringEquals": {"kms:ViaService": f"ec2.{region}.amazonaws.com"}}
    via_secrets = {"StringEquals": {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}}
    key = resources.key_arn
    return [
        Statement(
            sid="PassNodeRole",
            actions=["iam:PassRole"],
            resources=[instance_role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        ),
        Statement(
            sid="ReadMetastorePassword",
            actions=["secretsmanager:GetSecretValue"],
            resources=[resources.metastore_secret_arn],
        ),
        Statement(sid="DecryptPassword", actions=["kms:Decrypt"], resources=[key], conditions=via_secrets),
        Statement(sid="EncryptVolumes", actions=USE_KEY, resources=[key], conditions=via_ec2),
        Statement(
            sid="GrantVolumes",
            actions=["kms:CreateGrant"],
            resources=[key],
            conditions={**via_ec2, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]


def instance_statements(resources: EmrResources) -> list[Statement]:
    """The nodes', and so of every job: areas of the lake, and what EMR installs from."""
    region = resources.place.region
    buckets = (f"{region}.elasticmapreduce", f"repo.{region}.emr.amazonaws.com", f"prod.{region}.appinfo.src")
    return [
        *area_statements(resources.lake_bucket_arn, reads=READS, writes=WRITES),
        # Files of the lake and, on nodes with disks of their own, the keys of those.
        Statement(sid="UseDataKey", actions=USE_KEY, resources=[resources.key_arn]),
        Statement(
            sid="ReadPackages", actions=["s3:GetObject"], resources=[f"arn:aws:s3:::{bucket}/*" for bucket in buckets]
        ),
    ]
