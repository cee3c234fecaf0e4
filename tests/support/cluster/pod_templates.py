"""Pods as the deployed stack makes them, taken from its live objects: Deployments, and the template of executors."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from cluster_requests import Asked, Requests

Pod = dict[str, Any]


def deployed_templates(requests: Requests) -> dict[str, Pod]:
    """App → a pod of the Deployment that runs it, without a name."""
    found: dict[str, Pod] = {}
    for deployment in requests.items("/apis/apps/v1/deployments"):
        template = copy.deepcopy(deployment["spec"]["template"])
        app = template["metadata"]["labels"]["mlplatform.io/app"]
        template["metadata"] = {
            "namespace": deployment["metadata"]["namespace"],
            **{key: template["metadata"].get(key, {}) for key in ("labels", "annotations")},
        }
        found[app] = {"apiVersion": "v1", "kind": "Pod", **template}
    return found


def executor_template(requests: Requests) -> Pod:
    """The template that drivers mount, with what Spark adds to it of the contract that they read.

    Spark fills in the name, the image, the size and the account, and a volume for shuffle files (Spark's documentation,
    "Running Spark on Kubernetes", Pod Template).
    """
    files = "/api/v1/namespaces/spark/configmaps"
    pod: Pod = json.loads(requests.one(Asked(f"{files}/spark-executor-template"))["data"]["executor.json"])
    spark = json.loads(requests.one(Asked(f"{files}/platform-contract"))["data"]["contract.json"])["spark"]
    profile = spark["profile"]
    memory = sum(profile[f"{part}_mib"] for part in ("heap", "overhead", "off_heap", "pyspark_memory"))
    size = {"cpu": str(profile["cores"]), "memory": f"{memory}Mi"}
    pod["metadata"]["namespace"] = spark["namespace"]
    pod["spec"] |= {"serviceAccountName": spark["service_account"], "restartPolicy": "Never"}
    (container,) = pod["spec"]["containers"]
    container |= {
        "image": spark["executor_image"],
        "resources": {"requests": size, "limits": {"memory": size["memory"]}},
    }
    limit = f"{profile['local_dir']['size_gib']}Gi"
    pod["spec"]["volumes"].append({"name": "spark-local-dir-1", "emptyDir": {"sizeLimit": limit}})
    container["volumeMounts"].append({"name": "spark-local-dir-1", "mountPath": "/var/data/spark-local-dir-1"})
    return pod


def executor_pod(requests: Requests, name: str) -> Pod:
    """One executor."""
    return named(executor_template(requests), name)


def named(template: Pod, name: str) -> Pod:
    """The template's pod of that name."""
    return {**template, "metadata": {**template["metadata"], "name": name}}


def numbered(template: Pod, prefix: str, count: int) -> Iterator[Pod]:
    """Pods that differ by their names alone."""
    return (named(template, f"{prefix}-{number}") for number in range(count))


def service_type_of(labels: Mapping[str, str]) -> str:
    """What the label of a node says, or that of a pod."""
    return labels.get("mlplatform.io/service-type", "none")
