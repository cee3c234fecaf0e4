"""The configuration of one environment."""

from __future__ import annotations

from pydantic import Field

from mlplatform.config.base import AwsEnvironment, Section
from mlplatform.config.sections import (
    Aws,
    Cluster,
    Database,
    Emr,
    Kafka,
    Lake,
    Monitoring,
    Network,
    NodeGroups,
    Owner,
    Protection,
    SharedFiles,
)
from mlplatform.config.workload_sections import ImageBuild, Images, Mlflow, Ray, Serving, Spark


class PlatformConfig(Section):
    """All of ``Pulumi.<env>.yaml``: each field is one key ``mlplatform:<key>``.

    `reading.read_config` makes it, which checks the sections against each other; nothing else does.
    """

    environment: AwsEnvironment = Field(exclude=True)
    """The stack's name; not a key of the file."""
    owner: Owner
    """Who the environment belongs to."""
    aws: Aws
    """The region and its zones."""
    network: Network
    """The VPC."""
    cluster: Cluster = Cluster()
    """The EKS control plane."""
    node_groups: NodeGroups
    """The node groups, one for each service type."""
    lake: Lake = Lake()
    """The S3 buckets."""
    shared_files: SharedFiles = SharedFiles()
    """The EFS file system."""
    database: Database
    """The RDS PostgreSQL."""
    kafka: Kafka = Kafka()
    """The MSK cluster."""
    emr: Emr = Emr()
    """EMR on EC2 and on EKS."""
    monitoring: Monitoring
    """Alarms and the budget."""
    protection: Protection = Protection()
    """What becomes of data when a resource is to be deleted."""
    mlflow: Mlflow = Mlflow()
    """The tracking server."""
    ray: Ray
    """The Ray cluster."""
    spark: Spark
    """Spark's driver and executors."""
    serving: Serving = Serving()
    """The serving deployments."""
    image_build: ImageBuild = ImageBuild()
    """How the workloads' images are built."""
    images: Images = Images()
    """Digests of the workloads' images."""
