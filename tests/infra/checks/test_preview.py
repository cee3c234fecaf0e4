"""What a first preview shows is all that is made: nothing waits for an output before it is registered."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s
import pytest
from mlplatform.config.base import ENVIRONMENTS, Environment
from recorder import Recorder, build
from whole_program import record, record_preview


def listed(recorder: Recorder) -> list[tuple[str, str]]:
    return sorted((one.urn, one.type) for one in recorder.resources)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_preview_without_any_output_registers_the_same_resources(environment: Environment) -> None:
    assert listed(record_preview(environment)) == listed(record(environment))


def test_a_resource_that_is_made_inside_an_apply_is_missing_in_the_preview() -> None:
    def program() -> None:
        provider = k8s.Provider("kubernetes")
        opts = pulumi.ResourceOptions(provider=provider)
        first = k8s.core.v1.Namespace("first", opts=opts)

        def register(_: str) -> None:
            k8s.core.v1.Namespace("second", opts=opts)

        first.id.apply(register)

    assert len(build(program).resources) == 3
    assert [one.name for one in build(program, preview=True).resources] == ["kubernetes", "first"]
