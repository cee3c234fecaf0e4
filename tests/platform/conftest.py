"""The whole platform on a Kubernetes of this machine, once for all of these tests. It needs root, and a `make run`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from live_platform import LOCAL_RUN, Platform, killed_up, tool
from live_traces import traces

from tools.localcluster import processes
from tools.localcluster.layout import ROOT
from tools.localplatform.images import push_images
from tools.localplatform.pipeline import SUMMARY
from tools.localplatform.site import own_site


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """Up, with the pipeline run once; down at the end."""
    assert os.geteuid() == 0, "nodes need root"
    assert LOCAL_RUN.is_file(), "these tests compare with 'make run': run it first"
    assert not processes.table(), "a cluster runs here: 'make down' first"
    site, before = own_site(), traces()
    try:
        subprocess.run([sys.executable, str(ROOT / "tools" / "localcluster"), "start"], check=True)
        push_images(site)
        killed_up(site)
        healed = tool("up", "--no-build")
        told = tool("pipeline")
        summary = json.loads((site.kept / SUMMARY).read_text())
        yield Platform(site, before, healed, told, summary, json.loads(LOCAL_RUN.read_text()))
    finally:
        subprocess.run([sys.executable, str(ROOT / "tools" / "localplatform"), "down"], check=False)
