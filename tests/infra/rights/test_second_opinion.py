"""A second implementation of IAM's decisions looks at every request of the table, and whether there is such a one: it
knows from AWS' service reference which resources and condition keys an action has.

It is `@cloud-copilot/iam-simulate`, kept by others and used as it is (AGPL: a tool of the tests, in a process of its
own, and part of nothing that is shipped). `make environments` installs it where a machine has Node.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
from infra_configs import REPOSITORY
from rights.evaluation import Asked, Caller, decide
from rights.recorded import World
from rights.table import table
from whole_program import record

SIMULATOR = REPOSITORY / ".local" / "envs" / "policy_simulator"
ACCEPTED = {
    # Its copy of the service reference has the older API of that name alone, which knows no target groups.
    "elasticloadbalancing:AddTags": "error: no.resource.types",
    "elasticloadbalancing:RemoveTags": "error: no.resource.types",
    "elasticloadbalancing:SetWebAcl": "error: must.use.wildcard",
}
"""Action → what it says of requests that the controller's makers publish and AWS documents."""
KEY_OF_LOGS = "kms:EncryptionContext:aws:logs:arn"
"""It takes an encryption context for a text, which ArnLike does not look at; CloudWatch's own guide compares it so."""


def asked() -> list[tuple[Caller, Asked]]:
    world = World(record("prod"))
    return [world.asked(row.who, request) for row in world.applicable(table()) for request in row.requests]


def as_data(caller: Caller, one: Asked) -> dict[str, Any]:
    """As `tools/policy_simulator/simulate.cjs` reads it."""
    context = {"aws:SecureTransport": "true", "aws:ResourceAccount": one.owner, **caller.context(), **one.context}
    if one.action.startswith("s3:"):
        context["s3:ResourceAccount"] = one.owner
    return {
        "principal": caller.arn or caller.service,
        "action": one.action,
        "resource": one.resource,
        "owner": one.owner,
        "context": context,
        "identity": list(caller.identity),
        "resourcePolicy": one.resource_policy,
        "endpoint": one.endpoint,
        "ownerAgrees": one.owner_agrees,
    }


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node on this machine: the second opinion is left out")
def test_another_evaluator_comes_to_the_same_decisions() -> None:
    requests = asked()
    assert len(requests) > 2000
    done = subprocess.run(
        ["node", str(SIMULATOR / "simulate.cjs")],
        input=json.dumps([as_data(*one) for one in requests]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    others = [
        f"{caller.arn or caller.service}: {one.action} on {one.resource}: ours {ours}, theirs {theirs}"
        for (caller, one), theirs in zip(requests, answers, strict=True)
        if (theirs == "Allowed") != (ours := decide(caller, one).allowed) or theirs.startswith("error")
        if ACCEPTED.get(one.action) != theirs and KEY_OF_LOGS not in one.context
    ]
    assert others == []
