"""What the platform's service accounts may do at the Kubernetes API: all of it is in a table here, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Final

import pytest
from access_matrix import (
    EVERYWHERE,
    Kind,
    Right,
    accounts_in,
    differences,
    granted,
    is_about_oneself,
    kinds_of,
    questions,
    spelt_out,
    told_in_namespaces,
    without,
)
from cluster_requests import Requests
from control_plane import ControlPlane
from kubernetes import client, config

EXECUTORS: Final = "get list watch create update patch delete deletecollection"
MAY: Final[dict[str, dict[str, dict[str, str]]]] = {
    # Executors, their configuration and their claims; and the service by which they find a driver that makes one.
    "spark/spark-driver": {
        "spark": {
            "pods configmaps persistentvolumeclaims": EXECUTORS,
            "services": "get list watch create delete deletecollection",
        }
    },
    # Whoever is here with nothing speaks to the database, the lake or a model, and never to Kubernetes.
    "mlflow/database-setup": {},
    "mlflow/mlflow": {},
    "notebooks/notebook": {},
    "platform-data/stand-in": {},
    "ray/ray": {},
    "serving/flight-api": {},
    "serving/model-api": {},
    "spark/spark-executor": {},
}
"""Account → namespace → resources → verbs."""
OF_KUBERNETES: Final = ("default", "kube-system")
"""Namespaces that are not the platform's: its accounts have no business there."""
NOBODY: Final = "nobody"
"""Namespace, and the account in it, of the control: bound to nothing, so it may do what everybody may."""


@dataclass(frozen=True)
class Answers:
    """What the authorizer has said."""

    accounts: list[str]
    """Those of the platform, and the `default` account that Kubernetes makes in each of its namespaces."""
    namespaces: list[str]
    kinds: list[Kind]
    everybody: set[Right]
    """What the control may do."""
    granted: set[Right]
    """What the accounts may do beyond that."""


@pytest.fixture(scope="session")
def answers(plane: ControlPlane, requests: Requests, names: SimpleNamespace) -> Answers:
    core = plane.core()
    core.create_namespace({"metadata": {"name": NOBODY}})
    core.create_namespaced_service_account(NOBODY, {"metadata": {"name": NOBODY}})
    kinds, accounts = kinds_of(requests), accounts_in(requests, names.namespaces)
    namespaces = [*names.namespaces, *OF_KUBERNETES]
    started = time.monotonic()
    everybody = granted(requests, questions([f"{NOBODY}/{NOBODY}"], namespaces, kinds))
    asked = questions(accounts, namespaces, kinds)
    found = without(granted(requests, asked), everybody)
    seconds = time.monotonic() - started
    print(
        f"\n{len(asked):,} questions about {len(accounts)} accounts, {len(kinds)} resources and {len(namespaces)}"
        f" namespaces: {len(found)} rights, in {seconds:.0f} s ({len(asked) / seconds:.0f} questions/s)"
    )
    return Answers(accounts, namespaces, kinds, everybody, found)


@pytest.fixture
def one_binding_too_many(plane: ControlPlane) -> Iterator[str]:
    """Somebody lets the flight API read the secrets of its namespace, and list all nodes."""
    rbac = client.RbacAuthorizationV1Api(config.new_client_from_config(str(plane.kubeconfig())))
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    metadata = {"name": "too-much"}
    subjects = [{"kind": "ServiceAccount", "name": "flight-api", "namespace": "serving"}]
    of = {"apiGroup": "rbac.authorization.k8s.io", "name": "too-much"}
    nodes = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}]
    rbac.create_namespaced_role("serving", {"metadata": metadata, "rules": rules})
    rbac.create_namespaced_role_binding(
        "serving", {"metadata": metadata, "roleRef": {**of, "kind": "Role"}, "subjects": subjects}
    )
    rbac.create_cluster_role({"metadata": metadata, "rules": nodes})
    rbac.create_cluster_role_binding(
        {"metadata": metadata, "roleRef": {**of, "kind": "ClusterRole"}, "subjects": subjects}
    )
    yield "serving/flight-api"
    rbac.delete_namespaced_role_binding("too-much", "serving")
    rbac.delete_namespaced_role("too-much", "serving")
    rbac.delete_cluster_role_binding("too-much")
    rbac.delete_cluster_role("too-much")


def test_the_table_has_every_service_account_that_the_platform_makes(names: SimpleNamespace) -> None:
    assert sorted(MAY) == names.accounts


def test_the_accounts_may_do_what_the_table_says_and_nothing_else(answers: Answers) -> None:
    """Of all verbs and all that the API has, in every namespace of the platform, in others, and in the whole cluster.

    The accounts called `default` are asked about too: a pod that names no account runs as one of them.
    """
    assert set(MAY) < set(answers.accounts)
    assert {"pods/exec", "serviceaccounts/token", "nodes/proxy", "clusterroles.rbac.authorization.k8s.io"} <= {
        kind.name for kind in answers.kinds
    }
    assert differences(answers.granted, spelt_out(MAY)) == []


def test_what_the_accounts_are_told_of_their_rights_is_what_they_are_granted(
    requests: Requests, answers: Answers
) -> None:
    """A rule that no question above happens to meet, as one for an object of some name, would be in the list."""
    told = told_in_namespaces(requests, answers.accounts, answers.namespaces, answers.kinds)
    assert differences(told, {right for right in answers.granted if right.scope != EVERYWHERE}) == []


def test_what_everybody_may_do_is_to_ask_about_oneself_and_about_the_api(answers: Answers) -> None:
    """It is left out of the comparison, so it must not hide a right that somebody has given to all accounts."""
    more = {right for right in answers.everybody if not right.resource.startswith("/") and not is_about_oneself(right)}
    assert more == set()
    assert {right.verb for right in answers.everybody if is_about_oneself(right)} == {"create"}
    addresses = {right.resource for right in answers.everybody if right.resource.startswith("/")}
    assert addresses == {"/api", "/apis", "/healthz", "/livez", "/readyz", "/version"}


def test_one_binding_too_many_is_the_difference_that_is_reported(
    requests: Requests, answers: Answers, one_binding_too_many: str
) -> None:
    """The control: without it, an authorizer that refuses all, or questions that are put wrongly, would pass."""
    asked = questions([one_binding_too_many], answers.namespaces, answers.kinds)
    deadline = time.monotonic() + 300
    wanted = [
        "serving/flight-api may, and should not: get secrets in serving",
        "serving/flight-api may, and should not: list nodes in the whole cluster",
    ]
    # The authorizer learns of a binding a moment after it is made.
    while (
        found := differences(without(granted(requests, asked), answers.everybody), set())
    ) != wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    assert found == wanted


def test_a_right_that_is_missing_is_reported(answers: Answers) -> None:
    table = spelt_out({**MAY, "ray/ray": {"ray": {"pods": "list"}}})
    assert differences(answers.granted, table) == ["ray/ray should, and may not: list pods in ray"]
