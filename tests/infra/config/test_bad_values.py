"""Values that a key cannot have, each with the whole message."""

from __future__ import annotations

import pytest
from infra_configs import REMOVED, Bad, bad, message_of

CASES = (
    bad(
        "dev",
        {"kafak": {"brokers": 3}},
        "kafak: is not a key of the configuration: did you mean kafka?",
    ),
    bad(
        "dev",
        {"nodeGroups.sparkExecutor.maxsize": 4},
        "nodeGroups.sparkExecutor.maxsize: is not a key of the configuration: did you mean maxSize?",
    ),
    bad(
        "dev",
        {"spark.executor.localDir.storageClass": "gp3"},
        "spark.executor.localDir.storageClass: is not a key of the configuration: remove it, or use one of "
        "kind, sizeGib",
    ),
    bad(
        "dev",
        {"serving.modelApi.replicas": 2},
        "serving.modelApi.replicas: is not a key of the configuration: remove it, or use one of enabled, "
        "cpuMillicores, memoryMib, minReplicas, maxReplicas, targetCpuPercent",
    ),
    bad(
        "dev",
        {"nodeGroups.gpu": {}},
        "nodeGroups.gpu: is not a key of the configuration: remove it, or use one of system, sparkDriver, "
        "sparkExecutor, ray, serving, notebook",
    ),
    bad("dev", {"nodeGroups.ray": REMOVED}, "nodeGroups.ray: is missing: add it (Ray's head and workers)"),
    bad(
        "dev",
        {"monitoring": REMOVED},
        "monitoring.monthlyBudgetUsd: is missing: add it (The AWS budget; warnings go out at 80 % "
        "forecast and 100 % actual)",
    ),
    bad(
        "dev",
        {"owner.accountId": "12345"},
        'owner.accountId: is not written as it must be (given: "12345"): write it like 123456789012',
    ),
    bad(
        "dev",
        {"owner.accountId": 12345678901},
        "owner.accountId: is no text: without quotes YAML has read it as something else (given: 12345678901):"
        " put what you wrote in quotes",
    ),
    bad(
        "dev",
        {"owner.alertEmail": "on-call"},
        "owner.alertEmail: is not written as it must be (given: on-call): write it like on-call@example.org",
    ),
    bad(
        "dev",
        {"owner.team": "ML Platform"},
        "owner.team: is not written as it must be (given: ML Platform): write it like ml-platform",
    ),
    bad(
        "dev",
        {"aws.zones": ["eu-central-1a", "b"]},
        "aws.zones[0]: is not written as it must be (given: eu-central-1a): write it like a",
    ),
    bad("dev", {"aws.zones": "abc"}, "aws.zones: is not a list (given: abc): write a list"),
    bad(
        "dev",
        {"network.cidr": "10.20.0.0"},
        "network.cidr: is not written as it must be (given: 10.20.0.0): write it like 10.20.0.0/16",
    ),
    bad(
        "dev",
        {"network.natGateways": "two"},
        "network.natGateways: is not one of the values that are allowed (given: two): use 'single' or 'perZone'",
    ),
    bad(
        "dev",
        {"network.flowLogRetentionDays": 45},
        "network.flowLogRetentionDays: is not one of the values that are allowed (given: 45): use 1, 3, "
        "5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2557 or 3653",
    ),
    bad(
        "dev",
        {"cluster.endpointPublicAccess": "yes"},
        "cluster.endpointPublicAccess: is not true or false (given: yes): write true or false",
    ),
    bad(
        "dev",
        {"cluster.adminRoleArns": ["arn:aws:iam::123456789012:user/anna"]},
        "cluster.adminRoleArns[0]: is not written as it must be (given: "
        "arn:aws:iam::123456789012:user/anna): write it like "
        "arn:aws:iam::123456789012:role/platform-admins",
    ),
    bad(
        "dev",
        {"nodeGroups.serving.minSize": -1},
        "nodeGroups.serving.minSize: is too small (given: -1): use at least 0",
    ),
    bad(
        "dev",
        {"nodeGroups.serving.maxSize": 451},
        "nodeGroups.serving.maxSize: is too large (given: 451): use at most 450",
    ),
    bad(
        "dev",
        {"nodeGroups.serving.maxSize": 2.5},
        "nodeGroups.serving.maxSize: is not a whole number (given: 2.5): write a whole number",
    ),
    bad(
        "dev",
        {"nodeGroups.serving.maxSize": "4"},
        'nodeGroups.serving.maxSize: is not a whole number (given: "4"): write a whole number',
    ),
    bad(
        "dev",
        {"nodeGroups.serving.instanceTypes": []},
        "nodeGroups.serving.instanceTypes: has too few entries (given: []): give at least 1",
    ),
    bad(
        "dev",
        {"nodeGroups.serving.instanceTypes": ["large"]},
        "nodeGroups.serving.instanceTypes[0]: is not written as it must be (given: large): write it like m7i.xlarge",
    ),
    bad(
        "dev",
        {"nodeGroups.serving.capacityType": "SPOT"},
        "nodeGroups.serving.capacityType: is not one of the values that are allowed (given: SPOT): use "
        "'onDemand' or 'spot'",
    ),
    bad(
        "dev",
        {"nodeGroups.sparkExecutor.diskGib": 10},
        "nodeGroups.sparkExecutor.diskGib: is too small (given: 10): use at least 20",
    ),
    bad(
        "dev",
        {"sharedFiles.infrequentAccessAfterDays": 45},
        "sharedFiles.infrequentAccessAfterDays: is not one of the values that are allowed (given: 45): "
        "use 1, 7, 14, 30, 60, 90, 180, 270 or 365",
    ),
    bad(
        "dev",
        {"lake.rawToInfrequentAccessDays": 29},
        "lake.rawToInfrequentAccessDays: is too small (given: 29): use at least 30",
    ),
    bad(
        "dev",
        {"database.instanceClass": "t4g.medium"},
        "database.instanceClass: is not written as it must be (given: t4g.medium): write it like db.t4g.medium",
    ),
    bad(
        "dev",
        {"database.backupRetentionDays": 36},
        "database.backupRetentionDays: is too large (given: 36): use at most 35",
    ),
    bad(
        "dev",
        {"kafka.monitoring": "PER_TOPIC_PER_PARTITION"},
        "kafka.monitoring: is not one of the values that are allowed (given: PER_TOPIC_PER_PARTITION): "
        "use 'DEFAULT', 'PER_BROKER' or 'PER_TOPIC_PER_BROKER'",
    ),
    bad(
        "dev",
        {"emr.taskInstanceTypes": ["m7g.xlarge", "m6g.xlarge", "m8g.xlarge", "r6g.xlarge", "r7g.xlarge", "c7g.xlarge"]},
        'emr.taskInstanceTypes: has too many entries (given: ["m7g.xlarge", "m6g.xlarge", "m8g.xlarge", '
        '"r6g.xlarge", "r7g.xlarge", "c7g.xlar…): give at most 5',
    ),
    bad(
        "dev",
        {"spark.executor.localDir.kind": "hostPath"},
        'spark.executor.localDir: has no kind that is known (given: {"kind": "hostPath", "sizeGib": '
        "50}): use kind emptyDir, localDisk or claim",
    ),
    bad(
        "dev",
        {"spark.executor.localDir": {"sizeGib": 50}},
        'spark.executor.localDir: has no kind that is known (given: {"sizeGib": 50}): use kind emptyDir, '
        "localDisk or claim",
    ),
    bad(
        "dev",
        {"spark.executor.localDir.sizeGib": 0},
        "spark.executor.localDir.sizeGib: is too small (given: 0): use more than 0",
    ),
    bad(
        "dev",
        {"spark.executor.decommissioning.gracePeriodSeconds": 120},
        "spark.executor.decommissioning.gracePeriodSeconds: is too large (given: 120): use less than 120",
    ),
    bad(
        "dev",
        {"spark.executor.minRegisteredResourcesRatio": 1.5},
        "spark.executor.minRegisteredResourcesRatio: is too large (given: 1.5): use at most 1.0",
    ),
    bad("dev", {"ray.workerGroups": []}, "ray.workerGroups: has too few entries (given: []): give at least 1"),
    bad(
        "dev",
        {"ray.workerGroups[0].name": "Large_CPU"},
        "ray.workerGroups[0].name: is not written as it must be (given: Large_CPU): write it like cpu-medium",
    ),
    bad("dev", {"ray.workerGroups[0].cpu": 0}, "ray.workerGroups[0].cpu: is too small (given: 0): use at least 1"),
    bad("dev", {"mlflow.experiment": ""}, 'mlflow.experiment: is too short (given: ""): use at least 1 character'),
    bad(
        "dev",
        {"images.rayTraining": "latest"},
        "images.rayTraining: is not written as it must be (given: latest): write it like "
        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ),
    bad(
        "dev",
        {"imageBuild.architecture": "x86_64"},
        "imageBuild.architecture: is not one of the values that are allowed (given: x86_64): use 'amd64' or 'arm64'",
    ),
    bad(
        "dev",
        {"database": "db.t4g.medium"},
        "database: is not a section with keys of its own (given: db.t4g.medium): write a section with keys of its own",
    ),
    bad(
        "dev",
        {"kafka": None},
        "kafka: is not a section with keys of its own (given: null): write a section with keys of its own",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_wrong_value_is_named_with_its_key_and_a_remedy(case: Bad) -> None:
    assert message_of(case) == case.message
