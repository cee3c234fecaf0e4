"""One run of the whole pipeline on the real flights, that the tests of this folder look at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from listening import Listening
from local_pipeline.processes import stop_tree
from pipeline_site import HEARD, Site, make_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site on which the pipeline has run once, from nothing."""
    site = make_site(tmp_path_factory.mktemp("a site @home "))
    listening = Listening(lambda: [process.pid for process in site.processes()])
    status, told = site.call("run")
    heard = listening.stop()
    assert status == 0, told
    (site.folder / "first-run.txt").write_text(told)
    (site.folder / HEARD).write_text(json.dumps([(one.command, one.address, one.port) for one in heard]))
    yield site
    for process in site.processes():
        stop_tree(process)


@pytest.fixture
def fresh_site(tmp_path: Path) -> Iterator[Site]:
    """A site on which nothing has run."""
    site = make_site(tmp_path)
    yield site
    for process in site.processes():
        stop_tree(process)
