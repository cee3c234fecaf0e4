"""Hypothesis strategies of configurations: those that are accepted, and those with something wrong in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from infra_configs import ENVIRONMENTS, EXAMPLE_OWNER, local_config
from mlplatform.aws_regions import REGIONS
from mlplatform.config.base import AwsEnvironment, Environment
from mlplatform.config.checks import data, environments
from mlplatform.config.checks.fitting import Need, nodes_needed
from mlplatform.config.checks.network import INTERFACE_ENDPOINTS
from mlplatform.config.checks.ray import AUTOSCALER
from mlplatform.config.checks.system import CONTROLLER, CONTROLLERS, MLFLOW_SERVER
from mlplatform.instance_types import BURSTABLE_FAMILIES, DAEMON_PODS, INSTANCE_TYPES, max_pods, node_shape
from platform_contract.executor_profile import NodeShape
from platform_contract.rds_certificates import certificates

Draw = Callable[[SearchStrategy[Any]], Any]
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
        "system": _system(draw, architecture, replicas, prod=prod),
        "sparkDriver": _group(draw, architecture, burstable=not prod) | {"zone": draw(st.sampled_from(zones))},
        "sparkExecutor": _group(draw, architecture, spot=True, local_disks=True),
        "notebook": _group(draw, architecture, spot=not prod, burstable=not prod) | {"enabled": draw(st.booleans())},
    }
    ray = _ray(draw, groups, architecture, spot=not prod)
    groups["ray"] |= {"zone": draw(st.sampled_from(zones))}
    serving = _serving(draw, groups, architecture, prod=prod)
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
        "database": _database(draw, environment, draw(days)),
        "kafka": _kafka(draw, environment, len(zones), draw(days)),
        "emr": _emr(draw, name),
        "monitoring": {"monthlyBudgetUsd": draw(st.integers(1, 10**6))},
        "protection": {"protect": prod or draw(st.booleans()), "retainOnDelete": prod or draw(st.booleans())},
        "mlflow": {
            "replicas": replicas,
            "experiment": "flights",
            "registeredModel": draw(st.sampled_from(["m", "a b"])),
        },
        "ray": ray,
        "spark": _spark(draw, groups),
        "serving": serving,
        "imageBuild": {"architecture": architecture},
        "images": {
            name: f"sha256:{draw(st.sampled_from('0123456789abcdef')) * 64}"
            for name in ("mlflowTracking", "sparkPreprocessing", "rayTraining", "bentoModelApi", "bentoFlightApi")
            if draw(st.booleans())
        },
    }
    return environment, values


@st.composite
def generated_configs(draw: Draw) -> tuple[Environment, dict[str, Any]]:
    """Configurations of all environments: accepted ones, and those with one value or several that are others."""
    if not draw(st.integers(0, 3)):
        environment: Environment = "local"
        values = local_config({})
        least = 1
    else:
        environment, values = draw(accepted_configs())
        least = 0
    for _ in range(draw(st.integers(least, 3))):
        if draw(st.booleans()):
            _resize(draw, values)
        else:
            _change(draw, values)
    return environment, values


@st.composite
def changed_configs(draw: Draw) -> tuple[AwsEnvironment, dict[str, Any], str]:
    """A configuration in which one value is another, or is removed or added, and the section that it is in."""
    environment, values = draw(accepted_configs())
    if draw(st.booleans()):
        return environment, values, _resize(draw, values)
    return environment, values, _change(draw, values)


def _change(draw: Draw, values: dict[str, Any]) -> str:
    """Replaces, removes or adds a value anywhere; returns its section."""
    section = draw(st.sampled_from(sorted(values)))
    place, key = values, section
    while isinstance(place[key], (dict, list)) and place[key] and draw(st.integers(0, 3)):
        place = place[key]
        key = draw(st.sampled_from(sorted(place))) if isinstance(place, dict) else draw(st.integers(0, len(place) - 1))
    what = draw(st.sampled_from(["replace", "remove", "add"]))
    if what == "add" and isinstance(place, dict):
        place[draw(st.sampled_from(["x", "maxsize", "enabledd"]))] = 1
    elif what == "remove":
        del place[key]
    else:
        place[key] = draw(_ANYTHING)
    return str(section)


def _resize(draw: Draw, values: dict[str, Any]) -> str:
    """Changes a number, or the VPC's range, to one that is as plausible by itself; returns its section."""
    if isinstance(values.get("network"), dict) and not draw(st.integers(0, 9)):
        ranges = ["10.1.0.0/15", "10.1.0.0/19", "10.100.0.0/16", "172.16.0.0/15", "10.1.1.0/16", "11.0.0.0/16"]
        values["network"]["cidr"] = draw(st.sampled_from(ranges))
        return "network"
    numbers = [
        (section, place, key)
        for section, part in values.items()
        if isinstance(part, (dict, list))
        for place, key in _numbers(part)
    ]
    if not numbers:
        return "none"
    section, place, key = draw(st.sampled_from(numbers))
    place[key] = draw(st.sampled_from([0, 1, place[key] // 2, place[key] + 1, place[key] * 2, place[key] * 10]))
    return str(section)


def _numbers(part: Any) -> Iterator[tuple[Any, Any]]:
    """The whole numbers within a section: what they are in, and their key."""
    for key, value in part.items() if isinstance(part, dict) else enumerate(part):
        if isinstance(value, (dict, list)):
            yield from _numbers(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            yield part, key


_TRAPS: Final = (
    *(10**30, 2**31, 2**63, -1, 34, 0.5, True),
    *("", " ", "a\nb", "a:b", "a/b", "..", "0042", "no", "2026-01-01T00:00:00Z", "127.0.0.0/16", "224.0.0.0/16"),
    *(
        "a..b@example.org",
        "/etc/x",
        "/srv/../x",
        "/srv//x",
        "arn:aws:iam::210987654321:role/x",
        "mx-central-1",
        "t3.large",
    ),
)
_ANYTHING: Final = st.one_of(
    st.sampled_from(_TRAPS),
    st.none(),
    st.booleans(),
    st.integers(-1, 10**7),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["m7i.large", "r7g.8xlarge", "g6.xlarge", "db.t3.micro", "kafka.m5.large", "spot", "single", "10.0.0.0/16", ""]
    ),
    st.lists(st.sampled_from(["a", "b", "m7i.large", "203.0.113.0/24"]), max_size=4),
    st.dictionaries(st.sampled_from(["kind", "sizeGib", "enabled", "x"]), st.integers(0, 3), max_size=2),
)


def _roles(name: str) -> SearchStrategy[list[str]]:
    numbers = st.lists(st.integers(0, 9), unique=True, max_size=3)
    return numbers.map(lambda found: [f"arn:aws:iam::123456789012:role/{name}-{number}" for number in found])


def _group(
    draw: Draw,
    architecture: str,
    *,
    spot: bool = False,
    local_disks: bool = False,
    burstable: bool = False,
    least_vcpus: int = 2,
) -> dict[str, Any]:
    """A node group; it may be spot, have local disks, or burstable types, where it is said so."""
    disks = local_disks and draw(st.booleans())
    names = draw(st.sampled_from(_alike(architecture, disks, burstable, least_vcpus)))
    types = draw(st.lists(st.sampled_from(names), unique=True, min_size=1, max_size=5))
    most = draw(st.integers(1, 8))
    return {
        "instanceTypes": types,
        "capacityType": draw(st.sampled_from(["spot", "onDemand"])) if spot and len(types) > 1 else "onDemand",
        "minSize": draw(st.integers(0, most)),
        "maxSize": most,
        "diskGib": draw(st.integers(30, 500)),
        "localDisks": disks,
    }


@cache
def _alike(architecture: str, disks: bool, burstable: bool, least_vcpus: int) -> list[list[str]]:
    """Types that may be in a group together, for each size."""
    found: dict[tuple[int, int], list[str]] = {}
    for one in INSTANCE_TYPES.values():
        kind = (one.architecture, one.gpus, bool(one.disks) or not disks)
        if kind == (architecture, 0, True) and one.vcpus >= least_vcpus and (burstable or not one.burstable):
            found.setdefault((one.vcpus, one.memory_mib), []).append(one.name)
    return list(found.values())


def _shapes(group: dict[str, Any]) -> list[NodeShape]:
    types = [INSTANCE_TYPES[name] for name in group["instanceTypes"]]
    return [node_shape(one, one.local_disk_gib if group["localDisks"] else group["diskGib"]) for one in types]


def _tightest(group: dict[str, Any]) -> NodeShape:
    return min(_shapes(group), key=lambda shape: shape.allocatable_memory_mib)


def _hold(draw: Draw, group: dict[str, Any], pods: list[tuple[Need, int]], least: int = 0) -> None:
    """Makes the group large enough for the pods."""
    most_pods = max_pods([INSTANCE_TYPES[name] for name in group["instanceTypes"]]) - DAEMON_PODS
    needed = nodes_needed(pods, _tightest(group), most_pods)
    group["maxSize"] = max(1, needed, least) + draw(st.integers(0, 2))
    group["minSize"] = draw(st.integers(least, group["maxSize"]))


def _system(draw: Draw, architecture: str, replicas: int, *, prod: bool) -> dict[str, Any]:
    group = _group(draw, architecture, burstable=not prod)
    _hold(draw, group, [(CONTROLLER, CONTROLLERS), (MLFLOW_SERVER, replicas + 1)], least=2 if prod else 1)
    return group


def _ray(draw: Draw, groups: dict[str, Any], architecture: str, *, spot: bool) -> dict[str, Any]:
    groups["ray"] = _group(draw, architecture, spot=spot, least_vcpus=4)
    node = _tightest(groups["ray"])
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
    _hold(draw, groups["ray"], pods)
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


def _spark(draw: Draw, groups: dict[str, Any]) -> dict[str, Any]:
    driver, group = _tightest(groups["sparkDriver"]), groups["sparkExecutor"]
    shapes = _shapes(group)
    node = _tightest(group)
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


def _serving(draw: Draw, groups: dict[str, Any], architecture: str, *, prod: bool) -> dict[str, Any]:
    group = groups["serving"] = _group(draw, architecture, spot=not prod, burstable=not prod) | {
        "enabled": draw(st.booleans())
    }
    node, pods = _tightest(group), []
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
    _hold(draw, group, [*pods, *([(max(need for need, _ in pods), 1)] if pods else [])], least=2 if prod else 0)
    return services


def _database(draw: Draw, environment: AwsEnvironment, log_days: int) -> dict[str, Any]:
    prod, storage = environment == "prod", draw(st.integers(20, 1000))
    families = [one for one in data.DATABASE_FAMILIES if not (prod and one in BURSTABLE_FAMILIES)]
    family = draw(st.sampled_from(families))
    insights = [one for one in (7, 31, 62, 93, 186, 372, 731) if one >= environments.INSIGHTS_DAYS[environment]]
    return {
        "instanceClass": f"db.{family}.{draw(st.sampled_from(data.DATABASE_FAMILIES[family]))}",
        "storageGib": storage,
        "maxStorageGib": draw(st.integers(-(-storage * 11 // 10), 65536)),
        "multiZone": prod or draw(st.booleans()),
        "backupRetentionDays": draw(st.integers(environments.BACKUP_DAYS[environment], 35)),
        "deletionProtection": prod or draw(st.booleans()),
        "performanceInsightsRetentionDays": draw(st.sampled_from(insights)),
        "logRetentionDays": log_days,
    }


def _kafka(draw: Draw, environment: AwsEnvironment, zones: int, log_days: int) -> dict[str, Any]:
    prod, storage = environment == "prod", draw(st.integers(1, 1000))
    family = draw(st.sampled_from([one for one in data.BROKER_FAMILIES if not (prod and one in BURSTABLE_FAMILIES)]))
    return {
        "enabled": draw(st.booleans()),
        "instanceType": f"kafka.{family}.{draw(st.sampled_from(data.BROKER_FAMILIES[family]))}",
        "brokers": zones * draw(st.integers(1, 5)),
        "storageGib": storage,
        "maxStorageGib": draw(st.integers(storage, 16384)),
        "retentionHours": draw(st.integers(1, 8760)),
        "monitoring": draw(st.sampled_from(["PER_BROKER", "PER_TOPIC_PER_BROKER"] + ([] if prod else ["DEFAULT"]))),
        "logRetentionDays": log_days,
    }


def _emr(draw: Draw, region: str) -> dict[str, Any]:
    architecture, units = draw(st.sampled_from(["amd64", "arm64"])), draw(st.integers(1, 20))
    names = [
        one.name
        for one in INSTANCE_TYPES.values()
        if one.architecture == architecture and not one.burstable and not one.gpus and not one.name.endswith(".large")
    ]
    return {
        "enabled": draw(st.booleans()),
        "primaryInstanceType": draw(st.sampled_from(names)),
        "coreInstanceType": draw(st.sampled_from(names)),
        "taskInstanceTypes": draw(st.lists(st.sampled_from(names), unique=True, min_size=1, max_size=5)),
        "coreUnits": units,
        "maxUnits": draw(st.integers(units, 40)),
        "idleTimeoutMinutes": draw(st.integers(1, 10080)),
        "virtualCluster": "emr-containers" not in REGIONS[region].lacks and draw(st.booleans()),
    }
