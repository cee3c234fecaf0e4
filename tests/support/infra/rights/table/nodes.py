"""Nodes, the network plugin and the drivers of volumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rights.requests import Elsewhere, Request, Row, Who, asks, may, may_not, pod, tagged

NODE: Final = pod("nodes-role")
NETWORK_PLUGIN: Final = pod("cluster-vpc-cni")
EBS: Final = pod("add-ons-aws-ebs-csi-driver")
EFS: Final = pod("add-ons-aws-efs-csi-driver")
NOBODY: Final = Who(inside=True)
"""A request that nobody signs, or that a service has signed for another to use: image layers, packages."""
ECR_OF_AWS: Final = Elsewhere("602401143452")
EBS_SOURCE: Final = "kubernetes-sigs/aws-ebs-csi-driver v1.64.0"
EFS_SOURCE: Final = "kubernetes-sigs/aws-efs-csi-driver v3.4.1, pkg/cloud/cloud.go"
EC2: Final = "arn:aws:ec2:{region}:{account}"
VIA_EC2: Final = {"kms:ViaService": "ec2.{region}.amazonaws.com"}


def rows() -> Iterator[Row]:
    """Of all nodes."""
    yield from _node()
    yield from _plugin()
    yield from _ebs()
    yield from _efs()


def _node() -> Iterator[Row]:
    pull = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    yield may(
        NODE,
        "joins the cluster, lets the agent fetch pods' credentials, and pulls images of ours and of the add-ons",
        *asks("arn:aws:eks:{region}:{account}:cluster/{cluster}", "eks:DescribeCluster"),
        *asks("arn:aws:eks:{region}:{account}:cluster/{cluster}", "eks-auth:AssumeRoleForPodIdentity"),
        *asks("*", "ec2:DescribeInstances", "ec2:DescribeInstanceTypes", "ecr:GetAuthorizationToken"),
        *asks("arn:aws:ecr:{region}:{account}:repository/{cluster}/ray-training", *pull),
        *asks("arn:aws:ecr:{region}:602401143452:repository/eks/coredns", *pull, owner=ECR_OF_AWS),
        source="EKS user guide, 'Amazon EKS node IAM role'; nodeadm; amazon-ecr-credential-provider",
    )
    yield may_not(
        NODE,
        "does more than a node must: every pod that gets out of its container is the node",
        *asks("{lake}/raw/flights.csv", "s3:GetObject", "s3:PutObject"),
        *asks("{master_secret}", "secretsmanager:GetSecretValue"),
        *asks("arn:aws:rds-db:{region}:{account}:dbuser:{database}/mlflow", "rds-db:connect"),
        *asks(f"{EC2}:network-interface/eni-1", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"),
        *asks(f"{EC2}:instance/i-1", "ec2:TerminateInstances"),
        *asks("{emr_nodes_role}", "iam:PassRole", "sts:AssumeRole"),
        *asks("arn:aws:ecr:{region}:{account}:repository/{cluster}/ray-training", "ecr:PutImage", "ecr:ListImages"),
        *asks("{cluster_key}", "kms:Decrypt"),
        source="least privilege; EKS best practices, 'Restrict access to the instance profile'",
    )


def _plugin() -> Iterator[Row]:
    interface = f"{EC2}:network-interface/eni-1"
    yield may(
        NETWORK_PLUGIN,
        "gives pods addresses",
        *asks(
            interface,
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:AttachNetworkInterface",
            "ec2:DetachNetworkInterface",
            "ec2:ModifyNetworkInterfaceAttribute",
            "ec2:CreateTags",
        ),
        *asks("*", "ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "ec2:DescribeInstanceTypes"),
        *asks("*", "ec2:DescribeSubnets", "ec2:DescribeTags"),
        source="aws/amazon-vpc-cni-k8s, docs/iam-policy.md",
    )
    yield may_not(
        NETWORK_PLUGIN,
        "touches machines, groups or data",
        *asks(f"{EC2}:instance/i-1", "ec2:TerminateInstances", "ec2:CreateTags"),
        *asks(f"{EC2}:security-group/sg-1", "ec2:AuthorizeSecurityGroupIngress"),
        *asks("{lake}/raw/flights.csv", "s3:GetObject"),
        source="least privilege",
    )


def _ebs() -> Iterator[Row]:
    volume = f"{EC2}:volume/vol-1"
    new = tagged("aws:RequestTag", **{"ebs.csi.aws.com/cluster": "true", "CSIVolumeName": "pvc-1"})
    own = {
        f"{kind}/{key}": value
        for kind in ("aws:ResourceTag", "ec2:ResourceTag")
        for key, value in (("ebs.csi.aws.com/cluster", "true"),)
    }
    key = {**VIA_EC2, "kms:EncryptionContext:aws:ebs:id": "vol-1"}
    yield may(
        EBS,
        "makes a volume under our key, gives it to a node, makes it larger, takes it away",
        Request("ec2:CreateVolume", volume, new),
        Request("ec2:CreateTags", volume, {**new, "ec2:CreateAction": "CreateVolume"}),
        *asks("*", "ec2:DescribeVolumes", "ec2:DescribeInstances", "ec2:DescribeAvailabilityZones"),
        *asks("*", "ec2:DescribeVolumesModifications"),
        *(Request(f"ec2:{action}Volume", volume, own) for action in ("Attach", "Detach", "Modify", "Delete")),
        *asks(f"{EC2}:instance/i-1", "ec2:AttachVolume", "ec2:DetachVolume"),
        source=f"{EBS_SOURCE}, pkg/cloud/cloud.go",
    )
    yield may(
        EBS,
        "has EC2 use the key for a volume",
        Request("kms:GenerateDataKeyWithoutPlaintext", "{cluster_key}", key),
        Request("kms:Decrypt", "{cluster_key}", key),
        *(
            Request(f"kms:{action}", "{cluster_key}", VIA_EC2)
            for action in ("DescribeKey", "ReEncryptFrom", "ReEncryptTo")
        ),
        Request("kms:CreateGrant", "{cluster_key}", {**VIA_EC2, "kms:GrantIsForAWSResource": "true"}),
        source=f"{EBS_SOURCE}, docs/install.md, 'Encrypted EBS Volumes via KMS'; EBS guide, 'Requirements for"
        " Amazon EBS encryption'",
    )
    yield may_not(
        EBS,
        "touches volumes of others, or uses the key by itself or for others",
        Request("ec2:CreateVolume", volume),
        *(Request(f"ec2:{action}Volume", volume) for action in ("Attach", "Detach", "Modify", "Delete")),
        Request("kms:Decrypt", "{cluster_key}"),
        Request("kms:GenerateDataKeyWithoutPlaintext", "{cluster_key}"),
        Request("kms:DescribeKey", "{cluster_key}"),
        Request("kms:CreateGrant", "{cluster_key}", {**VIA_EC2, "kms:GrantIsForAWSResource": "false"}),
        Request("kms:CreateGrant", "{cluster_key}", {"kms:GrantIsForAWSResource": "true"}),
        Request("kms:Decrypt", "{data_key}", key),
        source="secrets of Kubernetes are under the same key, and other clusters' volumes in the same account",
    )


def _efs() -> Iterator[Row]:
    yield may(
        EFS,
        "looks at the file system, its access points and mount targets",
        *asks("{files}", "elasticfilesystem:DescribeFileSystems", "elasticfilesystem:DescribeMountTargets"),
        *asks("{models_point}", "elasticfilesystem:DescribeAccessPoints"),
        *asks("{files}", "elasticfilesystem:DescribeAccessPoints"),
        *asks("*", "ec2:DescribeAvailabilityZones"),
        source=EFS_SOURCE,
    )
    yield may_not(
        EFS,
        "makes or removes access points: they are this program's",
        *asks("{files}", "elasticfilesystem:CreateAccessPoint", "elasticfilesystem:DeleteFileSystem"),
        *asks("{models_point}", "elasticfilesystem:DeleteAccessPoint", "elasticfilesystem:TagResource"),
        source="volumes are made by the program, not by the driver (services/storage.py)",
    )
