"""Workloads that do not fit their nodes, each with the whole message."""

from __future__ import annotations

import pytest
from infra_configs import REMOVED, Bad, bad, message_of

CASES = (
    bad(
        "dev",
        {"ray.headMemoryGib": 64},
        "ray.headMemoryGib: makes a pod of 1500 millicores and 66048 MiB with KubeRay's autoscaler, but "
        "m6a.2xlarge leaves 7660 millicores and 28805 MiB (given: 64): use at most 27, or larger nodes in "
        "nodeGroups.ray",
    ),
    bad(
        "dev",
        {"ray.headCpu": 8},
        "ray.headCpu: makes a pod of 8500 millicores and 4608 MiB with KubeRay's autoscaler, but m6a.2xlarge "
        "leaves 7660 millicores and 28805 MiB (given: 8): use at most 7, or larger nodes in nodeGroups.ray",
    ),
    bad(
        "dev",
        {"ray.workerGroups[0].memoryGib": 32},
        "ray.workerGroups[0].memoryGib: is more than the 28805 MiB that m6a.2xlarge leaves (given: 32): use "
        "at most 28, or larger nodes",
    ),
    bad(
        "dev",
        {"ray.workerGroups[0].cpu": 8},
        "ray.workerGroups[0].cpu: is more than the 7660 millicores that m6a.2xlarge leaves (given: 8): use at"
        " most 7, or larger nodes",
    ),
    bad(
        "dev",
        {"ray.workerGroups[0].minWorkers": 4},
        "ray.workerGroups[0].maxWorkers: is below minWorkers, 4 (given: 3): use at least 4, or lower minWorkers",
    ),
    bad(
        "dev",
        {"ray.workerGroups[0].maxWorkers": 40},
        "nodeGroups.ray.maxSize: is too small for all workers of ray.workerGroups and the head (given: 4): "
        "use at least 40, or lower maxWorkers of ray.workerGroups",
    ),
    bad(
        "dev",
        {"ray.trainingWorkers": 9},
        "ray.trainingWorkers: is more than ray.workerGroups can hold of 4 CPUs each (given: 9): use at "
        "most 3, or raise maxWorkers",
    ),
    bad(
        "dev",
        {"ray.trainingCpusPerWorker": 7},
        "ray.workerGroups[0].cpu: is fewer than the 7 CPUs of a training's worker (ray.trainingCpusPerWorker), which "
        "would never run there (given: 6): use at least 7, or lower ray.trainingCpusPerWorker",
    ),
    bad(
        "dev",
        {"spark.driverMemoryMib": 16384},
        "spark.driverMemoryMib: makes a pod of 22937 MiB with Python's overhead, but m6a.xlarge leaves 13650 "
        "(given: 16384): use at most 9750, or larger nodes in nodeGroups.sparkDriver",
    ),
    bad(
        "dev",
        {"spark.executor.heapMib": 32768},
        "spark.executor.heapMib: makes a pod of 36864 MiB (heap 32768, overhead 1024, off-heap 1024, Python "
        "2048), but m6a.2xlarge leaves 28805 (given: 32768): use at most 24709, or less of overheadMib, "
        "offHeapMib and pysparkMemoryMib, or larger nodes in nodeGroups.sparkExecutor",
    ),
    bad(
        "dev",
        {"spark.executor.cores": 8},
        "spark.executor.cores: is more than the 7660 millicores that m6a.2xlarge leaves (given: 8): use at "
        "most 7, or larger nodes in nodeGroups.sparkExecutor",
    ),
    bad(
        "dev",
        {"spark.executor.localDir.sizeGib": 100},
        "spark.executor.localDir.sizeGib: needs 200 GiB for the 2 executors that fit a node, but m6a.2xlarge "
        "has 125 for pods (given: 100): use at most 62, or a larger nodeGroups.sparkExecutor.diskGib, types "
        "with larger NVMe disks, or kind claim",
    ),
    bad(
        "dev",
        {"spark.executor.localDir.kind": "localDisk"},
        "spark.executor.localDir.kind: wants the node's NVMe disks, but "
        "nodeGroups.sparkExecutor.localDisks is off (given: localDisk): use emptyDir or claim, or turn "
        "localDisks on",
    ),
    bad(
        "dev",
        {"spark.executor.maxInstances": 9},
        "spark.executor.maxInstances: is more than the 8 executors that the 4 nodes of "
        "nodeGroups.sparkExecutor hold (given: 9): use at most 8, or raise "
        "nodeGroups.sparkExecutor.maxSize",
    ),
    bad(
        "dev",
        {"spark.executor.maxInstances": 1},
        "spark.executor.maxInstances: is below instances, 2 (given: 1): use at least 2, or remove it",
    ),
    bad(
        "dev",
        {"spark.executor.maxInstances": REMOVED, "spark.executor.instances": 20},
        "spark.executor.instances: is more than the 8 executors that the 4 nodes of "
        "nodeGroups.sparkExecutor hold (given: 20): use at most 8, or raise "
        "nodeGroups.sparkExecutor.maxSize",
    ),
    bad(
        "dev",
        {"spark.executor.maxRegisteredResourcesWaitingSeconds": 30},
        "spark.executor.maxRegisteredResourcesWaitingSeconds: is shorter than the start of a node, and "
        "only 0 of 2 executors fit the nodes that are always there (given: 30): use at least 180, or "
        "raise nodeGroups.sparkExecutor.minSize",
    ),
    bad(
        "dev",
        {"spark.executor.decommissioning": REMOVED},
        "spark.executor.decommissioning: is not there, but executors run on spot nodes: add "
        "'decommissioning: {}', or use onDemand in nodeGroups.sparkExecutor",
    ),
    bad(
        "dev",
        {"serving.modelApi.minReplicas": 4},
        "serving.modelApi.maxReplicas: is below minReplicas, 4 (given: 3): use at least 4, or lower minReplicas",
    ),
    bad(
        "dev",
        {"serving.modelApi.memoryMib": 65536},
        "serving.modelApi.memoryMib: is more than t3.xlarge leaves a pod, 3670 millicores and 13650 MiB "
        "(given: 65536): use at most 13650, or larger nodes in nodeGroups.serving",
    ),
    bad(
        "dev",
        {"serving.flightApiShared.cpuMillicores": 8000},
        "serving.flightApiShared.cpuMillicores: is more than t3.xlarge leaves a pod, 3670 millicores and "
        "13650 MiB (given: 8000): use at most 3670, or larger nodes in nodeGroups.serving",
    ),
    bad(
        "dev",
        {"serving.modelApi.maxReplicas": 30},
        "nodeGroups.serving.maxSize: is too small for all services at their maxReplicas, with one pod more "
        "while they are rolled out (given: 4): use at least 13, or lower maxReplicas of serving",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_workload_that_does_not_fit_is_named_with_its_key_and_a_remedy(case: Bad) -> None:
    assert message_of(case) == case.message
