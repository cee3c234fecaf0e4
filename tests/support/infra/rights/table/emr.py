"""EMR: the service, its nodes, and its jobs on EKS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rights.requests import Elsewhere, Request, Row, Who, asks, may, may_not, pod
from rights.table.nodes import EC2, VIA_EC2
from rights.table.workloads import VIA_SECRETS, Needs, lake_rows

SERVICE: Final = Who(role="emr-roles-service")
NODES: Final = pod("emr-roles-nodes")
POLICY: Final = "EMR management guide, 'Service role for Amazon EMR (EMR role)', AmazonEMRServicePolicy_v2"
NEEDS: Final = Needs(
    reads=("raw",),
    writes=("features", "quarantine", "predictions", "emr"),
    why="batch jobs as Spark's own; logs, warehouse and bootstrap script in emr; HDFS keeps the shuffle",
)
PACKAGES: Final = Elsewhere("914833433684")


def rows() -> Iterator[Row]:
    """Of EMR on EC2; its jobs on EKS are among the workloads."""
    yield from _service()
    yield from lake_rows("emr-roles-nodes", NEEDS, via_s3=False)
    yield from _nodes()


def _service() -> Iterator[Row]:
    network = [("aws:ec2/subnet:Subnet", f"network-nodes-{zone}") for zone in "abc"]
    groups = [("aws:ec2/securityGroup:SecurityGroup", f"emr-access-{part}") for part in ("primary", "core", "service")]
    cluster = ("aws:emr/cluster:Cluster", "emr-cluster")
    start = ("ec2:CreateFleet", "ec2:RunInstances")
    yield may(
        SERVICE,
        "starts nodes in our subnets and groups, tagged as the cluster is",
        *(Request(action, f"{EC2}:subnet/s-1", tags_of=one) for action in start for one in network),
        *(Request("ec2:RunInstances", f"{EC2}:security-group/sg-1", tags_of=one) for one in groups[:2]),
        *(Request(action, f"{EC2}:instance/i-1", requested_as=cluster) for action in start),
        *(Request(action, f"{EC2}:volume/vol-1", requested_as=cluster) for action in start),
        *(Request("ec2:CreateLaunchTemplate", f"{EC2}:launch-template/lt-1", requested_as=cluster) for _ in (1,)),
        *asks("*", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups", "ec2:DescribeInstances", "ec2:DescribeVpcs"),
        source=POLICY,
    )
    yield may(
        SERVICE,
        "opens our groups to each other, and ends its nodes",
        *(
            Request(action, f"{EC2}:security-group/sg-1", tags_of=one)
            for one in groups
            for action in ("ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress")
        ),
        Request("ec2:TerminateInstances", f"{EC2}:instance/i-1", tags_of=cluster),
        source=POLICY,
    )
    yield may(
        SERVICE,
        "gives nodes their role and volumes under our key, and reads the metastore's password for their configuration",
        Request("iam:PassRole", "{emr_nodes_role}", {"iam:PassedToService": "ec2.amazonaws.com"}),
        *asks("{metastore_secret}", "secretsmanager:GetSecretValue"),
        Request("kms:Decrypt", "{data_key}", VIA_SECRETS),
        *(
            Request(f"kms:{action}", "{data_key}", VIA_EC2)
            for action in (
                "Decrypt",
                "DescribeKey",
                "Encrypt",
                "GenerateDataKeyWithoutPlaintext",
                "ReEncryptFrom",
                "ReEncryptTo",
            )
        ),
        Request("kms:CreateGrant", "{data_key}", {**VIA_EC2, "kms:GrantIsForAWSResource": "true"}),
        source="EMR release guide, 'Store sensitive configuration data in AWS Secrets Manager': the service role; EMR"
        " management guide, 'Encryption at rest … with AWS KMS keys'",
    )
    yield may_not(
        SERVICE,
        "passes other roles, starts nodes elsewhere, reads data or other passwords, or uses the key for others",
        Request("iam:PassRole", "{vpc_role}", {"iam:PassedToService": "ec2.amazonaws.com"}),
        Request("iam:PassRole", "{emr_nodes_role}", {"iam:PassedToService": "lambda.amazonaws.com"}),
        Request("iam:PassRole", "{emr_nodes_role}"),
        Request("ec2:RunInstances", f"{EC2}:subnet/s-1"),
        Request("ec2:TerminateInstances", f"{EC2}:instance/i-1"),
        *asks("{master_secret}", "secretsmanager:GetSecretValue"),
        *asks("{metastore_secret}", "secretsmanager:PutSecretValue"),
        *asks("{lake}/raw/flights.csv", "s3:GetObject", "s3:PutObject"),
        *asks("{data_key}", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:DescribeKey"),
        Request("kms:CreateGrant", "{data_key}", {**VIA_EC2, "kms:GrantIsForAWSResource": "false"}),
        Request("kms:CreateGrant", "{data_key}", {"kms:GrantIsForAWSResource": "true"}),
        Request("kms:Decrypt", "{data_key}", {"kms:ViaService": "s3.{region}.amazonaws.com"}),
        Request("kms:Encrypt", "{data_key}", VIA_SECRETS),
        source="least privilege",
    )


def _nodes() -> Iterator[Row]:
    yield may(
        NODES,
        "encrypts the disks of nodes, which have no service to do it for them",
        *asks(
            "{data_key}",
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:GenerateDataKey",
            "kms:DescribeKey",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        ),
        source="EMR management guide, 'Local disk encryption' with AWS KMS as provider: the instance profile",
    )
    yield may(
        NODES,
        "fetches what EMR installs from",
        *asks("arn:aws:s3:::{region}.elasticmapreduce/libs/script-runner.jar", "s3:GetObject", owner=PACKAGES),
        *asks("arn:aws:s3:::repo.{region}.emr.amazonaws.com/apps-repository/x.rpm", "s3:GetObject", owner=PACKAGES),
        *asks("arn:aws:s3:::prod.{region}.appinfo.src/releases/x", "s3:GetObject", owner=PACKAGES),
        source="EMR management guide, 'Minimum Amazon S3 policy for private subnet'",
    )
    yield may_not(
        NODES,
        "reads passwords, starts machines, passes roles, or writes to what others own",
        *asks("{master_secret}", "secretsmanager:GetSecretValue"),
        *asks("{metastore_secret}", "secretsmanager:GetSecretValue"),
        *asks(f"{EC2}:instance/i-1", "ec2:RunInstances", "ec2:TerminateInstances"),
        *asks("{emr_nodes_role}", "iam:PassRole", "sts:AssumeRole"),
        *asks("{cluster_key}", "kms:Decrypt"),
        *asks("arn:aws:s3:::{region}.elasticmapreduce/x", "s3:PutObject", owner=PACKAGES),
        source="least privilege: whoever has a job on EMR has these rights",
    )
