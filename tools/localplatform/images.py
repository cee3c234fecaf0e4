"""The images that the cluster pulls: built when they changed, and pushed to its registry."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final

import urllib3

from tools.images.catalogue import IMAGES, STAND_INS, known_image
from tools.localcluster.layout import ROOT
from tools.localplatform.site import PlatformError, Site

WITHOUT_MODEL = tuple(name for name, image in IMAGES.items() if not image.holds_bento)
WITH_MODEL = tuple(name for name, image in IMAGES.items() if image.holds_bento)

MANIFESTS: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


def push_images(site: Site, names: Sequence[str] = (*WITHOUT_MODEL, *STAND_INS), bento: Path | None = None) -> None:
    """Builds and pushes images, and keeps their digests for the next `up`.

    Args:
        bento: what an image with a model in it is made of.

    Raises:
        PlatformError: the builder failed; it has said why.
    """
    command = [sys.executable, str(ROOT / "tools" / "images" / "images.py"), "build", *names, "--push", site.registry]
    done = subprocess.run(
        [*command, "--json", *(["--bento", str(bento)] if bento else [])],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PlatformError("The images are not built: see above.")
    lost = lost_keys(site)
    found = {key: digest for key, digest in site.images().items() if key not in lost}
    for entry in json.loads(done.stdout)["images"]:
        image = known_image(entry["name"])
        found[image.key] = entry["reference"] if image.stand_in else entry["digest"]
    site.keep_images(found)


def lost_keys(site: Site) -> set[str]:
    """Configuration keys of images that hold a model and that the own registry has no more: it was removed since.

    They are made by the pipeline alone, so the platform comes up without them.
    """
    if not site.is_own:
        return set()
    lost = set()
    for image in map(known_image, WITH_MODEL):
        if (digest := site.images().get(image.key)) is None:
            continue
        host, _, prefix = site.registry.partition("/")
        address = f"http://{host}/v2/{prefix}/{image.repository}/manifests/{digest}"
        asked = urllib3.request("HEAD", address, headers={"Accept": ", ".join(MANIFESTS)}, timeout=10)
        if asked.status == HTTPStatus.NOT_FOUND:
            lost.add(image.key)
    return lost
