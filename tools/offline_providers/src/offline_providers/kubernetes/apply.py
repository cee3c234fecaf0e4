"""Kubernetes for real: objects are applied to a cluster, awaited, read and removed.

For machines that lack the official provider. It checks and compares as `KubernetesPlan` does; what only the cluster
knows, quotas, admission, custom resources, it asks the cluster, in a preview too (a dry run).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from offline_providers.faults import InitError, OfflineError
from offline_providers.kubernetes.client import FIELD_MANAGER, Cluster, MissingError, NoSuchKindError, named
from offline_providers.kubernetes.plan import RELEASE, KubernetesPlan
from offline_providers.kubernetes.readiness import Patience, Watch
from offline_providers.provider import Checked, Diff, State, Target
from offline_providers.wire import UNKNOWN, Properties, Secret, Value, has_secret, has_unknown, plain

DEFAULT_SECONDS: Final = 600.0
"""How long an object may take to be ready or gone, as the official provider's."""
PATCH: Final = "pulumi.com/patchForce"
TIMEOUT: Final = "pulumi.com/timeoutSeconds"
PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"
POLICIES: Final = {"foreground": "Foreground", "background": "Background", "orphan": "Orphan"}


@dataclass(frozen=True)
class Connection:
    """What one provider resource of the program is configured with."""

    cluster: Cluster
    namespace: str


class KubernetesApply(KubernetesPlan):
    """The provider `kubernetes` on a cluster."""

    def __init__(
        self, kubeconfig: str | None = None, context: str | None = None, patience: Patience | None = None
    ) -> None:
        """Uses the kubeconfig and context where the program names none."""
        super().__init__()
        self._kubeconfig, self._context = kubeconfig, context
        self._patience = patience or Patience()

    def configured(self, inputs: Properties) -> Value:
        given = plain(inputs)
        cluster = Cluster(given.get("kubeconfig") or self._kubeconfig, given.get("context") or self._context)
        return Connection(cluster, str(given.get("namespace") or "default"))

    def check(self, target: Target, olds: Properties, news: Properties) -> Checked:
        return super().check(_planned(target), olds, news)

    def diff(self, target: Target, old_inputs: Properties, olds: Properties, news: Properties) -> Diff:
        return super().diff(_planned(target), old_inputs, olds, news)

    def create(self, target: Target, inputs: Properties, *, preview: bool) -> State:
        if preview:
            self._rehearse(target, inputs)
            return super().create(_planned(target), inputs, preview=True)
        return self._applied(target, inputs, force=_annotation(inputs, PATCH) == "true")

    def update(self, target: Target, old: State, news: Properties, *, preview: bool) -> Properties:
        if preview:
            self._rehearse(target, news)
            return {**self._outputs(_planned(target), news, preview=True), "status": old.outputs.get("status")}
        # Its own fields: whoever has changed them since does not keep them.
        return self._applied(target, news, force=True).outputs

    def read(self, target: Target, known_id: str, inputs: Properties, outputs: Properties) -> State | None:
        namespace, _, name = known_id.rpartition("/")
        about = plain(inputs) or plain(outputs)
        if not about:
            made = super().read(_planned(target), known_id, {}, {})
            about = plain(made.inputs) if made else {}
        about = {**about, "metadata": {**(about.get("metadata") or {}), "name": name}}
        if namespace:
            about["metadata"]["namespace"] = namespace
        live = _connection(target).cluster.get(about)
        if live is None:
            return None
        taken_over = inputs or {key: value for key, value in _live(live, {}).items() if key != "status"}
        return State(known_id, _outputs(live, taken_over), taken_over)

    def delete(self, target: Target, old: State) -> None:
        about = plain(old.inputs) or plain(old.outputs)
        cluster = _connection(target).cluster
        before = cluster.get(about)
        if before is None:
            return
        policy = POLICIES.get(str(_annotation(about, PROPAGATION)).lower(), "Foreground")
        cluster.delete(about, policy)
        uid, seconds = before["metadata"].get("uid"), _seconds(target, about)
        end = time.monotonic() + seconds
        while (live := cluster.get(about)) is not None and live["metadata"].get("uid") == uid:
            if time.monotonic() >= end:
                finalizers = live["metadata"].get("finalizers") or ()
                held = (
                    f": its finalizers hold it ({', '.join(finalizers)}); their controller must let it go"
                    if finalizers
                    else ""
                )
                raise OfflineError(
                    f"{named(about)} is still there {seconds:.0f} s after its removal was asked for{held}."
                )
            time.sleep(self._patience.period)

    def _rehearse(self, target: Target, inputs: Properties) -> None:
        """Asks the cluster whether it would take it, as far as that is known before the rest is there."""
        if target.token == RELEASE or has_unknown(inputs):
            return
        try:
            _connection(target).cluster.apply(_manifest(inputs), force=True, dry_run=True)
        except (MissingError, NoSuchKindError):
            # The namespace or the definition is part of the same plan.
            return

    def _applied(self, target: Target, inputs: Properties, *, force: bool) -> State:
        if target.token == RELEASE:
            raise OfflineError(
                f"{target.name}: a chart needs Helm, which the official provider has and this one has not: install the"
                " official Pulumi CLI, or do without the chart."
            )
        cluster, manifest = _connection(target).cluster, _manifest(inputs)
        live = cluster.apply(manifest, force=force, dry_run=False)
        watch = Watch(cluster, self._patience)
        live, reasons = watch.until_ready(live, _seconds(target, manifest))
        metadata = manifest["metadata"]
        name = f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else metadata["name"]
        state = State(name, _outputs(live, inputs), inputs)
        if reasons:
            raise InitError(f"{named(manifest)} is not ready", state, reasons)
        return state


