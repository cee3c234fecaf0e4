"""The size of a Spark executor, and whether a node can hold it.

All memory is in MiB (2**20 bytes), all CPU of a node in millicores, as Kubernetes counts them.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from platform_contract.base import Frozen, Location, MountedPath

Mebibytes = Annotated[int, Field(ge=0)]

# Spark refuses a heap below 1.5 times its reserved 300 MiB (UnifiedMemoryManager.RESERVED_SYSTEM_MEMORY_BYTES).
SMALLEST_HEAP_MIB = 450


def eks_allocatable_memory_mib(capacity_mib: int, max_pods: int) -> int:
    """Memory that pods of an EKS node may ask for.

    EKS reserves ``11 MiB x pods + 255 MiB`` for the kubelet and the runtime, and evicts below 100 MiB free
    (source: awslabs/amazon-eks-ami, nodeadm's kubelet defaults).
    """
    return capacity_mib - (11 * max_pods + 255) - 100


def eks_allocatable_cpu_millicores(vcpus: int) -> int:
    """CPU that pods of an EKS node may ask for.

    EKS reserves 6 % of the first core, 1 % of the second, 0.5 % of the third and fourth and 0.25 % of each
    further one (source: awslabs/amazon-eks-ami, nodeadm's kubelet defaults).
    """
    reserved = 0.0
    for core in range(vcpus):
        reserved += 60 if core == 0 else 10 if core == 1 else 5 if core < 4 else 2.5
    return vcpus * 1000 - int(reserved)


class NodeShape(Frozen):
    """What one node of a node group offers to pods, after what the system keeps for itself."""

    name: str = Field(min_length=1, description="The instance type, or a name for this machine.")
    architecture: Literal["amd64", "arm64"] = "amd64"
    allocatable_cpu_millicores: int = Field(gt=0)
    allocatable_memory_mib: int = Field(gt=0)
    local_disk_gib: int = Field(ge=0, description="Space that emptyDir and hostPath volumes may use.")

    @classmethod
    def on_eks(
        cls,
        name: str,
        *,
        vcpus: int,
        memory_mib: int,
        max_pods: int,
        local_disk_gib: int,
        architecture: Literal["amd64", "arm64"] = "amd64",
    ) -> Self:
        """The shape of an EKS node of which the instance type's own size is known."""
        return cls(
            name=name,
            architecture=architecture,
            allocatable_cpu_millicores=eks_allocatable_cpu_millicores(vcpus),
            allocatable_memory_mib=eks_allocatable_memory_mib(memory_mib, max_pods),
            local_disk_gib=local_disk_gib,
        )


class EmptyDirVolume(Frozen):
    """Shuffle space on the node's own disk, gone with the pod."""

    kind: Literal["emptyDir"] = "emptyDir"
    size_gib: int = Field(gt=0)


class HostPathVolume(Frozen):
    """Shuffle space on a disk that the node mounts itself (an NVMe array)."""

    kind: Literal["hostPath"] = "hostPath"
    size_gib: int = Field(gt=0)
    path: MountedPath


class ClaimVolume(Frozen):
    """Shuffle space on a volume that Kubernetes makes for each executor and that outlives it."""

    kind: Literal["persistentVolumeClaim"] = "persistentVolumeClaim"
    size_gib: int = Field(gt=0)
    storage_class: str = Field(min_length=1)
    reuse: bool = Field(default=True, description="A new executor takes over the volume of one that died.")


LocalDirVolume = Annotated[EmptyDirVolume | HostPathVolume | ClaimVolume, Field(discriminator="kind")]


class Decommissioning(Frozen):
    """An executor on a node that is about to go hands its blocks to others first.

    The pod's grace period must end before the 120 seconds of a Spot interruption notice do.
    """

    grace_period_seconds: int = Field(default=110, gt=0, lt=120)
    fallback_storage: Location | None = Field(
        default=None, description="Where shuffle blocks go when no other executor can take them."
    )


class ExecutorProfile(Frozen):
    """The size and the behaviour of the executors of a Spark application.

    A profile names the node it is meant for; one that cannot fit that node is refused when it is read.
    """

    name: str = Field(min_length=1, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
    node: NodeShape

    cores: int = Field(gt=0, description="Task slots of an executor, and the CPU that its pod asks for.")
    heap_mib: int = Field(ge=SMALLEST_HEAP_MIB, description="The JVM's heap (spark.executor.memory).")
    overhead_mib: int = Field(ge=384, description="JVM metaspace, threads, native buffers (…memoryOverhead).")
    off_heap_mib: Mebibytes = Field(default=0, description="Tungsten's memory outside the heap; 0 turns it off.")
    pyspark_memory_mib: Mebibytes = Field(default=0, description="Python workers; 0 leaves them in the overhead.")
    local_dir: LocalDirVolume

    instances: int = Field(default=2, gt=0, description="Executors to start with.")
    max_instances: int | None = Field(
        default=None, gt=0, description="Upper bound of dynamic allocation; none turns it off."
    )
    executor_idle_timeout_seconds: int = Field(default=60, gt=0)
    allocation_batch_size: int = Field(default=10, gt=0, description="Pods asked for at a time.")
    allocation_batch_delay_seconds: int = Field(default=1, gt=0)
    executor_creation_timeout_seconds: int = Field(
        default=600, gt=0, description="How long a pod that was asked for may take to register."
    )
    min_registered_resources_ratio: float = Field(
        default=0.8, gt=0, le=1, description="Part of the executors that must be there before the first task runs."
    )
    max_registered_resources_waiting_seconds: int = Field(
        default=300, gt=0, description="After this long, tasks run with what there is. A node takes minutes to start."
    )
    decommissioning: Decommissioning | None = None

    @property
    def pod_memory_mib(self) -> int:
        """The memory limit of an executor's pod: heap + overhead + off-heap + Python workers."""
        return self.heap_mib + self.overhead_mib + self.off_heap_mib + self.pyspark_memory_mib

    @model_validator(mode="after")
    def _fits_its_node(self) -> Self:
        node, faults = self.node, []
        if self.pod_memory_mib > node.allocatable_memory_mib:
            faults.append(
                f"an executor pod needs {self.pod_memory_mib} MiB (heap {self.heap_mib} + overhead {self.overhead_mib}"
                f" + off-heap {self.off_heap_mib} + pyspark {self.pyspark_memory_mib}), but {node.name} can allocate"
                f" {node.allocatable_memory_mib} MiB: lower heap_mib or choose a larger node"
            )
        if self.cores * 1000 > node.allocatable_cpu_millicores:
            faults.append(
                f"an executor pod needs {self.cores * 1000} millicores, but {node.name} can allocate"
                f" {node.allocatable_cpu_millicores}: lower cores or choose a larger node"
            )
        if self.local_dir.kind != "persistentVolumeClaim" and self.local_dir.size_gib > node.local_disk_gib:
            faults.append(
                f"a shuffle volume of {self.local_dir.size_gib} GiB ({self.local_dir.kind}) does not fit the"
                f" {node.local_disk_gib} GiB of local disk of {node.name}: lower local_dir.size_gib or use a"
                " persistentVolumeClaim"
            )
        if self.max_instances is not None and self.max_instances < self.instances:
            faults.append(
                f"max_instances ({self.max_instances}) is below instances ({self.instances}): raise it or leave it out"
            )
        if faults:
            raise ValueError(f"profile {self.name!r}: " + "; ".join(faults))
        return self
