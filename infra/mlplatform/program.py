"""The program: wiring only, in the order in which data flows."""

from __future__ import annotations

from mlplatform.config.loading import load_config
from mlplatform.config.local_model import LocalConfig
from mlplatform.config.service_settings import ServiceSettings
from mlplatform.deployments import deploy_workloads
from mlplatform.endpoints import Endpoints
from mlplatform.foundation.aws import aws_foundation
from mlplatform.foundation.aws.operations import run_aws_operations
from mlplatform.foundation.incluster import incluster_foundation
from mlplatform.outputs import export
from mlplatform.services import Services, run_services


def main() -> None:
    """Registers every resource of the stack that the engine asks for, and its outputs.

    Raises:
        ConfigError: the stack's file is wrong; nothing has been registered then.
    """
    config = load_config()
    if isinstance(config, LocalConfig):
        run_platform(config, incluster_foundation(config))
    else:
        foundation = aws_foundation(config)
        services = run_platform(config, foundation.endpoints)
        run_aws_operations(config, foundation, database_setup=services.database_setup)


def run_platform(config: ServiceSettings, endpoints: Endpoints) -> Services:
    """Services, deployments and outputs: the same on any foundation."""
    services = run_services(config, endpoints)
    contract = deploy_workloads(config, endpoints, services)
    export(config, endpoints, contract)
    return services
