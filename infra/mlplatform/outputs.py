"""What a stack tells others: the contract as one output, and the parts of it that people ask for most, flat beside it.

`OUTPUTS` is the catalogue: the program exports these and no others, `docs/outputs.md` is written from it, and
``infra/schemas/outputs-<version>.json`` keeps what was promised. No secret, kubeconfig or password is in any of them:
a secret is named, and a cluster is reached with the caller's own rights (`aws eks update-kubeconfig`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import pulumi

from mlplatform import naming
from mlplatform.config.service_settings import ServiceSettings
from mlplatform.endpoints import Endpoints
from mlplatform.services.images import pending_images

OUTPUTS_VERSION: Final = "1.0"
"""Raised when the catalogue changes: the second number for an added output, the first for anything else."""

OutputType = Literal["string", "integer", "array of strings", "object", "object of strings"]


@dataclass(frozen=True)
class StackOutput:
    """One output of every stack."""

    name: str
    type: OutputType
    meaning: str


OUTSIDE: Final = (
    " Programs elsewhere in the private network ask the service's load balancer:"
    " `kubectl --namespace serving get services` tells its name."
)

OUTPUTS: Final = (
    StackOutput("outputsVersion", "string", "Version of this catalogue."),
    StackOutput(
        "contract",
        "object",
        "The whole environment as one typed document, of which the schema is"
        " `workloads/platform_contract/schemas/platform-contract-<contract_version>.json`. Everything below that is"
        " also in the contract is a copy for convenience.",
    ),
    StackOutput("environment", "string", "`local`, `dev`, `staging` or `prod`."),
    StackOutput("region", "string", "Where the environment is."),
    StackOutput("clusterName", "string", "The Kubernetes cluster, as `aws eks update-kubeconfig --name` wants it."),
    StackOutput("namespaces", "object of strings", "Purpose → namespace."),
    StackOutput("mlflowTrackingUri", "string", "The MLflow server, inside the cluster."),
    StackOutput("rayAddress", "string", "Ray's client port, inside the cluster."),
    StackOutput("lakeRaw", "string", "Files as they were delivered."),
    StackOutput("lakeFeatures", "string", "Prepared data sets."),
    StackOutput("lakeQuarantine", "string", "Rows that were refused, with the reason."),
    StackOutput("lakePredictions", "string", "Batch predictions."),
    StackOutput("kafkaBootstrapServers", "array of strings", "The brokers; none where there is no Kafka."),
    StackOutput("databaseHost", "string", "The PostgreSQL server."),
    StackOutput("databasePort", "integer", "Its port."),
    StackOutput("databaseSecret", "string", "Name or ARN of the secret with the master user; never what is in it."),
    StackOutput("modelApiAddress", "string", "Pattern A: the model API, inside the cluster."),
    StackOutput("flightApiEmbeddedAddress", "string", "Pattern A: the wrapping API, inside the cluster." + OUTSIDE),
    StackOutput("flightApiSharedAddress", "string", "Pattern B: the wrapping API, inside the cluster." + OUTSIDE),
    StackOutput(
        "pendingImages",
        "array of strings",
        "Keys below `mlplatform:images` that have no digest yet: what needs them is left out until `make images` has"
        " built them.",
    ),
)


def export(config: ServiceSettings, endpoints: Endpoints, contract: pulumi.Output[dict[str, Any]]) -> None:
    """Exports the catalogue.

    Raises:
        ValueError: an output is not in the catalogue, or one of it is missing.
    """
    values = _values(config, endpoints, contract)
    names = [output.name for output in OUTPUTS]
    if sorted(values) != sorted(names):
        raise ValueError(f"OUTPUTS and what is exported differ: {sorted(set(values) ^ set(names))}")
    for name in names:
        pulumi.export(name, values[name])


def _values(
    config: ServiceSettings, endpoints: Endpoints, contract: pulumi.Output[dict[str, Any]]
) -> dict[str, pulumi.Input[Any]]:
    kafka, database, serving = endpoints.kafka, endpoints.database, contract["serving"]
    return {
        "outputsVersion": OUTPUTS_VERSION,
        "contract": contract,
        "environment": config.environment,
        "region": endpoints.location,
        "clusterName": endpoints.cluster.name,
        "namespaces": {name: name for name in naming.WORKLOAD_NAMESPACES},
        "mlflowTrackingUri": contract["mlflow"]["tracking_uri"],
        "rayAddress": contract["ray"]["address"],
        **{f"lake{area.capitalize()}": contract["lake"][area] for area in _CONTRACT_AREAS},
        "kafkaBootstrapServers": kafka.bootstrap_servers.apply(lambda servers: servers.split(",")) if kafka else [],
        "databaseHost": database.host,
        "databasePort": database.port,
        "databaseSecret": database.secret,
        "modelApiAddress": serving["model_api"],
        "flightApiEmbeddedAddress": serving["flight_api_embedded"],
        "flightApiSharedAddress": serving["flight_api_shared"],
        "pendingImages": pending_images(endpoints),
    }


_CONTRACT_AREAS: Final = ("raw", "features", "quarantine", "predictions")
