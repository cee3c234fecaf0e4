"""The chain: raw files → Spark → Ray and MLflow → BentoML → held-out flights asked over HTTP."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from platform_contract import CONTRACT_VARIABLE, PlatformContract
from platform_contract.object_store import in_s3
from rich.console import Console

from local_pipeline.faults import PipelineError
from local_pipeline.heldout import Comparison, compare
from local_pipeline.object_lake import ObjectStore, at_hand, land_in_s3, start_object_store
from local_pipeline.preflight import require
from local_pipeline.processes import Ledger, MemoryWatch, Running, adopt_orphans
from local_pipeline.raw_files import land_raw_files
from local_pipeline.report import gib, print_flights, print_summary
from local_pipeline.servers import Server, start_servers, stop_servers
from local_pipeline.steps import StepResult, Workspace, run_step
from local_pipeline.temporary import TemporaryFolder

STEPS: Final = (
    ("Spark prepares the features", "spark_preprocessing", ("spark-preprocess", "run")),
    ("Ray trains, MLflow tracks", "ray_training", ("ray-train", "train")),
    ("The champion goes to shared storage", "ray_training", ("ray-train", "publish")),
    ("BentoML builds the model API", "bento_serving", ("flight-serving", "build")),
)
LEDGER: Final = "processes.json"
SUMMARY: Final = "summary.json"
LAST_STEPS: Final = ("Both patterns get ready", "Held-out flights are asked for")


def run_pipeline(
    contract: PlatformContract,
    environments: Path,
    records: Path,
    console: Console,
    raw_files: Path | None = None,
    *,
    keep: bool,
    lake: Path | None = None,
) -> None:
    """Takes the flights through the whole pipeline and prints what came of it.

    Args:
        contract: of this machine; every step reads it.
        environments: folder with the packages' virtual environments.
        records: folder for logs and for the list of what was started.
        console: where progress is told.
        raw_files: folder of the delivery; that of 2013 by default.
        keep: leave the servers and the MLflow UI up at the end.
        lake: the folder of a server in S3's place, for a lake that is in S3.

    Raises:
        PipelineError: a step failed or something is missing. Everything started is stopped, whatever ends the run.
    """
    with only_run(records):
        ledger = Ledger(records / LEDGER)
        for name in ledger.stop_all():
            console.print(f"stopped {name}, which an earlier run had left up", style="dim")
        store = ObjectStore.new() if lake else None
        root = lake or _local(contract.lake.raw)
        serving = contract.serving
        addresses = [serving.model_api, serving.flight_api_embedded, serving.flight_api_shared]
        require(root, [*addresses, *([contract.mlflow_ui] if keep and contract.mlflow_ui else [])])
        adopt_orphans()
        temporary = TemporaryFolder(records)
        temporary.remove()
        memory = MemoryWatch()
        memory.start()
        try:
            written = records / "contract.json"
            written.write_text(contract.model_dump_json(indent=2))
            workspace = Workspace(
                environments=environments,
                logs=records / "logs",
                ledger=ledger,
                environ={
                    CONTRACT_VARIABLE: str(written),
                    "TMPDIR": str(temporary.make()),
                    **(store.environ if store else {}),
                },
                console=console,
                memory=memory,
            )
            with _object_store(workspace, store, lake, keep=keep):
                _chain(workspace, contract, store, raw_files, keep=keep)
            if not keep:
                temporary.remove()
        except BaseException:
            ledger.stop_all()  # a signal may have come just as something was started
            temporary.remove()
            raise
        finally:
            memory.stop()


@contextmanager
def _object_store(workspace: Workspace, store: ObjectStore | None, lake: Path | None, *, keep: bool) -> Iterator[None]:
    """The server in S3's place, if there is one, is up inside the block, and after a good end if it is kept."""
    if store is None or lake is None:
        yield
        return
    program = workspace.environments.parent / "toolchain" / "bin" / "versitygw"
    running = start_object_store(store, program, lake, workspace)
    try:
        yield
    except BaseException:
        running.stop()
        raise
    if not keep:
        running.stop()


