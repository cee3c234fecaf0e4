"""What the tests of training share: one undisturbed training, and a client of its registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from synthetic_dataset import write_dataset
from training_site import ROUNDS, Site, TrainedSite


@pytest.fixture(scope="session")
def trained_site(tmp_path_factory: pytest.TempPathFactory) -> TrainedSite:
    """One training with one worker that nothing disturbed."""
    site = Site.make(tmp_path_factory.mktemp("trained"))
    write_dataset(Path(site.contract.lake.features))
    return TrainedSite(site, site.summary("train", "--rounds", ROUNDS))


@pytest.fixture
def mlflow_client(trained_site: TrainedSite) -> Any:
    """A client of the trained site's registry."""
    import mlflow

    uri = trained_site.site.contract.mlflow.tracking_uri
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    return mlflow.MlflowClient()
