"""The configuration of one environment."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

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
from mlplatform.config.workload_sections import ImageBuild, Images, Mlflow, Notebooks, Ray, Serving, Spark


class PlatformConfig(Section):
    """All of ``Pulumi.<env>.yaml``: each field is one key ``mlplatform:<key>``."""

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
    notebooks: Notebooks = Notebooks()
    """Notebook servers."""
    image_build: ImageBuild = ImageBuild()
    """How the workloads' images are built."""
    images: Images = Images()
    """Digests of the workloads' images."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        from mlplatform.config.checks import faults_of  # its checks take parts of this model

        sections = {key: getattr(self, key) for key in type(self).model_fields if key != "environment"}
        faults = faults_of(self.environment, sections)
        if faults:
            raise ValueError("\n".join(str(fault) for fault in faults))
        return self
