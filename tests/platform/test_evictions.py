"""Who asks by the eviction API, as an update of nodes does, gets no pod whose work would be lost."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from live_platform import Platform
from mlplatform.kubernetes.pods import APP_LABEL
from mlplatform.services.ray.pods import HEAD

from tools.localplatform.jobs import PREPARE, job
from tools.localplatform.pipeline import image_of

TOO_MANY_REQUESTS = 429
SECONDS = 120


def evict(platform: Platform, pod: Any, *, only_ask: bool = False) -> None:
    """Asks for the eviction of a pod.

    Raises:
        ApiException: it is refused.
    """
    options = client.V1DeleteOptions(dry_run=["All"] if only_ask else None)
    about = client.V1ObjectMeta(name=pod.metadata.name, namespace=pod.metadata.namespace)
    client.CoreV1Api(platform.api()).create_namespaced_pod_eviction(
        pod.metadata.name, pod.metadata.namespace, client.V1Eviction(metadata=about, delete_options=options)
    )


def pods_of(platform: Platform, namespace: str, app: str) -> list[Any]:
    core = client.CoreV1Api(platform.api())
    return list(core.list_namespaced_pod(namespace, label_selector=f"{APP_LABEL}={app}").items)


@contextmanager
def running_driver(platform: Platform) -> Iterator[Any]:
    """The pod of the pipeline's own job of Spark, which does nothing but be there."""
    step = dataclasses.replace(PREPARE, command=("sleep", "600"))
    batch = client.BatchV1Api(platform.api())
    name = "eviction-asked-for"
    batch.create_namespaced_job(step.namespace, job(step, name, image_of(platform.site, step)))
    try:
        end = time.monotonic() + SECONDS
        while True:
            core = client.CoreV1Api(platform.api())
            found = core.list_namespaced_pod(
                step.namespace, label_selector=f"batch.kubernetes.io/job-name={name}"
            ).items
            if found and found[0].status.phase == "Running":
                break
            assert time.monotonic() < end, [one.status for one in found]
            time.sleep(0.2)
        yield found[0]
    finally:
        options = client.V1DeleteOptions(propagation_policy="Foreground", grace_period_seconds=0)
        batch.delete_namespaced_job(name, step.namespace, body=options)


def await_budget(platform: Platform, namespace: str, app: str) -> None:
    """Until the budget of an app knows that a pod of it is there: the API decides by what it has noted."""
    end = time.monotonic() + SECONDS
    while True:
        budgets = client.PolicyV1Api(platform.api()).list_namespaced_pod_disruption_budget(namespace).items
        (budget,) = [one for one in budgets if one.spec.selector.match_labels == {APP_LABEL: app}]
        if budget.status and budget.status.expected_pods:
            assert budget.status.disruptions_allowed == 0
            return
        assert time.monotonic() < end, budget.status
        time.sleep(0.2)


def test_the_head_of_ray_is_not_evicted(platform: Platform) -> None:
    (head,) = pods_of(platform, "ray", HEAD)
    await_budget(platform, "ray", HEAD)
    with pytest.raises(ApiException, match="disruption budget") as refused:
        evict(platform, head)
    assert refused.value.status == TOO_MANY_REQUESTS
    (after,) = pods_of(platform, "ray", HEAD)
    assert (after.metadata.uid, after.metadata.deletion_timestamp) == (head.metadata.uid, None)


def test_a_driver_of_spark_is_not_evicted_while_it_runs(platform: Platform) -> None:
    with running_driver(platform) as driver:
        await_budget(platform, PREPARE.namespace, PREPARE.app)
        with pytest.raises(ApiException, match="disruption budget") as refused:
            evict(platform, driver)
        assert refused.value.status == TOO_MANY_REQUESTS
        after = client.CoreV1Api(platform.api()).read_namespaced_pod(driver.metadata.name, driver.metadata.namespace)
        assert after.metadata.deletion_timestamp is None


def test_a_pod_that_can_be_replaced_may_go(platform: Platform) -> None:
    """The same question, only asked: so the refusals above are those of budgets, and of nothing else."""
    (server, *_) = pods_of(platform, "mlflow", "mlflow")
    evict(platform, server, only_ask=True)
