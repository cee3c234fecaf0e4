"""The contract itself: all that a workload, a notebook or another team needs to know of an environment."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from platform_contract.base import Frozen, HostPort, HttpUrl, Location, MountedPath
from platform_contract.executor_profile import ExecutorProfile

CONTRACT_VERSION: Final = "1.0"
"""Raised when the schema changes: the second number for an added optional key, the first for anything else.
`platform_contract.versions` says what a reader makes of another version than its own."""


class Lake(Frozen):
    """The places of the data lake."""

    raw: Location = Field(description="Files as they were delivered.")
    features: Location = Field(description="Prepared data sets, one folder each.")
    quarantine: Location = Field(description="Rows that were refused, with the reason.")
    predictions: Location = Field(description="Batch predictions.")


class SharedFiles(Frozen):
    """The file system that notebooks, training and serving mount (EFS on AWS)."""

    models: MountedPath = Field(description="Model files that the serving pattern B picks up.")
    notebooks: MountedPath = Field(description="Notebooks and their executed copies.")


class Kafka(Frozen):
    """The brokers (MSK on AWS)."""

    bootstrap_servers: Annotated[tuple[HostPort, ...], Field(min_length=1)]
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL"]
    sasl_mechanism: Literal["AWS_MSK_IAM", "SCRAM-SHA-512"] | None = None

    @model_validator(mode="after")
    def _sasl_names_its_mechanism(self) -> Self:
        if (self.security_protocol == "SASL_SSL") != (self.sasl_mechanism is not None):
            raise ValueError("sasl_mechanism goes with security_protocol SASL_SSL, and only with it")
        return self


class Database(Frozen):
    """The PostgreSQL server (RDS on AWS). The password is never here: only where it is kept."""

    host: str = Field(min_length=1)
    port: Annotated[int, Field(ge=1, le=65535)] = 5432
    tls: bool = True
    secret: str = Field(min_length=1, description="ARN or name of the secret that holds user and password.")
    databases: dict[str, str] = Field(description="Purpose (mlflow, airflow, metastore) → database name.")


class Mlflow(Frozen):
    """Where runs are tracked and models are registered."""

    tracking_uri: str = Field(
        pattern=r"^(https?|sqlite|postgresql(\+[a-z0-9]+)?)://[^\s@]+$",
        description="A server's address, or a database URI without credentials.",
    )
    artifacts: Location = Field(description="Where a new experiment keeps its artifacts.")
    experiment: str = Field(min_length=1)
    registered_model: str = Field(min_length=1)
    champion_alias: str = Field(default="champion", min_length=1, description="Names the version in service.")


class Ray(Frozen):
    """The Ray cluster, and what training asks of it."""

    address: str = Field(
        pattern=r"^(local|auto|ray://[^\s:/]+:[0-9]{1,5}|[^\s:/]+:[0-9]{1,5})$",
        description="'local' starts one in the process that asks; otherwise the address of the head.",
    )
    workers: int = Field(default=1, gt=0, description="Training workers.")
    cpus_per_worker: int = Field(default=2, gt=0, description="Threads of a training worker.")
    object_store_mib: int = Field(default=1024, ge=80, description="Object store of a cluster started here.")
    storage: Location = Field(description="Checkpoints and results of Ray Train and Ray Tune.")


class SparkLocal(Frozen):
    """Spark in one JVM, beside the Python process."""

    mode: Literal["local"] = "local"
    threads: int | Literal["*"] = "*"
    driver_memory_mib: int = Field(default=2048, ge=512)
    local_dir: MountedPath = Field(description="Shuffle files.")


class SparkClient(Frozen):
    """The driver in this process, executors as pods that Kubernetes makes."""

    mode: Literal["client"] = "client"
    master: str = Field(pattern=r"^k8s://https?://[^\s]+$", examples=["k8s://https://kubernetes.default.svc"])
    namespace: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    service_account: str = Field(min_length=1)
    executor_image: str = Field(
        pattern=r"^[^\s@]+@sha256:[0-9a-f]{64}$", description="By digest, so that every executor runs the same."
    )
    executor_pod_template: MountedPath | None = Field(
        default=None, description="A pod with the labels, tolerations and affinity of the executors' node group."
    )
    driver_memory_mib: int = Field(default=2048, ge=512)
    profile: ExecutorProfile


SparkPlatform = Annotated[SparkLocal | SparkClient, Field(discriminator="mode")]


class Serving(Frozen):
    """The addresses at which models answer."""

    model_api: HttpUrl = Field(description="Pattern A: the model embedded in an image; takes feature vectors.")
    flight_api_embedded: HttpUrl = Field(description="Pattern A: takes flights and asks the model API.")
    flight_api_shared: HttpUrl = Field(description="Pattern B: takes flights and serves the file on shared storage.")

    @model_validator(mode="after")
    def _addresses_differ(self) -> Self:
        addresses = [self.model_api, self.flight_api_embedded, self.flight_api_shared]
        if len(set(addresses)) != len(addresses):
            raise ValueError(f"each service needs an address of its own: {', '.join(addresses)}")
        return self


class PlatformContract(Frozen):
    """One environment, as everyone but its own Pulumi program sees it. No secret is ever in it."""

    contract_version: Literal["1.0"] = CONTRACT_VERSION
    environment: Literal["local", "dev", "staging", "prod"]
    lake: Lake
    shared_files: SharedFiles
    kafka: Kafka | None = None
    database: Database | None = None
    mlflow: Mlflow
    mlflow_ui: HttpUrl | None = Field(default=None, description="Where a person looks at runs.")
    ray: Ray
    spark: SparkPlatform
    serving: Serving
