"""A store that is having a bad day: a proxy before a server in S3's place, which does what S3 at times does.

What happens to a call is decided by its number, so a run meets the same each time.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from object_store import ObjectStore

SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code><Message>Please reduce your request rate.'
    b"</Message><RequestId>9GJ2Y3SPWCN3JPKD</RequestId><HostId>" + b"x" * 76 + b"</HostId></Error>"
)
"""As S3 answers a caller that it throttles, with both of its ids (source: S3's API reference, "Error responses"). Its
length matters: pyarrow's client has room for as many bytes as it has asked for."""
SLOW_SECONDS = 0.3


class Fate(Enum):
    """What becomes of a call."""

    SERVED = auto()
    SLOW = auto()
    """Served, after a while."""
    THROTTLED = auto()
    """Answered with 503, and not done."""
    DROPPED = auto()
    """The connection ends before anything is done."""
    UNANSWERED = auto()
    """Done, but the connection ends before the answer."""
    CUT = auto()
    """Done, but the answer breaks off in its midst."""


@dataclass
class Hostility:
    """Decides, and remembers."""

    decide: Callable[[int], Fate] = lambda _: Fate.SERVED
    calls: int = 0
    met: dict[Fate, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> Fate:
        with self.lock:
            self.calls += 1
            fate = self.decide(self.calls)
            self.met[fate] = self.met.get(fate, 0) + 1
            return fate


@contextmanager
def hostile(store: ObjectStore) -> Iterator[tuple[ObjectStore, Hostility]]:
    """The same store by way of the proxy, and what decides about its calls."""
    hostility, behind = Hostility(), urlsplit(store.endpoint)

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            with suppress(ConnectionError):  # the client has gone, having given up
                super().handle_one_request()

        def _pass_on(self) -> None:
            body, fate = self._body(), hostility.next()
            if fate is Fate.SLOW:
                time.sleep(SLOW_SECONDS)
            if fate is Fate.DROPPED:
                self._hang_up()
                return
            if fate is Fate.THROTTLED:
                self._answer(503, [("Content-Type", "application/xml")], SLOW_DOWN)
                return
            # The host is signed: the server must see the one that the client has called.
            headers = {
                k: v
                for k, v in self.headers.items()
                if k.lower() not in {"transfer-encoding", "expect", "content-length"}
            }
            if body or "content-length" in self.headers:
                headers["Content-Length"] = str(len(body))
            connection = http.client.HTTPConnection(behind.hostname or "", behind.port, timeout=60)
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            content, told = answer.read(), answer.getheaders()
            connection.close()
            if fate is Fate.UNANSWERED:
                self._hang_up()
                return
            if fate is Fate.CUT and len(content) > 1:
                self._answer(answer.status, told, content, sent=len(content) // 2)
                self._hang_up()
                return
            self._answer(answer.status, told, content)

        do_GET = _pass_on  # noqa: N815 - the names that its base class calls
        do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815 - as above

        def _body(self) -> bytes:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, sent: int | None = None) -> None:
            self.send_response_only(status)
            length = str(len(body))
            for name, value in headers:
                if name.lower() == "content-length" and self.command == "HEAD":
                    length = value
                elif name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                    self.send_header(name, value)
            if status not in {204, 304}:
                self.send_header("Content-Length", length)
            self.end_headers()
            if self.command != "HEAD":  # a failure has no body there either
                self.wfile.write(body[:sent])

        def _hang_up(self) -> None:
            self.close_connection = True

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield replace(store, endpoint=f"http://127.0.0.1:{server.server_port}"), hostility
        server.shutdown()
