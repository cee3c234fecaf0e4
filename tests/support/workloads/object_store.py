"""S3 for tests, on a free port of loopback, in a folder of its own, with credentials made for it.

Two servers take S3's part: the gateway of Versity, a program of the toolchain (`tools/toolchain`), which is also what
the stack `local` has in S3's place; and moto's server, a second opinion that was written by others from other sources.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[3]
GATEWAY: Final = ROOT / ".local" / "toolchain" / "bin" / "versitygw"
REGION: Final = "us-east-1"
"""Buckets are made there without a location constraint, which S3 wants of no other region."""
START_SECONDS: Final = 300
WITH_GO: Final = pytest.mark.skipif(
    not GATEWAY.exists() and shutil.which("go") is None,
    reason="there is no Go on this machine to build the gateway with",
)


@dataclass(frozen=True)
class ObjectStore:
    """A running server."""

    endpoint: str
    access_key: str
    secret_key: str
    log: Path
    account: tuple[str, str] = ("", "")
    """Access key and secret of one who may do nothing until `limited` lets it; empty where there is none."""

    @property
    def environ(self) -> dict[str, str]:
        """What the SDKs of AWS read: where S3 is, and as whom to sign."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            # Nothing here may ask the machine that it runs on, should that be one of EC2.
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def limited(self, bucket: str, *, reads: Sequence[str], writes: Sequence[str]) -> ObjectStore:
        """The same store for an account that has a workload's rights on these areas of a bucket, and no others.

        The statements are those of `mlplatform.lake_access`, which this environment does not have.
        """
        arn, areas = f"arn:aws:s3:::{bucket}", [*reads, *writes]
        prefixes = [pattern for area in areas for pattern in (area, f"{area}/*")]
        keys = [f"{arn}/{prefix}" for prefix in prefixes]
        statements: list[dict[str, object]] = [
            {"Action": ["s3:GetBucketLocation"], "Resource": arn},
            {
                "Action": ["s3:ListBucket"],
                "Resource": arn,
                "Condition": {"StringLike": {"s3:prefix": prefixes}},
            },
            {"Action": ["s3:GetObject"], "Resource": keys},
        ]
        if writes:
            change = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
            statements.append({"Action": change, "Resource": [f"{arn}/{area}/*" for area in writes]})
        who = {"Effect": "Allow", "Principal": {"AWS": [self.account[0]]}}
        policy = {"Version": "2012-10-17", "Statement": [{**who, **statement} for statement in statements]}
        _keep(self.log.parent, bucket, "policy", policy)
        return replace(self, access_key=self.account[0], secret_key=self.account[1])


def enter(environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the SDKs of this process, and of what it starts, do as these variables say for the rest of the test."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)


@contextmanager
def gateway(*buckets: str) -> Iterator[ObjectStore]:
    """Versity's gateway over a folder, which is gone after the block."""
    ensure_gateway()
    with tempfile.TemporaryDirectory(prefix="object-store-") as folder:
        root = Path(folder)
        # A folder at the top is a bucket.
        for place in ("accounts", "sidecar", *(f"buckets/{bucket}" for bucket in buckets)):
            (root / place).mkdir(parents=True)
        access, secret = new_credentials()
        for bucket in buckets:
            _keep(root, bucket, "acl", {"Owner": access})
        account = new_credentials()
        user = {"access": account[0], "secret": account[1], "role": "user"}
        (root / "accounts" / "users.json").write_text(json.dumps({"accessAccounts": {account[0]: user}}))
        port = free_port()
        command = [str(GATEWAY), "--port", f"127.0.0.1:{port}", "--region", REGION, "--health", "/health"]
        command += ["--iam-dir", str(root / "accounts")]
        # Connections are not kept: with --keep-alive v1.8.0 takes what is left of a body for the next call (400).
        # What it keeps beside an object is in files of their own: not every file system has extended attributes.
        command += ["--quiet", "posix", "--sidecar", str(root / "sidecar"), str(root / "buckets")]
        environ = {"ROOT_ACCESS_KEY": access, "ROOT_SECRET_KEY": secret}
        with _running(command, environ, root / "log", f"http://127.0.0.1:{port}/health"):
            yield ObjectStore(f"http://127.0.0.1:{port}", access, secret, root / "log", account)


@contextmanager
def moto_server(*buckets: str) -> Iterator[ObjectStore]:
    """moto's server, with what it holds in memory. It takes any credentials."""
    import boto3

    with tempfile.TemporaryDirectory(prefix="object-store-") as folder:
        access, secret = new_credentials()
        port = free_port()
        command = [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(port)]
        log, endpoint = Path(folder) / "log", f"http://127.0.0.1:{port}"
        with _running(command, {}, log, f"{endpoint}/moto-api/"):
            keys = {"aws_access_key_id": access, "aws_secret_access_key": secret}
            client = boto3.client("s3", endpoint_url=endpoint, region_name=REGION, **keys)
            for bucket in buckets:
                client.create_bucket(Bucket=bucket)
            yield ObjectStore(endpoint, access, secret, log)


def _keep(root: Path, bucket: str, name: str, document: Mapping[str, object]) -> None:
    """Tells the gateway of a bucket what CreateBucket and PutBucketPolicy would: where it keeps that itself.

    Without an owner it fails at whoever copies an object and is not the root account. Not every environment of a test
    has a client for those calls.
    """
    place = root / "sidecar" / bucket / "meta"
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(json.dumps(document))


def ensure_gateway() -> None:
    """Builds the gateway where it is not there, which takes Go and minutes."""
    command = [sys.executable, str(ROOT / "tools" / "toolchain" / "toolchain.py"), "ensure", "versitygw"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def put_jars() -> None:
    """Gives Spark its client for S3, where the environment has none; fetched once, from Maven Central."""
    command = [sys.executable, str(ROOT / "tools" / "images" / "images.py"), "jars", "spark_preprocessing"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def new_credentials() -> tuple[str, str]:
    """An access key and its secret, of the form that AWS gives out."""
    return f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: Sequence[str], environ: dict[str, str], log: Path, health: str) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, env={**os.environ, **environ}, stdout=output, stderr=output)
    try:
        end = time.monotonic() + START_SECONDS
        while not _answers(health):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, f"{command[0]} does not answer: {log.read_text()}"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - loopback
            return True
    except (OSError, urllib.error.HTTPError):
        return False
