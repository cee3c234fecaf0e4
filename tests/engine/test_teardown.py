"""Taking dev down: data refuses to go, everything else goes before what it needs, and what is to stay stays."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable
from typing import Any

from engine_clouds import Cloud, Ran

DATA = {"database-instance", "shared-files-files", "lake-bucket", "kafka-cluster", "keys-data"}
"""One of each kind that docs/teardown.md names."""


def names(entries: Iterable[dict[str, Any]]) -> set[str]:
    return {entry["urn"].rpartition("::")[2] for entry in entries}


def test_what_holds_data_is_protected(deployed: Ran) -> None:
    assert names(entry for entry in deployed.entries if entry.get("protect")) >= DATA


def test_a_destroy_of_a_protected_environment_ends_at_its_preview(
    shared_cloud: Cloud, deployed_values: dict[str, Any]
) -> None:
    with shared_cloud.stack("dev", deployed_values) as stack:
        before = stack.export()["resources"]
        refused = Ran(stack.run("destroy", preview_only=True), stack.export())
    assert refused.outcome.failed
    assert "aws:rds/instance:Instance::database-instance" in refused.errors
    assert "cannot be deleted" in refused.errors
    assert refused.entries == before


def test_a_destroy_without_a_preview_still_keeps_the_data_and_what_it_stands_on(
    own_cloud: Cloud, deployed_values: dict[str, Any]
) -> None:
    """The engine refuses each resource when it comes to it: what is not protected has gone by then."""
    kept = own_cloud.run("dev", "destroy", deployed_values)
    assert kept.outcome.failed
    assert "database-instance" in kept.errors
    left = {entry["urn"]: entry for entry in kept.entries}
    assert names(left.values()) >= {*DATA, "database-subnets", "network-data-a", "network-vpc"}
    assert "cluster-eksCluster" not in names(left.values())
    missing = {urn for entry in left.values() for urn in entry.get("dependencies") or [] if urn not in left}
    assert missing == set()


def test_after_protection_is_off_everything_goes_before_what_it_needs(
    own_cloud: Cloud, deployed: Ran, unprotected_values: dict[str, Any]
) -> None:
    changed = own_cloud.run("dev", "up", unprotected_values)
    assert not changed.outcome.failed, changed.errors
    assert changed.operations == {"same", "update"}
    assert names(entry for entry in changed.entries if entry.get("protect")) == set()

    gone = own_cloud.run("dev", "destroy", unprotected_values)
    assert not gone.outcome.failed, gone.errors
    assert gone.operations == {"delete"}
    assert gone.entries == []

    place = {step.urn: number for number, step in enumerate(gone.outcome.steps)}
    assert set(place) == {entry["urn"] for entry in deployed.entries}

    def places(chosen: Callable[[str, str, dict[str, Any]], bool]) -> list[int]:
        found = [
            place[entry["urn"]]
            for entry in deployed.entries
            if chosen(entry["type"], entry["urn"].rpartition("::")[2], entry.get("inputs") or {})
        ]
        assert found
        return found

    ranks = {
        "workloads": places(lambda kind, _, __: kind.endswith((":Deployment", "batch/v1:Job", "ray.io/v1:RayCluster"))),
        "load balancers": places(
            lambda kind, _, given: kind.endswith(":Service") and given["spec"].get("type") == "LoadBalancer"
        ),
        "controllers": places(lambda kind, name, _: kind.endswith(":Release") and name.startswith("controllers-")),
        "add-ons": places(lambda kind, name, _: kind == "aws:eks/addon:Addon" and name.startswith("add-ons-")),
        "node groups": places(lambda kind, _, __: kind == "aws:eks/nodeGroup:NodeGroup"),
        "cluster": places(lambda kind, _, __: kind == "aws:eks/cluster:Cluster"),
        "subnets": places(lambda kind, _, __: kind == "aws:ec2/subnet:Subnet"),
        "network": places(lambda kind, _, __: kind == "aws:ec2/vpc:Vpc"),
    }
    order = list(ranks)
    # Workloads and their load balancers may go together: both only need what comes after them.
    followed = [("workloads", "controllers"), *itertools.pairwise(order[1:])]
    late = [
        f"{first} are still there when {then} go" for first, then in followed if max(ranks[first]) > min(ranks[then])
    ]
    assert late == []
    # The network plugin works for the last pods, so it leaves after the nodes that they are on.
    plugin = places(lambda kind, name, _: kind == "aws:eks/addon:Addon" and name == "cluster-vpc-cni")
    assert max(ranks["node groups"]) < min(plugin)
    operator = places(lambda _, name, __: name == "ray-operator-release")
    clusters = places(lambda kind, _, __: kind.endswith("ray.io/v1:RayCluster"))
    assert max(clusters) < min(operator), "nobody is left to take the cluster's pods away"


def test_what_is_retained_leaves_the_state_and_not_the_account(
    own_cloud: Cloud, unprotected_values: dict[str, Any], faults: Callable[[str], None]
) -> None:
    values = copy.deepcopy(unprotected_values)
    values["protection"]["retainOnDelete"] = True
    changed = own_cloud.run("dev", "up", values)
    assert not changed.outcome.failed, changed.errors
    # Whoever asked the simulated AWS to delete one of these would be told no.
    faults(",".join(f"delete:{name}" for name in sorted(DATA)))
    gone = own_cloud.run("dev", "destroy", values)
    assert not gone.outcome.failed, gone.errors
    assert gone.entries == []
