"""What staging and prod may not do without, each with the whole message."""

from __future__ import annotations

import pytest
from infra_configs import REMOVED, Bad, bad, message_of

CASES = (
    bad(
        "prod",
        {"aws.zones": ["a", "b"], "kafka.brokers": 4},
        'aws.zones: has fewer than the 3 zones that prod spreads over (given: ["a", "b"]): use 3 of a, b, c',
    ),
    bad(
        "prod",
        {"cluster.endpointPublicAccess": True, "cluster.publicAccessCidrs": ["203.0.113.0/24"]},
        "cluster.endpointPublicAccess: opens the Kubernetes API of prod to the internet (given: true): "
        "turn it off, and come through a VPN or a session into the VPC",
    ),
    bad(
        "prod",
        {"nodeGroups.serving.capacityType": "spot"},
        "nodeGroups.serving.capacityType: may not be spot: people wait for its answers (given: spot): use onDemand",
    ),
    bad(
        "prod",
        {"nodeGroups.ray.capacityType": "spot"},
        "nodeGroups.ray.capacityType: may not be spot: Ray's head runs there, and a cluster ends with "
        "its head (given: spot): use onDemand",
    ),
    bad(
        "staging",
        {"database.backupRetentionDays": 3},
        "database.backupRetentionDays: is too short for staging (given: 3): keep at least 7 days",
    ),
    bad(
        "staging",
        {"network.flowLogRetentionDays": 7},
        "network.flowLogRetentionDays: is too short for staging (given: 7): keep at least 14 days",
    ),
    bad(
        "prod",
        {"network.natGateways": "single"},
        "network.natGateways: does not do for prod: all zones would leave with the one that has it "
        "(given: single): use perZone",
    ),
    bad(
        "prod",
        {"network.flowLogRetentionDays": 30},
        "network.flowLogRetentionDays: is too short for prod (given: 30): keep at least 90 days",
    ),
    bad(
        "prod",
        {"cluster.deletionProtection": False},
        "cluster.deletionProtection: does not do for prod: anybody could delete the cluster (given: false): use true",
    ),
    bad(
        "prod",
        {"cluster.logRetentionDays": REMOVED},
        "cluster.logRetentionDays: is too short for prod (given: 30): keep at least 90 days",
    ),
    bad(
        "prod",
        {"lake.noncurrentVersionDays": 7},
        "lake.noncurrentVersionDays: is too short for prod (given: 7): keep at least 30 days",
    ),
    bad(
        "prod",
        {"sharedFiles.backup": False},
        "sharedFiles.backup: does not do for prod: notebooks and model files are nowhere else (given: false): use true",
    ),
    bad(
        "prod",
        {"database.multiZone": False},
        "database.multiZone: does not do for prod: a zone's failure would stop MLflow and Airflow "
        "(given: false): use true",
    ),
    bad(
        "prod",
        {"database.deletionProtection": False},
        "database.deletionProtection: does not do for prod: anybody could delete the database (given: false): use true",
    ),
    bad(
        "prod",
        {"database.backupRetentionDays": 7},
        "database.backupRetentionDays: is too short for prod (given: 7): keep at least 14 days",
    ),
    bad(
        "prod",
        {"database.instanceClass": "db.t4g.large"},
        "database.instanceClass: is burstable, slower or charged for once its CPU credits are used up: prod has none"
        " (given: db.t4g.large): use an m or r class, as db.m7g.large",
    ),
    bad(
        "prod",
        {"database.performanceInsightsRetentionDays": 7},
        "database.performanceInsightsRetentionDays: is too short for prod (given: 7): keep at least 31 days",
    ),
    bad(
        "prod",
        {"database.logRetentionDays": 60},
        "database.logRetentionDays: is too short for prod (given: 60): keep at least 90 days",
    ),
    bad(
        "prod",
        {"kafka.instanceType": "kafka.t3.small"},
        "kafka.instanceType: is burstable, slower or charged for once its CPU credits are used up: prod has none "
        "(given: kafka.t3.small): use an m type, as kafka.m7g.large",
    ),
    bad(
        "prod",
        {"kafka.monitoring": "DEFAULT"},
        "kafka.monitoring: does not do for prod: partitions without enough copies show from PER_BROKER "
        "on (given: DEFAULT): use PER_BROKER",
    ),
    bad(
        "prod",
        {"kafka.logRetentionDays": 30},
        "kafka.logRetentionDays: is too short for prod (given: 30): keep at least 90 days",
    ),
    bad(
        "prod",
        {"protection.protect": False},
        "protection.protect: does not do for prod: a destroy would take the data with it (given: false): use true",
    ),
    bad(
        "prod",
        {"protection.retainOnDelete": False},
        "protection.retainOnDelete: does not do for prod: a change of the program could delete what "
        "holds data (given: false): use true",
    ),
    bad(
        "prod",
        {"serving.modelApi.minReplicas": 1},
        "serving.modelApi.minReplicas: does not do for prod: it stops with the node of its only pod "
        "(given: 1): use at least 2",
    ),
    bad(
        "prod",
        {"mlflow.replicas": 1},
        "mlflow.replicas: does not do for prod: it stops with the node of its only pod (given: 1): use at least 2",
    ),
    bad(
        "prod",
        {"nodeGroups.system.minSize": 1},
        "nodeGroups.system.minSize: does not do for prod: what runs there stops with its only node "
        "(given: 1): use at least 2",
    ),
    bad(
        "prod",
        {"nodeGroups.notebook.capacityType": "spot"},
        "nodeGroups.notebook.capacityType: may not be spot: people work there (given: spot): use onDemand",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_an_environment_may_not_do_without_is_named_with_its_key_and_a_remedy(case: Bad) -> None:
    assert message_of(case) == case.message
