"""Tags of every AWS resource: whose it is, and what made it."""

from __future__ import annotations

from mlplatform.config.model import PlatformConfig
from mlplatform.naming import PLATFORM


def platform_tags(config: PlatformConfig) -> dict[str, str]:
    """Default tags of the provider; also set where these do not reach (launch templates, EMR, auto scaling)."""
    return {
        "platform": PLATFORM,
        "environment": config.environment,
        "owner": config.owner.team,
        "cost-centre": config.owner.cost_centre,
        "managed-by": "pulumi",
    }
