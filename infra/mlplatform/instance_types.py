"""The instance types that node groups and EMR may have, and what each offers.

Facts of the EC2 catalogue (DescribeInstanceTypes), frozen, so that nothing is looked up while planning; a test compares
every row with the copy of the catalogue that moto ships. A type that is missing here is added here first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from platform_contract.executor_profile import NodeShape, eks_allocatable_cpu_millicores, eks_allocatable_memory_mib

Architecture = Literal["amd64", "arm64"]

HIDDEN_MEMORY_SHARE: Final = 0.075
"""Part of an instance's memory that Linux never sees: the hypervisor's and the kernel's own. Karpenter assumes the same
share (its default of VM_MEMORY_OVERHEAD_PERCENT) for a type of which it has seen no node yet."""
BURSTABLE_FAMILIES: Final = ("t2", "t3", "t3a", "t4g")
"""EC2 user guide, "Burstable performance instances"; RDS and MSK name their sizes after them. A test compares them with
the catalogue of EC2."""
DAEMONS_CPU_MILLICORES: Final = 250
"""CPU that the pods on every node ask for: VPC CNI, kube-proxy, Pod Identity agent, EBS and EFS drivers, rounded up."""
DAEMONS_MEMORY_MIB: Final = 512
"""Their memory, rounded up."""
DAEMON_PODS: Final = 6
"""The pods themselves, of which each takes one of the kubelet's places: those five, and a device plugin."""
MOST_PODS: Final = 110
MOST_PODS_OF_LARGE: Final = 250
LARGE_VCPUS: Final = 30
"""EKS allows 110 pods on a node with fewer than 30 vCPUs and 250 on a larger one, however many addresses it has
(`max-pods-calculator.sh` of awslabs/amazon-eks-ami)."""
DISK_SYSTEM_GIB: Final = 10
"""Space on a node's disk for the operating system and the images, before pods get any."""
DISK_PODS_SHARE: Final = 0.9
"""The kubelet evicts pods when less than a tenth of the disk is free (its default `nodefs.available<10%`)."""


@dataclass(frozen=True, kw_only=True)
class InstanceTypeFacts:
    """One row of the catalogue."""

    name: str
    vcpus: int
    memory_mib: int
    """As the catalogue says; a node reports `HIDDEN_MEMORY_SHARE` less."""
    architecture: Architecture
    max_pods: int
    """Network interfaces x (IPv4 addresses of each - 1) + 2: the kubelet's limit without prefix delegation, and the
    number that nodeadm reserves memory for even where prefixes allow more pods."""
    disks: int
    """NVMe disks of its own."""
    disk_gb: int
    """Size of each, in GB (10**9 bytes), as the catalogue counts."""
    gpus: int
    burstable: bool
    """Whether its CPU is paid for with credits."""

    @property
    def local_disk_gib(self) -> int:
        """Space of all NVMe disks together (RAID 0), in GiB; 0 without any."""
        return self.disks * self.disk_gb * 10**9 // 2**30


@cache
def node_shape(facts: InstanceTypeFacts, disk_gib: int) -> NodeShape:
    """What a node of the type offers to the platform's pods, after the system and the pods on every node took theirs.

    Args:
        facts: the instance type.
        disk_gib: the disk that the kubelet's directory is on: root volume, or `local_disk_gib` when the group's
            `localDisks` are on (nodeadm then moves the kubelet's and containerd's directories onto the array).
    """
    shape = NodeShape.on_eks(
        facts.name,
        vcpus=facts.vcpus,
        memory_mib=int(facts.memory_mib * (1 - HIDDEN_MEMORY_SHARE)),
        max_pods=facts.max_pods,
        local_disk_gib=max(0, int(disk_gib * DISK_PODS_SHARE) - DISK_SYSTEM_GIB),
        architecture=facts.architecture,
    )
    return shape.model_copy(
        update={
            "allocatable_cpu_millicores": shape.allocatable_cpu_millicores - DAEMONS_CPU_MILLICORES,
            "allocatable_memory_mib": shape.allocatable_memory_mib - DAEMONS_MEMORY_MIB,
        }
    )


