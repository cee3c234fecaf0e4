"""What is kept, for how long, and what refuses to go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlplatform.config.checks.environments import BACKUP_DAYS, LOG_DAYS

from mlplatform_policy.rules import resource_rule
from mlplatform_policy.view import UNKNOWN, ResourceView, is_on, is_shell

STATEFUL: Final = (
    "aws:s3/bucket:Bucket",
    "aws:rds/instance:Instance",
    "aws:efs/fileSystem:FileSystem",
    "aws:msk/cluster:Cluster",
    "aws:kms/key:Key",
)
"""What holds data, and the keys without which none of it can be read."""
KEEPS_NOTHING: Final = frozenset({"alarms-key"})
"""Logical names of keys whose loss loses nothing: notifications are encrypted under way, and gone once delivered."""
KEY_DELETION_DAYS: Final = 14
"""A holiday must not be enough for a deleted key to be gone; KMS allows 7 to 30 days."""


def _days(value: object) -> int | None:
    """None when it is not known yet."""
    if value is UNKNOWN:
        return None
    return int(value) if isinstance(value, int | float) else 0


@resource_rule(
    "logs-end",
    "Logs are kept as long as the environment needs, and not for ever.",
    "aws:cloudwatch/logGroup:LogGroup",
)
def logs_end(resource: ResourceView) -> Iterator[str]:
    """Without a retention CloudWatch keeps, and charges, for ever."""
    days, least = _days(resource.get("retentionInDays")), LOG_DAYS.get(resource.environment, 1)
    if days == 0:
        yield "is kept for ever: set retention_in_days"
    elif days is not None and days < least:
        yield f"is kept for {days} days, {resource.environment} needs {least}: raise retention_in_days"


@resource_rule(
    "database-backed-up",
    "The database can be restored to a point in time, as far back as the environment needs.",
    "aws:rds/instance:Instance",
)
def database_backed_up(resource: ResourceView) -> Iterator[str]:
    """Zero days turn backups off. A database that goes leaves a snapshot, except where data can be made anew."""
    days, least = _days(resource.get("backupRetentionPeriod")), BACKUP_DAYS.get(resource.environment, 1)
    if days is not None and days < least:
        yield f"keeps backups for {days} days, {resource.environment} needs {least}: raise backup_retention_period"
    if resource.environment == "prod" and is_on(resource.get("skipFinalSnapshot")):
        yield "would go without a last snapshot: set skip_final_snapshot to False"


@resource_rule(
    "prod-refuses-deletion",
    "In prod AWS itself refuses to delete the database and the cluster.",
    "aws:rds/instance:Instance",
    "eks:index:Cluster",
    "aws:eks/cluster:Cluster",
)
def prod_refuses_deletion(resource: ResourceView) -> Iterator[str]:
    """Whoever deletes it has to turn that off first, in a change that others see."""
    if resource.environment == "prod" and not is_shell(resource) and not is_on(resource.get("deletionProtection")):
        yield "can be deleted by mistake: set deletion_protection"


@resource_rule("prod-data-protected", "In prod Pulumi refuses to delete what holds data.", *STATEFUL)
def prod_data_protected(resource: ResourceView) -> Iterator[str]:
    """`mlplatform.stateful` sets it as the config says."""
    if resource.environment == "prod" and not resource.protect and resource.name not in KEEPS_NOTHING:
        yield "is not protected: make it with mlplatform.stateful.stateful and protection.protect"


@resource_rule("keys-rotate", "Keys are rotated, and a deleted key can be brought back.", "aws:kms/key:Key")
def keys_rotate(resource: ResourceView) -> Iterator[str]:
    """Rotation is off by default."""
    if not is_on(resource.get("enableKeyRotation")):
        yield "is never rotated: set enable_key_rotation"
    days = _days(resource.get("deletionWindowInDays"))
    if days is not None and 0 < days < KEY_DELETION_DAYS and resource.name not in KEEPS_NOTHING:
        yield f"is gone {days} days after its deletion: set deletion_window_in_days to {KEY_DELETION_DAYS} or more"


RULES = (logs_end, database_backed_up, prod_refuses_deletion, prod_data_protected, keys_rotate)
