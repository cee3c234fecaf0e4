"""The real engine with the simulated providers: what a stack's state goes through."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

# The types come from the fixtures of this folder's conftest.
Cloud = Any
PASSWORD = "correct-horse-battery-staple"  # noqa: S105 - made up


class Platform:
    """A small platform, whose parts a test can change before it runs it again."""

    def __init__(self, sdk: SimpleNamespace) -> None:
        self.sdk = sdk
        self.cidr = "10.0.0.0/16"
        self.tags: dict[str, str] = {}
        self.protected = False
        self.role_path = "/"
        self.seen: list[str] = []

    def __call__(self) -> None:
        pulumi, aws = self.sdk.pulumi, self.sdk.aws
        provider = aws.Provider("aws", region="eu-central-1", allowed_account_ids=["111122223333"])
        options = pulumi.ResourceOptions(provider=provider)
        network = pulumi.ComponentResource("example:index:Network", "network")
        within = pulumi.ResourceOptions(provider=provider, parent=network)
        vpc = aws.ec2.Vpc("net", cidr_block=self.cidr, tags=self.tags, opts=within)
        subnets = [
            aws.ec2.Subnet(f"net-{zone}", vpc_id=vpc.id, availability_zone=f"eu-central-1{zone}", opts=within)
            for zone in "ab"
        ]
        aws.iam.Role("nodes", name="nodes", path=self.role_path, assume_role_policy="{}", opts=options)
        group = aws.rds.SubnetGroup("db", subnet_ids=[subnet.id for subnet in subnets], opts=options)
        database = aws.rds.Instance(
            "database",
            instance_class="db.t4g.micro",
            engine="postgres",
            username="ml",
            password=pulumi.Output.secret(PASSWORD),
            db_subnet_group_name=group.name,
            deletion_protection=self.protected,
            skip_final_snapshot=True,
            opts=options,
        )
        vpc.arn.apply(self.seen.append)
        pulumi.export("endpoint", database.endpoint)
        pulumi.export("login", pulumi.Output.format("ml:{}", database.password))


@pytest.fixture
def platform(sdk: SimpleNamespace) -> Platform:
    return Platform(sdk)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, cloud_in: Callable[[Path], Cloud], sdk: SimpleNamespace) -> Cloud:
    """The platform, deployed. For copying only."""
    cloud = cloud_in(tmp_path_factory.mktemp("made"))
    ran = cloud.run(Platform(sdk), "up")
    assert not ran.failed, ran.errors
    return cloud


@pytest.fixture
def deployed(cloud: Cloud, made: Cloud) -> Cloud:
    """A cloud of this test's own in which the platform is deployed."""
    shutil.copytree(made.home, cloud.home)
    return cloud


EVERYTHING = {"network", "net", "net-a", "net-b", "nodes", "db", "database", "aws"}


def test_a_preview_tells_what_would_be_made_and_makes_nothing(cloud: Cloud, platform: Platform) -> None:
    ran = cloud.run(platform)
    assert not ran.failed
    assert {name for name in EVERYTHING if ran.operation(name) == "create"} == EVERYTHING
    assert platform.seen == [], "an ARN was known before there was anything"
    assert "resources" not in ran.state or not [r for r in ran.state["resources"] if r.get("custom")]


def test_a_second_up_changes_nothing(deployed: Cloud, platform: Platform) -> None:
    for operation in ("preview", "up"):
        again = deployed.run(platform, operation)
        assert {step.operation for step in again.steps} == {"same"}
    assert again.outputs["endpoint"].endswith(".eu-central-1.rds.amazonaws.com:5432")
    assert set(platform.seen) == {again.resource("net")["outputs"]["arn"]}


def test_no_secret_is_in_plain_text_anywhere(deployed: Cloud, platform: Platform) -> None:
    ran = deployed.run(platform, "up")
    assert ran.outputs["login"] == f"ml:{PASSWORD}"
    files = list(deployed.files())
    assert any(path.name == "dev.json" for path in files), "where is the state?"
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []
    assert "ciphertext" in ran.resource("database")["outputs"]["password"]


