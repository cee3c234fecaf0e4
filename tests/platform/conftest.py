"""The whole platform on a Kubernetes of this machine, once for all of these tests. It needs root, and a `make run`."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator

import pytest
from live_lake import reading
from live_platform import LOCAL_RUN, Platform, killed_pipeline, killed_up, some_moment, tool
from live_traces import traces

from tools.localcluster import processes
from tools.localcluster.layout import ROOT
from tools.localplatform.images import push_images
from tools.localplatform.pipeline import SUMMARY
from tools.localplatform.site import own_site

WATCHED_SECONDS = (1, 60, 30)
"""Of the first steps, in which a pipeline is killed: that Spark and that Ray has. The bench kills it in all of them."""


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """Up, with the pipeline killed once, and then run to its end; down at the end."""
    assert os.geteuid() == 0, "nodes need root"
    assert LOCAL_RUN.is_file(), "these tests compare with 'make run': run it first"
    assert not processes.table(), "a cluster runs here: 'make down' first"
    site, before = own_site(), traces()
    try:
        subprocess.run([sys.executable, str(ROOT / "tools" / "localcluster"), "start"], check=True)
        push_images(site)
        killed_up(site)
        healed = tool("up", "--no-build")
        seed = random.SystemRandom().randrange(2**32)
        moment = some_moment(random.Random(seed).random(), WATCHED_SECONDS)  # noqa: S311 - of a test
        print(f"\nthe pipeline is killed at {moment} (seed {seed})")
        with reading(site) as reader:
            killed_pipeline(site, moment)
            told = tool("pipeline")
        summary = json.loads((site.kept / SUMMARY).read_text())
        local_run = json.loads(LOCAL_RUN.read_text())
        yield Platform(site, before, healed, f"{moment} (seed {seed})", reader, told, summary, local_run)
    finally:
        subprocess.run([sys.executable, str(ROOT / "tools" / "localplatform"), "down"], check=False)