@dataclass(frozen=True)
class NodeCapacity:
    """What a node can give to all of its pods together, those of its own system among them."""

    cpu_millicores: int
    memory_mib: int
    max_pods: int | None
    """None where nobody has said it."""


def node_capacity(facts: InstanceTypeFacts) -> NodeCapacity:
    """The capacity of a node of the type."""
    return NodeCapacity(
        eks_allocatable_cpu_millicores(facts.vcpus),
        eks_allocatable_memory_mib(facts.memory_mib, facts.max_pods),
        facts.max_pods,
    )


def is_burstable(name: str) -> bool:
    """Of an instance type (``t3.large``), a class (``db.t3.large``) or a broker type (``kafka.t3.small``)."""
    return name.split(".")[-2] in BURSTABLE_FAMILIES


def max_pods(types: Sequence[InstanceTypeFacts]) -> int:
    """The kubelet's limit on a group's nodes: the least of their types, so that it does not depend on which one starts.

    nodeadm reserves memory for as many pods as the node's own type has addresses for, whatever this limit says; that
    number, `InstanceTypeFacts.max_pods`, is the one that `platform_contract.executor_profile` counts with.
    """
    return min(min(facts.max_pods, MOST_PODS if facts.vcpus < LARGE_VCPUS else MOST_PODS_OF_LARGE) for facts in types)


def _type(
    name: str,
    vcpus: int,
    memory_mib: int,
    architecture: Architecture,
    max_pods: int,
    *,
    disks: tuple[int, int] = (0, 0),
    gpus: int = 0,
    burstable: bool = False,
) -> InstanceTypeFacts:
    count, size = disks
    return InstanceTypeFacts(
        name=name,
        vcpus=vcpus,
        memory_mib=memory_mib,
        architecture=architecture,
        max_pods=max_pods,
        disks=count,
        disk_gb=size,
        gpus=gpus,
        burstable=burstable,
    )


