"""The node groups, each for itself, and against the images that run on them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Final

from pydantic.alias_generators import to_camel

from mlplatform.config.base import Environment
from mlplatform.config.faults import NOT_GIVEN, Fault
from mlplatform.config.sections import Aws, NodeGroup, NodeGroups
from mlplatform.config.service_settings import NodesOfType
from mlplatform.config.workload_sections import ImageBuild
from mlplatform.instance_types import INSTANCE_TYPES, InstanceTypeFacts

NEVER_SPOT: Final = {
    "system": "controllers run there, and the autoscaler itself",
    "sparkDriver": "a driver that is taken away takes its job with it",
}
NEVER_SPOT_IN_PROD: Final = {
    "ray": "Ray's head runs there, and a cluster ends with its head",
    "serving": "people wait for its answers",
    "notebook": "people work there",
}
LEAST_DISK_GIB: Final = 30
"""`DISK_SYSTEM_GIB` twice, and half as much again for what pods write and the kubelet keeps free. (20, EKS' default,
leaves 8 beside the system; with local disks the images are on those.)"""
LEAST_SPOT_TYPES: Final = 2
"""A spot group of one type has no nodes when that type runs out."""
ALWAYS_ON: Final = {
    "system": "nothing runs without its controllers",
    "sparkDriver": "Spark's drivers run there",
    "sparkExecutor": "Spark's executors run there",
    "ray": "Ray's head runs there",
}

ONE_ZONE: Final = {"sparkDriver": "a driver", "ray": "Ray's head"}
"""Groups whose nodes EC2 may not move from zone to zone, and what would go with one."""

_KEYS: Final = {name: to_camel(name) for name in NodeGroups.model_fields}


def groups(node_groups: NodeGroups) -> Iterator[tuple[str, NodeGroup]]:
    """Key and group of all that are in the file."""
    for name, key in _KEYS.items():
        group = getattr(node_groups, name)
        if group is not None:
            yield key, group


def known_types(group: NodeGroup) -> list[InstanceTypeFacts]:
    """Facts of the group's instance types, without those that are unknown."""
    return [INSTANCE_TYPES[name] for name in group.instance_types if name in INSTANCE_TYPES]


def is_known(nodes: NodesOfType | None) -> bool:
    """Whether pods can be fitted to the nodes: there are some, and their sizes are known."""
    return nodes is not None and nodes.is_known


def like(name: str) -> str:
    """The remedy for a type that is not known."""
    (close,) = difflib.get_close_matches(name, INSTANCE_TYPES, n=1, cutoff=0)
    return f"use one that is, as {close}, or add it there"


def disks_hold_the_images(node_groups: NodeGroups) -> Iterator[Fault]:
    """The kubelet starts to remove images and pods when its disk is nearly full (`imagefs.available`)."""
    for key, group in groups(node_groups):
        if group.enabled and not group.local_disks and group.disk_gib < LEAST_DISK_GIB:
            yield Fault(
                f"nodeGroups.{key}.diskGib",
                "is too small for the operating system, the images of a roll-out's two versions and what the kubelet"
                " keeps free",
                group.disk_gib,
                f"use at least {LEAST_DISK_GIB}",
            )


def types_are_known(node_groups: NodeGroups) -> Iterator[Fault]:
    """EKS refuses a type that does not exist, or one that is named twice, when it makes the group."""
    for key, group in groups(node_groups):
        given = list(group.instance_types)
        for name in dict.fromkeys(given):
            if name not in INSTANCE_TYPES:
                yield Fault(
                    f"nodeGroups.{key}.instanceTypes",
                    "names an instance type that is not in infra/mlplatform/instance_types.py",
                    name,
                    like(name),
                )
            if given.count(name) > 1:
                yield Fault(f"nodeGroups.{key}.instanceTypes", "names a type twice", name, "name it once")


def types_are_alike(node_groups: NodeGroups) -> Iterator[Fault]:
    """One AMI serves a group, and the autoscaler takes each of its nodes for the same size."""
    for key, group in groups(node_groups):
        types = known_types(group)
        where, given = f"nodeGroups.{key}.instanceTypes", list(group.instance_types)
        if len({one.architecture for one in types}) > 1:
            yield Fault(where, "mixes processor architectures", given, "use types of one: amd64 or arm64")
        if len({(one.vcpus, one.memory_mib, one.gpus) for one in types}) > 1:
            sizes = ", ".join(f"{one.name} {one.vcpus} vCPU {one.memory_mib} MiB" for one in types)
            yield Fault(
                where,
                "mixes sizes, but the autoscaler takes all nodes of a group to be alike",
                given,
                f"use types of one size ({sizes})",
            )