def _chain(
    workspace: Workspace,
    contract: PlatformContract,
    store: ObjectStore | None,
    raw_files: Path | None,
    *,
    keep: bool,
) -> None:
    console, count = workspace.console, 1 + len(STEPS) + len(LAST_STEPS)

    def announce(number: int, title: str) -> None:
        console.print(f"[bold]\\[{number}/{count}] {title}[/bold]", highlight=False)

    def done(step: StepResult) -> StepResult:
        unchanged = ", unchanged" if step.reused else ""
        console.print(f"      {step.seconds:.1f} s, {gib(step.peak_bytes)} at its peak{unchanged}", highlight=False)
        return step

    announce(1, "The raw files land in the lake")
    steps = [done(_land(workspace, contract.lake.raw, store, raw_files))]
    for number, (title, package, words) in enumerate(STEPS, start=2):
        announce(number, title)
        steps.append(done(run_step(workspace, title, package, words)))

    announce(count - 1, LAST_STEPS[0])
    running: list[Running] = []
    try:
        with _measured(workspace, LAST_STEPS[0], steps):
            running = start_servers(workspace, _servers(contract, keep=keep))
        done(steps[-1])
        announce(count, LAST_STEPS[1])
        serving = contract.serving
        predictions = next(step.summary["predictions"] for step in steps if "predictions" in step.summary)
        with (
            _measured(workspace, LAST_STEPS[1], steps),
            at_hand(predictions, store.files if store else None) as predicted,
        ):
            comparison = compare(predicted, serving.flight_api_embedded, serving.flight_api_shared)
        done(steps[-1])
    except BaseException:
        stop_servers(running)
        raise
    if not keep:
        stop_servers(running)
    found = _summary(contract, steps, comparison, workspace.memory.peak_bytes)
    (workspace.logs.parent / SUMMARY).write_text(json.dumps(found, indent=2) + "\n")
    print_flights(console, comparison)
    print_summary(console, contract, steps, found, keep=keep)


def _summary(
    contract: PlatformContract, steps: list[StepResult], comparison: Comparison, peak_bytes: int
) -> dict[str, Any]:
    """What all steps have told of themselves, and what the run adds: one document for tables, tests and benches."""
    own = {
        "seconds": sum(step.seconds for step in steps),
        "peak_bytes": peak_bytes,
        "reused_steps": sum(step.reused for step in steps),
        "lake": "s3" if in_s3(contract.lake.raw) else "folders",
        "flights_asked": len(comparison.flights),
        "largest_difference": comparison.largest_difference,
        "steps": [{"title": s.title, "seconds": s.seconds, "peak_bytes": s.peak_bytes} for s in steps],
    }
    return {**{key: value for step in steps for key, value in step.summary.items()}, **own}


def _land(workspace: Workspace, raw: str, store: ObjectStore | None, source: Path | None) -> StepResult:
    workspace.memory.start_stretch()
    started = time.monotonic()
    folder, reused = land_in_s3(raw, store.files, source) if store else land_raw_files(Path(raw), source)
    workspace.console.print(f"      {folder}", style="dim", highlight=False)
    peak = workspace.memory.stretch_peak_bytes
    return StepResult("The raw files land in the lake", time.monotonic() - started, peak, {"reused": reused})


@contextmanager
def _measured(workspace: Workspace, title: str, steps: list[StepResult]) -> Iterator[None]:
    workspace.memory.start_stretch()
    started = time.monotonic()
    yield
    steps.append(StepResult(title, time.monotonic() - started, workspace.memory.stretch_peak_bytes))


def _servers(contract: PlatformContract, *, keep: bool) -> list[Server]:
    serving = contract.serving
    addresses = {
        "model-api": serving.model_api,
        "flight-api-embedded": serving.flight_api_embedded,
        "flight-api-shared": serving.flight_api_shared,
    }
    servers = [
        Server(name, "bento_serving", ("flight-serving", "serve", name), f"{address}/readyz")
        for name, address in addresses.items()
    ]
    if keep and contract.mlflow_ui:
        servers.append(Server("mlflow-ui", "ray_training", ("ray-train", "ui"), f"{contract.mlflow_ui}/health"))
    return servers


def stop_kept_servers(records: Path) -> list[str]:
    """Stops what an earlier run has left up; the names of what was."""
    with only_run(records):
        stopped = Ledger(records / LEDGER).stop_all()
        TemporaryFolder(records).remove()
        return stopped


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Two runs at once would write to the same places: the second is refused."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PipelineError("Another 'make run' is at work in this clone: wait for it, or stop it.") from None
        yield


def _local(location: str) -> Path:
    if not location.startswith("/"):
        raise PipelineError(f"'make run' is for one machine, and the contract's lake is at {location}.")
    return Path(location)
