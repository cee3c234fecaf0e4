"""Examples of `mlplatform_policy.keeping`."""

from __future__ import annotations

from typing import Final

from mlplatform_policy.view import UNKNOWN

from policy_examples.example import broken, kept, view

LOGS: Final = "aws:cloudwatch/logGroup:LogGroup"
DATABASE: Final = "aws:rds/instance:Instance"
CLUSTER: Final = "eks:index:Cluster"
KEY: Final = "aws:kms/key:Key"
ROTATED: Final = {"enableKeyRotation": True}

EXAMPLES = (
    kept(
        "logs-end",
        view(LOGS, {"retentionInDays": 90}, environment="prod"),
        view(LOGS, {"retentionInDays": 1}),
        view(LOGS, {"retentionInDays": UNKNOWN}),
    ),
    broken("logs-end", view(LOGS, {}), "is kept for ever: set retention_in_days"),
    broken("logs-end", view(LOGS, {"retentionInDays": 0}), "is kept for ever: set retention_in_days"),
    broken(
        "logs-end",
        view(LOGS, {"retentionInDays": 30}, environment="prod"),
        "is kept for 30 days, prod needs 90: raise retention_in_days",
    ),
    kept(
        "database-backed-up",
        view(DATABASE, {"backupRetentionPeriod": 1, "skipFinalSnapshot": True}),
        view(DATABASE, {"backupRetentionPeriod": 14}, environment="prod"),
    ),
    broken(
        "database-backed-up",
        view(DATABASE, {"backupRetentionPeriod": 0}),
        "keeps backups for 0 days, dev needs 1: raise backup_retention_period",
    ),
    broken(
        "database-backed-up",
        view(DATABASE, {"backupRetentionPeriod": 7, "skipFinalSnapshot": True}, environment="prod"),
        "keeps backups for 7 days, prod needs 14: raise backup_retention_period",
        "would go without a last snapshot: set skip_final_snapshot to False",
    ),
    kept(
        "prod-refuses-deletion",
        view(DATABASE, {}, environment="staging"),
        view(CLUSTER, {"deletionProtection": True}, environment="prod"),
        view(CLUSTER, {}, environment="prod"),
    ),
    broken(
        "prod-refuses-deletion",
        view(DATABASE, {"deletionProtection": False}, environment="prod"),
        "can be deleted by mistake: set deletion_protection",
    ),
    kept(
        "prod-data-protected",
        view(KEY, {}, environment="dev"),
        view(KEY, {}, environment="prod", protect=True),
        view(KEY, {}, environment="prod", name="alarms-key"),
    ),
    broken(
        "prod-data-protected",
        view(KEY, {}, environment="prod"),
        "is not protected: make it with mlplatform.stateful.stateful and protection.protect",
    ),
    kept(
        "keys-rotate",
        view(KEY, {**ROTATED, "deletionWindowInDays": 30}),
        view(KEY, ROTATED),
        view(KEY, {**ROTATED, "deletionWindowInDays": 7}, name="alarms-key"),
    ),
    broken("keys-rotate", view(KEY, {}), "is never rotated: set enable_key_rotation"),
    broken(
        "keys-rotate",
        view(KEY, {**ROTATED, "deletionWindowInDays": 7}),
        "is gone 7 days after its deletion: set deletion_window_in_days to 14 or more",
    ),
)
