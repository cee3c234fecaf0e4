"""Where the platform goes, and what is kept of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlplatform.config.local_model import LocalConfig
from offline_providers.engine import with_settings
from whole_program import DIGEST

from tools.localplatform import stack
from tools.localplatform.site import PlatformError, Site, own_site, site_of


def site(folder: Path) -> Site:
    return Site(folder / "kubeconfig", None, "127.0.0.1:5000/mlplatform", folder / "volumes", folder / "kept")


def test_the_seed_of_the_passwords_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    seed = site(tmp_path).seed()
    assert len(seed) == 64
    assert site(tmp_path).seed() == seed
    assert (tmp_path / "kept" / "password-seed").stat().st_mode & 0o777 == 0o600


def test_another_context_needs_a_registry_and_a_folder() -> None:
    with pytest.raises(PlatformError, match=r"CONTEXT=kind also needs REGISTRY=.* and FOLDER="):
        site_of("kind", None, None)


def test_a_context_without_a_kubeconfig_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(PlatformError, match=r"There is no kubeconfig at .*none: set KUBECONFIG"):
        site_of("kind", "localhost:5000", "/srv/mlplatform")


def test_contexts_keep_their_states_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kubeconfig").touch()
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    assert site_of("kind", "localhost:5000", "/srv/mlplatform").kept != own_site().kept


def test_a_cluster_that_does_not_answer_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="The cluster of this machine does not answer: "):
        site(tmp_path).identity()


def test_what_is_kept_completes_the_stacks_configuration(tmp_path: Path) -> None:
    here = site(tmp_path)
    here.keep_images(
        {
            "images.mlflowTracking": DIGEST,
            "inCluster.standIns.postgresql": f"127.0.0.1:5000/mlplatform/postgresql@{DIGEST}",
        }
    )
    settings = stack.settings(here, kuberay=True)
    config = with_settings(_file(), settings)
    values = {key.removeprefix("mlplatform:"): value for key, value in config.items()}
    read = LocalConfig(environment="local", **values)
    assert read.images.mlflow_tracking == DIGEST
    assert read.in_cluster.registry == here.registry
    assert read.in_cluster.kube_ray == "present"
    assert read.in_cluster.password_seed.get_secret_value() == here.seed()


def _file() -> dict[str, object]:
    import yaml

    from tools.localcluster.layout import ROOT

    found: dict[str, object] = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
    return found
