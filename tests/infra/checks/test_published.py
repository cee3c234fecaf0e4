"""What a pod is told must be what its program understands: read from the workloads' own sources, not from the program.

Commands, options, environment variables, folders, probed paths and the time a stop takes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from infra_configs import REPOSITORY
from mlplatform.config.base import ENVIRONMENTS, Environment
from references import Objects, Pod, option, probes
from whole_program import record

pytestmark = pytest.mark.parametrize("environment", ENVIRONMENTS)
WORKLOADS: Final = REPOSITORY / "workloads"
OF_OTHERS: Final = {
    "HOME": "POSIX",
    "DO_NOT_TRACK": "consoledonottrack.com; Ray and BentoML",
    "BENTOML_HOME": "BentoML, configuration",
    "BENTOML_DO_NOT_TRACK": "BentoML, configuration",
    "OMP_NUM_THREADS": "OpenMP",
    "PYTHONSAFEPATH": "Python, command line",
    "RAY_USAGE_STATS_ENABLED": "Ray, usage stats",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "Ray, ray_config_def.h",
    "GRPC_ENABLE_FORK_SUPPORT": "gRPC, environment_variables.md",
    "RAY_AUTH_MODE": "Ray, token authentication",
    "RAY_AUTH_TOKEN": "Ray, token authentication",
}
"""Environment variables of programs that are not ours, and whose documentation has them."""
LONGEST_START_SECONDS: Final = 300
"""A first start waits for the database and brings its schema up to date, or pulls an image to a new node and imports
XGBoost: minutes (docs/requirements.md; measured on the local cluster at a load of 15)."""


@cache
def source(package: str) -> str:
    """All of a workload's own code."""
    return "\n".join(path.read_text("utf-8") for path in sorted((WORKLOADS / package / "src").rglob("*.py")))


@cache
def objects(environment: Environment) -> Objects:
    return Objects(record(environment))


def ours(environment: Environment) -> list[tuple[Pod, Mapping[str, Any], str]]:
    """Pod, container and workload package, of all that run one of our images."""
    every = [(pod, container) for pod in objects(environment).pods for container in pod.spec["containers"]]
    found = [(pod, container, _package(container)) for pod, container in every]
    return [(pod, container, package) for pod, container, package in found if package]


def _package(container: Mapping[str, Any]) -> str:
    image = str(container.get("image", "")).partition("@")[0].replace("-", "_")
    if "bento" in image:
        return "bento_serving"
    names = ("mlflow_tracking", "ray_training", "spark_preprocessing")
    return next((name for name in names if image.endswith(name)), "")


def test_the_packages_of_the_workloads_are_found(environment: Environment) -> None:
    assert {package for _, _, package in ours(environment)} == {"mlflow_tracking", "ray_training", "bento_serving"}


def test_a_command_is_one_of_its_package_with_its_options(environment: Environment) -> None:
    wrong = []
    for pod, container, package in ours(environment):
        words = [str(word) for word in container.get("command", ())]
        if package != "mlflow_tracking":
            continue
        project = (WORKLOADS / package / "pyproject.toml").read_text("utf-8")
        scripts = re.findall(r"^([\w-]+) = \"\w+\.cli:main\"", project, re.MULTILINE)
        known = set(re.findall(r'"(--[a-z-]+)"', source(package)))
        commands = set(re.findall(r'(?:command|add_command)\("?([a-z-]+)"?', source(package)))
        commands |= {name.replace("_", "-") for name in re.findall(r"^def (\w+)\(", source(package), re.MULTILINE)}
        if words[0] not in scripts or words[1] not in commands:
            wrong.append((pod.name, words[:2]))
        wrong += [(pod.name, [word]) for word in words if word.startswith("--") and word not in known]
    assert wrong == []


def test_what_bentoml_serves_is_there(environment: Environment) -> None:
    wrong = []
    for pod, container, package in ours(environment):
        words = [str(word) for word in container.get("command", ())]
        if package != "bento_serving":
            continue
        target = words[words.index("serve") + 1] if "serve" in words else words[words.index("-m") + 2]
        if ":" in target:
            module, _, name = target.partition(":")
            path = WORKLOADS / package / "src" / Path(*module.split(".")).with_suffix(".py")
            names = [one.name for one in ast.parse(path.read_text("utf-8")).body if isinstance(one, ast.ClassDef)]
            fits = name in names and pod.name.endswith(f"{module.rpartition('.')[2].replace('_', '-')}-server")
        else:
            # A Bento's folder is in the image that has one.
            image = str(container["image"]).partition("@")[0]
            fits = f"COPY bento {target}\n" in (WORKLOADS / package / "Containerfile").read_text("utf-8")
            fits = fits and image.endswith("bento-model-api")
        if not fits:
            wrong.append((pod.name, target))
    assert wrong == []


