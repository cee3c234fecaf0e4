"""What EKS Pod Identity has on every node: an agent that gives a pod its role's credentials, for the token of the pod.

The SDKs of AWS are told of it by two variables that EKS sets in the pod (source: EKS' user guide, "How EKS Pod Identity
works"). The agent's own address, 169.254.170.23, cannot be had here; SDKs allow loopback as well.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from object_store import ObjectStore

TOKEN = "the-token-of-the-pod"  # noqa: S105 - of nothing
SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@contextmanager
def identity_agent(store: ObjectStore, folder: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """The variables of a pod with an identity that the store knows, and what the agent was asked with."""
    asked: list[str] = []

    class Agent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = self.headers.get("Authorization", "")
            asked.append(told)
            known = told == TOKEN and self.path == "/v1/credentials"
            content = {
                "AccessKeyId": store.access_key,
                "SecretAccessKey": store.secret_key,
                "Token": "a-session",
                "AccountId": "123456789012",
                "Expiration": (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
            body = json.dumps(content if known else {"message": "who are you?"}).encode()
            self.send_response(200 if known else 403)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    token = folder / "eks-pod-identity-token"
    token.write_text(TOKEN)
    with ThreadingHTTPServer(("127.0.0.1", 0), Agent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environ = {name: value for name, value in store.environ.items() if name not in SECRETS}
        environ |= {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{server.server_port}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
            # A profile of whoever runs the tests has no say.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
        yield environ, asked
        server.shutdown()
