"""The typed, versioned contract between the platform and everything that runs on it.

`load_contract` tells a workload where it is; `FeatureManifest` travels with the data that Spark prepares.
"""

from platform_contract.document import CONTRACT_VERSION, PlatformContract, SparkClient, SparkLocal
from platform_contract.executor_profile import (
    ClaimVolume,
    Decommissioning,
    EmptyDirVolume,
    ExecutorProfile,
    HostPathVolume,
    NodeShape,
)
from platform_contract.feature_manifest import (
    KEY_COLUMNS,
    DatasetPointer,
    Feature,
    FeatureManifest,
    FeatureSchema,
    FileDigest,
    FromLookup,
    FromRequest,
    LookupTable,
    Period,
    TableCounts,
)
from platform_contract.loading import (
    CONTRACT_VARIABLE,
    ContractError,
    find_repository,
    load_contract,
    local_contract,
    read_contract,
)
from platform_contract.versions import VersionError, read_document

__all__ = [
    "CONTRACT_VARIABLE",
    "CONTRACT_VERSION",
    "KEY_COLUMNS",
    "ClaimVolume",
    "ContractError",
    "DatasetPointer",
    "Decommissioning",
    "EmptyDirVolume",
    "ExecutorProfile",
    "Feature",
    "FeatureManifest",
    "FeatureSchema",
    "FileDigest",
    "FromLookup",
    "FromRequest",
    "HostPathVolume",
    "LookupTable",
    "NodeShape",
    "Period",
    "PlatformContract",
    "SparkClient",
    "SparkLocal",
    "TableCounts",
    "VersionError",
    "find_repository",
    "load_contract",
    "local_contract",
    "read_contract",
    "read_document",
]
