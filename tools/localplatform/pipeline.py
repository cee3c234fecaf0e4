"""The main job in pods: raw files → Spark → Ray and MLflow → BentoML in both patterns → held-out flights asked."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from kubernetes import client
from local_pipeline.failures import why_it_failed
from mlplatform import naming
from mlplatform.foundation.incluster import object_store
from mlplatform.kubernetes.network_flows import SERVING
from platform_contract import CONTRACT_VARIABLE, local_contract
from platform_contract.model_file import shared_model_path

from tools.images.catalogue import known_image
from tools.localcluster.layout import ROOT
from tools.localplatform.images import WITH_MODEL, push_images
from tools.localplatform.jobs import STEPS, Step
from tools.localplatform.lake import DELIVERY, READER, lake_environment
from tools.localplatform.running import run_step
from tools.localplatform.site import PlatformError, Site
from tools.localplatform.stack import deploy

ENVIRONMENTS: Final = ROOT / ".local" / "envs"
SUMMARY: Final = "summary.json"
READY_SECONDS: Final = 300
Tell = Callable[[str], None]


def run_pipeline(site: Site, tell: Tell, raw_files: Path | None = None) -> dict[str, Any]:
    """Takes the flights through the pipeline in the cluster; the summary, which is kept in `.local/up/summary.json`.

    Args:
        site: where the platform is up.
        tell: is called with each line for people.
        raw_files: folder of the delivery; that of 2013 by default.

    Raises:
        PlatformError: a step failed or a service does not answer.
    """
    if not site.is_the_same_cluster():
        raise PlatformError("The platform is not up on this cluster: run 'make up' first.")
    began, told = time.monotonic(), dict[str, Any]()
    seconds: dict[str, float] = {}

    def step(title: str, work: Callable[[], dict[str, Any]]) -> None:
        tell(f"[{len(seconds) + 1}/{len(STEPS) + 4}] {title}")
        started = time.monotonic()
        told.update(work())
        seconds[title] = round(time.monotonic() - started, 1)
        tell(f"      {seconds[title]:.1f} s")

    step("The raw files land in the lake", lambda: land(site, raw_files))
    for one in STEPS:
        step(one.title, partial(run_step, site, one, image_of(site, one), lambda line: tell(f"      {line}")))
    step("BentoML builds the model API, and its image is pushed", lambda: build_model_api(site))
    step("The model API is rolled out", lambda: roll_out(site))
    step("Held-out flights are asked for, through the services of both patterns", lambda: ask(site, told))
    told |= {"seconds": round(time.monotonic() - began, 1), "steps": seconds}
    (site.kept / SUMMARY).write_text(json.dumps(told, indent=2) + "\n")
    return told


def image_of(site: Site, step: Step) -> str:
    """The address that the nodes pull a step's image from.

    Raises:
        PlatformError: it was never pushed.
    """
    image = known_image(step.image)
    digest = site.images().get(image.key)
    if digest is None:
        raise PlatformError(f"The image {image.name} is not in the registry: run 'make up' again.")
    return f"{site.registry}/{image.repository}@{digest}"


def land(site: Site, raw_files: Path | None) -> dict[str, Any]:
    """The raw files, as a delivery brings them."""
    raw = f"s3://{object_store.BUCKET}/raw"
    words = ["land", raw, *(["--raw-files", str(raw_files)] if raw_files else [])]
    return _command("local_pipeline", "local-pipeline", words, lake_environment(site, DELIVERY))


def build_model_api(site: Site) -> dict[str, Any]:
    """A Bento of the published model, and the image with it."""
    data = site.kept / "data"
    contract = local_contract(data, 3001)
    written = data / "contract.json"
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(contract.model_dump_json())
    model = shared_model_path(Path(naming.MODELS_MOUNT))
    words = ["build", "--model-file", str(site.volumes / "models" / model.relative_to(naming.MODELS_MOUNT))]
    built = _command("bento_serving", "flight-serving", words, {CONTRACT_VARIABLE: str(written)})
    name, _, version = str(built["bento"]).partition(":")
    store = contract.shared_files.models.parent / "bentoml"
    push_images(site, WITH_MODEL, store / "bentos" / name / version)
    return {"bento": built["bento"], "bento_reused": built["reused"]}


def roll_out(site: Site) -> dict[str, Any]:
    """Another `up`, with the new image; then both flight APIs get ready, which wait for data."""
    deploy(site)
    apps = client.AppsV1Api(site.api())
    end, late = time.monotonic() + READY_SECONDS, ["none is there"]
    while time.monotonic() < end:
        found = apps.list_namespaced_deployment(naming.NAMESPACE_SERVING).items
        late = [one.metadata.labels["app.kubernetes.io/name"] for one in found if not rolled_out(one)]
        if len(found) == 3 and not late:
            return {}
        time.sleep(1)
    raise PlatformError(
        f"Not ready after {READY_SECONDS} s in namespace {naming.NAMESPACE_SERVING}: {', '.join(late)}."
    )


def rolled_out(deployment: client.V1Deployment) -> bool:
    """Whether a deployment's pods are all of what it says now, and answer; as `kubectl rollout status` has it.

    While pods of two models are behind a service, a flight API that asks them may be answered by either.
    """
    wanted, status = deployment.spec.replicas, deployment.status
    counts = (status.updated_replicas, status.replicas, status.ready_replicas)
    return status.observed_generation == deployment.metadata.generation and counts == (wanted, wanted, wanted)


def ask(site: Site, told: dict[str, Any]) -> dict[str, Any]:
    """Asks through the services' cluster addresses, for the flights whose predictions are in the lake."""
    predictions = str(told["predictions"])
    addresses = [service_address(site, name) for name in ("flight-api-embedded", "flight-api-shared")]
    words = ["ask", predictions, *addresses]
    found = _command("local_pipeline", "local-pipeline", words, lake_environment(site, READER))
    return {key: found[key] for key in ("flights_asked", "largest_difference")}


def service_address(site: Site, name: str) -> str:
    """URL of a service of the namespace of serving, at its address in the cluster."""
    return site.service_address(naming.NAMESPACE_SERVING, name, SERVING)


def _command(package: str, program: str, words: Sequence[str], environ: dict[str, str] | None = None) -> dict[str, Any]:
    """A console command of a package on this machine; its summary."""
    path = ENVIRONMENTS / package / "bin" / program
    done = subprocess.run(
        [str(path), *words], capture_output=True, text=True, check=False, env={**os.environ, **(environ or {})}
    )
    if done.returncode != 0:
        lines, how = (done.stderr or done.stdout).strip().splitlines(), f"failed with status {done.returncode}"
        title = f"'{program} {words[0]}'"
        raise PlatformError(why_it_failed(title, done.returncode, lines, how=how, log="what it said"))
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
