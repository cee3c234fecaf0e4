"""Options of what holds data: RDS, EFS, S3, MSK and the KMS keys without which none of it can be read."""

from __future__ import annotations

import pulumi

from mlplatform.config.sections import Protection


def stateful(parent: pulumi.Resource, protection: Protection, **more: object) -> pulumi.ResourceOptions:
    """Options for a child that holds data: protected and retained as the config says."""
    return pulumi.ResourceOptions(
        parent=parent,
        protect=protection.protect,
        retain_on_delete=protection.retain_on_delete,
        **more,  # type: ignore[arg-type]
    )
