"""A provider on the wire: the gRPC service that the engine talks to through PULUMI_DEBUG_PROVIDERS."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, NoReturn, Protocol, Self

import grpc
from google.protobuf import empty_pb2, message
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from offline_providers.faults import InitError, OfflineError
from offline_providers.provider import Failure, Provider, State, Target
from offline_providers.wire import Value, decode, encode

DETAILS: Final = "grpc-status-details-bin"
"""Where gRPC carries more than a code and a message."""
LOG: Final = logging.getLogger(__name__)
MOST_AT_ONCE: Final = 64
GREATEST_MESSAGE: Final = 400 * 2**20


class Context(Protocol):
    """What this needs of gRPC's context of a call."""

    def peer(self) -> str: ...

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes], ...]) -> None: ...

    def abort(self, code: object, details: str) -> NoReturn: ...


AboutResource = (
    provider_pb2.CheckRequest
    | provider_pb2.DiffRequest
    | provider_pb2.CreateRequest
    | provider_pb2.ReadRequest
    | provider_pb2.UpdateRequest
    | provider_pb2.DeleteRequest
)


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Translates requests for a provider. One connection is one provider resource of the program."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._configs: dict[str, Any] = {}

    # The names are those of the protocol.
    def Handshake(self, _request: message.Message, _context: Context) -> provider_pb2.ProviderHandshakeResponse:  # noqa: N802
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=False, supports_autonaming_configuration=False
        )

    def Attach(self, _request: message.Message, _context: Context) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()

    def Cancel(self, _request: message.Message, _context: Context) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()

    def GetPluginInfo(self, _request: message.Message, _context: Context) -> plugin_pb2.PluginInfo:  # noqa: N802
        return plugin_pb2.PluginInfo(version=self._provider.version)

    def CheckConfig(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:  # noqa: N802
        with _told(context):
            checked = self._provider.check_config(decode(request.news))
            return provider_pb2.CheckResponse(inputs=encode(checked.inputs), failures=_failures(checked.failures))

    def DiffConfig(self, request: provider_pb2.DiffRequest, _context: Context) -> provider_pb2.DiffResponse:  # noqa: N802
        olds, news = decode(request.old_inputs), decode(request.news)
        changed = [key for key in {*olds, *news} if olds.get(key) != news.get(key)]
        return _diff_response(sorted(changed), [], delete_before_replace=False)

    def Configure(self, request: provider_pb2.ConfigureRequest, context: Context) -> provider_pb2.ConfigureResponse:  # noqa: N802
        with _told(context):
            self._configs[context.peer()] = self._provider.configured(decode(request.args))
            return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    def Check(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:  # noqa: N802
        with _told(context):
            target = self._target(request, context)
            checked = self._provider.check(target, decode(request.olds), decode(request.news))
            return provider_pb2.CheckResponse(inputs=encode(checked.inputs), failures=_failures(checked.failures))

    def Diff(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:  # noqa: N802
        with _told(context):
            found = self._provider.diff(
                self._target(request, context), decode(request.old_inputs), decode(request.olds), decode(request.news)
            )
            return _diff_response(found.updates, found.replaces, delete_before_replace=found.delete_before_replace)

    def Create(self, request: provider_pb2.CreateRequest, context: Context) -> provider_pb2.CreateResponse:  # noqa: N802
        with _told(context):
            target = self._target(request, context)
            state = self._provider.create(target, decode(request.properties), preview=request.preview)
            return provider_pb2.CreateResponse(id="" if request.preview else state.id, properties=encode(state.outputs))

    def Read(self, request: provider_pb2.ReadRequest, context: Context) -> provider_pb2.ReadResponse:  # noqa: N802
        with _told(context):
            target = self._target(request, context)
            state = self._provider.read(target, request.id, decode(request.inputs), decode(request.properties))
            if state is None:
                return provider_pb2.ReadResponse()
            return provider_pb2.ReadResponse(id=state.id, properties=encode(state.outputs), inputs=encode(state.inputs))

    def Update(self, request: provider_pb2.UpdateRequest, context: Context) -> provider_pb2.UpdateResponse:  # noqa: N802
        with _told(context):
            outputs = self._provider.update(
                self._target(request, context),
                State(request.id, decode(request.olds), decode(request.old_inputs)),
                decode(request.news),
                preview=request.preview,
            )
            return provider_pb2.UpdateResponse(properties=encode(outputs))

    def Delete(self, request: provider_pb2.DeleteRequest, context: Context) -> empty_pb2.Empty:  # noqa: N802
        with _told(context):
            old = State(request.id, decode(request.properties), decode(request.old_inputs))
            self._provider.delete(self._target(request, context), old)
            return empty_pb2.Empty()

    def Invoke(self, request: provider_pb2.InvokeRequest, context: Context) -> provider_pb2.InvokeResponse:  # noqa: N802
        with _told(context):
            result = self._provider.invoke(request.tok, decode(request.args), self._config(context))
            return provider_pb2.InvokeResponse(**{"return": encode(result)})

    def Construct(self, request: provider_pb2.ConstructRequest, context: Context) -> provider_pb2.ConstructResponse:  # noqa: N802
        with _told(context):
            return self._provider.construct(request)

    def Call(self, request: provider_pb2.CallRequest, context: Context) -> NoReturn:  # noqa: N802
        context.abort(grpc.StatusCode.UNKNOWN, f"{request.tok}: methods of components are not simulated offline.")

    def _target(self, request: AboutResource, context: Context) -> Target:
        return Target(
            request.urn, request.name, request.type, self._config(context), float(getattr(request, "timeout", 0))
        )

    def _config(self, context: Context) -> Value:
        if context.peer() not in self._configs:
            self._configs[context.peer()] = self._provider.configured({})
        return self._configs[context.peer()]


@contextmanager
def _told(context: Context) -> Iterator[None]:
    """Faults reach the engine as sentences; faults of our own with the place where they happened."""
    try:
        yield
    except InitError as fault:
        context.set_trailing_metadata(((DETAILS, _init_failed(fault).SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, str(fault))
    except OfflineError as fault:
        context.abort(grpc.StatusCode.UNKNOWN, str(fault))
    except NotImplementedError:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "the offline provider cannot do this.")
    except Exception as error:
        LOG.exception("the offline provider has failed")
        where = traceback.extract_tb(error.__traceback__)[-1]
        context.abort(
            grpc.StatusCode.INTERNAL,
            f"the offline provider has a fault of its own: {error!r} at {where.filename}:{where.lineno}",
        )


def _init_failed(fault: InitError) -> status_pb2.Status:
    """The state goes along with the error: the engine records both."""
    details = provider_pb2.ErrorResourceInitFailed(
        id=fault.state.id,
        properties=encode(fault.state.outputs),
        inputs=encode(fault.state.inputs),
        reasons=list(fault.reasons),
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(fault))
    status.details.add().Pack(details)
    return status


def _failures(failures: Sequence[Failure]) -> list[provider_pb2.CheckFailure]:
    # Without the property: the engine would add its value, `<nil>` for a place within an object. The reason names it.
    return [provider_pb2.CheckFailure(reason=failure.reason) for failure in failures]


def _diff_response(
    updates: Sequence[str], replaces: Sequence[str], *, delete_before_replace: bool
) -> provider_pb2.DiffResponse:
    kinds = provider_pb2.PropertyDiff
    detailed = {place: kinds(kind=kinds.UPDATE, inputDiff=True) for place in updates}
    detailed |= {place: kinds(kind=kinds.UPDATE_REPLACE, inputDiff=True) for place in replaces}
    changes = provider_pb2.DiffResponse.DIFF_SOME if detailed else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=changes,
        diffs=list(dict.fromkeys(_top(place) for place in detailed)),
        replaces=list(dict.fromkeys(_top(place) for place in replaces)),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=delete_before_replace,
    )


def _top(place: str) -> str:
    return re.split(r"[.\[]", place, maxsplit=1)[0]


class Servers:
    """The servers of a run: on free ports of loopback, in threads of this process."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._servers: list[grpc.Server] = []
        self.ports: dict[str, int] = {}
        for provider in providers:
            size = [("grpc.max_receive_message_length", GREATEST_MESSAGE), ("grpc.so_reuseport", 0)]
            server = grpc.server(ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix=provider.name), options=size)
            provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(provider), server)
            self.ports[provider.name] = server.add_insecure_port("127.0.0.1:0")
            self._servers.append(server)

    @property
    def variable(self) -> str:
        """What PULUMI_DEBUG_PROVIDERS must be."""
        return ",".join(f"{name}:{port}" for name, port in self.ports.items())

    def __enter__(self) -> Self:
        for server in self._servers:
            server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for stopped in [server.stop(grace=1) for server in self._servers]:
            stopped.wait()