# name, vCPUs, MiB, architecture, pods, disks: (count, GB of each)
_ROWS: Final = (
    _type("t3.medium", 2, 4096, "amd64", 17, burstable=True),
    _type("t3.large", 2, 8192, "amd64", 35, burstable=True),
    _type("t3.xlarge", 4, 16384, "amd64", 58, burstable=True),
    _type("t3.2xlarge", 8, 32768, "amd64", 58, burstable=True),
    _type("t3a.medium", 2, 4096, "amd64", 17, burstable=True),
    _type("t3a.large", 2, 8192, "amd64", 35, burstable=True),
    _type("t3a.xlarge", 4, 16384, "amd64", 58, burstable=True),
    _type("t3a.2xlarge", 8, 32768, "amd64", 58, burstable=True),
    _type("t4g.medium", 2, 4096, "arm64", 17, burstable=True),
    _type("t4g.large", 2, 8192, "arm64", 35, burstable=True),
    _type("t4g.xlarge", 4, 16384, "arm64", 58, burstable=True),
    _type("t4g.2xlarge", 8, 32768, "arm64", 58, burstable=True),
    _type("m6i.large", 2, 8192, "amd64", 29),
    _type("m6i.xlarge", 4, 16384, "amd64", 58),
    _type("m6i.2xlarge", 8, 32768, "amd64", 58),
    _type("m6i.4xlarge", 16, 65536, "amd64", 234),
    _type("m6i.8xlarge", 32, 131072, "amd64", 234),
    _type("m6a.large", 2, 8192, "amd64", 29),
    _type("m6a.xlarge", 4, 16384, "amd64", 58),
    _type("m6a.2xlarge", 8, 32768, "amd64", 58),
    _type("m6a.4xlarge", 16, 65536, "amd64", 234),
    _type("m6a.8xlarge", 32, 131072, "amd64", 234),
    _type("m7i.large", 2, 8192, "amd64", 29),
    _type("m7i.xlarge", 4, 16384, "amd64", 58),
    _type("m7i.2xlarge", 8, 32768, "amd64", 58),
    _type("m7i.4xlarge", 16, 65536, "amd64", 234),
    _type("m7i.8xlarge", 32, 131072, "amd64", 234),
    _type("m7a.large", 2, 8192, "amd64", 29),
    _type("m7a.xlarge", 4, 16384, "amd64", 58),
    _type("m7a.2xlarge", 8, 32768, "amd64", 58),
    _type("m7a.4xlarge", 16, 65536, "amd64", 234),
    _type("m7a.8xlarge", 32, 131072, "amd64", 234),
    _type("m6g.large", 2, 8192, "arm64", 29),
    _type("m6g.xlarge", 4, 16384, "arm64", 58),
    _type("m6g.2xlarge", 8, 32768, "arm64", 58),
    _type("m6g.4xlarge", 16, 65536, "arm64", 234),
    _type("m6g.8xlarge", 32, 131072, "arm64", 234),
    _type("m7g.large", 2, 8192, "arm64", 29),
    _type("m7g.xlarge", 4, 16384, "arm64", 58),
    _type("m7g.2xlarge", 8, 32768, "arm64", 58),
    _type("m7g.4xlarge", 16, 65536, "arm64", 234),
    _type("m7g.8xlarge", 32, 131072, "arm64", 234),
    _type("m8g.large", 2, 8192, "arm64", 29),
    _type("m8g.xlarge", 4, 16384, "arm64", 58),
    _type("m8g.2xlarge", 8, 32768, "arm64", 58),
    _type("m8g.4xlarge", 16, 65536, "arm64", 234),
    _type("m8g.8xlarge", 32, 131072, "arm64", 234),
    _type("c6i.large", 2, 4096, "amd64", 29),
    _type("c6i.xlarge", 4, 8192, "amd64", 58),
    _type("c6i.2xlarge", 8, 16384, "amd64", 58),
    _type("c6i.4xlarge", 16, 32768, "amd64", 234),
    _type("c6i.8xlarge", 32, 65536, "amd64", 234),
    _type("c6a.large", 2, 4096, "amd64", 29),
    _type("c6a.xlarge", 4, 8192, "amd64", 58),
    _type("c6a.2xlarge", 8, 16384, "amd64", 58),
    _type("c6a.4xlarge", 16, 32768, "amd64", 234),
    _type("c6a.8xlarge", 32, 65536, "amd64", 234),
    _type("c7i.large", 2, 4096, "amd64", 29),
    _type("c7i.xlarge", 4, 8192, "amd64", 58),
    _type("c7i.2xlarge", 8, 16384, "amd64", 58),
    _type("c7i.4xlarge", 16, 32768, "amd64", 234),
    _type("c7i.8xlarge", 32, 65536, "amd64", 234),
    _type("c7a.large", 2, 4096, "amd64", 29),
    _type("c7a.xlarge", 4, 8192, "amd64", 58),
    _type("c7a.2xlarge", 8, 16384, "amd64", 58),
    _type("c7a.4xlarge", 16, 32768, "amd64", 234),
    _type("c7a.8xlarge", 32, 65536, "amd64", 234),
    _type("c6g.large", 2, 4096, "arm64", 29),
    _type("c6g.xlarge", 4, 8192, "arm64", 58),
    _type("c6g.2xlarge", 8, 16384, "arm64", 58),
    _type("c6g.4xlarge", 16, 32768, "arm64", 234),
    _type("c6g.8xlarge", 32, 65536, "arm64", 234),
    _type("c7g.large", 2, 4096, "arm64", 29),
    _type("c7g.xlarge", 4, 8192, "arm64", 58),
    _type("c7g.2xlarge", 8, 16384, "arm64", 58),
    _type("c7g.4xlarge", 16, 32768, "arm64", 234),
    _type("c7g.8xlarge", 32, 65536, "arm64", 234),
    _type("r6i.large", 2, 16384, "amd64", 29),
    _type("r6i.xlarge", 4, 32768, "amd64", 58),
    _type("r6i.2xlarge", 8, 65536, "amd64", 58),
    _type("r6i.4xlarge", 16, 131072, "amd64", 234),
    _type("r6i.8xlarge", 32, 262144, "amd64", 234),
    _type("r6a.large", 2, 16384, "amd64", 29),
    _type("r6a.xlarge", 4, 32768, "amd64", 58),
    _type("r6a.2xlarge", 8, 65536, "amd64", 58),
    _type("r6a.4xlarge", 16, 131072, "amd64", 234),
    _type("r6a.8xlarge", 32, 262144, "amd64", 234),
    _type("r7i.large", 2, 16384, "amd64", 29),
    _type("r7i.xlarge", 4, 32768, "amd64", 58),
    _type("r7i.2xlarge", 8, 65536, "amd64", 58),
    _type("r7i.4xlarge", 16, 131072, "amd64", 234),
    _type("r7i.8xlarge", 32, 262144, "amd64", 234),
    _type("r6g.large", 2, 16384, "arm64", 29),
    _type("r6g.xlarge", 4, 32768, "arm64", 58),
    _type("r6g.2xlarge", 8, 65536, "arm64", 58),
    _type("r6g.4xlarge", 16, 131072, "arm64", 234),
    _type("r6g.8xlarge", 32, 262144, "arm64", 234),
    _type("r7g.large", 2, 16384, "arm64", 29),
    _type("r7g.xlarge", 4, 32768, "arm64", 58),
    _type("r7g.2xlarge", 8, 65536, "arm64", 58),
    _type("r7g.4xlarge", 16, 131072, "arm64", 234),
    _type("r7g.8xlarge", 32, 262144, "arm64", 234),
    _type("m6id.large", 2, 8192, "amd64", 29, disks=(1, 118)),
    _type("m6id.xlarge", 4, 16384, "amd64", 58, disks=(1, 237)),
    _type("m6id.2xlarge", 8, 32768, "amd64", 58, disks=(1, 474)),
    _type("m6id.4xlarge", 16, 65536, "amd64", 234, disks=(1, 950)),
    _type("m6id.8xlarge", 32, 131072, "amd64", 234, disks=(1, 1900)),
    _type("c6id.large", 2, 4096, "amd64", 29, disks=(1, 118)),
    _type("c6id.xlarge", 4, 8192, "amd64", 58, disks=(1, 237)),
    _type("c6id.2xlarge", 8, 16384, "amd64", 58, disks=(1, 474)),
    _type("c6id.4xlarge", 16, 32768, "amd64", 234, disks=(1, 950)),
    _type("c6id.8xlarge", 32, 65536, "amd64", 234, disks=(1, 1900)),
    _type("r6id.large", 2, 16384, "amd64", 29, disks=(1, 118)),
    _type("r6id.xlarge", 4, 32768, "amd64", 58, disks=(1, 237)),
    _type("r6id.2xlarge", 8, 65536, "amd64", 58, disks=(1, 474)),
    _type("r6id.4xlarge", 16, 131072, "amd64", 234, disks=(1, 950)),
    _type("r6id.8xlarge", 32, 262144, "amd64", 234, disks=(1, 1900)),
    _type("m6gd.large", 2, 8192, "arm64", 29, disks=(1, 118)),
    _type("m6gd.xlarge", 4, 16384, "arm64", 58, disks=(1, 237)),
    _type("m6gd.2xlarge", 8, 32768, "arm64", 58, disks=(1, 474)),
    _type("m6gd.4xlarge", 16, 65536, "arm64", 234, disks=(1, 950)),
    _type("m6gd.8xlarge", 32, 131072, "arm64", 234, disks=(1, 1900)),
    _type("m7gd.large", 2, 8192, "arm64", 29, disks=(1, 118)),
    _type("m7gd.xlarge", 4, 16384, "arm64", 58, disks=(1, 237)),
    _type("m7gd.2xlarge", 8, 32768, "arm64", 58, disks=(1, 474)),
    _type("m7gd.4xlarge", 16, 65536, "arm64", 234, disks=(1, 950)),
    _type("m7gd.8xlarge", 32, 131072, "arm64", 234, disks=(1, 1900)),
    _type("c7gd.large", 2, 4096, "arm64", 29, disks=(1, 118)),
    _type("c7gd.xlarge", 4, 8192, "arm64", 58, disks=(1, 237)),
    _type("c7gd.2xlarge", 8, 16384, "arm64", 58, disks=(1, 474)),
    _type("c7gd.4xlarge", 16, 32768, "arm64", 234, disks=(1, 950)),
    _type("c7gd.8xlarge", 32, 65536, "arm64", 234, disks=(1, 1900)),
    _type("r7gd.large", 2, 16384, "arm64", 29, disks=(1, 118)),
    _type("r7gd.xlarge", 4, 32768, "arm64", 58, disks=(1, 237)),
    _type("r7gd.2xlarge", 8, 65536, "arm64", 58, disks=(1, 474)),
    _type("r7gd.4xlarge", 16, 131072, "arm64", 234, disks=(1, 950)),
    _type("r7gd.8xlarge", 32, 262144, "arm64", 234, disks=(1, 1900)),
    _type("m5d.large", 2, 8192, "amd64", 29, disks=(1, 75)),
    _type("m5d.xlarge", 4, 16384, "amd64", 58, disks=(1, 150)),
    _type("m5d.2xlarge", 8, 32768, "amd64", 58, disks=(1, 300)),
    _type("m5d.4xlarge", 16, 65536, "amd64", 234, disks=(2, 300)),
    _type("m5d.8xlarge", 32, 131072, "amd64", 234, disks=(2, 600)),
    _type("r5d.large", 2, 16384, "amd64", 29, disks=(1, 75)),
    _type("r5d.xlarge", 4, 32768, "amd64", 58, disks=(1, 150)),
    _type("r5d.2xlarge", 8, 65536, "amd64", 58, disks=(1, 300)),
    _type("r5d.4xlarge", 16, 131072, "amd64", 234, disks=(2, 300)),
    _type("r5d.8xlarge", 32, 262144, "amd64", 234, disks=(2, 600)),
    _type("i4i.large", 2, 16384, "amd64", 29, disks=(1, 468)),
    _type("i4i.xlarge", 4, 32768, "amd64", 58, disks=(1, 937)),
    _type("i4i.2xlarge", 8, 65536, "amd64", 58, disks=(1, 1875)),
    _type("i4i.4xlarge", 16, 131072, "amd64", 234, disks=(1, 3750)),
    _type("i4i.8xlarge", 32, 262144, "amd64", 234, disks=(2, 3750)),
    _type("g4dn.xlarge", 4, 16384, "amd64", 29, disks=(1, 125), gpus=1),
    _type("g4dn.2xlarge", 8, 32768, "amd64", 29, disks=(1, 225), gpus=1),
    _type("g4dn.4xlarge", 16, 65536, "amd64", 29, disks=(1, 225), gpus=1),
    _type("g4dn.8xlarge", 32, 131072, "amd64", 58, disks=(1, 900), gpus=1),
    _type("g5.xlarge", 4, 16384, "amd64", 58, disks=(1, 250), gpus=1),
    _type("g5.2xlarge", 8, 32768, "amd64", 58, disks=(1, 450), gpus=1),
    _type("g5.4xlarge", 16, 65536, "amd64", 234, disks=(1, 600), gpus=1),
    _type("g5.8xlarge", 32, 131072, "amd64", 234, disks=(1, 900), gpus=1),
    _type("g6.xlarge", 4, 16384, "amd64", 58, disks=(1, 250), gpus=1),
    _type("g6.2xlarge", 8, 32768, "amd64", 58, disks=(1, 450), gpus=1),
    _type("g6.4xlarge", 16, 65536, "amd64", 234, disks=(1, 600), gpus=1),
    _type("g6.8xlarge", 32, 131072, "amd64", 234, disks=(2, 450), gpus=1),
)

INSTANCE_TYPES: Final[Mapping[str, InstanceTypeFacts]] = {row.name: row for row in _ROWS}
"""Name → facts."""
