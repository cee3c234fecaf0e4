"""The policy pack under the real engine: the engine asks it about a plan, and makes nothing that it refuses."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_aws as aws
import yaml
from engine_clouds import POLICY_PACK, Cloud


def careless() -> None:
    """A log group that keeps for ever, and a bucket with nothing around it."""
    tags = dict.fromkeys(("platform", "environment", "owner", "cost-centre"), "example")
    account = aws.Provider("account", region="eu-central-1", default_tags={"tags": tags})
    opts = pulumi.ResourceOptions(provider=account)
    aws.cloudwatch.LogGroup("careless-logs", opts=opts)
    aws.s3.Bucket("careless-bucket", opts=opts)


def project(folder: Path) -> Path:
    """One whose stack is an environment."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "example", "runtime": "python"}))
    (folder / "Pulumi.dev.yaml").write_text("config: {}\n")
    return folder


def test_a_plan_that_breaks_policies_is_refused_and_each_is_named(empty_cloud: Cloud, tmp_path: Path) -> None:
    plan = empty_cloud.run_project(project(tmp_path / "example"), careless, "preview", policy_packs=[POLICY_PACK])
    assert plan.outcome.failed
    assert plan.outcome.policy_packs == ["mlplatform"]
    for name, policy in (
        ("careless-logs", "logs-encrypted"),
        ("careless-logs", "logs-end"),
        ("careless-bucket", "buckets-closed"),
        ("careless-bucket", "buckets-encrypted"),
    ):
        assert any(line.startswith(f"{name}: ") and line.endswith(f"(policy {policy})") for line in plan.messages)
    assert "preview failed" not in plan.errors


def test_an_up_makes_nothing_that_a_policy_refuses(empty_cloud: Cloud, tmp_path: Path) -> None:
    made = empty_cloud.run_project(project(tmp_path / "example"), careless, "up", policy_packs=[POLICY_PACK])
    assert made.outcome.failed
    assert "(policy logs-end)" in made.errors
    assert "aws:cloudwatch/logGroup:LogGroup" not in {entry["type"] for entry in made.entries}
