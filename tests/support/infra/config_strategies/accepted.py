"""Configurations that are accepted."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from infra_configs import ENVIRONMENTS, EXAMPLE_OWNER
from mlplatform.aws_regions import REGIONS
from mlplatform.config.base import AwsEnvironment
from mlplatform.config.checks import environments
from mlplatform.config.checks.network import INTERFACE_ENDPOINTS
from platform_contract.rds_certificates import certificates

from config_strategies import managed, nodes, workloads
from config_strategies.nodes import Draw

USABLE_REGIONS: Final = sorted(REGIONS.keys() & certificates().keys())
LOG_DAYS: Final = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2557, 3653)


@st.composite
def accepted_configs(draw: Draw) -> tuple[AwsEnvironment, dict[str, Any]]:
    """An environment's name and its values, without ``mlplatform:``."""
    environment: AwsEnvironment = draw(st.sampled_from(ENVIRONMENTS))
    prod, architecture = environment == "prod", draw(st.sampled_from(["amd64", "arm64"]))
    name = draw(st.sampled_from(USABLE_REGIONS if not prod else [one for one in USABLE_REGIONS if one != "us-west-1"]))
    letters = draw(st.permutations(REGIONS[name].zones))
    zones = letters[: 3 if prod else draw(st.integers(2, min(3, len(letters))))]
    days = st.sampled_from([one for one in LOG_DAYS if one >= environments.LOG_DAYS[environment]])
    replicas = draw(st.integers(2 if prod else 1, 10))
    groups: dict[str, Any] = {
        "system": nodes.system(draw, architecture, replicas, prod=prod),
        "sparkDriver": nodes.node_group(draw, architecture, burstable=not prod)
        | {"zone": draw(st.sampled_from(zones))},
        "sparkExecutor": nodes.node_group(draw, architecture, spot=True, local_disks=True),
        "notebook": nodes.node_group(draw, architecture, spot=not prod, burstable=not prod)
        | {"enabled": draw(st.booleans())},
    }
    ray = workloads.ray(draw, groups, architecture, spot=not prod)
    groups["ray"] |= {"zone": draw(st.sampled_from(zones))}
    serving = workloads.serving(draw, groups, architecture, prod=prod)
    public = not prod and draw(st.booleans())
    values: dict[str, Any] = {
        "owner": EXAMPLE_OWNER | {"team": draw(st.sampled_from(["ml-platform", "a", "0"])), "costCentre": "ML-1"},
        "aws": {"region": name, "zones": list(zones)},
        "network": {
            # Up to 10.63: below EKS's own ranges, and apart from Docker's.
            "cidr": f"10.{draw(st.integers(0, 63))}.0.0/{draw(st.integers(16, 18))}",
            "natGateways": "perZone" if prod else draw(st.sampled_from(["single", "perZone"])),
            "interfaceEndpoints": draw(st.lists(st.sampled_from(INTERFACE_ENDPOINTS), unique=True)),
            "flowLogRetentionDays": draw(days),
        },
        "cluster": {
            "endpointPublicAccess": public,
            "publicAccessCidrs": ["203.0.113.0/24"] if public else [],
            "adminRoleArns": draw(_roles("admins")),
            "viewerRoleArns": draw(_roles("viewers")),
            "logRetentionDays": draw(days),
            "deletionProtection": prod or draw(st.booleans()),
        },
        "nodeGroups": groups,
        "lake": {
            "noncurrentVersionDays": draw(st.integers(environments.VERSION_DAYS[environment], 3650)),
            "quarantineExpiryDays": draw(st.integers(1, 3650)),
            "rawToInfrequentAccessDays": draw(st.integers(30, 3650)),
        },
        "sharedFiles": {
            "throughputMode": draw(st.sampled_from(["elastic", "bursting"])),
            "backup": prod or draw(st.booleans()),
            "infrequentAccessAfterDays": draw(st.sampled_from([1, 7, 14, 30, 60, 90, 180, 270, 365])),
        },
        "database": managed.database(draw, environment, draw(days)),
        "kafka": managed.kafka(draw, environment, len(zones), draw(days)),
        "emr": managed.emr(draw, name),
        "monitoring": {"monthlyBudgetUsd": draw(st.integers(1, 10**6))},
        "protection": {"protect": prod or draw(st.booleans()), "retainOnDelete": prod or draw(st.booleans())},
        "mlflow": {
            "replicas": replicas,
            "experiment": "flights",
            "registeredModel": draw(st.sampled_from(["m", "a b"])),
        },
        "ray": ray,
        "spark": workloads.spark(draw, groups),
        "serving": serving,
        "imageBuild": {"architecture": architecture},
        "images": {
            name: f"sha256:{draw(st.sampled_from('0123456789abcdef')) * 64}"
            for name in ("mlflowTracking", "sparkPreprocessing", "rayTraining", "bentoModelApi", "bentoFlightApi")
            if draw(st.booleans())
        },
    }
    return environment, values


def _roles(name: str) -> SearchStrategy[list[str]]:
    numbers = st.lists(st.integers(0, 9), unique=True, max_size=3)
    return numbers.map(lambda found: [f"arn:aws:iam::123456789012:role/{name}-{number}" for number in found])
