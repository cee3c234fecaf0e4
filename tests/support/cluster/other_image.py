"""An image in a registry that differs from another in a label alone: what a change of sources comes to, in a second."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import urljoin

import urllib3

MANIFESTS = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"


def other_image(registry: str, repository: str, digest: str, label: str) -> str:
    """Pushes it beside the first; its digest.

    Args:
        registry: host and port, with the beginning of the repository's name.
        label: another one makes another image.
    """
    host, _, prefix = registry.partition("/")
    base = f"http://{host}/v2/{prefix}/{repository}"
    manifest = _ask("GET", f"{base}/manifests/{digest}", Accept=MANIFESTS).json()
    config = _ask("GET", f"{base}/blobs/{manifest['config']['digest']}").json()
    config["config"].setdefault("Labels", {})["test"] = label
    content = json.dumps(config).encode()
    manifest["config"] |= {"digest": _digest(content), "size": len(content)}
    place = _ask("POST", f"{base}/blobs/uploads/").headers["Location"]
    where = f"{place}{'&' if '?' in place else '?'}digest={_digest(content)}"
    _ask("PUT", urljoin(base, where), content, **{"Content-Type": "application/octet-stream"})
    whole = json.dumps(manifest).encode()
    made = _digest(whole)
    _ask("PUT", f"{base}/manifests/{made}", whole, **{"Content-Type": manifest["mediaType"]})
    return made


def _ask(method: str, url: str, body: bytes | None = None, **headers: str) -> urllib3.BaseHTTPResponse:
    response = urllib3.request(method, url, body=body, headers=headers, timeout=30)
    assert response.status < 300, f"{method} {url}: {response.status} {response.data[:300]!r}"
    return response


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
