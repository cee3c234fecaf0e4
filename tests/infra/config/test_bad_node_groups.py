"""Node groups that do not work, each with the whole message."""

from __future__ import annotations

import pytest
from infra_configs import Bad, bad, message_of

CASES = (
    bad(
        "dev",
        {"nodeGroups.serving.instanceTypes": ["m99.xlarge"]},
        "nodeGroups.serving.instanceTypes: names an instance type that is not in "
        "infra/mlplatform/instance_types.py (given: m99.xlarge): use one that is, as m8g.xlarge, or add it "
        "there",
    ),
    bad(
        "dev",
        {"nodeGroups.serving.instanceTypes": ["t3.xlarge", "t3.xlarge"]},
        "nodeGroups.serving.instanceTypes: names a type twice (given: t3.xlarge): name it once",
    ),
    bad(
        "dev",
        {"nodeGroups.serving.instanceTypes": ["m7i.xlarge", "m7g.xlarge"]},
        'nodeGroups.serving.instanceTypes: mixes processor architectures (given: ["m7i.xlarge", '
        '"m7g.xlarge"]): use types of one: amd64 or arm64',
        "nodeGroups.serving.instanceTypes: are of another processor than images are built for, amd64 "
        '(imageBuild.architecture) (given: ["m7g.xlarge"]): use types of amd64',
    ),
    bad(
        "dev",
        {"nodeGroups.serving.instanceTypes": ["m7i.xlarge", "m7i.2xlarge"]},
        "nodeGroups.serving.instanceTypes: mixes sizes, but the autoscaler takes all nodes of a group to "
        'be alike (given: ["m7i.xlarge", "m7i.2xlarge"]): use types of one size (m7i.xlarge 4 vCPU 16384 '
        "MiB, m7i.2xlarge 8 vCPU 32768 MiB)",
    ),
    bad(
        "dev",
        {"nodeGroups.notebook.minSize": 5},
        "nodeGroups.notebook.maxSize: is below minSize, 5 (given: 3): use at least 5, or lower minSize",
    ),
    bad(
        "dev",
        {
            "nodeGroups.sparkExecutor.localDisks": True,
            "nodeGroups.sparkExecutor.instanceTypes": ["m6id.2xlarge", "m6i.2xlarge"],
            "spark.executor.localDir.sizeGib": 30,
        },
        "nodeGroups.sparkExecutor.localDisks: is on, but m6i.2xlarge has no NVMe disks (given: true): "
        "turn it off, or use types that have them, as m6id.2xlarge",
    ),
    bad(
        "dev",
        {"nodeGroups.serving.instanceTypes": ["g5.xlarge"]},
        "nodeGroups.serving.instanceTypes: names a type with a GPU, which nothing on the platform "
        "uses (given: g5.xlarge): use types without one",
    ),
    bad(
        "dev",
        {"nodeGroups.system.capacityType": "spot"},
        "nodeGroups.system.capacityType: may not be spot: controllers run there, and the autoscaler "
        "itself (given: spot): use onDemand",
    ),
    bad(
        "dev",
        {"nodeGroups.sparkDriver.capacityType": "spot"},
        "nodeGroups.sparkDriver.capacityType: may not be spot: a driver that is taken away takes its job "
        "with it (given: spot): use onDemand",
    ),
    bad(
        "dev",
        {"nodeGroups.sparkExecutor.instanceTypes": ["m7i.2xlarge"]},
        "nodeGroups.sparkExecutor.instanceTypes: has one type, and a spot group of one has no nodes when "
        'that type runs out (given: ["m7i.2xlarge"]): name at least 2',
    ),
    bad(
        "staging",
        {"nodeGroups.sparkDriver.zone": None, "nodeGroups.ray.zone": None},
        "nodeGroups.sparkDriver.zone: is missing: EC2 balances the zones of a group by ending nodes, a driver with "
        "them: name one of a, b, c",
        "nodeGroups.ray.zone: is missing: EC2 balances the zones of a group by ending nodes, Ray's head with them: "
        "name one of a, b, c",
    ),
    bad(
        "dev",
        {"nodeGroups.sparkDriver.zone": "d"},
        "nodeGroups.sparkDriver.zone: is not one of aws.zones (given: d): use one of a, b, c",
    ),
    bad(
        "dev",
        {"nodeGroups.system.enabled": False},
        "nodeGroups.system.enabled: may not be off: nothing runs without its controllers (given: false): "
        "remove the key",
    ),
    bad(
        "dev",
        {"nodeGroups.ray.enabled": False},
        "nodeGroups.ray.enabled: may not be off: Ray's head runs there (given: false): remove the key",
    ),
    bad(
        "dev",
        {"nodeGroups.system.minSize": 0},
        "nodeGroups.system.minSize: leaves no node for the autoscaler that would start the first one "
        "(given: 0): use at least 1",
    ),
    bad(
        "dev",
        {"mlflow.replicas": 10, "nodeGroups.system.maxSize": 2},
        "nodeGroups.system.maxSize: is too small for the controllers and the 10 of mlflow.replicas, with one "
        "more while they are rolled out (given: 2): use at least 4, or lower mlflow.replicas",
    ),
    bad(
        "dev",
        {"nodeGroups.notebook.instanceTypes": ["t4g.xlarge"]},
        "nodeGroups.notebook.instanceTypes: are of another processor than images are built for, amd64 "
        '(imageBuild.architecture) (given: ["t4g.xlarge"]): use types of amd64',
    ),
    bad(
        "dev",
        {
            "imageBuild.architecture": "arm64",
            "nodeGroups.system.instanceTypes": ["t4g.xlarge"],
            "nodeGroups.sparkDriver.instanceTypes": ["m7g.xlarge"],
            "nodeGroups.sparkExecutor.instanceTypes": ["m7g.2xlarge", "m6g.2xlarge"],
            "nodeGroups.serving.instanceTypes": ["t4g.xlarge"],
            "nodeGroups.notebook.instanceTypes": ["t4g.xlarge"],
            "nodeGroups.ray.instanceTypes": ["m7i.2xlarge", "m6i.2xlarge"],
        },
        "nodeGroups.ray.instanceTypes: are of another processor than images are built for, arm64 "
        '(imageBuild.architecture) (given: ["m7i.2xlarge", "m6i.2xlarge"]): use types of arm64',
    ),
    bad(
        "dev",
        {
            "nodeGroups.serving.enabled": False,
            "serving.modelApi.enabled": False,
            "serving.flightApiEmbedded.enabled": False,
        },
        "serving.flightApiShared.enabled: is on, but nodeGroups.serving is off (given: true): turn it "
        "off, or nodeGroups.serving on",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_node_group_that_does_not_work_is_named_with_its_key_and_a_remedy(case: Bad) -> None:
    assert message_of(case) == case.message
