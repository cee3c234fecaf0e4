"""The resources as a graph: whose they are, which comes first, and that each can be told apart."""

from __future__ import annotations

from collections import Counter
from graphlib import TopologicalSorter

import pytest
from infra_configs import platform_config
from mlplatform.config.base import AwsEnvironment
from mlplatform_policy.keeping import KEEPS_NOTHING, STATEFUL
from policy_views import provider_name
from recorder import Recorder
from whole_program import ENVIRONMENTS, record

pytestmark = pytest.mark.parametrize("environment", ENVIRONMENTS)
PROVIDERS = {"aws": "aws", "kubernetes": "cluster-kubernetes", "eks": "eks"}
"""Package → logical name of its provider."""


@pytest.fixture
def recorder(environment: AwsEnvironment) -> Recorder:
    return record(environment)


def test_every_resource_names_the_provider_of_its_package(recorder: Recorder) -> None:
    wrong = {
        (one.type, one.name): provider_name(one.provider)
        for one in recorder.resources
        if one.custom
        and not one.type.startswith("pulumi:")
        and provider_name(one.provider) != PROVIDERS[one.type.split(":")[0]]
    }
    assert wrong == {}


def test_a_remote_component_gets_the_provider_of_what_it_makes(recorder: Recorder) -> None:
    remote = [one for one in recorder.resources if one.type.startswith("eks:")]
    assert remote
    assert {provider_name(one.providers.get("aws", "")) for one in remote} == {PROVIDERS["aws"]}


def test_there_is_one_provider_for_each_package(recorder: Recorder) -> None:
    kinds = Counter(one.type for one in recorder.resources if one.type.startswith("pulumi:providers:"))
    assert kinds == {f"pulumi:providers:{package}": 1 for package in PROVIDERS}


def test_no_two_resources_of_a_type_have_one_name(recorder: Recorder) -> None:
    names = Counter((one.type, one.name) for one in recorder.resources)
    assert [key for key, count in names.items() if count > 1] == []


def test_no_logical_name_tells_the_environment(recorder: Recorder, environment: AwsEnvironment) -> None:
    """An address that differs between environments makes their plans incomparable."""
    told = [one.name for one in recorder.resources if environment in one.name.replace("-", "_").split("_")]
    assert told == []


def test_no_resource_waits_for_itself(recorder: Recorder) -> None:
    urns = {one.urn for one in recorder.resources}
    graph = TopologicalSorter({one.urn: (set(one.depends_on) | {one.parent}) & urns for one in recorder.resources})
    order = list(graph.static_order())
    assert len(order) == len(urns)


def test_what_holds_data_is_protected_and_retained_as_the_config_says(
    recorder: Recorder, environment: AwsEnvironment
) -> None:
    settings = platform_config(environment).protection
    stateful = [one for one in recorder.resources if one.type in STATEFUL and one.name not in KEEPS_NOTHING]
    assert {one.type for one in stateful} == set(STATEFUL)
    wrong = {
        (one.type, one.name): (one.protect, one.retain_on_delete)
        for one in stateful
        if (one.protect, one.retain_on_delete) != (settings.protect, settings.retain_on_delete)
    }
    assert wrong == {}


def test_nothing_else_is_protected(recorder: Recorder) -> None:
    """A teardown would stop at it, without a reason. Volumes in the cluster name the access points of the files."""
    may_be = {*STATEFUL, "aws:efs/accessPoint:AccessPoint", "aws:msk/topic:Topic"}
    assert [one.name for one in recorder.resources if one.protect and one.type not in may_be] == []


def test_the_exceptions_are_there(recorder: Recorder) -> None:
    assert {one.name for one in recorder.resources if one.type in STATEFUL} >= KEEPS_NOTHING
