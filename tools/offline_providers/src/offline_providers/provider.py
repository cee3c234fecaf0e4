"""What a simulated provider must be able to do, in Python values. `server.py` puts it on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offline_providers.wire import Properties, Value

if TYPE_CHECKING:
    from pulumi.runtime.proto import provider_pb2


@dataclass(frozen=True)
class Target:
    """The resource that an operation is about, and the configuration of the provider that it belongs to."""

    urn: str
    name: str
    token: str
    config: Value
    seconds: float = 0
    """How long it may take, as the program's `custom_timeouts` say; 0: as the provider thinks fit."""


@dataclass(frozen=True)
class Diff:
    """What differs, by place, and which of these need a new resource."""

    updates: Sequence[str] = ()
    replaces: Sequence[str] = ()
    delete_before_replace: bool = False


@dataclass(frozen=True)
class Failure:
    """One thing that is wrong with a resource's inputs."""

    property: str
    reason: str


@dataclass(frozen=True)
class Checked:
    """Inputs as the provider completes them, and what is wrong with them."""

    inputs: Properties
    failures: Sequence[Failure] = field(default=())


@dataclass(frozen=True)
class State:
    """A resource as it is."""

    id: str
    outputs: Properties
    inputs: Properties


class Provider:
    """A provider that can do nothing: subclasses can do some of it, and the engine is told what they cannot."""

    name = "none"
    version = "0.0.0"

    def check_config(self, inputs: Properties) -> Checked:
        """Checks and completes the provider's own configuration."""
        return Checked(inputs)

    def configured(self, inputs: Properties) -> Value:
        """The configuration that `Target.config` is to hold."""
        return inputs

    def check(self, target: Target, olds: Properties, news: Properties) -> Checked:
        """Checks and completes a resource's inputs."""
        raise NotImplementedError

    def diff(self, target: Target, old_inputs: Properties, olds: Properties, news: Properties) -> Diff:
        """What differs between a resource's old and new inputs."""
        raise NotImplementedError

    def create(self, target: Target, inputs: Properties, *, preview: bool) -> State:
        """Makes a resource."""
        raise NotImplementedError

    def read(self, target: Target, known_id: str, inputs: Properties, outputs: Properties) -> State | None:
        """A resource as it is now; None when it is gone."""
        raise NotImplementedError

    def update(
        self,
        target: Target,
        old: State,
        news: Properties,
        *,
        preview: bool,
    ) -> Properties:
        """Changes a resource; its new outputs."""
        raise NotImplementedError

    def delete(self, target: Target, old: State) -> None:
        """Removes a resource."""
        raise NotImplementedError

    def invoke(self, token: str, arguments: Properties, config: Value) -> Properties:
        """A data source or a function."""
        raise NotImplementedError

    def construct(self, request: provider_pb2.ConstructRequest) -> provider_pb2.ConstructResponse:
        """Registers a remote component and its children."""
        raise NotImplementedError
