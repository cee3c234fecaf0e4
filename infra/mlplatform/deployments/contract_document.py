"""The contract of an environment from plain values: nothing here knows of Pulumi's outputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from platform_contract import document
from platform_contract.loading import describe_faults
from pydantic import ValidationError

from mlplatform import naming
from mlplatform.config.executor_profile import executor_profile
from mlplatform.config.service_settings import ServiceSettings
from mlplatform.kubernetes.network_flows import SERVING
from mlplatform.services.mlflow import ADDRESS as MLFLOW_ADDRESS
from mlplatform.services.ray.pods import ADDRESS as RAY_ADDRESS
from mlplatform.services.spark.client_mode import EXECUTOR, TEMPLATE_PATH

SPARK_LOCAL_DIR = "/tmp/spark"  # noqa: S108 - a volume of the pod
"""Shuffle files of Spark's local mode, which is all there is until Spark has an image for its executors."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What only the foundation knows, once it is there."""

    areas: dict[str, str]
    """Area of the lake → its address."""
    bootstrap_servers: str | None
    security_protocol: str | None
    sasl_mechanism: str | None
    database_host: str
    database_port: int
    database_tls: bool
    database_secret: str
    api_server: str
    executor_image: str | None


def contract_document(config: ServiceSettings, facts: Facts) -> dict[str, Any]:
    """The contract as JSON has it.

    Args:
        config: the environment's.
        facts: the foundation's.

    Raises:
        pulumi.RunError: the values do not make a contract; every fault is named.
    """
    try:
        contract = document.PlatformContract(
            environment=config.environment,
            lake=document.Lake(**{area: facts.areas[area] for area in document.Lake.model_fields}),
            shared_files=document.SharedFiles(models=Path(naming.MODELS_MOUNT), notebooks=Path(naming.NOTEBOOKS_MOUNT)),
            kafka=_kafka(facts),
            database=document.Database(
                host=facts.database_host,
                port=facts.database_port,
                tls=facts.database_tls,
                secret=facts.database_secret,
                databases=dict(naming.DATABASES),
            ),
            mlflow=document.Mlflow(
                tracking_uri=MLFLOW_ADDRESS,
                artifacts=facts.areas["artifacts"],
                experiment=config.mlflow.experiment,
                registered_model=config.mlflow.registered_model,
            ),
            mlflow_ui=MLFLOW_ADDRESS,
            ray=document.Ray(
                address=RAY_ADDRESS,
                workers=config.ray.training_workers,
                cpus_per_worker=config.ray.training_cpus_per_worker,
                storage=facts.areas["ray"],
            ),
            spark=_spark(config, facts),
            serving=document.Serving(**serving_addresses()),
        )
    except ValidationError as error:
        raise pulumi.RunError(f"The contract of {config.environment} is wrong:\n{describe_faults(error)}") from error
    # Without nulls: an engine drops them from outputs, and the file should say the same.
    return contract.model_dump(mode="json", exclude_none=True)


def serving_addresses() -> dict[str, str]:
    """Field of the contract's `serving` → address inside the cluster."""
    return {
        field: naming.service_address(field.replace("_", "-"), naming.NAMESPACE_SERVING, SERVING)
        for field in document.Serving.model_fields
    }


def _kafka(facts: Facts) -> document.Kafka | None:
    if facts.bootstrap_servers is None:
        return None
    return document.Kafka.model_validate(
        {
            "bootstrap_servers": facts.bootstrap_servers.split(","),
            "security_protocol": facts.security_protocol,
            "sasl_mechanism": facts.sasl_mechanism,
        }
    )


def _spark(config: ServiceSettings, facts: Facts) -> document.SparkClient | document.SparkLocal:
    memory, executor = config.spark.driver_memory_mib, config.spark.executor
    if facts.executor_image is None:
        return document.SparkLocal(driver_memory_mib=memory, local_dir=Path(SPARK_LOCAL_DIR))
    return document.SparkClient(
        master=facts.api_server,
        namespace=naming.NAMESPACE_SPARK,
        # Spark gives the executors this account; a driver runs as whatever its own pod says.
        service_account=EXECUTOR,
        executor_image=facts.executor_image,
        executor_pod_template=Path(TEMPLATE_PATH),
        driver_memory_mib=memory,
        profile=executor_profile(executor, config.node_groups.spark_executor, facts.areas["spark-fallback"]),
    )
