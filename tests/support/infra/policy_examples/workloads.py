"""Examples of `mlplatform_policy.workloads`."""

from __future__ import annotations

import json
from typing import Any, Final

from policy_examples.example import broken, kept, view

DEPLOYMENT: Final = "kubernetes:apps/v1:Deployment"
CONFIG_MAP: Final = "kubernetes:core/v1:ConfigMap"
CLUSTER: Final = "kubernetes:ray.io/v1:RayCluster"
RELEASE: Final = "kubernetes:helm.sh/v3:Release"
DIGEST: Final = "registry/image@sha256:0123"
STRICT: Final[dict[str, Any]] = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
ROOT: Final = "container main may run as root: set runAsNonRoot, and a runAsUser other than 0"


def pod(security: dict[str, Any] | None = None, **container: Any) -> dict[str, Any]:
    limits = {"limits": {"memory": "1Gi"}}
    main = {"name": "main", "image": DIGEST, "securityContext": security or {}, "resources": limits, **container}
    return {"containers": [main]}


def deployment(spec: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": spec}}}


EXAMPLES = (
    kept(
        "pods-unprivileged",
        view(DEPLOYMENT, deployment(pod(STRICT))),
        # The pod's own settings are its containers', unless they have others.
        view(
            DEPLOYMENT,
            deployment(
                {
                    **pod({key: STRICT[key] for key in ("allowPrivilegeEscalation", "capabilities")}),
                    "securityContext": {key: STRICT[key] for key in ("runAsNonRoot", "seccompProfile")},
                }
            ),
        ),
        view(CONFIG_MAP, {"data": {"notes": "the containers of this platform"}}),
    ),
    broken(
        "pods-unprivileged",
        view(DEPLOYMENT, deployment(pod())),
        ROOT,
        "container main may get more rights than it started with: set allowPrivilegeEscalation to false",
        "container main keeps capabilities of root: drop ALL",
        "container main may make any system call: set seccompProfile to RuntimeDefault",
    ),
    broken(
        "pods-unprivileged",
        view(DEPLOYMENT, deployment(pod({**STRICT, "privileged": True, "runAsUser": 0}))),
        "container main is privileged: leave privileged out",
        ROOT,
    ),
    broken(
        "pods-unprivileged",
        view(
            DEPLOYMENT,
            deployment(
                {
                    **pod({**STRICT, "capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN", "NET_BIND_SERVICE"]}}),
                    "hostNetwork": True,
                    "volumes": [{"name": "node", "hostPath": {"path": "/"}}],
                }
            ),
        ),
        "its pods are part of their node's own world (hostNetwork): leave it out",
        "volume node shows the node's files (hostPath): use another kind of volume",
        "container main adds capabilities (SYS_ADMIN): leave them out",
    ),
    # However deep a pod is in an object, and be it a text.
    broken(
        "pods-unprivileged",
        view(CLUSTER, {"spec": {"workerGroupSpecs": [{"template": {"spec": pod({**STRICT, "runAsNonRoot": False})}}]}}),
        ROOT,
    ),
    broken(
        "pods-unprivileged",
        view(CONFIG_MAP, {"data": {"pod.yaml": json.dumps({"spec": pod({**STRICT, "runAsNonRoot": False})})}}),
        ROOT,
    ),
    kept(
        "images-by-digest",
        view(DEPLOYMENT, deployment(pod())),
        view(CONFIG_MAP, {"data": {"pod.yaml": json.dumps({"spec": {"containers": [{"name": "executor"}]}})}}),
    ),
    broken(
        "images-by-digest",
        view(DEPLOYMENT, deployment({**pod(), "initContainers": [{"name": "first", "image": "busybox:latest"}]})),
        "container first names busybox:latest by tag: name its digest, …@sha256:…",
    ),
    kept("memory-limited", view(DEPLOYMENT, deployment(pod()))),
    broken(
        "memory-limited",
        view(DEPLOYMENT, deployment(pod(resources={"requests": {"memory": "1Gi"}}))),
        "container main has no memory limit: set resources.limits.memory",
    ),
    kept("charts-pinned", view(RELEASE, {"chart": "kuberay-operator", "version": "1.7.1"})),
    broken(
        "charts-pinned",
        view(RELEASE, {"chart": "kuberay-operator"}),
        "takes the chart's newest version: set version",
    ),
)