def test_what_cannot_change_is_replaced_with_what_stands_on_it(deployed: Cloud, platform: Platform) -> None:
    platform.cidr = "10.1.0.0/16"
    ran = deployed.run(platform)
    assert {name for name in EVERYTHING if ran.operation(name) == "replace"} == {"net", "net-a", "net-b"}
    assert ran.by_name["net"].replaced_by == ("cidrBlock",)
    assert not ran.by_name["net"].deleted_first
    assert ran.operation("db") == "update", "its subnets change, it stays"
    assert ran.operation("database") == "same"
    done = deployed.run(platform, "up")
    assert not done.failed, done.errors
    assert {step.operation for step in deployed.run(platform).steps} == {"same"}


def test_a_tag_is_changed_in_place(deployed: Cloud, platform: Platform) -> None:
    platform.tags = {"cost": "ml"}
    ran = deployed.run(platform)
    assert ran.operation("net") == "update"
    assert ran.by_name["net"].changed == ("tags.cost",)
    assert ran.operation("net-a") == "same", "the network's id stays as it is"


def test_a_resource_of_a_fixed_name_is_deleted_before_the_new_one_is_made(deployed: Cloud, platform: Platform) -> None:
    platform.role_path = "/ml/"
    ran = deployed.run(platform)
    assert ran.operation("nodes") == "replace"
    assert ran.by_name["nodes"].deleted_first


def test_a_destroy_takes_away_what_stands_on_others_first(deployed: Cloud, platform: Platform) -> None:
    ran = deployed.run(platform, "destroy")
    assert not ran.failed, ran.errors
    order = ran.order("database", "db", "net-a", "net")
    assert order == sorted(order)
    assert not ran.state.get("resources")


def test_a_protected_database_refuses_to_go(cloud: Cloud, platform: Platform) -> None:
    platform.protected = True
    cloud.run(platform, "up")
    ran = cloud.run(platform, "destroy")
    assert ran.failed
    assert "Cannot delete protected DB Instance" in ran.errors
    assert ran.resource("database")["id"].startswith("db-")
    platform.protected = False
    cloud.run(platform, "up")
    assert not cloud.run(platform, "destroy").failed


def test_what_fails_is_told_and_made_at_the_next_try(
    cloud: Cloud, platform: Platform, faults: Callable[[str], None]
) -> None:
    faults("create:net-b")
    ran = cloud.run(platform, "up")
    assert ran.failed
    assert "net-b" in ran.errors
    assert "create of net-b fails because OFFLINE_FAULTS asks for it" in ran.errors
    assert {entry["urn"].rsplit("::", 1)[-1] for entry in ran.state["resources"]}.isdisjoint({"net-b", "db"})
    faults("")
    again = cloud.run(platform, "up")
    assert not again.failed, again.errors
    assert {name for name in EVERYTHING if again.operation(name) == "create"} == {"net-b", "db", "database"}


def test_what_has_gone_is_noticed_by_a_refresh_and_made_anew(
    deployed: Cloud, platform: Platform, faults: Callable[[str], None]
) -> None:
    quiet = deployed.run(platform, "refresh")
    assert not quiet.failed, quiet.errors
    assert quiet.resource("nodes")["id"] == "nodes"
    faults("gone:nodes")
    ran = deployed.run(platform, "refresh")
    assert "nodes" not in {entry["urn"].rsplit("::", 1)[-1] for entry in ran.state["resources"]}
    faults("")
    assert deployed.run(platform).operation("nodes") == "create"


def test_another_project_reads_the_outputs_of_a_stack(deployed: Cloud, sdk: SimpleNamespace) -> None:
    def consumer() -> None:
        stack = sdk.pulumi.StackReference("organization/example/dev")
        sdk.pulumi.export("seen", stack.get_output("endpoint"))
        sdk.pulumi.export("login", stack.get_output("login"))

    ran = deployed.run(consumer, "up", name="consumer")
    assert not ran.failed, ran.errors
    assert ran.outputs["seen"].endswith(":5432")
    assert ran.outputs["login"] == f"ml:{PASSWORD}"
    assert [path for path in deployed.files() if PASSWORD.encode() in path.read_bytes()] == []
