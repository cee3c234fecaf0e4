"""The sections of ``Pulumi.<env>.yaml`` that describe what runs on an environment."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from mlplatform.config.base import ImageDigest, Section, Title

MOST_CPUS: Final = 1000
MOST_MEMORY_GIB: Final = 4096
MOST_MEMORY_MIB: Final = MOST_MEMORY_GIB * 1024
MOST_DISK_GIB: Final = 16384
"""No node, and no volume of AWS' general-purpose disks, was larger for a long time: what is above is a slip."""
MOST_PODS: Final = 10_000
MOST_SECONDS: Final = 7 * 24 * 3600

KubernetesName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", examples=["cpu-medium"])]


class Mlflow(Section):
    """The tracking server."""

    replicas: int = Field(default=1, ge=1, le=10)
    """Pods of the server; it keeps its state in the database and the lake."""
    experiment: Title = "flight-delay"
    """The experiment that training writes to."""
    registered_model: Title = "flight-delay"
    """The model that training registers."""


class RayWorkerGroup(Section):
    """Ray workers of one size."""

    name: KubernetesName
    """Distinct among the groups."""
    cpu: int = Field(ge=1, le=MOST_CPUS)
    """CPUs of a worker's pod: request and limit."""
    memory_gib: int = Field(ge=1, le=MOST_MEMORY_GIB)
    """Memory of a worker's pod in GiB: request and limit."""
    min_workers: int = Field(default=0, ge=0, le=1000)
    """Workers that are always there."""
    max_workers: int = Field(ge=1, le=1000)
    """Workers at most; Ray's autoscaler asks for them."""


class Ray(Section):
    """The Ray cluster, and what training asks of it."""

    head_cpu: int = Field(default=2, ge=1, le=MOST_CPUS)
    """CPUs of the head's pod; it runs no tasks."""
    head_memory_gib: int = Field(default=8, ge=2, le=MOST_MEMORY_GIB)
    """Memory of the head's pod, in GiB."""
    worker_groups: Annotated[tuple[RayWorkerGroup, ...], Field(min_length=1)]
    """One for each size of worker."""
    idle_timeout_seconds: int = Field(default=120, ge=30, le=MOST_SECONDS)
    """After this long without work a worker ends."""
    training_workers: int = Field(default=1, ge=1, le=1000)
    """Workers of a training."""
    training_cpus_per_worker: int = Field(default=2, ge=1, le=MOST_CPUS)
    """Threads of each training worker."""


class EmptyDir(Section):
    """Shuffle files on the node's root volume."""

    kind: Literal["emptyDir"] = "emptyDir"
    """Which of the three kinds of space it is: emptyDir, localDisk or claim."""
    size_gib: int = Field(gt=0, le=MOST_DISK_GIB)
    """Space of each executor, in GiB."""


class LocalDisk(Section):
    """Shuffle files on the node's NVMe array."""

    kind: Literal["localDisk"] = "localDisk"
    """Which of the three kinds of space it is: emptyDir, localDisk or claim."""
    size_gib: int = Field(gt=0, le=MOST_DISK_GIB)
    """Space of each executor, in GiB."""


class Claim(Section):
    """Shuffle files on an EBS volume that is made for each executor and outlives it."""

    kind: Literal["claim"] = "claim"
    """Which of the three kinds of space it is: emptyDir, localDisk or claim."""
    size_gib: int = Field(gt=0, le=MOST_DISK_GIB)
    """Space of each executor, in GiB."""


class Decommissioning(Section):
    """An executor on a node that is taken away hands its blocks to others first."""

    grace_period_seconds: int = Field(default=110, gt=0, lt=120)
    """Seconds the pod has; must end before the 120 of a spot interruption notice do."""
    fallback_storage: bool = True
    """Whether shuffle blocks that no other executor takes go to the lake."""


