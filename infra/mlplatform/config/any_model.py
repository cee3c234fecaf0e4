"""What services and deployments may know of a configuration, whatever the environment stands on."""

from __future__ import annotations

from mlplatform.config.local_model import LocalConfig, LocalNodeGroups
from mlplatform.config.model import PlatformConfig
from mlplatform.config.sections import NodeGroups

AnyConfig = PlatformConfig | LocalConfig
AnyNodeGroups = NodeGroups | LocalNodeGroups
