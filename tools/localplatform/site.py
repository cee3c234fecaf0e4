"""Where the platform goes: which cluster, its registry and folder, and what is kept of it here."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kubernetes import client, config

from tools.localcluster.layout import BASE, KUBECONFIG, REGISTRY_PORT, ROOT, VOLUMES

FOLDER: Final = ROOT / ".local" / "up"
"""All that is kept: the engine's state, the passwords' seed, the addresses of images."""
REPOSITORIES: Final = "mlplatform"


class PlatformError(Exception):
    """What is wrong and what to do, for a person."""


@dataclass(frozen=True)
class Site:
    """A cluster, and how its nodes see this machine."""

    kubeconfig: Path
    context: str | None
    """None for the cluster of `tools/localcluster`."""
    registry: str
    volumes: Path
    """The folder of all nodes with the volumes in it."""
    kept: Path = FOLDER

    @property
    def is_own(self) -> bool:
        """Whether the cluster is the one that is started here."""
        return self.context is None

    def api(self) -> client.ApiClient:
        """A client of the cluster."""
        return config.new_client_from_config(str(self.kubeconfig), self.context)

    def seed(self) -> str:
        """What all passwords are derived from: made once, readable by this user alone."""
        path = self.kept / "password-seed"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as handle:
                handle.write(secrets.token_hex(32))
        return path.read_text()

    def identity(self) -> str:
        """Tells this cluster from one that was there before it.

        Raises:
            PlatformError: it does not answer.
        """
        with self._asked():
            found = client.CoreV1Api(self.api()).read_namespace("kube-system", _request_timeout=10)
        return str(found.metadata.uid)

    def service_address(self, namespace: str, name: str, port: int) -> str:
        """URL of a service at its address in the cluster, which this machine reaches as any node does."""
        service = client.CoreV1Api(self.api()).read_namespaced_service(name, namespace)
        return f"http://{service.spec.cluster_ip}:{port}"

    def serves_kuberay(self) -> bool:
        """Whether KubeRay's operator is there: its kinds are.

        Raises:
            PlatformError: the cluster does not answer.
        """
        with self._asked():
            found = client.ApisApi(self.api()).get_api_versions(_request_timeout=10)
        return any(group.name == "ray.io" for group in found.groups)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            where = f"The context {self.context}" if self.context else "The cluster of this machine"
            raise PlatformError(f"{where} does not answer: {str(error).splitlines()[0]}.") from error

    def is_the_same_cluster(self) -> bool:
        """Whether what was deployed is still there: a cluster that was made anew knows nothing of it."""
        path = self.kept / "cluster"
        return path.exists() and path.read_text() == self.identity()

    def remember_cluster(self) -> None:
        """Call it when the engine's state is about this cluster."""
        (self.kept / "cluster").write_text(self.identity())

    def images(self) -> dict[str, Any]:
        """Configuration key → digest or address of the images that were pushed last."""
        path = self.kept / "images.json"
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def keep_images(self, found: dict[str, str]) -> None:
        """The next `up` takes them."""
        path = self.kept / "images.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(found, indent=2) + "\n")
        beside.replace(path)

    def empty_volumes(self) -> None:
        """Removes what pods have written. Only of the own cluster: another's folder is its owner's."""
        if self.is_own:
            for name in VOLUMES:
                shutil.rmtree(self.volumes / name, ignore_errors=True)


def own_site() -> Site:
    """On the cluster that `make cluster` starts."""
    return Site(KUBECONFIG, None, f"127.0.0.1:{REGISTRY_PORT}/{REPOSITORIES}", BASE / "volumes")


def site_of(context: str | None, registry: str | None, folder: str | None) -> Site:
    """The one that was asked for.

    Raises:
        PlatformError: a context needs a registry and a folder of its own.
    """
    if not context:
        return own_site()
    if not registry or not folder:
        raise PlatformError(
            f"CONTEXT={context} also needs REGISTRY=<where its nodes pull from> and FOLDER=<a folder of all its nodes,"
            f" with {', '.join(VOLUMES)} in it that user 1000 may write to>."
        )
    kubeconfig = Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    if not kubeconfig.is_file():
        raise PlatformError(f"There is no kubeconfig at {kubeconfig}: set KUBECONFIG.")
    return Site(kubeconfig, context, registry, Path(folder), FOLDER.with_name(f"up-{context}"))
