"""The whole program, recorded for each environment: what the checks before AWS look at."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import infra_configs
from mlplatform.config.base import Environment
from mlplatform.config.workload_sections import Images
from recorder import Recorded, Recorder, build

ENVIRONMENTS: Final = infra_configs.ENVIRONMENTS
DIGEST: Final = "sha256:" + "0123456789abcdef" * 4


def complete_config(environment: Environment) -> dict[str, Any]:
    """The stack file with a digest for every image: nothing is left out of the plan for want of one."""
    images = {field.alias or name: DIGEST for name, field in Images.model_fields.items()}
    values = infra_configs.local_config({}) if environment == "local" else infra_configs.stack_config(environment)
    return {**values, "images": images}


@cache
def record(environment: Environment) -> Recorder:
    """All that `mlplatform.program.main` registers for an environment whose images are all built."""
    from mlplatform.program import main  # whoever tests a rule alone needs no program

    return build(main, complete_config(environment), environment)


@cache
def record_preview(environment: Environment) -> Recorder:
    """As `record`, in a first preview: no resource has told any of its outputs yet."""
    from mlplatform.program import main

    return build(main, complete_config(environment), environment, preview=True)


def of_kinds(recorder: Recorder, prefix: str) -> list[Recorded]:
    """Resources whose type begins like this, as ``aws:`` or ``kubernetes:``."""
    return [one for one in recorder.resources if one.type.startswith(prefix)]


@cache
def made_up(environment: Environment) -> frozenset[object]:
    """Identifiers that the mocks have given."""
    resources = record(environment).resources
    return frozenset(
        {f"{one.name}-id" for one in resources}
        | {f"arn:aws:kms:eu-central-1:123456789012:key/{one.name}" for one in resources if "kms" in one.type}
    )
