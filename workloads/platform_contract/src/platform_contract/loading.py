"""Where a workload finds its contract: the file that ``PLATFORM_CONTRACT`` names, or the embedded default."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from pydantic import ValidationError

from platform_contract.document import (
    Lake,
    Mlflow,
    PlatformContract,
    Ray,
    Serving,
    SharedFiles,
    SparkLocal,
)
from platform_contract.versions import VersionError, read_document

CONTRACT_VARIABLE = "PLATFORM_CONTRACT"
LOCAL_FOLDER = ".local"
DEFAULT_PORT_BASE = 3001
PORTS_USED = 4  # three services and the MLflow UI


class ContractError(ValueError):
    """The contract cannot be read or is wrong. The message says where and what to do, for a person."""


def load_contract(environ: Mapping[str, str] | None = None) -> PlatformContract:
    """The contract of the environment that this process runs in.

    Raises:
        ContractError: the file is missing, is no JSON, or breaks the schema; every fault is named at once.
    """
    named = (os.environ if environ is None else environ).get(CONTRACT_VARIABLE, "").strip()
    return read_contract(Path(named)) if named else local_contract(find_repository() / LOCAL_FOLDER / "data")


def read_contract(path: Path) -> PlatformContract:
    """Reads and checks the contract in a file.

    Raises:
        ContractError: as `load_contract`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ContractError(
            f"Cannot read the contract {path}: {reason}. Set {CONTRACT_VARIABLE} to a readable file, or unset it to"
            " run on this machine alone."
        ) from error
    try:
        return read_document(json.loads(text))
    except json.JSONDecodeError as error:
        raise ContractError(
            f"The contract {path} is no JSON: {error.msg}, line {error.lineno}, column {error.colno}."
        ) from error
    except VersionError as error:
        raise ContractError(f"The contract {path} cannot be read: {error}.") from error
    except ValidationError as error:
        raise ContractError(f"The contract {path} is wrong:\n{describe_faults(error)}") from error


def describe_faults(error: ValidationError) -> str:
    """One line per fault: the key, what is wrong, and the value that was given (shortened)."""
    lines = []
    for fault in error.errors(include_url=False):
        key = ".".join(str(part) for part in fault["loc"]) or "(document)"
        message = fault["msg"].removeprefix("Value error, ")
        value = repr(fault["input"])
        given = "" if fault["type"] == "missing" or len(value) > 80 else f" (given: {value})"
        lines.append(f"  {key}: {message}{given}")
    return "\n".join(lines)


def find_repository() -> Path:
    """The clone that this package was installed from, or that the working folder is in.

    Raises:
        ContractError: there is none, as in an image: a contract must be named there.
    """
    starts = (Path.cwd(), Path(__file__).resolve())
    for start in starts:
        for folder in (start, *start.parents):
            if (folder / "workloads" / "platform_contract" / "pyproject.toml").is_file():
                return folder
    raise ContractError(
        f"No environment is known here: set {CONTRACT_VARIABLE} to a contract file (its schema:"
        " 'platform-contract schema'), or run inside a clone of the repository."
    )


def local_contract(folder: Path, port_base: int = DEFAULT_PORT_BASE) -> PlatformContract:
    """The contract of one machine: everything under one folder, every server on loopback.

    Args:
        folder: where all data goes; made when it is first written to.
        port_base: the first of `PORTS_USED` ports in a row.
    """
    root = folder.resolve()
    ports = range(port_base, port_base + PORTS_USED)
    address = [f"http://127.0.0.1:{port}" for port in ports]
    return PlatformContract(
        environment="local",
        lake=Lake(
            raw=f"{root}/lake/raw",
            features=f"{root}/lake/features",
            quarantine=f"{root}/lake/quarantine",
            predictions=f"{root}/lake/predictions",
        ),
        shared_files=SharedFiles(models=root / "shared/models", notebooks=root / "shared/notebooks"),
        mlflow=Mlflow(
            tracking_uri=f"sqlite:///{quote(str(root))}/mlflow/mlflow.db",
            artifacts=f"{root}/mlflow/artifacts",
            experiment="flight-delay",
            registered_model="flight-delay",
        ),
        mlflow_ui=address[3],
        ray=Ray(address="local", storage=f"{root}/ray", cpus_per_worker=max(1, os.cpu_count() or 1)),
        spark=SparkLocal(local_dir=root / "spark-local"),
        serving=Serving(
            model_api=address[0],
            flight_api_embedded=address[1],
            flight_api_shared=address[2],
        ),
    )
