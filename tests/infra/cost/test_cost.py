"""The estimate: complete, adding up, and as honest as its table."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from infra_configs import ENVIRONMENTS, REPOSITORY, platform_config, stack_config
from mlplatform.config.base import AwsEnvironment
from mlplatform.config.model import PlatformConfig
from mlplatform.config.reading import read_config
from mlplatform.service_types import SERVICE_TYPES
from mlplatform_cost.__main__ import main
from mlplatform_cost.estimate import Estimate, estimate
from mlplatform_cost.prices import PriceTable, UnknownPriceError, load_prices
from mlplatform_cost.quantities import alarm_count, quantities
from mlplatform_cost.report import print_estimate
from rich.console import Console
from whole_program import record

TABLE = load_prices()


def estimate_of(environment: AwsEnvironment) -> Estimate:
    return estimate(platform_config(environment), TABLE)


def changed(config: PlatformConfig, section: str, **values: Any) -> PlatformConfig:
    """The configuration with other values in a section, unchecked: an estimate is not what refuses them."""
    return config.model_copy(update={section: getattr(config, section).model_copy(update=values)})


def test_every_row_is_used_and_nothing_is_without_one() -> None:
    used = {key for name in ENVIRONMENTS for one in quantities(platform_config(name)) for key in one.prices}
    assert used == TABLE.prices.keys()


def test_every_row_names_a_source_that_is_named_and_dated() -> None:
    assert {price.source for price in TABLE.prices.values()} == TABLE.sources.keys()
    for source in TABLE.sources.values():
        assert source.name
        assert source.date <= dt.datetime.now(tz=dt.UTC).date()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_sums_add_up(environment: AwsEnvironment) -> None:
    found = estimate_of(environment)
    parts = [line for lines in found.by_component().values() for line in lines]
    assert sorted(parts, key=str) == sorted(found.lines, key=str)
    assert sum(line.least_quantity * line.least_price for line in parts) == pytest.approx(found.least)
    assert sum(line.most_quantity * line.most_price for line in parts) == pytest.approx(found.most)
    assert all(line.least <= line.most for line in found.lines)
    assert 0 < found.least < found.most


def test_a_bigger_environment_costs_more() -> None:
    found = [estimate_of(name) for name in ("dev", "staging", "prod")]
    assert found[0].least < found[1].least < found[2].least
    assert found[0].most < found[1].most < found[2].most


def test_the_control_plane_costs_73_dollars() -> None:
    (line,) = estimate_of("dev").by_component()["cluster"]
    assert line.least == line.most == pytest.approx(73)


def test_on_demand_nodes_are_priced_by_their_own_types() -> None:
    instances = estimate_of("prod").by_component()["nodes: system"][0]
    assert instances.least == pytest.approx(3 * 730 * 0.23)
    assert instances.most == pytest.approx(6 * 730 * 0.2415)


def test_spot_nodes_cost_their_share() -> None:
    instances = estimate_of("prod").by_component()["nodes: spark-executor"][0]
    assert instances.most == pytest.approx(20 * 730 * 1.139 * TABLE.spot_share)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_quantities_are_those_of_the_program(environment: AwsEnvironment) -> None:
    config, recorder = platform_config(environment), record(environment)
    found = {one.what: one.most for one in quantities(config)}
    endpoints = [
        one
        for one in recorder.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
        if one.inputs["vpcEndpointType"] == "Interface"
    ]
    assert found["NAT gateways"] == len(recorder.of_type("aws:ec2/natGateway:NatGateway"))
    assert found["interface endpoints by zone"] == sum(len(one.inputs["subnetIds"]) for one in endpoints)
    assert found["KMS keys"] == 3 * len(recorder.of_type("aws:kms/key:Key"))
    # RDS makes the other one, of the master user.
    assert found["secrets"] == 1 + len(recorder.of_type("aws:secretsmanager/secret:Secret"))
    assert alarm_count(config) == len(recorder.of_type("aws:cloudwatch/metricAlarm:MetricAlarm"))
    groups = recorder.of_type("aws:eks/nodeGroup:NodeGroup")
    assert sum(one.most for one in quantities(config) if one.what.startswith("instances")) == sum(
        one.inputs["scalingConfig"]["maxSize"] for one in groups
    )
    balancers = [
        one
        for one in recorder.of_type("kubernetes:core/v1:Service")
        if one.inputs["spec"].get("type") == "LoadBalancer"
    ]
    assert found["load balancers"] == len(balancers)


def test_a_type_without_a_price_ends_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dev", "--stacks", str(stacks(tmp_path, {"instanceTypes": ["m7a.xlarge"]}))]) == 2
    assert capsys.readouterr().err == (
        "ec2/m7a.xlarge has no price: add a row to infra/mlplatform_cost/prices.yaml, with its source and date.\n"
    )


def test_another_region_ends_in_one_sentence() -> None:
    config = changed(platform_config("dev"), "aws", region="us-east-1")
    with pytest.raises(
        UnknownPriceError, match=r"^There are prices for eu-central-1 alone, and dev is in us-east-1: write a table"
    ):
        estimate(config, TABLE)


def test_a_bad_configuration_ends_in_its_own_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dev", "--stacks", str(stacks(tmp_path, {"maxSize": 0}))]) == 2
    assert "mlplatform:nodeGroups.notebook.maxSize" in capsys.readouterr().err


def test_a_missing_file_ends_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dev", "--stacks", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'Pulumi.dev.yaml'}: No such file or directory.\n"


def stacks(folder: Path, notebook: Mapping[str, Any]) -> Path:
    """A folder with dev's stack file, its notebook nodes changed."""
    read = yaml.safe_load((REPOSITORY / "Pulumi.dev.yaml").read_text())
    read["config"]["mlplatform:nodeGroups"]["notebook"] |= notebook
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(read))
    return folder


