"""The sections of ``Pulumi.<env>.yaml`` that describe what an environment stands on."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from platform_contract.executor_profile import NodeShape
from pydantic import Field

from mlplatform.config.base import (
    AccountId,
    Cidr,
    CostCentre,
    Email,
    InstanceType,
    LogRetentionDays,
    RoleArn,
    Section,
    TeamName,
)
from mlplatform.instance_types import DAEMON_PODS, INSTANCE_TYPES, NodeCapacity, max_pods, node_capacity, node_shape

MOST_NODES: Final = 450
"""Of a managed node group (EKS' quotas)."""


class Owner(Section):
    """Who the environment belongs to: what nobody but its owner can know."""

    account_id: AccountId
    """The AWS account. A provider that reaches another account refuses to work."""
    alert_email: Email
    """Gets alarms and budget warnings."""
    team: TeamName = "ml-platform"
    """Tag `owner` of every resource, by which a teardown's audit finds what is left."""
    cost_centre: CostCentre = "ml-platform"
    """Tag `cost-centre` of every resource."""


class Aws(Section):
    """The region and its zones."""

    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", examples=["eu-central-1"])
    """Where everything is."""
    zones: tuple[Annotated[str, Field(pattern=r"^[a-z]$", examples=["a"])], ...] = ("a", "b", "c")
    """Letters of the availability zones; subnets, brokers and databases spread over them."""


class Network(Section):
    """The VPC."""

    cidr: Cidr
    """The VPC's address range, from /16 to /18, private (RFC 1918). The address plan divides it."""
    nat_gateways: Literal["single", "perZone"] = "single"
    """One for all zones, or one in each: a zone's failure then stays in its zone."""
    interface_endpoints: tuple[Annotated[str, Field(pattern=r"^[a-z0-9.-]+$", examples=["ecr.api"])], ...] = (
        "ecr.api",
        "ecr.dkr",
        "sts",
        "logs",
        "secretsmanager",
        "eks-auth",
    )
    """AWS services that are reached inside the VPC, by the last part of their endpoint's name."""
    flow_log_retention_days: LogRetentionDays = 30
    """How long the VPC's flow logs are kept, in days."""


class Cluster(Section):
    """The EKS control plane."""

    endpoint_public_access: bool = False
    """Whether the Kubernetes API also answers outside the VPC, to `publicAccessCidrs` alone."""
    public_access_cidrs: tuple[Cidr, ...] = ()
    """From where the public endpoint answers."""
    admin_role_arns: tuple[RoleArn, ...] = ()
    """IAM roles that administer the cluster, beside the one that made it: EKS has entered that one itself."""
    viewer_role_arns: tuple[RoleArn, ...] = ()
    """IAM roles that may look at everything but secrets."""
    log_retention_days: LogRetentionDays = 30
    """How long control-plane logs are kept, in days."""
    deletion_protection: bool = False
    """Whether EKS refuses to delete the cluster."""


class NodeGroup(Section):
    """A managed node group. Its labels and taints follow from its service type."""

    enabled: bool = True
    """Whether the group exists."""
    instance_types: Annotated[tuple[InstanceType, ...], Field(min_length=1, max_length=20)]
    """Of one architecture and one size, in order of preference; several make spot capacity easier to find."""
    capacity_type: Literal["onDemand", "spot"] = "onDemand"
    """Spot is for what can be interrupted: executors and Ray workers."""
    min_size: int = Field(ge=0, le=MOST_NODES)
    """Nodes that are always there; 0 lets the autoscaler start the first one."""
    max_size: int = Field(ge=1, le=MOST_NODES)
    """Nodes at most; EKS allows 450 in a group."""
    disk_gib: int = Field(default=50, ge=20, le=16384)
    """The root volume (gp3, encrypted), in GiB. Holds images and, without local disks, shuffle files."""
    local_disks: bool = False
    """Whether the instance types' NVMe disks become one array (RAID 0) for shuffle files."""
    zone: Annotated[str, Field(pattern=r"^[a-z]$", examples=["a"])] | None = None
    """Letter of the only zone of its nodes; none for all zones, among which EC2 moves nodes as it sees fit."""

    @property
    def largest_size(self) -> int:
        """EKS' quota."""
        return MOST_NODES

    @property
    def places(self) -> int:
        """What the kubelet's limit leaves."""
        return max_pods([INSTANCE_TYPES[name] for name in self.instance_types]) - DAEMON_PODS

    @property
    def is_known(self) -> bool:
        """Whether the group exists, and each of its types is in `INSTANCE_TYPES`."""
        return self.enabled and all(name in INSTANCE_TYPES for name in self.instance_types)

    @property
    def shapes(self) -> tuple[NodeShape, ...]:
        """What a node of each of the instance types offers, in their order."""
        return tuple(
            node_shape(facts, facts.local_disk_gib if self.local_disks else self.disk_gib)
            for facts in (INSTANCE_TYPES[name] for name in self.instance_types)
        )

    @property
    def capacities(self) -> tuple[NodeCapacity, ...]:
        """What a node of each of the instance types gives to all of its pods."""
        return tuple(node_capacity(INSTANCE_TYPES[name]) for name in self.instance_types)


class NodeGroups(Section):
    """One node group for each service type: a pod of one type never lands on the nodes of another."""

    system: NodeGroup
    """CoreDNS, controllers, operators, MLflow."""
    spark_driver: NodeGroup
    """Drivers in client mode: on demand and in one zone, so that nothing but a fault ends a node with a driver on
    it."""
    spark_executor: NodeGroup
    """Executors."""
    ray: NodeGroup
    """Ray's head and workers."""
    serving: NodeGroup
    """Model and wrapping APIs."""
    notebook: NodeGroup
    """Notebook servers."""


class Lake(Section):
    """The S3 buckets."""

    noncurrent_version_days: int = Field(default=30, ge=1, le=3650)
    """How long an overwritten or deleted object can be brought back, in days."""
    quarantine_expiry_days: int = Field(default=90, ge=1, le=3650)
    """How long refused rows are kept, in days."""
    raw_to_infrequent_access_days: int = Field(default=90, ge=30, le=3650)
    """After how many days raw files move to cheaper storage; S3 wants at least 30."""


class SharedFiles(Section):
    """The EFS file system."""

    throughput_mode: Literal["elastic", "bursting"] = "elastic"
    """Elastic pays for what is read and written; bursting grows with what is stored."""
    backup: bool = True
    """Whether AWS Backup keeps a daily copy for 35 days."""
    infrequent_access_after_days: Literal[1, 7, 14, 30, 60, 90, 180, 270, 365] = 30
    """After how many days a file that nobody reads moves to cheaper storage."""


class Database(Section):
    """The RDS PostgreSQL of MLflow, Airflow and the Hive metastore."""

    instance_class: str = Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$", examples=["db.t4g.medium"])
    """Size of the instance, with AWS's prefix db."""
    storage_gib: int = Field(default=50, ge=20, le=59578)
    """Storage to start with, in GiB (gp3, encrypted). RDS has 65536 at most, and wants a tenth to grow by."""
    max_storage_gib: int = Field(default=200, ge=20, le=65536)
    """How far the storage grows by itself, in GiB; RDS wants 10 % above `storageGib`."""
    multi_zone: bool = False
    """Whether a standby in another zone takes over when the first fails."""
    backup_retention_days: int = Field(default=7, ge=1, le=35)
    """How far back a restore to a point in time can go, in days."""
    deletion_protection: bool = False
    """Whether RDS refuses to delete the instance."""
    performance_insights_retention_days: Literal[7, 31, 62, 93, 186, 372, 731] = 7
    """How long Performance Insights keeps what it saw, in days; 7 are free."""
    owns_os_metrics_log_group: bool = True
    """Whether this stack makes the log group RDSOSMetrics, of which an account has one in a region."""
    log_retention_days: LogRetentionDays = 30
    """How long the server's logs are kept, in days."""


class Kafka(Section):
    """The MSK cluster."""

    enabled: bool = True
    """Whether the environment has brokers."""
    instance_type: str = Field(
        default="kafka.t3.small", pattern=r"^kafka\.[a-z0-9]+\.[a-z0-9]+$", examples=["kafka.m7g.large"]
    )
    """Size of a broker, with AWS's prefix kafka."""
    brokers: int = Field(default=3, ge=2, le=30)
    """All brokers; a multiple of the number of zones."""
    storage_gib: int = Field(default=50, ge=1, le=16384)
    """Volume of each broker, in GiB."""
    max_storage_gib: int = Field(default=200, ge=1, le=16384)
    """How far the volumes grow by themselves, in GiB; MSK never shrinks them."""
    retention_hours: int = Field(default=168, ge=1, le=8760)
    """How long a topic keeps events unless it says otherwise, in hours."""
    monitoring: Literal["DEFAULT", "PER_BROKER", "PER_TOPIC_PER_BROKER"] = "PER_BROKER"
    """Detail of CloudWatch metrics; each step costs more."""
    log_retention_days: LogRetentionDays = 30
    """How long broker logs are kept, in days."""


class Emr(Section):
    """EMR on EC2 for heavy batch, and the virtual cluster on EKS."""

    enabled: bool = True
    """Whether the environment has the cluster on EC2."""
    primary_instance_type: InstanceType = "m7g.xlarge"
    """The primary node: on demand."""
    core_instance_type: InstanceType = "m7g.xlarge"
    """Core nodes, which hold HDFS: on demand."""
    task_instance_types: Annotated[tuple[InstanceType, ...], Field(min_length=1, max_length=5)] = (
        "m7g.xlarge",
        "m6g.xlarge",
        "r7g.xlarge",
    )
    """Task nodes, which hold nothing: spot, of several types."""
    core_units: int = Field(default=2, ge=1, le=100)
    """Core nodes (each of weight 1)."""
    max_units: int = Field(default=10, ge=1, le=500)
    """Managed scaling's upper limit for core and task nodes together."""
    idle_timeout_minutes: int = Field(default=60, ge=1, le=10080)
    """After how many idle minutes the cluster ends itself; the next `pulumi up --refresh` makes it anew."""
    virtual_cluster: bool = True
    """Whether EMR on EKS is bound to the Spark namespace."""


class Monitoring(Section):
    """What an on-call person is told."""

    monthly_budget_usd: int = Field(ge=1, le=10_000_000)
    """The AWS budget; warnings go out at 80 % forecast and 100 % actual."""


class Protection(Section):
    """What becomes of data when a resource is to be deleted."""

    protect: bool = True
    """Pulumi refuses to delete what holds data (RDS, EFS, S3, MSK, KMS)."""
    retain_on_delete: bool = False
    """What holds data stays in the account when it leaves the stack."""
