"""What is known of images that were pushed, and what the registry says of them now."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from whole_program import DIGEST

from tools.localplatform.images import lost_keys
from tools.localplatform.site import Site

GONE = "sha256:" + "f" * 64


class Registry(BaseHTTPRequestHandler):
    """Has one manifest."""

    def do_HEAD(self) -> None:
        there = self.path == f"/v2/mlplatform/bento-model-api/manifests/{DIGEST}"
        self.send_response(200 if there and "oci.image.manifest" in self.headers["Accept"] else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"127.0.0.1:{server.server_port}/mlplatform"
        server.shutdown()


@pytest.mark.parametrize(("digest", "lost"), [(DIGEST, set()), (GONE, {"images.bentoModelApi"})])
def test_a_model_api_that_the_own_registry_has_no_more_is_forgotten(
    tmp_path: Path, registry: str, digest: str, lost: set[str]
) -> None:
    here = Site(tmp_path / "kubeconfig", None, registry, tmp_path / "volumes", tmp_path / "kept")
    assert lost_keys(here) == set()
    here.keep_images({"images.bentoModelApi": digest, "images.bentoFlightApi": GONE})
    assert lost_keys(here) == lost


def test_another_registry_is_its_owners_and_not_asked(tmp_path: Path) -> None:
    there = Site(tmp_path / "kubeconfig", "kind", "127.0.0.1:9/mlplatform", tmp_path / "volumes", tmp_path / "kept")
    there.keep_images({"images.bentoModelApi": GONE})
    assert lost_keys(there) == set()
