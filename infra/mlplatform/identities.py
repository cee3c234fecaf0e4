"""Who may do what: the service accounts of the platform and the least that each of them needs.

The table is plain data. On AWS each row becomes an IAM role with a Pod Identity association; a row with no needs gets
none. A cluster without a cloud makes the service accounts alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlplatform import naming


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A service account and its needs outside the cluster."""

    namespace: str
    service_account: str
    reads: tuple[str, ...] = ()
    """Areas of the lake (`mlplatform.naming.LAKE_AREAS`)."""
    writes: tuple[str, ...] = ()
    """Areas of the lake that are also written to; reading is included."""
    database_users: tuple[str, ...] = ()
    """Database users that it may sign in as, with an IAM token."""
    database_master: bool = False
    """Whether it may read the master user's secret, and keep the metastore's: to make databases and users."""
    kafka_topics: tuple[str, ...] = ()
    """Prefixes of topics that it reads and writes; ``*`` for all."""

    @property
    def name(self) -> str:
        """``namespace-account``: part of logical and physical names."""
        return f"{self.namespace}-{self.service_account}"


IDENTITIES: Final = (
    Identity(
        namespace=naming.NAMESPACE_MLFLOW, service_account="mlflow", writes=("artifacts",), database_users=("mlflow",)
    ),
    Identity(namespace=naming.NAMESPACE_MLFLOW, service_account="database-setup", database_master=True),
    Identity(
        namespace=naming.NAMESPACE_SPARK,
        service_account="spark-driver",
        reads=("raw",),
        writes=("features", "quarantine", "predictions", "spark-fallback"),
        kafka_topics=("flights",),
    ),
    Identity(
        namespace=naming.NAMESPACE_SPARK,
        service_account="spark-executor",
        reads=("raw",),
        writes=("features", "quarantine", "predictions", "spark-fallback"),
        kafka_topics=("flights",),
    ),
    Identity(
        namespace=naming.NAMESPACE_RAY,
        service_account="ray",
        reads=("features",),
        writes=("artifacts", "ray", "predictions"),
    ),
    Identity(namespace=naming.NAMESPACE_SERVING, service_account="model-api"),
    Identity(namespace=naming.NAMESPACE_SERVING, service_account="flight-api", reads=("features",)),
    Identity(
        namespace=naming.NAMESPACE_NOTEBOOKS,
        service_account="notebook",
        reads=("raw", "features", "predictions", "artifacts"),
    ),
)
