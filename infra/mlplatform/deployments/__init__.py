"""The workload packages' images, put onto the nodes of their service types, and the contract that they read."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pulumi

from mlplatform import naming
from mlplatform.config.service_settings import ServiceSettings
from mlplatform.deployments.contract_config_maps import ContractConfigMaps, ContractConfigMapsArgs
from mlplatform.deployments.contract_document import Facts, contract_document
from mlplatform.deployments.serving import APPS, Serving, ServingArgs
from mlplatform.endpoints import Endpoints
from mlplatform.services import Services
from mlplatform.services.images import find_image


def deploy_workloads(
    config: ServiceSettings, endpoints: Endpoints, services: Services
) -> pulumi.Output[dict[str, Any]]:
    """Registers the deployments of an environment; returns its contract, checked as soon as all values are known."""
    opts = pulumi.ResourceOptions(providers={"kubernetes": endpoints.cluster.provider})
    contract = _contract(config, endpoints)
    ContractConfigMaps("contract", ContractConfigMapsArgs(namespaces=services.namespaces, contract=contract), opts)
    Serving(
        "serving",
        ServingArgs(
            settings=config.serving,
            images=_images(config, endpoints),
            namespace=services.namespaces[naming.NAMESPACE_SERVING],
            service_accounts=services.service_accounts,
            claims=services.claims,
            lake_secrets=services.lake_secrets,
            contract_digest=contract.apply(_digest),
            load_balancers=endpoints.load_balancers,
            private=endpoints.peers.private,
            ready=endpoints.ready,
        ),
        opts,
    )
    return contract


def _images(config: ServiceSettings, endpoints: Endpoints) -> dict[str, pulumi.Output[str]]:
    """App → image, of those that are enabled and built."""
    wanted = [app for app in APPS if getattr(config.serving, app.field).enabled]
    found = {app.name: find_image(endpoints, app.image, app.name) for app in wanted}
    return {name: image for name, image in found.items() if image is not None}


def _contract(config: ServiceSettings, endpoints: Endpoints) -> pulumi.Output[dict[str, Any]]:
    kafka, database = endpoints.kafka, endpoints.database
    facts = pulumi.Output.all(
        areas=dict(endpoints.lake.areas),
        bootstrap_servers=kafka.bootstrap_servers if kafka else None,
        security_protocol=kafka.security_protocol if kafka else None,
        sasl_mechanism=kafka.sasl_mechanism if kafka else None,
        database_host=database.host,
        database_port=database.port,
        database_tls=database.tls,
        database_secret=database.secret,
        api_server=endpoints.cluster.api_server,
        executor_image=find_image(endpoints, "spark_preprocessing", "Spark's client mode"),
    )
    return facts.apply(lambda known: contract_document(config, Facts(**known)))


def _digest(contract: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(contract, sort_keys=True).encode()).hexdigest()[:16]
