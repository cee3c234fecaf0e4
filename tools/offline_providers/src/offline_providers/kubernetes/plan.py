"""Kubernetes, for plans: objects checked against the SDK's types, with no cluster asked.

The official provider does the same when the cluster cannot be reached in a preview. What it cannot check is what only a
cluster knows: custom resources' schemas, quotas, admission.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

import yaml

from offline_providers import simulation
from offline_providers.faults import OfflineError
from offline_providers.provider import Checked, Diff, Failure, Provider, State, Target
from offline_providers.sdk.checking import check
from offline_providers.sdk.replacement import changed_paths, names_only, told
from offline_providers.sdk.schema import Sdk
from offline_providers.wire import UNKNOWN, Properties, Value, has_unknown, plain

if TYPE_CHECKING:
    from pulumi.runtime.proto import provider_pb2

RELEASE: Final = "kubernetes:helm.sh/v3:Release"
AUTO_NAMED: Final = "pulumi.com/autonamed"
TOKEN: Final = re.compile(r"kubernetes:(?P<api>[^:]+):(?P<kind>\w+)$")
CLUSTER_WIDE: Final = frozenset(
    {
        "APIService",
        "CSIDriver",
        "CSINode",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterTrustBundle",
        "CustomResourceDefinition",
        "DeviceClass",
        "FlowSchema",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
    }
)
# What the API server refuses to change, besides name and namespace.
IMMUTABLE: Final[dict[str, str]] = {
    "Deployment": "spec.selector",
    "ReplicaSet": "spec.selector",
    "DaemonSet": "spec.selector",
    "StatefulSet": "spec.selector spec.serviceName spec.podManagementPolicy spec.volumeClaimTemplates",
    "Job": "spec.selector spec.template spec.completionMode",
    "Pod": "spec",
    "PersistentVolumeClaim": (
        "spec.accessModes spec.selector spec.storageClassName spec.volumeMode spec.volumeName spec.dataSource"
    ),
    "PersistentVolume": "spec.csi spec.hostPath spec.local spec.nodeAffinity spec.nfs",
    "StorageClass": "parameters provisioner reclaimPolicy volumeBindingMode",
    "Secret": "type",
    "RoleBinding": "roleRef",
    "ClusterRoleBinding": "roleRef",
    "Service": "spec.clusterIP",
    "PriorityClass": "value preemptionPolicy",
    "IngressClass": "spec.controller",
    "RuntimeClass": "handler",
    "CSIDriver": "spec.attachRequired",
}
HELM_IMMUTABLE: Final = "name namespace"


class KubernetesPlan(Provider):
    """The provider `kubernetes` as far as plans, and states of tests, need it."""

    name = "kubernetes"

    def __init__(self) -> None:
        self.sdk = Sdk("pulumi_kubernetes")
        self.version = self.sdk.version

    def check_config(self, inputs: Properties) -> Checked:
        # With an unknown kubeconfig the engine would ask nothing about any object: a stand-in lets them be checked.
        filled = {name: "known after the cluster is there" if has_unknown(v) else v for name, v in inputs.items()}
        known = self.sdk.provider_fields()
        unknown = [name for name in inputs if name not in known and name != "version"]
        return Checked(filled, [Failure(name, f"there is no property '{name}'") for name in unknown])

    def configured(self, inputs: Properties) -> str:
        """The namespace of objects that name none."""
        return str(plain(inputs).get("namespace") or "default")

    def check(self, target: Target, olds: Properties, news: Properties) -> Checked:
        api, kind = _api_and_kind(target.token)
        inputs = {name: value for name, value in news.items() if value is not None}
        schema = self.sdk.schema(target.token)
        if target.token == RELEASE and schema is not None:
            named = {**inputs, "name": inputs.get("name") or plain(olds).get("name") or _auto_name(target)}
            return Checked({"namespace": target.config, **named}, check(schema.inputs, inputs))
        inputs = {"apiVersion": api, "kind": kind, **inputs}
        failures = list(_identity(api, kind, inputs))
        if schema is not None:
            told_already = {failure.property for failure in failures}
            failures += [found for found in check(schema.inputs, inputs) if found.property not in told_already]
        else:
            metadata = self.sdk.schema("kubernetes:core/v1:ConfigMap")
            if metadata is not None:
                failures += check({"metadata": metadata.inputs["metadata"]}, {"metadata": inputs.get("metadata")})
        if not failures:
            inputs["metadata"] = self._completed(target, kind, plain(olds), inputs)
        return Checked(inputs, failures)

    def _completed(self, target: Target, kind: str, olds: Properties, inputs: Properties) -> Value:
        metadata = inputs.get("metadata") or {}
        if not isinstance(metadata, dict):
            return metadata
        metadata = dict(metadata)
        found = olds.get("metadata")
        old = found if isinstance(found, dict) else {}
        if not metadata.get("name") and not metadata.get("generateName"):
            was_auto = (old.get("annotations") or {}).get(AUTO_NAMED) == "true"
            metadata["name"] = old["name"] if was_auto else _auto_name(target)
            annotations = metadata.get("annotations") or {}
            if isinstance(annotations, dict):
                metadata["annotations"] = {**annotations, AUTO_NAMED: "true"}
        if kind not in CLUSTER_WIDE and not metadata.get("namespace") and self.sdk.schema(target.token) is not None:
            metadata["namespace"] = target.config
        return metadata

    def diff(self, target: Target, old_inputs: Properties, _olds: Properties, news: Properties) -> Diff:
        _, kind = _api_and_kind(target.token)
        before, after = plain(old_inputs), plain(news)
        places = changed_paths(before, after)
        fixed = (
            HELM_IMMUTABLE if target.token == RELEASE else f"metadata.name metadata.namespace {IMMUTABLE.get(kind, '')}"
        )
        listed = [tuple(entry.split(".")) for entry in fixed.split()]
        if kind in {"Secret", "ConfigMap"} and (before.get("immutable") is True):
            listed += [("data",), ("stringData",), ("binaryData",)]
        replaces = [place for place in places if any(names_only(place)[: len(entry)] == entry for entry in listed)]
        metadata = after.get("metadata") if isinstance(after.get("metadata"), dict) else {}
        auto = (metadata.get("annotations") or {}).get(AUTO_NAMED) == "true"
        renamed = any(names_only(place)[-1:] == ("name",) for place in replaces)
        updates = [told(place) for place in places if place not in replaces]
        deleted_first = bool(replaces) and not auto and not renamed
        return Diff(tuple(updates), tuple(told(place) for place in replaces), deleted_first)

    def create(self, target: Target, inputs: Properties, *, preview: bool) -> State:
        if not preview:
            simulation.fail_if_asked("create", target.name)
        return State(_id(target, inputs), self._outputs(target, inputs, preview=preview), inputs)

    def read(self, target: Target, known_id: str, inputs: Properties, outputs: Properties) -> State | None:
        if simulation.asked_for("gone", target.name):
            return None
        if outputs:
            return State(known_id, outputs, inputs)
        api, kind = _api_and_kind(target.token)
        namespace, _, name = known_id.rpartition("/")
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        made = {"apiVersion": api, "kind": kind, "metadata": metadata}
        return State(known_id, self._outputs(target, made, preview=False), made)

    def update(self, target: Target, old: State, news: Properties, *, preview: bool) -> Properties:
        if not preview:
            simulation.fail_if_asked("update", target.name)
        return {**self._outputs(target, news, preview=preview), "status": old.outputs.get("status")}

    def delete(self, target: Target, _old: State) -> None:
        simulation.fail_if_asked("delete", target.name)

    def invoke(self, token: str, arguments: Properties, _config: Value) -> Properties:
        if token == "kubernetes:yaml:decode":  # noqa: S105 - the name of a function
            documents = yaml.safe_load_all(plain(arguments).get("text") or "")
            return {"result": [document for document in documents if document]}
        raise OfflineError(
            f"{token} needs Helm or a cluster, which there is not offline. Use helm.v3.Release, which plans without."
        )

    def construct(self, request: provider_pb2.ConstructRequest) -> provider_pb2.ConstructResponse:
        raise OfflineError(
            f"{request.type} ({request.name}) is rendered by the official provider and cannot be planned offline:"
            " use helm.v3.Release for a chart, and resources of their own for objects."
        )

    def _outputs(self, target: Target, inputs: Properties, *, preview: bool) -> Properties:
        schema = self.sdk.schema(target.token)
        outputs = dict(inputs)
        if schema is not None and "status" in schema.outputs:
            outputs["status"] = UNKNOWN if preview else _status(target, inputs)
        return outputs


def _status(target: Target, inputs: Properties) -> Properties:
    if target.token != RELEASE:
        return {}
    return {
        "name": inputs.get("name"),
        "namespace": inputs.get("namespace"),
        "chart": inputs.get("chart"),
        "version": inputs.get("version"),
        "revision": 1,
        "status": "deployed",
    }


def _api_and_kind(token: str) -> tuple[str, str]:
    found = TOKEN.match(token)
    if found is None:
        raise OfflineError(f"'{token}' is no type of the Kubernetes provider.")
    api = found["api"].removeprefix("core/")
    return api, found["kind"].removesuffix("Patch")


def _identity(api: str, kind: str, inputs: Properties) -> list[Failure]:
    failures = []
    for name, expected in (("apiVersion", api), ("kind", kind)):
        value = plain(inputs.get(name))
        # The SDK's names of groups are shorter than the groups: `rbac.authorization.k8s.io/v1` is all the same.
        same = value == expected or value is UNKNOWN or (name == "apiVersion" and _same_api(str(value), expected))
        if not same:
            failures.append(Failure(name, f"'{name}' must be '{expected}', not '{value}'"))
    return failures


def _same_api(value: str, expected: str) -> bool:
    return (
        value.split(".", maxsplit=1)[0] == expected.split(".", maxsplit=1)[0].split("/", maxsplit=1)[0]
        and value.rsplit("/", maxsplit=1)[-1] == expected.rsplit("/", maxsplit=1)[-1]
    )


def _auto_name(target: Target) -> str:
    return f"{target.name}-{hashlib.sha256(target.urn.encode()).hexdigest()[:8]}"


def _id(target: Target, inputs: Properties) -> str:
    if target.token == RELEASE:
        return f"{plain(inputs.get('namespace'))}/{plain(inputs.get('name'))}"
    metadata = plain(inputs.get("metadata")) or {}
    name, namespace = metadata.get("name") or metadata.get("generateName"), metadata.get("namespace")
    return f"{namespace}/{name}" if namespace else str(name)
