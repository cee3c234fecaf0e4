"""Where the cluster keeps its files, and its addresses, ports and nodes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAMS: Final = ROOT / ".local" / "toolchain" / "bin"
SHARE: Final = PROGRAMS.with_name("share")
BASE: Final = ROOT / ".local" / "localcluster"
KUBECONFIG: Final = BASE / "kubeconfig"
CONTEXT: Final = "local"
LABEL: Final = "mlplatform.io/service-type"
SERVER_ADDRESS: Final = "10.99.0.100"
DNS_ADDRESS: Final = "10.99.0.101"
SERVICE_RANGE: Final = "10.96.0.0/16"
PODS_RANGE: Final = "10.244.0.0/16"
POLICIES_CHAIN: Final = "MLPLATFORM-POLICIES"
DNS_SERVICE: Final = "10.96.0.10"
API_PORT: Final = 6443
ETCD_PORT: Final = 12379
ETCD_PEER_PORT: Final = 12380
REGISTRY_PORT: Final = 5000
VOLUMES: Final = ("lake", "models", "notebooks", "database", "kafka")


class LocalClusterError(Exception):
    """What a person can mend, as a sentence."""


@dataclass(frozen=True)
class Node:
    """One kubelet with a containerd of its own."""

    service_type: str
    number: int
    memory_gib: int
    """What it promises to pods; the rest of the machine is reserved."""
    ordinal: int = 1
    """Which of its service type's nodes it is."""

    @property
    def key(self) -> str:
        """Its service type, with a number from the second node on."""
        return self.service_type if self.ordinal == 1 else f"{self.service_type}-{self.ordinal}"

    @property
    def name(self) -> str:
        return f"local-{self.key}"

    @property
    def address(self) -> str:
        return f"10.99.0.{self.number}"

    @property
    def bridge(self) -> str:
        return f"cni{self.number}"

    @property
    def folder(self) -> Path:
        return BASE / "nodes" / self.name

    @property
    def socket(self) -> Path:
        return self.folder / "containerd.sock"

    @property
    def taint(self) -> dict[str, str]:
        """As `mlplatform.service_types` has it."""
        key, value = ("CriticalAddonsOnly", "true") if self.service_type == "system" else (LABEL, self.service_type)
        return {"key": key, "value": value, "effect": "NoSchedule"}


NODES: Final = (
    Node("system", 1, 4),
    Node("spark-driver", 2, 3),
    Node("spark-executor", 3, 4),
    Node("ray", 4, 6),
    Node("serving", 5, 4),
    Node("system", 6, 4, ordinal=2),
    Node("ray", 7, 6, ordinal=2),
)
"""As many of each service type as ``Pulumi.local.yaml`` wants (a test compares the two)."""