class Executor(Section):
    """Size and behaviour of Spark's executors; must fit every instance type of the node group `sparkExecutor`."""

    cores: int = Field(default=3, gt=0, le=MOST_CPUS)
    """Task slots, and CPUs that the pod asks for."""
    heap_mib: int = Field(default=6144, ge=450, le=MOST_MEMORY_MIB)
    """The JVM's heap, in MiB."""
    overhead_mib: int = Field(default=1024, ge=384, le=MOST_MEMORY_MIB)
    """Metaspace, threads and native buffers, in MiB."""
    off_heap_mib: int = Field(default=1024, ge=0, le=MOST_MEMORY_MIB)
    """Tungsten's memory outside the heap, in MiB; 0 turns it off."""
    pyspark_memory_mib: int = Field(default=2048, ge=0, le=MOST_MEMORY_MIB)
    """Python workers, in MiB; 0 leaves them in the overhead."""
    local_dir: Annotated[EmptyDir | LocalDisk | Claim, Field(discriminator="kind")]
    """Where shuffle files go."""
    instances: int = Field(default=2, gt=0, le=MOST_PODS)
    """Executors to start with."""
    max_instances: int | None = Field(default=None, gt=0, le=MOST_PODS)
    """Upper bound of dynamic allocation; none turns it off."""
    allocation_batch_size: int = Field(default=20, gt=0, le=1000)
    """Pods that are asked for at a time."""
    min_registered_resources_ratio: float = Field(default=0.8, gt=0, le=1)
    """Part of the executors that must be there before the first task runs."""
    max_registered_resources_waiting_seconds: int = Field(default=300, gt=0, le=MOST_SECONDS)
    """After this long tasks run with what there is, in seconds; a node takes minutes to start."""
    decommissioning: Decommissioning | None = None
    """How an executor leaves a node that is taken away; spot needs it."""


class Spark(Section):
    """Spark in client mode: a driver's pod that asks Kubernetes for executors."""

    driver_memory_mib: int = Field(default=4096, ge=512, le=MOST_MEMORY_MIB)
    """The driver's heap, in MiB."""
    executor: Executor
    """The executors."""


class Service(Section):
    """One serving deployment."""

    enabled: bool = True
    """Whether it is deployed."""
    cpu_millicores: int = Field(default=1000, ge=100, le=MOST_CPUS * 1000)
    """CPU of a pod: request and limit, in millicores."""
    memory_mib: int = Field(default=2048, ge=512, le=MOST_MEMORY_MIB)
    """Memory of a pod: request and limit, in MiB."""
    min_replicas: int = Field(default=2, ge=1, le=MOST_PODS)
    """Pods that are always there; two survive the loss of a node."""
    max_replicas: int = Field(default=6, ge=1, le=MOST_PODS)
    """Pods at most."""
    target_cpu_percent: int = Field(default=60, ge=10, le=95)
    """The autoscaler adds pods above this share of the requested CPU."""


class Serving(Section):
    """The serving deployments of both patterns."""

    model_api: Service = Service()
    """Pattern A: the model embedded in the image."""
    flight_api_embedded: Service = Service()
    """Pattern A: the wrapping API that asks the model API."""
    flight_api_shared: Service = Service()
    """Pattern B: the wrapping API that serves the file on shared storage."""


class ImageBuild(Section):
    """How the workloads' images are built."""

    architecture: Literal["amd64", "arm64"] = "amd64"
    """The processor that images are built for: every node group that runs one has instance types of it."""


class Images(Section):
    """Digest of each workload's image in the environment's registry; none until it is built and pushed."""

    mlflow_tracking: ImageDigest | None = None
    """The MLflow server."""
    spark_preprocessing: ImageDigest | None = None
    """Driver and executors."""
    ray_training: ImageDigest | None = None
    """Ray's head and workers, and the driver of a training."""
    bento_model_api: ImageDigest | None = None
    """The model API, with the model in it."""
    bento_flight_api: ImageDigest | None = None
    """Both wrapping APIs."""
