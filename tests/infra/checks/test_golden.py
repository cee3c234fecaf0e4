"""Type and name of every resource are as they were reviewed: whatever differs would be replaced, made or deleted."""

from __future__ import annotations

from pathlib import Path

import golden
import pytest
from mlplatform.config.base import ENVIRONMENTS, Environment


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_resources_are_those_of_the_golden_list(environment: Environment) -> None:
    changes = golden.difference(environment, golden.listing(environment))
    if changes:
        pytest.fail(f"the resources of {environment} have changed:\n{changes}\n{golden.HINT}", pytrace=False)


def test_a_rename_is_seen_as_one_that_goes_and_one_that_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "FOLDER", tmp_path)
    golden.path_of("dev").write_text("aws:ec2/vpc:Vpc network-vpc\naws:s3/bucket:Bucket lake\n")
    now = "aws:ec2/vpc:Vpc network\naws:s3/bucket:Bucket lake\n"
    assert golden.difference("dev", now).splitlines() == [
        "-aws:ec2/vpc:Vpc network-vpc",
        "+aws:ec2/vpc:Vpc network",
    ]


def test_a_list_that_is_missing_is_not_taken_for_an_empty_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "FOLDER", tmp_path)
    assert golden.difference("dev", "aws:ec2/vpc:Vpc network\n") == "+aws:ec2/vpc:Vpc network"
