"""One Kubernetes cluster through its API: objects applied, read and removed; what it refuses becomes a sentence."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import urllib3
import yaml
from kubernetes import client, config, dynamic
from kubernetes.dynamic.exceptions import NotFoundError, ResourceNotFoundError

from offline_providers.faults import OfflineError
from offline_providers.wire import Value

FIELD_MANAGER: Final = "pulumi-mlplatform"
"""Owner of the fields that the program sets."""
SECONDS: Final = 30
"""For one request."""
Answer = TypeVar("Answer")


class NoSuchKindError(OfflineError):
    """The cluster does not know the kind: a definition of a custom resource may be missing."""


class MissingError(OfflineError):
    """An object is not there."""


class Cluster:
    """A connection; one for each configuration of the provider, used by many threads."""

    def __init__(self, kubeconfig: str | None, context: str | None) -> None:
        """Connects to nothing yet.

        Args:
            kubeconfig: a path, or a kubeconfig's content; none for what ``KUBECONFIG`` or the home folder has.
            context: of the kubeconfig; none for its current one.

        Raises:
            OfflineError: there is no such kubeconfig or context.
        """
        self._lock = threading.Lock()
        self._dynamic: dynamic.DynamicClient | None = None
        try:
            if kubeconfig and ("\n" in kubeconfig or kubeconfig.lstrip().startswith("{")):
                self._api = config.new_client_from_config_dict(yaml.safe_load(kubeconfig), context=context)
            else:
                self._api = config.new_client_from_config(kubeconfig or None, context=context)
        except config.ConfigException as error:
            raise OfflineError(
                f"no cluster can be reached: {error}. Name a kubeconfig with --kubeconfig, or start a cluster."
            ) from error
        self.address = str(self._api.configuration.host)
        # Asked again at once when it does not answer, and not for minutes.
        self._api.configuration.retries = urllib3.Retry(connect=1, read=1, redirect=0, status=0)

    def apply(self, manifest: Mapping[str, Any], *, force: bool, dry_run: bool) -> dict[str, Any]:
        """Server-side apply: sets what the manifest names, and removes what an earlier one named.

        Args:
            force: takes fields over from whoever else has set them.
            dry_run: the cluster says what it would do, and does nothing.

        Raises:
            NoSuchKindError, MissingError: of a namespace as well.
            OfflineError: the cluster refuses it.
        """

        def work() -> Value:
            return self._kind(manifest).server_side_apply(
                body=dict(manifest),
                name=manifest["metadata"]["name"],
                namespace=manifest["metadata"].get("namespace"),
                field_manager=FIELD_MANAGER,
                force_conflicts=force,
                dry_run="All" if dry_run else None,
                _request_timeout=SECONDS,
            )

        return _without_owners(self._told(manifest, work).to_dict())

    def get(self, about: Mapping[str, Any]) -> dict[str, Any] | None:
        """The object with the kind, namespace and name of `about`; None when there is none."""
        try:
            found = self._told(
                about,
                lambda: self._kind(about).get(
                    name=about["metadata"]["name"],
                    namespace=about["metadata"].get("namespace"),
                    _request_timeout=SECONDS,
                ),
            )
        except (MissingError, NoSuchKindError):
            return None
        return _without_owners(found.to_dict())

    def delete(self, about: Mapping[str, Any], propagation: str) -> None:
        """Asks for the object's removal; an object that is not there is removed already."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        try:
            self._told(
                about,
                lambda: self._kind(about).delete(
                    name=about["metadata"]["name"],
                    namespace=about["metadata"].get("namespace"),
                    body=body,
                    _request_timeout=SECONDS,
                ),
            )
        except (MissingError, NoSuchKindError):
            return

    def listed(self, kind: str, namespace: str | None, **selection: str) -> list[dict[str, Any]]:
        """Objects of a kind of the core API, as ``Pod`` or ``Event``; selections are `label_selector` and the like."""
        about = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "", "namespace": namespace}}
        found = self._told(
            about, lambda: self._kind(about).get(namespace=namespace, _request_timeout=SECONDS, **selection)
        )
        return [one.to_dict() for one in found.items]

    def last_words(self, namespace: str, pod: str, container: str, lines: int = 8) -> str:
        """The end of what a container said before it ended the last time; empty when nobody knows."""
        core = client.CoreV1Api(self._api)
        try:
            return str(
                core.read_namespaced_pod_log(
                    pod, namespace, container=container, previous=True, tail_lines=lines, _request_timeout=SECONDS
                )
            ).strip()
        except (client.ApiException, urllib3.exceptions.HTTPError):
            return ""

    def _kind(self, about: Mapping[str, Any]) -> Value:
        group, kind = about["apiVersion"], about["kind"]
        with self._lock:
            if self._dynamic is None:
                # Its default keeps what it has learnt in a file that everybody may write.
                folder = tempfile.mkdtemp(prefix="mlplatform-discovery-")
                weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
                self._dynamic = dynamic.DynamicClient(self._api, cache_file=str(Path(folder) / "cache.json"))
            try:
                return self._dynamic.resources.get(api_version=group, kind=kind)
            except ResourceNotFoundError:
                # Defined since.
                self._dynamic.resources.invalidate_cache()
            try:
                return self._dynamic.resources.get(api_version=group, kind=kind)
            except ResourceNotFoundError as error:
                raise NoSuchKindError(
                    f"{self.address} knows no {kind} of {group}: its definition (CustomResourceDefinition) must be"
                    " applied first."
                ) from error

    def _told(self, about: Mapping[str, Any], work: Callable[[], Answer]) -> Answer:
        try:
            return work()
        except NotFoundError as error:
            raise MissingError(f"{named(about)}: {_message(error)}") from error
        except client.ApiException as error:
            raise OfflineError(_sentence(about, error)) from error
        except dynamic.exceptions.DynamicApiError as error:
            raise OfflineError(_sentence(about, error)) from error
        except urllib3.exceptions.HTTPError as error:
            raise OfflineError(
                f"{named(about)}: {self.address} does not answer ({type(error).__name__}). Is the cluster running, and"
                " is this the right context?"
            ) from error


def named(about: Mapping[str, Any]) -> str:
    """As people name an object: ``Deployment mlflow/server``."""
    metadata = about["metadata"]
    namespace = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{about['kind']} {namespace}{metadata.get('name', '')}"


def _without_owners(found: dict[str, Any]) -> dict[str, Any]:
    found.get("metadata", {}).pop("managedFields", None)
    return found


def _message(error: Value) -> str:
    """What the API server says, without the object that it was sent: a secret may be in it."""
    try:
        body = json.loads(error.body)
    except (TypeError, ValueError):
        return str(error.reason)
    causes: Sequence[Mapping[str, str]] = (body.get("details") or {}).get("causes") or ()
    told = "; ".join(f"{cause.get('field', '')}: {cause.get('message', '')}".strip(": ") for cause in causes)
    return told or str(body.get("message") or error.reason)


def _sentence(about: Mapping[str, Any], error: Value) -> str:
    what = {
        400: "the API server does not understand it",
        401: "the API server does not know who asks: sign in again, or use another context",
        403: "forbidden",
        409: "somebody else has set these fields; take them out of the program or away from the other",
        422: "invalid",
    }.get(error.status, f"the API server has answered {error.status}")
    return f"{named(about)}: {what}: {_message(error)}"
