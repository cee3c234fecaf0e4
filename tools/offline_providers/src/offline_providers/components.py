"""Registers a remote component's resources with the engine, as a component provider does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import grpc
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from offline_providers.faults import OfflineError
from offline_providers.wire import UNKNOWN, Properties, Reference, Value, decode, dependencies, encode

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST: Final = 400 * 2**20


@dataclass(frozen=True)
class Child:
    """A resource that has been registered."""

    urn: str
    id: Value
    outputs: Properties
    version: str = ""

    @property
    def reference(self) -> Reference:
        return Reference(self.urn, self.id, self.version)

    def get(self, *path: str | int) -> Value:
        """An output, or something within one; unknown when any step to it is."""
        value: Value = self.outputs
        for part in path:
            if value is UNKNOWN:
                return UNKNOWN
            if isinstance(value, dict):
                value = value.get(str(part), UNKNOWN if self.id is UNKNOWN else None)
            elif isinstance(value, list) and isinstance(part, int):
                value = value[part] if part < len(value) else None
            else:
                return None
        return value


class Component:
    """A component under construction."""

    def __init__(self, request: provider_pb2.ConstructRequest, versions: Mapping[str, str]) -> None:
        self.request = request
        self.name = request.name
        self.preview = request.dryRun
        self.inputs = decode(request.inputs)
        self._versions = versions
        self._channel = grpc.insecure_channel(
            request.monitorEndpoint,
            options=[("grpc.max_receive_message_length", LARGEST), ("grpc.max_send_message_length", LARGEST)],
        )
        stub: Callable[..., Any] = resource_pb2_grpc.ResourceMonitorStub
        self._monitor = stub(self._channel)
        found = dependencies(request.inputs)
        for key, value in request.inputDependencies.items():
            found.setdefault(key, set()).update(value.urns)
        self.input_dependencies = found
        self.urn = self.register(request.type, request.name, {}, parent=request.parent, custom=False).urn

    def register(
        self,
        token: str,
        name: str,
        inputs: Properties,
        *,
        parent: str | None = None,
        custom: bool = True,
        after: Iterable[str] = (),
    ) -> Child:
        """Registers one resource, a child of the component if not told otherwise, after the resources it needs."""
        is_provider = token.startswith("pulumi:providers:")
        package = token.rsplit(":", 1)[-1] if is_provider else token.split(":", 1)[0]
        needed = sorted(set(after))
        itself = parent is not None and parent == self.request.parent
        per_property = resource_pb2.RegisterResourceRequest.PropertyDependencies
        request = resource_pb2.RegisterResourceRequest(
            type=token,
            name=name,
            parent=self.urn if parent is None else parent,
            custom=custom,
            object=encode({key: value for key, value in inputs.items() if value is not None}),
            dependencies=sorted({*needed, *(self.request.dependencies if itself else ())}),
            propertyDependencies={key: per_property(urns=needed) for key in inputs},
            provider="" if is_provider or not custom else self.request.providers.get(package, ""),
            providers={} if custom else dict(self.request.providers),
            version=self._versions.get(package, "") if custom else "",
            acceptSecrets=True,
            acceptResources=True,
            supportsPartialValues=True,
            aliases=list(self.request.aliases) if itself else [],
            protect=self.request.protect if itself else False,
            retainOnDelete=self.request.retainOnDelete,
        )
        try:
            answer = self._monitor.RegisterResource(request)
        except grpc.RpcError as error:
            details = error.details() if isinstance(error, grpc.Call) else error
            raise OfflineError(f"{self.request.type} ({self.name}): its {name} was refused: {details}") from error
        known_id = answer.id or (UNKNOWN if self.preview else "")
        return Child(answer.urn, known_id, decode(answer.object), self._versions.get(package, ""))

    def look_up(self, reference: Reference) -> Child:
        """A resource that the program has given, as it is by now."""
        request = resource_pb2.ResourceInvokeRequest(
            tok="pulumi:pulumi:getResource", args=encode({"urn": reference.urn}), acceptResources=True
        )
        answer = decode(getattr(self._monitor.Invoke(request), "return"))
        known_id = answer.get("id") or UNKNOWN
        return Child(reference.urn, known_id, answer.get("state") or {}, reference.version)

    def finish(self, state: Properties, sources: Mapping[str, Iterable[str]]) -> provider_pb2.ConstructResponse:
        """Registers the outputs and answers the engine."""
        known = {key: value for key, value in state.items() if value is not None}
        outputs = resource_pb2.RegisterResourceOutputsRequest(urn=self.urn, outputs=encode(known))
        self._monitor.RegisterResourceOutputs(outputs)
        self._channel.close()
        per_property = provider_pb2.ConstructResponse.PropertyDependencies
        return provider_pb2.ConstructResponse(
            urn=self.urn,
            state=encode(known),
            stateDependencies={key: per_property(urns=sorted(set(sources.get(key, ())))) for key in known},
        )
