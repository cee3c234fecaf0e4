"""Objects on a real API server, applied by the real engine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from control_plane import ControlPlane
from kubernetes.client import ApiException
from kubernetes_programs import Opened, config_map, deployment, operations, program_of, told
from offline_providers.engine import OfflineStack


def test_objects_are_made_changed_found_unchanged_and_removed(
    stack: Opened, sdk: SimpleNamespace, plane: ControlPlane, namespace: str
) -> None:
    core = plane.core()
    with stack(program_of(sdk, config_map(sdk, namespace, a="1", b="2"), deployment(sdk, namespace))) as made:
        assert operations(made.run("up")) == {"create": 2}
        assert core.read_namespaced_config_map("settings", namespace).data == {"a": "1", "b": "2"}
        assert operations(made.run("up")) == {"same": 2}
        assert operations(made.run("refresh")) == {"refresh": 2}
        assert operations(made.run("up")) == {"same": 2}
    with stack(program_of(sdk, config_map(sdk, namespace, a="3"), deployment(sdk, namespace))) as made:
        assert operations(made.run("up")) == {"update": 1, "same": 1}
        assert core.read_namespaced_config_map("settings", namespace).data == {"a": "3"}
    with stack(program_of(sdk, config_map(sdk, namespace, a="3"))) as made:
        assert operations(made.run("up")) == {"delete": 1, "same": 1}
        assert core.list_namespaced_pod(namespace).items == []
        assert not made.run("destroy").failed
    with pytest.raises(ApiException, match="404"):
        core.read_namespaced_config_map("settings", namespace)


def test_what_somebody_else_removed_is_seen_by_a_refresh_and_made_again(
    stack: Opened, sdk: SimpleNamespace, plane: ControlPlane, namespace: str
) -> None:
    with stack(program_of(sdk, config_map(sdk, namespace, a="1"))) as made:
        made.run("up")
        plane.core().delete_namespaced_config_map("settings", namespace)
        assert operations(made.run("refresh")) == {"refresh": 1}
        assert operations(made.run("up")) == {"create": 1}


def test_fields_that_others_set_are_left_alone(
    stack: Opened, sdk: SimpleNamespace, plane: ControlPlane, namespace: str
) -> None:
    core = plane.core()
    with stack(program_of(sdk, config_map(sdk, namespace, a="1"))) as made:
        made.run("up")
        core.patch_namespaced_config_map("settings", namespace, {"data": {"theirs": "x"}})
    with stack(program_of(sdk, config_map(sdk, namespace, a="2"))) as made:
        made.run("up")
    assert core.read_namespaced_config_map("settings", namespace).data == {"a": "2", "theirs": "x"}


def test_a_field_that_somebody_else_owns_is_not_taken_over_at_the_first_up(
    stack: Opened, sdk: SimpleNamespace, plane: ControlPlane, namespace: str
) -> None:
    plane.core().create_namespaced_config_map(namespace, {"metadata": {"name": "settings"}, "data": {"a": "theirs"}})
    with stack(program_of(sdk, config_map(sdk, namespace, a="ours"))) as made:
        outcome = made.run("up")
    assert outcome.failed
    assert f"ConfigMap {namespace}/settings: somebody else has set these fields" in told(outcome)
    assert plane.core().read_namespaced_config_map("settings", namespace).data == {"a": "theirs"}


def test_a_definition_and_an_object_of_its_kind_are_made_in_one_run(
    stack: Opened, sdk: SimpleNamespace, namespace: str
) -> None:
    def program() -> None:
        opts = sdk.pulumi.ResourceOptions(provider=sdk.k8s.Provider("kubernetes"))
        schema = {"type": "object", "x_kubernetes_preserve_unknown_fields": True}
        names = {"plural": "gadgets", "singular": "gadget", "kind": "Gadget"}
        definition = sdk.k8s.apiextensions.v1.CustomResourceDefinition(
            "gadgets",
            metadata={"name": "gadgets.example.org"},
            spec={
                "group": "example.org",
                "scope": "Namespaced",
                "names": names,
                "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"open_apiv3_schema": schema}}],
            },
            opts=opts,
        )
        sdk.k8s.apiextensions.CustomResource(
            "gadget",
            api_version="example.org/v1",
            kind="Gadget",
            metadata={"name": "gadget", "namespace": namespace},
            spec={"size": 3},
            opts=sdk.pulumi.ResourceOptions.merge(opts, sdk.pulumi.ResourceOptions(depends_on=[definition])),
        )

    with stack(program) as made:
        assert told(made.run("preview")) == ""
        assert operations(made.run("up")) == {"create": 2}
        assert operations(made.run("up")) == {"same": 2}
        assert not made.run("destroy").failed


def test_the_state_has_what_the_official_provider_compares_with(
    stack: Opened, sdk: SimpleNamespace, plane: ControlPlane, namespace: str
) -> None:
    """Which can be had nowhere near these tests: one that was built by hand has read such a state."""
    with stack(program_of(sdk, config_map(sdk, namespace, a="1"))) as made:
        made.run("up")
        (entry,) = [one for one in made.export()["resources"] if one["type"] == "kubernetes:core/v1:ConfigMap"]
    kept = {key: value for key, value in entry["outputs"].items() if key.startswith("__")}
    assert kept["__inputs"] == entry["inputs"]
    assert kept["__initialApiVersion"] == "v1"
    live = plane.core().read_namespaced_config_map("settings", namespace)
    assert [kept["__fieldManager"]] == [one.manager for one in live.metadata.managed_fields]


def test_a_secret_is_nowhere_in_the_state(
    stack: Opened, sdk: SimpleNamespace, plane: ControlPlane, namespace: str
) -> None:
    def secret(opts: Any) -> object:
        return sdk.k8s.core.v1.Secret(
            "password",
            metadata={"name": "password", "namespace": namespace},
            string_data={"password": "hunter2-hunter2"},
            opts=opts,
        )

    with stack(program_of(sdk, secret)) as made:
        assert not made.run("up").failed
        state = json.dumps(made.export())
        assert operations(made.run("up")) == {"same": 1}
    assert plane.core().read_namespaced_secret("password", namespace).data == {"password": "aHVudGVyMi1odW50ZXIy"}
    assert "aHVudGVyMi1odW50ZXIy" not in state
    assert "hunter2-hunter2" not in state


def test_a_removal_waits_until_the_object_is_gone_and_names_what_holds_it(
    stack: Opened, sdk: SimpleNamespace, plane: ControlPlane, namespace: str
) -> None:
    def held(opts: Any) -> object:
        metadata = {
            "name": "held",
            "namespace": namespace,
            "finalizers": ["example.org/held"],
            "annotations": {"pulumi.com/timeoutSeconds": "2"},
        }
        return sdk.k8s.core.v1.ConfigMap("held", metadata=metadata, opts=opts)

    core = plane.core()
    with stack(program_of(sdk, held)) as made:
        made.run("up")
        outcome = made.run("destroy")
        assert outcome.failed
        assert "its finalizers hold it (example.org/held)" in told(outcome)

        def let_go() -> None:
            time.sleep(1)
            core.patch_namespaced_config_map("held", namespace, {"metadata": {"finalizers": None}})

        later = threading.Thread(target=let_go)
        later.start()
        assert not made.run("destroy").failed
        later.join()
    assert core.list_namespaced_config_map(namespace, field_selector="metadata.name=held").items == []


def imported(sdk: SimpleNamespace, namespace: str) -> Callable[[Any], object]:
    there = sdk.pulumi.ResourceOptions(import_=f"{namespace}/settings")
    return lambda opts: config_map(sdk, namespace, a="1")(sdk.pulumi.ResourceOptions.merge(opts, there))


def test_an_object_that_is_there_is_imported_as_it_is_and_then_managed(
    stack: Opened, sdk: SimpleNamespace, plane: ControlPlane, namespace: str
) -> None:
    core = plane.core()
    before = core.create_namespaced_config_map(namespace, {"metadata": {"name": "settings"}, "data": {"a": "1"}})
    with stack(program_of(sdk, imported(sdk, namespace))) as made:
        assert operations(made.run("up")) == {"import": 1}
    with stack(program_of(sdk, config_map(sdk, namespace, a="2"))) as made:
        assert operations(made.run("up")) == {"update": 1}
    after = core.read_namespaced_config_map("settings", namespace)
    assert (after.metadata.uid, after.data) == (before.metadata.uid, {"a": "2"})


def test_what_is_not_there_cannot_be_imported(stack: Opened, sdk: SimpleNamespace, namespace: str) -> None:
    with stack(program_of(sdk, imported(sdk, namespace))) as made:
        outcome = made.run("up")
    assert f"'{namespace}/settings' does not exist" in told(outcome)


def test_the_stack_can_be_taken_up_by_another_process_after_a_crash(
    stack: Opened, sdk: SimpleNamespace, plane: ControlPlane, namespace: str
) -> None:
    """What was applied and not recorded is applied again: the same object, no second one and no conflict."""
    core = plane.core()
    with stack(program_of(sdk, config_map(sdk, namespace, a="1"))) as made:
        made.run("up")
        before = core.read_namespaced_config_map("settings", namespace).metadata.uid
        forgotten: OfflineStack = made
        forgotten.forget()
        assert operations(made.run("up")) == {"create": 1}
    assert core.read_namespaced_config_map("settings", namespace).metadata.uid == before
