"""The lake in S3 on one machine: Versity's gateway over a folder, and the contract that sends all steps to it.

`make run LAKE=s3` has everything that is on S3 on AWS there: the lake, MLflow's artifacts and Ray's checkpoints. What
is a file system on AWS as well, the shared models and notebooks, stays one.
"""

from __future__ import annotations

import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from platform_contract import PlatformContract
from platform_contract.document import Lake
from pyarrow import fs

from local_pipeline.faults import PipelineError
from local_pipeline.processes import Running
from local_pipeline.raw_files import DELIVERY, SOURCE, land_raw_files
from local_pipeline.servers import Server, await_ready
from local_pipeline.steps import Workspace

BUCKET: Final = "lake"
REGION: Final = "us-east-1"
NAME: Final = "object-store"


def contract_in_s3(contract: PlatformContract) -> PlatformContract:
    """The same contract with its lake, artifacts and checkpoints in the gateway's bucket."""
    places = {area: f"s3://{BUCKET}/{area}" for area in ("raw", "features", "quarantine", "predictions")}
    return contract.model_copy(
        update={
            "lake": Lake(**places),
            "mlflow": contract.mlflow.model_copy(update={"artifacts": f"s3://{BUCKET}/mlflow"}),
            "ray": contract.ray.model_copy(update={"storage": f"s3://{BUCKET}/ray"}),
        }
    )


@dataclass(frozen=True)
class ObjectStore:
    """The gateway as one run has it: its credentials are made for the run, and are nowhere but in its environment."""

    port: int
    access_key: str
    secret_key: str

    @classmethod
    def new(cls) -> ObjectStore:
        """On a free port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        return cls(port, f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        """What the SDKs of AWS read: where S3 is, and as whom to sign."""
        return {
            "AWS_ENDPOINT_URL_S3": self.address,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            # A profile of the person who runs this has no say.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    @property
    def files(self) -> fs.S3FileSystem:
        """Its buckets as a file system."""
        return s3_files(self.environ)


def s3_files(environ: Mapping[str, str]) -> fs.S3FileSystem:
    """The buckets of a server in S3's place, as a file system.

    Args:
        environ: what the SDKs of AWS read: where the server is, and as whom to sign.

    Raises:
        PipelineError: a variable is not set.
    """
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
    if missing := [name for name in names if not environ.get(name)]:
        raise PipelineError(
            f"The lake is in S3, and the environment does not say how to reach it: {missing[0]} is not set."
        )
    server, key, secret, region = (environ[name] for name in names)
    address = urlsplit(server)
    return fs.S3FileSystem(
        access_key=key, secret_key=secret, region=region, endpoint_override=address.netloc, scheme=address.scheme
    )


def start_object_store(store: ObjectStore, program: Path, folder: Path, workspace: Workspace) -> Running:
    """Starts the gateway over ``buckets`` below `folder`; the caller stops it.

    Raises:
        PipelineError: the gateway is not built, or does not start.
    """
    if not program.exists():
        raise PipelineError(
            f"{program} is not there: 'make run LAKE=s3' builds it, which takes Go, or"
            " 'python3 tools/toolchain/toolchain.py ensure versitygw' does."
        )
    # A folder at the top is a bucket.
    for place in (folder / "sidecar", folder / "buckets" / BUCKET):
        place.mkdir(parents=True, exist_ok=True)
    # Connections are not kept: with --keep-alive v1.8.0 takes what is left of a body for the next call, and says 400.
    words = ["--port", f"127.0.0.1:{store.port}", "--region", REGION, "--health", "/health", "--quiet"]
    # What it keeps beside an object is in files of their own: not every file system has extended attributes.
    words += ["posix", "--sidecar", str(folder / "sidecar"), str(folder / "buckets")]
    server = Server(NAME, "", (str(program), *words), f"{store.address}/health")
    workspace.logs.mkdir(parents=True, exist_ok=True)
    with (workspace.logs / f"{NAME}.log").open("w", encoding="utf-8") as log:
        keys = {"ROOT_ACCESS_KEY": store.access_key, "ROOT_SECRET_KEY": store.secret_key}
        running = Running(NAME, list(server.words), ledger=workspace.ledger, stdout=log, stderr=log, environ=keys)
    try:
        await_ready(workspace, [server], [running])
    except BaseException:
        running.stop()
        raise
    return running


def land_in_s3(raw: str, files: fs.S3FileSystem, source: Path | None = None) -> tuple[str, bool]:
    """As `land_raw_files`, for a lake in S3."""
    target = f"{raw.removeprefix('s3://')}/{SOURCE}"
    with tempfile.TemporaryDirectory() as folder:
        plain, _ = land_raw_files(Path(folder), source)
        reused = True
        for name in sorted(path.name for path in plain.iterdir()):
            content = (plain / name).read_bytes()
            there = files.get_file_info(f"{target}/{name}")
            # Of a folder that somebody gives, a corrected file may have the size of the one that it corrects.
            if source is None and there.type == fs.FileType.File and there.size == len(content):
                continue
            reused = False
            with files.open_output_stream(f"{target}/{name}") as stream:
                stream.write(content)
        said = files.get_file_info(f"{target}/{DELIVERY}")
        if not (plain / DELIVERY).exists() and said.type == fs.FileType.File:
            reused = False
            files.delete_file(f"{target}/{DELIVERY}")
    return f"s3://{target}", reused


@contextmanager
def at_hand(location: str, files: fs.S3FileSystem | None) -> Iterator[Path]:
    """A file of the lake as a path, inside the block.

    Args:
        files: the lake's, where it is in S3.
    """
    if files is None:
        yield Path(location)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, location.rpartition("/")[2])
        with files.open_input_file(location.removeprefix("s3://")) as stream:
            path.write_bytes(stream.read())
        yield path
