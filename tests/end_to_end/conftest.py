"""One run of the whole pipeline on the real flights, that the tests of this folder look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from local_pipeline.processes import stop_tree
from pipeline_site import Site, make_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site on which the pipeline has run once, from nothing."""
    site = make_site(tmp_path_factory.mktemp("a site @home "))
    status, told = site.call("run")
    assert status == 0, told
    (site.folder / "first-run.txt").write_text(told)
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
