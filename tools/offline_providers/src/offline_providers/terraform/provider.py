"""A provider's program, started as Terraform starts one, and asked over its plugin protocol."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import msgpack  # type: ignore[import-untyped]  # it ships no types

from offline_providers.faults import OfflineError
from offline_providers.terraform.messages import CALLS, CLASSES

COOKIE: Final = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
"""By which a provider knows that Terraform starts it, and no person (source: terraform's `plugin/serve.go`)."""
PROTOCOL: Final = "5"
START_SECONDS: Final = 120
"""A program of 700 MB takes its time to be read from a disk."""
CALL_SECONDS: Final = 300
ERROR: Final = 1
UNKNOWN: Final = msgpack.ExtType(0, b"\x00")
"""A value that is known after an apply only, on the wire."""


@dataclass(frozen=True)
class Finding:
    """What a provider has to say of a resource."""

    refused: bool
    summary: str
    detail: str
    where: str
    """The attribute, as `a.b`; empty when it is about all of the resource."""


class Provider:
    """A provider that runs. Nothing is asked that would need an account."""

    def __init__(self, path: Path, process: subprocess.Popen[str], channel: grpc.Channel) -> None:
        self._path = path
        self._process = process
        self._calls = {
            name: channel.unary_unary(
                f"/tfplugin5.Provider/{name}",
                request_serializer=CLASSES[asked].SerializeToString,
                response_deserializer=CLASSES[answered].FromString,
            )
            for name, (asked, answered) in CALLS.items()
        }
        told = self._call("GetSchema", CLASSES["Empty"]())
        self.schema: Any = told.provider.block
        """Of the provider's own settings: a block."""
        self.types: Mapping[str, Any] = {entry.key: entry.value.block for entry in told.resource_schemas}
        """Terraform's type → its block."""

    def configure(self, config: Mapping[str, Any]) -> list[Finding]:
        """Sets the provider up; what it has against the settings."""
        message = CLASSES["Configure"](terraform_version="1.12.0", config=_packed(config))
        return _findings(self._call("Configure", message))

    def validate(self, kind: str, config: Mapping[str, Any]) -> list[Finding]:
        """What it has against a resource's attributes by themselves."""
        message = CLASSES["Validate"](type_name=kind, config=_packed(config))
        return _findings(self._call("ValidateResourceTypeConfig", message))

    def plan(
        self, kind: str, prior: Mapping[str, Any] | None, proposed: Mapping[str, Any], config: Mapping[str, Any]
    ) -> tuple[dict[str, Any], set[tuple[str, ...]], list[Finding]]:
        """A change from one state to another.

        Returns:
            The state as planned, the attributes for which the resource is replaced, and what it has against it.
        """
        message = CLASSES["Plan"](
            type_name=kind, prior_state=_packed(prior), proposed_new_state=_packed(proposed), config=_packed(config)
        )
        answer = self._call("PlanResourceChange", message)
        content = answer.planned_state.msgpack
        state = msgpack.unpackb(content, ext_hook=_extension, strict_map_key=False) if content else {}
        replaces = {
            tuple(step.attribute_name for step in path.steps if step.attribute_name) for path in answer.requires_replace
        }
        return state or {}, replaces, _findings(answer)

    def _call(self, name: str, message: Any) -> Any:  # noqa: ANN401 - protobuf makes the classes when it runs
        try:
            return self._calls[name](message, timeout=CALL_SECONDS)
        except grpc.RpcError as error:
            code = self._process.poll()
            if code is None and error.code() is grpc.StatusCode.UNAVAILABLE:
                try:
                    code = self._process.wait(timeout=5)
                except subprocess.TimeoutExpired:
                    code = None
            if code is not None:
                raise OfflineError(
                    f"The provider {self._path} has ended ({_ending(code)}) while it was asked {name}."
                ) from error
            told = (error.details() or "").splitlines()[0] if error.details() else ""
            raise OfflineError(
                f"The provider {self._path} does not answer {name}: {error.code().name} {told}".rstrip()
            ) from error


@contextmanager
def running(path: Path) -> Iterator[Provider]:
    """A provider, until the block ends.

    Raises:
        OfflineError: it is not there, is no provider, speaks another protocol, or ends.
    """
    if not path.is_file() or not os.access(path, os.X_OK):
        raise OfflineError(f"There is no provider at {path}, or it may not be run. JUDGE_PROVIDER=… names another.")
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))},
        "TF_PLUGIN_MAGIC_COOKIE": COOKIE,
        "PLUGIN_PROTOCOL_VERSIONS": PROTOCOL,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    try:
        process = subprocess.Popen(
            [str(path)],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except OSError as error:
        raise OfflineError(f"{path} cannot be run: {error.strerror}. Is it a program for this machine?") from error
    try:
        address = _handshake(path, process)
        sizes = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        with grpc.insecure_channel(address, options=sizes) as channel:
            yield Provider(path, process, channel)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _handshake(path: Path, process: subprocess.Popen[str]) -> str:
    """The address that a provider tells in its first line: `1|5|unix|/tmp/plugin123|grpc`."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        if not ready.select(START_SECONDS):
            raise OfflineError(f"{path} says nothing for {START_SECONDS} s: it is no provider of Terraform's.")
    try:
        line = process.stdout.readline(4096).strip()
    except UnicodeDecodeError:
        line = "what is no text"
    if not line:
        raise OfflineError(
            f"{path} has ended ({_ending(process.wait(timeout=10))}) and said nothing: is it a provider?"
        )
    parts = line.split("|")
    if len(parts) < 5 or parts[4] != "grpc":
        raise OfflineError(f"{path} is no provider of Terraform's: it says {line[:80]!r}.")
    if parts[1] != PROTOCOL:
        raise OfflineError(
            f"{path} speaks version {parts[1]} of the plugin protocol; version {PROTOCOL} is asked with."
        )
    return f"unix:{parts[3]}" if parts[2] == "unix" else parts[3]


def _ending(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with {code}"


def _packed(value: Any) -> Any:  # noqa: ANN401 - any value that Terraform has
    return CLASSES["DynamicValue"](msgpack=msgpack.packb(value))


def _extension(code: int, data: bytes) -> msgpack.ExtType:
    return msgpack.ExtType(code, data)


def _findings(answer: Any) -> list[Finding]:  # noqa: ANN401 - as above
    return [
        Finding(
            refused=one.severity == ERROR,
            summary=one.summary,
            detail=" ".join(one.detail.split()),
            where=".".join(step.attribute_name for step in one.attribute.steps if step.attribute_name),
        )
        for one in answer.diagnostics
    ]
