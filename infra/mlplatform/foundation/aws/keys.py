"""The KMS keys: one for data, one for the cluster, one for logs. Whoever may read logs cannot read data with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from mlplatform.config.sections import Protection
from mlplatform.iam_policies import Statement, policy
from mlplatform.stateful import stateful

DELETION_WINDOW_DAYS: Final = 30
"""How long a deleted key can be brought back: the longest that KMS offers. Data is unreadable without its key."""

USE: Final = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")


@dataclass(frozen=True, kw_only=True)
class KeysArgs:
    """Inputs of `Keys`."""

    protection: Protection
    account_id: str
    region: str
    alias_prefix: str
    """The keys are found as ``alias/<prefix>-data``, ``-cluster`` and ``-logs``."""


class Keys(pulumi.ComponentResource):
    """The keys, with rotation on."""

    data_arn: pulumi.Output[str]
    """S3, RDS, EFS, MSK, ECR, Secrets Manager."""
    cluster_arn: pulumi.Output[str]
    """Secrets of Kubernetes, volumes of nodes and pods."""
    logs_arn: pulumi.Output[str]
    """CloudWatch log groups of the region."""

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:keys:Keys", name, None, opts)
        self._name, self._args = name, args
        self.data_arn = self._key("data", "Data of the platform: S3, RDS, EFS, MSK, ECR, secrets")
        self.cluster_arn = self._key("cluster", "Secrets of Kubernetes, volumes of nodes and pods", self._autoscaling())
        self.logs_arn = self._key("logs", "CloudWatch log groups of the platform", self._cloudwatch())
        self.register_outputs({"dataArn": self.data_arn, "clusterArn": self.cluster_arn, "logsArn": self.logs_arn})

    def _key(self, use: str, description: str, more: tuple[Statement, ...] = ()) -> pulumi.Output[str]:
        key = aws.kms.Key(
            f"{self._name}-{use}",
            description=description,
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=policy(self._account(), *more),
            opts=stateful(self, self._args.protection),
        )
        aws.kms.Alias(
            f"{self._name}-{use}-alias",
            name=f"alias/{self._args.alias_prefix}-{use}",
            target_key_id=key.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return key.arn

    def _account(self) -> Statement:
        """IAM policies of the account decide who uses the key; without this nobody could ever change it again.

        In a key's policy the resource ``*`` is the key itself.
        """
        root = f"arn:aws:iam::{self._args.account_id}:root"
        return Statement(sid="Account", actions=["kms:*"], resources=["*"], principals={"AWS": root})

    def _autoscaling(self) -> tuple[Statement, ...]:
        """EC2 Auto Scaling starts nodes whose volumes are encrypted with the key.

        Its service-linked role is named by a condition, not as the principal: KMS refuses a policy with a principal
        that does not exist, and AWS makes the role with an account's first node group, after the key.
        """
        role = (
            f"arn:aws:iam::{self._args.account_id}:role/aws-service-role/autoscaling.amazonaws.com/"
            "AWSServiceRoleForAutoScaling"
        )
        only = {"StringEquals": {"aws:PrincipalArn": role}}
        return (
            Statement(sid="AutoScalingUses", actions=USE, resources=["*"], principals={"AWS": "*"}, conditions=only),
            Statement(
                sid="AutoScalingGrants",
                actions=["kms:CreateGrant"],
                resources=["*"],
                principals={"AWS": "*"},
                conditions={**only, "Bool": {"kms:GrantIsForAWSResource": "true"}},
            ),
        )

    def _cloudwatch(self) -> tuple[Statement, ...]:
        groups = f"arn:aws:logs:{self._args.region}:{self._args.account_id}:log-group:*"
        return (
            Statement(
                sid="CloudWatchLogs",
                actions=USE,
                resources=["*"],
                principals={"Service": f"logs.{self._args.region}.amazonaws.com"},
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            ),
        )