def test_the_report_says_what_it_cannot_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    for name in ENVIRONMENTS:
        assert f"{name} in eu-central-1: from" in printed
    assert printed.count("Not in it:") == 3
    assert printed.count("Spot prices move") == 3
    # prod keeps Performance Insights for three months, which is not free.
    assert printed.count("Performance Insights beyond 7 days") == 1


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_figure_is_cut_where_the_terminal_is_narrow(environment: AwsEnvironment) -> None:
    found, told = estimate_of(environment), io.StringIO()
    print_estimate(found, TABLE, Console(file=told, width=80))
    lines = told.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in told.getvalue()
    rows = [line.split() for line in lines if line.startswith("  ")]
    for one in found.lines:
        figures = [f"{one.least:,.0f}", f"{one.most:,.0f}"]
        assert any(row[-2:] == figures for row in rows), one.what
    (total,) = (line.split() for line in lines if line.startswith("total"))
    assert total == ["total", f"{found.least:,.0f}", f"{found.most:,.0f}"]


def test_json_has_the_same_sums(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prod", "--json"]) == 0
    (read,) = json.loads(capsys.readouterr().out)
    assert read["mostPerMonth"] == pytest.approx(sum(line["most"] for line in read["lines"]), abs=0.5)
    assert read["leastPerMonth"] == round(estimate_of("prod").least, 2)
    assert read["sources"].keys() == TABLE.sources.keys()


def test_an_unknown_environment_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["production"])
    assert "there is no environment production, but dev, staging, prod" in capsys.readouterr().err


sizes = st.integers(0, 400)
environments = st.sampled_from(ENVIRONMENTS)
groups = st.sampled_from([one.config_key for one in SERVICE_TYPES])


@settings(deadline=None, max_examples=40)
@given(environments, groups, sizes, sizes, st.integers(0, 20))
def test_more_nodes_never_cost_less(environment: AwsEnvironment, group: str, least: int, more: int, extra: int) -> None:
    config = platform_config(environment)

    def with_sizes(minimum: int, maximum: int) -> Estimate:
        node_group = getattr(config.node_groups, group).model_copy(update={"min_size": minimum, "max_size": maximum})
        return estimate(changed(config, "node_groups", **{group: node_group}), TABLE)

    small, large = with_sizes(least, least + more), with_sizes(least + extra, least + more + extra)
    assert small.least <= large.least
    assert small.most <= large.most
    # An alarm is there for a group that can grow, and not for one of one size.
    assert (large.most - small.most > 1) == (extra > 0)


@settings(deadline=None, max_examples=40)
@given(environments, st.integers(20, 1000), st.integers(0, 1000), st.booleans())
def test_a_larger_database_never_costs_less(environment: AwsEnvironment, storage: int, more: int, zones: bool) -> None:
    config = platform_config(environment)
    small = estimate(changed(config, "database", storage_gib=storage, multi_zone=zones), TABLE)
    large = estimate(changed(config, "database", storage_gib=storage + more, multi_zone=True), TABLE)
    assert small.least <= large.least


@settings(deadline=None, max_examples=40)
@given(st.floats(0.05, 1), st.floats(0.05, 1))
def test_dearer_spot_never_costs_less(one: float, other: float) -> None:
    def most(share: float) -> float:
        table: PriceTable = TABLE.model_copy(update={"spot_share": share})
        return estimate(platform_config("prod"), table).most

    assert (one <= other) == (most(one) <= most(other)) or one == other


def test_the_stack_files_of_the_repository_are_what_is_read() -> None:
    assert read_config("dev", stack_config("dev")).aws.region == TABLE.region