def test_somebody_reads_every_environment_variable(environment: Environment) -> None:
    everywhere = "\n".join(source(path.name) for path in WORKLOADS.iterdir() if (path / "src").is_dir())
    wrong = {
        (pod.name, variable["name"])
        for pod, container, _ in ours(environment)
        for variable in container.get("env", ())
        if variable["name"] not in OF_OTHERS and f'"{variable["name"]}"' not in everywhere
    }
    assert wrong == set()


def test_a_pod_may_write_where_its_variables_send_it(environment: Environment) -> None:
    wrong = []
    for pod, container, _ in ours(environment):
        writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
        for variable in container.get("env", ()):
            folder = variable.get("value", "")
            if variable["name"] in {"HOME", "BENTOML_HOME"} and not any(
                f"{folder}/".startswith(f"{path}/") for path in writable
            ):
                wrong.append((pod.name, variable["name"], folder))
    assert wrong == []


def test_passwords_are_mounted_where_mlflow_looks_for_them(environment: Environment) -> None:
    [default] = re.findall(r'FOLDER_VARIABLE, "([^"]+)"', source("mlflow_tracking"))
    for pod, container, package in ours(environment):
        volumes = {volume["name"] for volume in pod.spec["volumes"] if "secret" in volume}
        folders = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] in volumes]
        if package == "mlflow_tracking":
            assert folders in ([], [default]), pod.name


def test_a_probe_asks_for_what_its_program_answers(environment: Environment) -> None:
    """And what is asked to see whether a process lives says nothing of the data that it waits for."""
    bento = set(re.findall(r'"(/[a-z]+)"', source("bento_serving")))
    site = (REPOSITORY / "tests" / "support" / "workloads" / "tracking_site.py").read_text("utf-8")
    routes = {"bento_serving": bento, "mlflow_tracking": set(re.findall(r'address}(/[a-z]+)"', site))}
    assert {"/livez", "/readyz"} <= bento
    wrong = []
    for pod, _, package in ours(environment):
        for _, kind, probe in probes(pod):
            path = probe.get("httpGet", {}).get("path")
            if path is None:
                continue
            misled = package == "bento_serving" and (path == "/readyz") != (kind == "readinessProbe")
            if path not in routes.get(package, set()) or misled:
                wrong.append((pod.name, kind, path))
    assert wrong == []


def test_a_pod_has_the_time_that_a_start_takes(environment: Environment) -> None:
    wrong = []
    for pod, _, package in ours(environment):
        for _, kind, probe in probes(pod):
            given = probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)
            if (
                kind == "startupProbe"
                and package in {"mlflow_tracking", "bento_serving"}
                and given < LONGEST_START_SECONDS
            ):
                wrong.append((pod.name, given))
    assert wrong == []


def test_a_pod_has_the_time_that_a_stop_takes(environment: Environment) -> None:
    """Requests under way end within what the program itself takes, once load balancers send no new ones."""
    [takes] = re.findall(r"^SHUTDOWN_SECONDS: Final = (\d+)", source("bento_serving"), re.MULTILINE)
    wrong = []
    for pod, container, package in ours(environment):
        if package != "bento_serving":
            continue
        drain = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        told = option([str(word) for word in container["command"]], "--timeout-graceful-shutdown")
        given = pod.spec["terminationGracePeriodSeconds"]
        # Load balancers take up to 10 s to hear of it (their health check's interval).
        if told not in {None, takes} or drain < 10 or given < drain + int(takes):
            wrong.append((pod.name, drain, told, given))
    assert wrong == []


def test_the_models_are_where_the_contract_says(environment: Environment) -> None:
    text = (objects(environment).config_map("serving", "platform-contract") or {})["contract.json"]
    [folder] = re.findall(r'"models": "(/[^"]+)"', text)
    mounted = [
        mount["mountPath"]
        for pod, container, _ in ours(environment)
        for mount in container["volumeMounts"]
        if mount["name"] == "models"
    ]
    assert mounted
    assert set(mounted) == {folder}


def test_what_others_write_into_their_pods_keeps_its_name(environment: Environment) -> None:
    """Whoever submits a job of their own names these: a rename is an interface changed, not a refactoring."""
    asked = objects(environment)
    assert ("spark", "spark-executor-template") in asked.names("ConfigMap")
    assert ("spark", "platform-contract") in asked.names("ConfigMap")
    assert ("ray", "models") in asked.names("PersistentVolumeClaim")
    assert {("", "mlplatform-spark-driver"), ("", "mlplatform-spark-executor")} <= asked.names("PriorityClass")
    assert {("spark", "spark-driver"), ("spark", "spark-executor"), ("ray", "ray")} <= asked.names("ServiceAccount")
