"""Every Kubernetes object of the whole program against the schema of the pinned version."""

from __future__ import annotations

import copy

import kubernetes_validate
import pytest
from mlplatform import versions
from mlplatform.config.base import ENVIRONMENTS, Environment
from policy_views import plain
from recorder import Recorded
from whole_program import of_kinds, record

WITHOUT_SCHEMA = {"kubernetes:ray.io/v1:RayCluster", "kubernetes:helm.sh/v3:Release"}
"""A custom resource, whose schema is in its operator's chart, and what Pulumi alone knows."""


def objects(environment: Environment) -> list[Recorded]:
    return [one for one in of_kinds(record(environment), "kubernetes:") if one.type not in WITHOUT_SCHEMA]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_pinned_kubernetes_accepts_every_object(environment: Environment) -> None:
    found = objects(environment)
    assert len(found) > 40
    for one in found:
        try:
            kubernetes_validate.validate(plain(one.inputs), versions.KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            pytest.fail(f"{one.type} {one.name}: {error.message}")


def test_an_unknown_field_is_found() -> None:
    broken = copy.deepcopy(plain(next(one for one in objects("dev") if one.type.endswith(":Deployment")).inputs))
    broken["spec"]["replicas_"] = 1
    with pytest.raises(kubernetes_validate.ValidationError, match="replicas_"):
        kubernetes_validate.validate(broken, versions.KUBERNETES, strict=True)