def sizes_fit(node_groups: NodeGroups) -> Iterator[Fault]:
    """EKS refuses a minimum above the maximum."""
    for key, group in groups(node_groups):
        if group.min_size > group.max_size:
            yield Fault(
                f"nodeGroups.{key}.maxSize",
                f"is below minSize, {group.min_size}",
                group.max_size,
                f"use at least {group.min_size}, or lower minSize",
            )


def local_disks_exist(node_groups: NodeGroups) -> Iterator[Fault]:
    """An array needs disks on every type."""
    for key, group in groups(node_groups):
        for facts in known_types(group) if group.local_disks else ():
            if not facts.disks:
                yield Fault(
                    f"nodeGroups.{key}.localDisks",
                    f"is on, but {facts.name} has no NVMe disks",
                    True,
                    "turn it off, or use types that have them, as m6id.2xlarge",
                )


def gpus_are_not_paid_for(node_groups: NodeGroups) -> Iterator[Fault]:
    """No image has a build of XGBoost that uses one, and no pod asks for one."""
    for key, group in groups(node_groups):
        for facts in known_types(group):
            if facts.gpus:
                yield Fault(
                    f"nodeGroups.{key}.instanceTypes",
                    "names a type with a GPU, which nothing on the platform uses",
                    facts.name,
                    "use types without one",
                )


def spot_only_where_it_may_be(environment: Environment, node_groups: NodeGroups) -> Iterator[Fault]:
    """Spot nodes go away with two minutes' notice."""
    never = NEVER_SPOT | (NEVER_SPOT_IN_PROD if environment == "prod" else {})
    for key, group in groups(node_groups):
        if group.capacity_type != "spot":
            continue
        if key in never:
            yield Fault(f"nodeGroups.{key}.capacityType", f"may not be spot: {never[key]}", "spot", "use onDemand")
        if len(set(group.instance_types)) < LEAST_SPOT_TYPES:
            yield Fault(
                f"nodeGroups.{key}.instanceTypes",
                "has one type, and a spot group of one has no nodes when that type runs out",
                list(group.instance_types),
                f"name at least {LEAST_SPOT_TYPES}",
            )


def work_that_is_kept_is_in_one_zone(aws: Aws, node_groups: NodeGroups) -> Iterator[Fault]:
    """EC2 ends nodes of a group with several zones to balance them, whatever runs there."""
    for key, group in groups(node_groups) if aws.zones else ():
        where = f"nodeGroups.{key}.zone"
        if group.zone is not None and group.zone not in aws.zones:
            yield Fault(where, "is not one of aws.zones", group.zone, f"use one of {', '.join(aws.zones)}")
        # A spot node goes away anyhow: there the most pools matter more.
        if key in ONE_ZONE and group.zone is None and group.capacity_type != "spot":
            yield Fault(
                where,
                f"is missing: EC2 balances the zones of a group by ending nodes, {ONE_ZONE[key]} with them",
                NOT_GIVEN,
                f"name one of {', '.join(aws.zones)}",
            )


def needed_groups_are_on(node_groups: NodeGroups) -> Iterator[Fault]:
    """Some groups every environment has."""
    for key, group in groups(node_groups):
        if key in ALWAYS_ON and not group.enabled:
            yield Fault(f"nodeGroups.{key}.enabled", f"may not be off: {ALWAYS_ON[key]}", False, "remove the key")


def images_match_processors(node_groups: NodeGroups, image_build: ImageBuild) -> Iterator[Fault]:
    """An image of another architecture ends at once with `exec format error`."""
    built = image_build.architecture
    there = [(key, known_types(group)) for key, group in groups(node_groups) if group.enabled]
    others = {facts.architecture for _, types in there for facts in types}
    if len(others) == 1 and built not in others:
        (other,) = others
        yield Fault(
            "imageBuild.architecture", f"is of no node: all of nodeGroups are of {other}", built, f"use {other}"
        )
        return
    for key, types in there:
        wrong = [facts.name for facts in types if facts.architecture != built]
        if wrong:
            yield Fault(
                f"nodeGroups.{key}.instanceTypes",
                f"are of another processor than images are built for, {built} (imageBuild.architecture)",
                wrong,
                f"use types of {built}",
            )


CHECKS = (
    types_are_known,
    types_are_alike,
    sizes_fit,
    disks_hold_the_images,
    local_disks_exist,
    gpus_are_not_paid_for,
    spot_only_where_it_may_be,
    work_that_is_kept_is_in_one_zone,
    needed_groups_are_on,
    images_match_processors,
)
