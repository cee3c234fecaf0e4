"""Ray under KubeRay's operator: what it makes of the platform's `RayCluster`, and what a change of it does."""

from __future__ import annotations

import time
from typing import Any

from kubernetes import client
from live_platform import Platform
from other_image import other_image

from tools.images.catalogue import known_image
from tools.localplatform.stack import deploy

IDLE_SECONDS = 60
"""Of `Pulumi.local.yaml`."""
ABOUT_ONESELF = {"selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"}
AUTOSCALER = {
    ("pods", "get"),
    ("pods", "list"),
    ("pods", "watch"),
    ("pods", "patch"),
    ("pods/resize", "patch"),
    ("rayclusters", "get"),
    ("rayclusters", "patch"),
}
"""What KubeRay lets the head's account do: pods of its namespace, and how many workers its cluster is to have."""


def pods_of(platform: Platform, app: str) -> list[Any]:
    core = client.CoreV1Api(platform.api())
    return list(core.list_namespaced_pod("ray", label_selector=f"mlplatform.io/app={app}").items)


def rights(platform: Platform, account: str, namespace: str) -> set[tuple[str, str]]:
    """(resource, verb) of an account in a namespace, as Kubernetes tells it, but for what everybody may."""
    api = platform.api()
    api.set_default_header("Impersonate-User", f"system:serviceaccount:{account.replace('/', ':')}")
    review = {"spec": {"namespace": namespace}}
    rules = client.AuthorizationV1Api(api).create_self_subject_rules_review(review).status.resource_rules
    told = {(resource, verb) for rule in rules for resource in rule.resources or () for verb in rule.verbs}
    return {(resource, verb) for resource, verb in told if resource not in ABOUT_ONESELF}


def test_a_worker_came_with_the_training_to_a_node_of_rays_and_goes_when_it_is_idle(platform: Platform) -> None:
    events = client.CoreV1Api(platform.api()).list_namespaced_event("ray").items
    placed = {
        event.message.rpartition(" to ")[2]
        for event in events
        if event.reason == "Scheduled" and "-worker-" in event.involved_object.name
    }
    assert placed
    assert placed <= {"local-ray", "local-ray-2"}
    end = time.monotonic() + 3 * IDLE_SECONDS
    while pods_of(platform, "ray-worker"):
        assert time.monotonic() < end, "an idle worker is still there"
        time.sleep(1)


def test_the_account_of_the_head_may_do_what_its_autoscaler_needs_and_nothing_else(platform: Platform) -> None:
    assert rights(platform, "ray/ray", "ray") == AUTOSCALER
    for namespace in ("default", "mlflow", "serving", "spark"):
        assert rights(platform, "ray/ray", namespace) == set()


def test_only_the_head_has_a_token(platform: Platform) -> None:
    (head,) = pods_of(platform, "ray-head")
    sources = [source for volume in head.spec.volumes if volume.projected for source in volume.projected.sources]
    assert any(source.service_account_token for source in sources)
    for pod in client.CoreV1Api(platform.api()).list_namespaced_pod("ray").items:
        if pod.metadata.name != head.metadata.name:
            assert pod.spec.automount_service_account_token is False, pod.metadata.name


def test_a_changed_image_of_ray_reaches_its_head(platform: Platform) -> None:
    image, kept = known_image("ray_training"), platform.site.images()
    made = other_image(platform.site.registry, image.repository, kept[image.key], label="ray")
    (before,) = pods_of(platform, "ray-head")
    platform.site.keep_images({**kept, image.key: made})
    try:
        deploy(platform.site)
    finally:
        platform.site.keep_images(kept)
    (head,) = [pod for pod in pods_of(platform, "ray-head") if not pod.metadata.deletion_timestamp]
    assert head.metadata.uid != before.metadata.uid
    assert {one.image.rpartition("@")[2] for one in head.spec.containers} == {made}
    assert all(status.ready for status in head.status.container_statuses)
