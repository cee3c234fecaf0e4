"""The servers that are compared, and the questions in each one's own form."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import psutil
import pyarrow.parquet as pq
from platform_contract import DatasetPointer, FeatureManifest, PlatformContract, find_repository, local_contract
from platform_contract.model_file import digest_path, shared_model_path

Body = dict[str, Any]
START_SECONDS = 120
FASTAPI, MODEL_API = "FastAPI, uvicorn", "model API"
EMBEDDED, SHARED = "flight API, embedded", "flight API, shared"


@dataclass(frozen=True)
class Question:
    """Held-out flights: their feature vectors, and what a person would ask."""

    vectors: list[list[float | None]]
    flights: list[dict[str, Any]]
    names: list[str]


@dataclass(frozen=True)
class Contestant:
    """A way of serving the model."""

    name: str
    path: str
    ask: Callable[[Question], Body]
    answers: Callable[[Any], list[float]]
    start: Callable[[], list[tuple[list[str], str, dict[str, str]]]]
    """Commands with the address at which each answers and its own variables; the last one is asked."""


def questions(contract: PlatformContract, rows: int, requests: int) -> list[Question]:
    """`requests` questions about `rows` flights each, all of December and none twice."""
    folder = Path(contract.lake.features) / "flight_delay"
    version = folder / DatasetPointer.model_validate_json((folder / "LATEST.json").read_text()).version
    manifest = FeatureManifest.model_validate_json((version / "manifest.json").read_text())
    names = list(manifest.feature_schema.names)
    asked = ["carrier_code", "flight", "origin_code", "dest_code", "scheduled_departure", "tailnum"]
    table = pq.read_table(version / manifest.files[-1].path, columns=[*names, *asked]).slice(0, rows * requests)
    told = table.to_pylist()
    flights = [
        {
            "carrier": row["carrier_code"],
            "flight_number": row["flight"],
            "origin": row["origin_code"],
            "dest": row["dest_code"],
            "scheduled_departure": row["scheduled_departure"],
            "tailnum": row["tailnum"],
        }
        for row in told
    ]
    vectors = [[row[name] for name in names] for row in told]
    return [
        Question(vectors[start : start + rows], flights[start : start + rows], names)
        for start in range(0, len(told), rows)
    ]


def contestants(contract: PlatformContract, scratch: Path) -> list[Contestant]:
    """FastAPI first, which ratios are to, then what else people pick, the model API, and both flight APIs."""
    place = _own_place(contract, scratch / "ours")
    mlflow = str(find_repository() / ".local" / "envs" / "ray_training" / "bin" / "mlflow")
    champion = f"models:/{contract.mlflow.registered_model}@{contract.mlflow.champion_alias}"

    def mlflow_server() -> list[tuple[list[str], str, dict[str, str]]]:
        port = free_port()
        command = [mlflow, "models", "serve", "-m", champion, "--env-manager", "local", "-h", "127.0.0.1"]
        variables = {
            "MLFLOW_TRACKING_URI": contract.mlflow.tracking_uri,
            "PATH": f"{Path(mlflow).parent}{os.pathsep}{os.environ['PATH']}",
        }
        return [([*command, "-p", str(port)], f"http://127.0.0.1:{port}/ping", variables)]

    def ours(place: Path, *services: str) -> Callable[[], list[tuple[list[str], str, dict[str, str]]]]:
        def start() -> list[tuple[list[str], str, dict[str, str]]]:
            file = place / "contract.json"
            serving = PlatformContract.model_validate_json(file.read_text()).serving
            return [
                (
                    [_command(), "serve", service],
                    f"{getattr(serving, service.replace('-', '_'))}/readyz",
                    {"PLATFORM_CONTRACT": str(file)},
                )
                for service in services
            ]

        return start

    def rows(question: Question) -> Body:
        return {"rows": question.vectors}

    def flights(question: Question) -> Body:
        return {"flights": question.flights}

    def of_flights(answer: list[Body]) -> list[float]:
        return [flight["probability_late"] for flight in answer]

    def frame(question: Question) -> Body:
        return {"dataframe_split": {"columns": question.names, "data": question.vectors}}

    def of_frame(answer: Body) -> list[float]:
        return list(answer["predictions"])

    def other(script: str) -> Callable[[], list[tuple[list[str], str, dict[str, str]]]]:
        python = str(find_repository() / ".local" / "envs" / "bench_serving" / "bin" / "python")
        model = str(shared_model_path(contract.shared_files.models))

        def start() -> list[tuple[list[str], str, dict[str, str]]]:
            port = free_port()
            command = [python, str(Path(__file__).parent / "others" / script), model, str(port)]
            ready = {"lit_serve.py": "health", "ray_serve.py": "-/healthz"}.get(script, "ping")
            variables = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}
            return [(command, f"http://127.0.0.1:{port}/{ready}", variables)]

        return start

    return [
        Contestant(FASTAPI, "/predict", rows, list, other("plain_fastapi.py")),
        Contestant("LitServe", "/predict", rows, of_frame, other("lit_serve.py")),
        Contestant("Ray Serve", "/", rows, list, other("ray_serve.py")),
        Contestant("mlflow models serve", "/invocations", frame, of_frame, mlflow_server),
        Contestant(MODEL_API, "/predict", rows, list, ours(place, "model-api")),
        Contestant(EMBEDDED, "/predict", flights, of_flights, ours(place, "model-api", "flight-api-embedded")),
        Contestant(SHARED, "/predict", flights, of_flights, ours(place, "flight-api-shared")),
    ]


@dataclass(frozen=True)
class Running:
    """A contestant's servers, of which the last one is asked."""

    address: str
    pids: list[int]

    def cpu_seconds(self) -> float:
        """What they and all their processes have taken so far."""
        seconds = 0.0
        for pid in self.pids:
            own = psutil.Process(pid)
            for process in [own, *own.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    times = process.cpu_times()
                    seconds += times.user + times.system
        return seconds


@contextmanager
def running(contestant: Contestant, log: Path) -> Iterator[Running]:
    """The contestant's servers, which are up inside the block and gone after it."""
    with ExitStack() as stack:
        address, pids = "", []
        output = stack.enter_context(log.open("ab"))
        for command, ready, variables in contestant.start():
            process = subprocess.Popen(
                command, env={**os.environ, **variables}, stdout=output, stderr=output, start_new_session=True
            )
            stack.callback(_stop, process)
            pids.append(process.pid)
            _await(ready, process, log)
            parts = urlsplit(ready)
            address = f"{parts.scheme}://{parts.netloc}"
        yield Running(address, pids)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # LitServe leaves its workers


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise click.ClickException(f"A server did not start; its output is in {log}.")


def _own_place(contract: PlatformContract, place: Path, *options: str) -> Path:
    """A contract with the real data and model, and with Bentos and ports of its own."""
    models = place / "models"
    own = local_contract(place, free_port(4))
    own = own.model_copy(
        update={"lake": contract.lake, "shared_files": own.shared_files.model_copy(update={"models": models})}
    )
    source, target = shared_model_path(contract.shared_files.models), shared_model_path(models)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    shutil.copyfile(digest_path(source), digest_path(target))
    file = place / "contract.json"
    file.write_text(own.model_dump_json())
    done = subprocess.run(
        [_command(), "build", *options],
        env={**os.environ, "PLATFORM_CONTRACT": str(file)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise click.ClickException(done.stderr)
    return place


def _command() -> str:
    return str(Path(sys.executable).with_name("flight-serving"))


def free_port(count: int = 1) -> int:
    """The first of `count` free ports in a row."""
    for base in range(25000, 30000, 10):
        with ExitStack() as stack:
            try:
                for port in range(base, base + count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return base
    raise click.ClickException("no free ports")


def bodies(contestant: Contestant, asked: Sequence[Question]) -> list[bytes]:
    """The questions as the contestant takes them."""
    return [json.dumps(contestant.ask(question)).encode() for question in asked]
