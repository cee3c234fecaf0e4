"""BentoML's decorators with types, which the package itself does not ship, and the image that Bentos ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import bentoml
from bentoml.images import Image

from bento_serving.front.gate import RequestGate, Taker

LOCK_NAME: Final = "requirements.lock"
"""In a Bento's source: every package that the service needs, with hashes."""

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class LockedImage(Image):  # type: ignore[misc]  # BentoML ships no types
    """An image whose packages are those of the lock file in the Bento, to the byte.

    BentoML would look for uv, or install it, to lock again, and would name itself twice, once without a hash.
    """

    def _freeze_python_requirements(self, bento_fs: Path, platform_: str | None = None) -> str:  # noqa: ARG002
        return (bento_fs / "src" / LOCK_NAME).read_text(encoding="utf-8")


def endpoint(**options: Any) -> Callable[[F], F]:  # noqa: ANN401 - they are BentoML's
    """``bentoml.api``."""
    decorate: Callable[[F], F] = bentoml.api(**options)
    return decorate


def at_shutdown(function: F) -> F:
    """``bentoml.on_shutdown``."""
    decorated: F = bentoml.on_shutdown(function)
    return decorated


def behind_gate(service: Any, takers: Mapping[str, Taker]) -> None:  # noqa: ANN401 - a BentoML service
    """Puts a `RequestGate` before a service."""
    service.add_asgi_middleware(RequestGate, name=service.name, takers=takers)


def service(name: str, description: str) -> Callable[[type[T]], Any]:
    """``bentoml.service``, with what all services have in common.

    Metrics and the limits of time are the gate's: BentoML's own keep a timer of a minute for each request.
    """
    decorate: Callable[[type[T]], Any] = bentoml.service(
        name=name,
        description=description,
        image=LockedImage(),
        workers=1,
        metrics={"enabled": False},
        logging={"access": {"enabled": False}},
    )
    return decorate