def _manifest(inputs: Properties) -> Properties:
    """As the API server wants it: the SDK's properties cannot have the dashes of a schema's extensions."""

    def spelt(value: Value) -> Value:
        if isinstance(value, Mapping):
            return {
                f"x-kubernetes-{key.removeprefix('x_kubernetes_').replace('_', '-')}"
                if key.startswith("x_kubernetes_")
                else key: spelt(inner)
                for key, inner in value.items()
            }
        return [spelt(one) for one in value] if isinstance(value, list) else value

    manifest = plain(inputs)
    found: Properties = spelt(manifest) if manifest.get("kind") == "CustomResourceDefinition" else manifest
    return found


def _planned(target: Target) -> Target:
    """As `KubernetesPlan` wants it, which knows of the configuration the namespace alone."""
    return replace(target, config=_connection(target).namespace)


def _connection(target: Target) -> Connection:
    found = target.config
    assert isinstance(found, Connection)  # noqa: S101 - `configured` has made it
    return found


def _annotation(inputs: Mapping[str, Any], key: str) -> Value:
    metadata = plain(inputs.get("metadata")) or {}
    return (metadata.get("annotations") or {}).get(key)


def _seconds(target: Target, manifest: Mapping[str, Any]) -> float:
    return target.seconds or float(_annotation(manifest, TIMEOUT) or DEFAULT_SECONDS)


def _outputs(live: Mapping[str, Any], inputs: Properties) -> Properties:
    """The live object, and beside it what the official provider keeps there and compares with.

    A stack may be handed to it, then: without these every field would be new to it, and it would replace volumes
    (pulumi-kubernetes, `checkpointObject` in provider.go).
    """
    return {
        **_live(live, inputs),
        "__inputs": _hidden(inputs, live, inputs),
        "__initialApiVersion": live.get("apiVersion"),
        "__fieldManager": FIELD_MANAGER,
    }


def _live(live: Mapping[str, Any], inputs: Properties) -> Properties:
    return _hidden({**inputs, **live}, live, inputs)


def _hidden(properties: Properties, live: Mapping[str, Any], inputs: Properties) -> Properties:
    """What came from a secret, or is one, stays one."""
    found = dict(properties)
    for key, value in found.items():
        secret = live.get("kind") == "Secret" and key in {"data", "stringData"}
        if value is not UNKNOWN and not isinstance(value, Secret) and (secret or has_secret(inputs.get(key))):
            found[key] = Secret(value)
    return found
