"""A plan of every environment from nothing: what the engine is told of is what the golden lists promise."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from engine_clouds import POLICY_PACK, Cloud, Kinds, own_kinds
from golden import path_of
from infra_configs import ENVIRONMENTS, stack_config
from mlplatform.config.base import AwsEnvironment
from mlplatform.program import main
from offline_providers.report import OWN_PROVIDER
from recorder import build
from whole_program import complete_config


@cache
def promised(environment: AwsEnvironment, *, images: bool) -> Kinds:
    """The golden list; or, before there are images, what the recorder sees of the same program."""
    if not images:
        recorded = build(main, stack_config(environment), environment).resources
        return Counter((one.type, one.name) for one in recorded)
    lines = path_of(environment).read_text(encoding="utf-8").splitlines()
    return Counter((kind, name) for kind, _, name in (line.partition(" ") for line in lines))


@pytest.mark.parametrize("images", [True, False], ids=["all images", "no image"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_plan_makes_what_is_promised_once_each_with_explicit_providers_and_keeps_the_policies(
    empty_cloud: Cloud, environment: AwsEnvironment, images: bool
) -> None:
    expected = promised(environment, images=images)
    values = complete_config(environment) if images else stack_config(environment)
    plan = empty_cloud.run(environment, "preview", values, policy_packs=[POLICY_PACK])
    assert not plan.outcome.failed, plan.errors
    assert plan.outcome.policy_packs == ["mlplatform"]
    assert plan.operations == {"create"}
    times = Counter(step.urn for step in plan.outcome.steps)
    assert {urn: number for urn, number in times.items() if number > 1} == {}
    found = own_kinds([(step.urn, step.type, step.name, step.parent) for step in plan.planned])
    assert (expected - found, found - expected) == (Counter(), Counter()), "left: promised and missing; right: more"
    # The engine's own provider reaches no account.
    providers = [step for step in plan.planned if step.type.startswith("pulumi:providers:")]
    assert [step.type for step in providers if step.name.startswith("default")] in ([], [OWN_PROVIDER])


def test_without_images_nothing_is_planned_that_would_pull_one() -> None:
    """The two plans above are of different programs: neither stands for the other."""
    for environment in ENVIRONMENTS:
        fewer = promised(environment, images=False)
        complete = promised(environment, images=True)
        assert fewer < complete
        assert "kubernetes:apps/v1:Deployment" not in {kind for kind, _ in fewer}
