"""The environment `local`: the same services on any Kubernetes, with stand-ins in pods for what AWS has."""

from __future__ import annotations

from typing import Annotated, Literal

from platform_contract.executor_profile import NodeShape
from pydantic import Field, SecretStr

from mlplatform.config.base import Section
from mlplatform.config.workload_sections import (
    MOST_CPUS,
    MOST_DISK_GIB,
    MOST_MEMORY_MIB,
    Images,
    Mlflow,
    Ray,
    Serving,
    Spark,
)
from mlplatform.instance_types import DAEMON_PODS, MOST_PODS, NodeCapacity

_HOST = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_PATH = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = rf"{_HOST}(\.{_HOST})*(:[0-9]{{1,5}})?(/{_PATH})*"
"""Host, port and path of a registry (the grammar of github.com/distribution/reference)."""

ImageReference = Annotated[
    str,
    Field(
        pattern=rf"^{_REPOSITORY}(:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?@sha256:[0-9a-f]{{64}}$",
        max_length=400,
        examples=[f"localhost:5000/mlplatform/postgresql@sha256:{'0123456789abcdef' * 4}"],
    ),
]


MOST_LOCAL_NODES = 1000


class Nodes(Section):
    """The nodes of one service type: what pods may ask of each. Their labels and taints are the platform's own."""

    cpu_millicores: int = Field(ge=100, le=MOST_CPUS * 1000)
    """CPU that pods may ask for on a node, in millicores."""
    memory_mib: int = Field(ge=256, le=MOST_MEMORY_MIB)
    """Memory that pods may ask for on a node, in MiB."""
    max_size: int = Field(default=1, ge=0, le=MOST_LOCAL_NODES)
    """Nodes that there are; 0 turns the service type off."""

    @property
    def enabled(self) -> bool:
        """Whether there are any."""
        return self.max_size > 0

    @property
    def min_size(self) -> int:
        """Nothing starts or ends nodes here."""
        return self.max_size

    @property
    def largest_size(self) -> int:
        """More are a slip."""
        return MOST_LOCAL_NODES

    @property
    def places(self) -> int:
        """What the kubelet's own default, 110, leaves."""
        return MOST_PODS - DAEMON_PODS

    @property
    def is_known(self) -> bool:
        """Whether there are any: what they offer is what the file says."""
        return self.enabled

    @property
    def shapes(self) -> tuple[NodeShape, ...]:
        """All are alike; of disks the file says something where shuffle files are."""
        return (self._shape(local_disk_gib=0),)

    def _shape(self, local_disk_gib: int) -> NodeShape:
        return NodeShape(
            name="a node",
            allocatable_cpu_millicores=self.cpu_millicores,
            allocatable_memory_mib=self.memory_mib,
            local_disk_gib=local_disk_gib,
        )

    @property
    def capacities(self) -> tuple[NodeCapacity, ...]:
        """How many pods the kubelet takes, the file does not say."""
        return (NodeCapacity(self.cpu_millicores, self.memory_mib, max_pods=None),)


class ExecutorNodes(Nodes):
    """Nodes on which shuffle files are written."""

    disk_gib: int = Field(default=20, ge=1, le=MOST_DISK_GIB)
    """Space for emptyDir volumes on a node, in GiB."""

    @property
    def shapes(self) -> tuple[NodeShape, ...]:
        """All are alike."""
        return (self._shape(local_disk_gib=self.disk_gib),)


class LocalNodeGroups(Section):
    """The cluster's nodes, by service type."""

    system: Nodes
    """MLflow, the database, the broker and the object store."""
    spark_driver: Nodes
    """Drivers in client mode."""
    spark_executor: ExecutorNodes
    """Executors."""
    ray: Nodes
    """Ray's head and workers."""
    serving: Nodes
    """Model and wrapping APIs."""
    notebook: Nodes = Nodes(cpu_millicores=100, memory_mib=256, max_size=0)
    """Notebook servers."""


class StandIns(Section):
    """Images of what AWS has as services; none until it is built."""

    postgresql: ImageReference | None = None
    """In place of RDS: an image with PostgreSQL's programs on its path."""
    object_store: ImageReference | None = None
    """In place of S3: an image with Versity's gateway on its path."""
    kafka: ImageReference | None = None
    """In place of MSK: an image with Java on its path and Kafka in /opt/kafka. Without it there is no Kafka."""


class InCluster(Section):
    """What the environment stands on."""

    context: str | None = None
    """Context of the kubeconfig; none for its current one."""
    folder: str = Field(pattern=r"^(/\.?[A-Za-z0-9_-][A-Za-z0-9._-]*)+$", max_length=200, examples=["/srv/mlplatform"])
    """A folder that is the same on every node, with the folders lake, models, notebooks, database and kafka in it that
    user 1000 may write to."""
    registry: str = Field(pattern=rf"^{_REPOSITORY}$", max_length=200, examples=["localhost:5000/mlplatform"])
    """Where the nodes pull the workloads' images from."""
    password_seed: SecretStr = Field(min_length=16, max_length=1000)
    """What all passwords of the environment are derived from: `pulumi config set --secret`."""
    stand_ins: StandIns = StandIns()
    """Images of the database, the object store and the broker."""
    kube_ray: Literal["none", "present", "chart"] = "none"
    """Where KubeRay's operator comes from: the cluster has it already, or its chart is installed. Without it the Ray
    cluster always has all of its workers."""


class LocalConfig(Section):
    """All of ``Pulumi.local.yaml``: each field is one key ``mlplatform:<key>``; made as `PlatformConfig` is."""

    environment: Literal["local"] = Field(exclude=True)
    """The stack's name; not a key of the file."""
    in_cluster: InCluster
    """What the environment stands on."""
    node_groups: LocalNodeGroups
    """The nodes, by service type."""
    mlflow: Mlflow = Mlflow()
    """The tracking server."""
    ray: Ray
    """The Ray cluster."""
    spark: Spark
    """Spark's driver and executors."""
    serving: Serving = Serving()
    """The serving deployments."""
    images: Images = Images()
    """Digests of the workloads' images."""
