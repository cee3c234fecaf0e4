"""The password with which Hive's metastore signs in to the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

RECOVERY_DAYS: Final = 7
"""How long a deleted secret can be brought back: the shortest that Secrets Manager offers beside none. Its value can be
made anew."""


@dataclass(frozen=True, kw_only=True)
class MetastoreSecretArgs:
    """Inputs of `MetastoreSecret`."""

    key_arn: pulumi.Input[str]


class MetastoreSecret(pulumi.ComponentResource):
    """The secret, without a value: what the program never knows is in no state and no plan.

    The job that makes the databases also makes the user ``metastore``; it draws the password, stores it here as plain
    text (EMR cannot pick a field out of JSON) and gives it to the user. EMR reads it when it configures a cluster.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: MetastoreSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:metastore_secret:MetastoreSecret", name, None, opts)
        secret = aws.secretsmanager.Secret(
            f"{name}-password",
            description="Password of the database user metastore, as plain text; written by the job database-setup",
            kms_key_id=args.key_arn,
            recovery_window_in_days=RECOVERY_DAYS,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = secret.arn
        self.register_outputs({"arn": self.arn})
