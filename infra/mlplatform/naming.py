"""Physical names, and where things are inside the cluster; logical names are made where the resource is.

A physical name is fixed only where someone outside the program has to know it: another team, a policy, a command.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PLATFORM: Final = "mlplatform"

NAMESPACE_MLFLOW: Final = "mlflow"
NAMESPACE_SPARK: Final = "spark"
NAMESPACE_RAY: Final = "ray"
NAMESPACE_SERVING: Final = "serving"
NAMESPACE_NOTEBOOKS: Final = "notebooks"
NAMESPACE_SYSTEM: Final = "platform-system"
"""Operators and controllers."""
NAMESPACE_DATA: Final = "platform-data"
"""The database, the broker and the object store, where they are pods."""
NAMESPACE_EMR: Final = "emr"
"""Jobs of EMR on EKS, on AWS alone: EMR makes their pods, and not to the measure of the other namespaces."""
WORKLOAD_NAMESPACES: Final = (
    NAMESPACE_MLFLOW,
    NAMESPACE_SPARK,
    NAMESPACE_RAY,
    NAMESPACE_SERVING,
    NAMESPACE_NOTEBOOKS,
)

CONTRACT_CONFIG_MAP: Final = "platform-contract"
"""ConfigMap in every workload namespace; its key is `CONTRACT_FILE`."""
CONTRACT_FILE: Final = "contract.json"
CONTRACT_MOUNT: Final = "/etc/mlplatform"
MODELS_MOUNT: Final = "/mnt/models"
NOTEBOOKS_MOUNT: Final = "/mnt/notebooks"

DATABASES: Final = {"mlflow": "mlflow", "airflow": "airflow", "metastore": "metastore"}
"""Purpose → database, and the user that owns it."""

TOPICS: Final = {"flights": 6}
"""Kafka topic → partitions, of which there can be more later and never fewer. What else they are the brokers' defaults
say."""

LAKE_AREAS: Final = ("raw", "features", "quarantine", "predictions", "artifacts", "ray", "spark-fallback", "emr")
"""Prefixes of the lake's bucket."""


def lake_secret(service_account: str) -> str:
    """Secret of an account, in its namespace: what the SDKs of AWS read in its pods, where no cloud tells them."""
    return f"lake-{service_account}"


@dataclass(frozen=True)
class Names:
    """The physical names of one environment."""

    environment: str
    account_id: str
    region: str

    @property
    def platform(self) -> str:
        """``mlplatform-<env>``: cluster, database, file system and what hangs on them."""
        return f"{PLATFORM}-{self.environment}"

    def bucket(self, use: str) -> str:
        """A bucket's name, unique in the world by account and region; at most 63 characters."""
        return f"{self.platform}-{use}-{self.account_id}-{self.region}"

    def repository(self, image: str) -> str:
        """An ECR repository's name."""
        return f"{self.platform}/{image}"

    def log_group(self, what: str) -> str:
        """A CloudWatch log group's name."""
        return f"/{PLATFORM}/{self.environment}/{what}"


def service_address(service: str, namespace: str, port: int) -> str:
    """Address of a service inside the cluster, as an HTTP URL."""
    return f"http://{service}.{namespace}.svc.cluster.local:{port}"
