"""The images that the cluster pulls: built when they changed, and pushed to its registry."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.images.catalogue import IMAGES, STAND_INS, known_image
from tools.localcluster.layout import ROOT
from tools.localplatform.site import PlatformError, Site

WITHOUT_MODEL = tuple(name for name, image in IMAGES.items() if not image.holds_bento)
WITH_MODEL = tuple(name for name, image in IMAGES.items() if image.holds_bento)


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
    found = site.images()
    for entry in json.loads(done.stdout)["images"]:
        image = known_image(entry["name"])
        found[image.key] = entry["reference"] if image.stand_in else entry["digest"]
    site.keep_images(found)
