"""What runs on the nodes, within what they hold."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from mlplatform.config.checks.fitting import Need
from mlplatform.config.checks.ray import AUTOSCALER
from platform_contract.executor_profile import NodeShape

from config_strategies.nodes import Draw, hold, node_group, shapes_of, tightest


def ray(draw: Draw, groups: dict[str, Any], architecture: str, *, spot: bool) -> dict[str, Any]:
    groups["ray"] = node_group(draw, architecture, spot=spot, least_vcpus=4)
    node = tightest(groups["ray"])
    head = {
        "headCpu": draw(st.integers(1, (node.allocatable_cpu_millicores - AUTOSCALER.cpu_millicores) // 1000)),
        "headMemoryGib": draw(st.integers(2, (node.allocatable_memory_mib - AUTOSCALER.memory_mib) // 1024)),
    }
    workers = [_workers(draw, f"cpu-{number}", node) for number in range(draw(st.integers(1, 3)))]
    pods = [(_need(worker), worker["maxWorkers"]) for worker in workers]
    pods.append(
        (
            Need(
                head["headMemoryGib"] * 1024 + AUTOSCALER.memory_mib, head["headCpu"] * 1000 + AUTOSCALER.cpu_millicores
            ),
            1,
        )
    )
    hold(draw, groups["ray"], pods)
    per_worker = draw(st.integers(1, min(worker["cpu"] for worker in workers)))
    most = sum(worker["cpu"] // per_worker * worker["maxWorkers"] for worker in workers)
    return head | {
        "workerGroups": workers,
        "idleTimeoutSeconds": draw(st.integers(30, 3600)),
        "trainingCpusPerWorker": per_worker,
        "trainingWorkers": draw(st.integers(1, most)),
    }


def _workers(draw: Draw, name: str, node: NodeShape) -> dict[str, Any]:
    most = draw(st.integers(1, 6))
    return {
        "name": name,
        "cpu": draw(st.integers(1, node.allocatable_cpu_millicores // 1000)),
        "memoryGib": draw(st.integers(1, node.allocatable_memory_mib // 1024)),
        "minWorkers": draw(st.integers(0, most)),
        "maxWorkers": most,
    }


def _need(worker: dict[str, Any]) -> Need:
    return Need(worker["memoryGib"] * 1024, worker["cpu"] * 1000)


def spark(draw: Draw, groups: dict[str, Any]) -> dict[str, Any]:
    driver, group = tightest(groups["sparkDriver"]), groups["sparkExecutor"]
    shapes = shapes_of(group)
    node = tightest(group)
    cores = draw(st.integers(1, node.allocatable_cpu_millicores // 1000))
    rest = draw(st.integers(450 + 384, node.allocatable_memory_mib)) - 450 - 384
    off_heap, python = draw(st.integers(0, rest // 4)), draw(st.integers(0, rest // 4))
    pod = 450 + 384 + rest
    per_node = [
        min(one.allocatable_memory_mib // pod, one.allocatable_cpu_millicores // (cores * 1000)) for one in shapes
    ]
    space = min(one.local_disk_gib // count for one, count in zip(shapes, per_node, strict=True))
    kinds = ["claim"] + (["emptyDir"] + (["localDisk"] if group["localDisks"] else []) if space else [])
    kind = draw(st.sampled_from(kinds))
    most = min(per_node) * group["maxSize"]
    instances = draw(st.integers(1, most))
    executor = {
        "cores": cores,
        "heapMib": 450 + rest - off_heap - python,
        "overheadMib": 384,
        "offHeapMib": off_heap,
        "pysparkMemoryMib": python,
        "localDir": {"kind": kind, "sizeGib": draw(st.integers(1, 1000 if kind == "claim" else space))},
        "instances": instances,
        "maxInstances": draw(st.none() | st.integers(instances, most)),
        "allocationBatchSize": draw(st.integers(1, 100)),
        "minRegisteredResourcesRatio": draw(st.sampled_from([0.1, 0.8, 1])),
        "maxRegisteredResourcesWaitingSeconds": draw(st.integers(180, 3600)),
        "decommissioning": {"gracePeriodSeconds": draw(st.integers(1, 119)), "fallbackStorage": draw(st.booleans())},
    }
    if group["capacityType"] == "onDemand" and draw(st.booleans()):
        executor["decommissioning"] = None
    return {
        # Python's overhead is 40 %, and 384 MiB at least.
        "driverMemoryMib": draw(st.integers(512, int((driver.allocatable_memory_mib - 384) / 1.4))),
        "executor": executor,
    }


def serving(draw: Draw, groups: dict[str, Any], architecture: str, *, prod: bool) -> dict[str, Any]:
    group = groups["serving"] = node_group(draw, architecture, spot=not prod, burstable=not prod) | {
        "enabled": draw(st.booleans())
    }
    node, pods = tightest(group), []
    services: dict[str, Any] = {}
    for name in ("modelApi", "flightApiEmbedded", "flightApiShared"):
        least = draw(st.integers(2 if prod else 1, 4))
        asks_nobody = name != "flightApiEmbedded" or services["modelApi"]["enabled"]
        service = services[name] = {
            "enabled": group["enabled"] and asks_nobody and draw(st.booleans()),
            "cpuMillicores": draw(st.integers(100, node.allocatable_cpu_millicores)),
            "memoryMib": draw(st.integers(512, node.allocatable_memory_mib)),
            "minReplicas": least,
            "maxReplicas": least + draw(st.integers(0, 4)),
            "targetCpuPercent": draw(st.integers(10, 95)),
        }
        if service["enabled"]:
            pods.append((Need(service["memoryMib"], service["cpuMillicores"]), service["maxReplicas"]))
    # One more while a service is rolled out.
    hold(draw, group, [*pods, *([(max(need for need, _ in pods), 1)] if pods else [])], least=2 if prod else 0)
    return services
