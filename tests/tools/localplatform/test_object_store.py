"""What stands in for S3: the pod's own script starts the real gateway, and every account tries every area."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from mlplatform.foundation.incluster import object_store
from mlplatform.foundation.incluster.pods import DATA
from object_store import GATEWAY, WITH_GO, ensure_gateway, free_port
from pulumi.runtime import rpc
from rights.table.workloads import AREAS, LAKE, NO_LAKE
from whole_program import record

pytestmark = WITH_GO
PORT = str(object_store.PORT)
ACCOUNTS = {role.removeprefix("identities-"): needs for role, needs in LAKE.items() if role.startswith("identities-")}
START_SECONDS = 60


@dataclass(frozen=True)
class Running:
    """The gateway, as the pod of the recorded program starts it."""

    endpoint: str
    secrets: dict[str, str]
    """Account → secret key."""
    probe: str

    def client(self, account: str, secret: str | None = None) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=object_store.REGION,
            aws_access_key_id=account,
            aws_secret_access_key=secret or self.secrets[account],
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )


def recorded_secret(name: str) -> dict[str, str]:
    given = record("local").one("kubernetes:core/v1:Secret", name).inputs["stringData"]
    found: dict[str, str] = rpc.unwrap_rpc_secret(given)
    return found


@contextmanager
def started(folder: Path, given: dict[str, str]) -> Iterator[Running]:
    """The pod's script over a folder; it may be started again over the same one."""
    ensure_gateway()
    server = record("local").one("kubernetes:apps/v1:Deployment", "object-store-server").inputs["spec"]["template"]
    (container,) = server["spec"]["containers"]
    *shell, script = container["command"]
    places = {object_store.GIVEN: "given", object_store.KEPT: "kept", DATA: "data"}
    for place, name in places.items():
        (folder / name).mkdir(exist_ok=True)
        script = script.replace(place, str(folder / name))
    for name, content in given.items():
        (folder / "given" / name).write_text(content)
    port = str(free_port())
    environ = {one["name"]: one["value"] for one in container["env"]}
    path = f"{GATEWAY.parent}:/usr/bin:/bin"
    probe = container["readinessProbe"]["exec"]["command"][-1].replace(PORT, port)
    with (folder / "log").open("ab") as log:
        command = [*shell, script.replace(f":{PORT}", f"127.0.0.1:{port}")]
        process = subprocess.Popen(command, env={**environ, "PATH": path}, stdout=log, stderr=log)
        try:
            end = time.monotonic() + START_SECONDS
            while not is_ready(probe):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < end
                time.sleep(0.05)
            users = json.loads(given["users.json"])["accessAccounts"]
            secrets = {name: user["secret"] for name, user in users.items()} | {object_store.ROOT: given["root"]}
            yield Running(f"http://127.0.0.1:{port}", secrets, probe)
        finally:
            process.terminate()
            process.wait(timeout=120)


def is_ready(probe: str) -> bool:
    return subprocess.run(["/bin/bash", "-c", probe], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("object-store"), recorded_secret("lake-accounts")) as found:
        root = found.client(object_store.ROOT)
        for area in AREAS:
            root.put_object(Bucket=object_store.BUCKET, Key=f"{area}/v1/part-0.parquet", Body=b"rows")
        yield found


def outcome(call: Any) -> str:
    """How the store answers: done, or its code."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


def tried(client: Any, area: str) -> dict[str, str]:
    """Call → outcome, of what a workload does in an area: it looks, reads, writes, copies and removes."""
    bucket, key = object_store.BUCKET, f"{area}/v1/part-0.parquet"

    def in_parts() -> None:
        place = {"Bucket": bucket, "Key": f"{area}/v2/part-0.parquet"}
        upload = client.create_multipart_upload(**place)["UploadId"]
        part = client.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"rows")
        client.list_parts(**place, UploadId=upload)
        parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
        client.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})

    def removed_in_bulk() -> None:
        told = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": f"{area}/v2/part-0.parquet"}]})
        for error in told.get("Errors", ()):
            raise ClientError({"Error": error}, "DeleteObjects")

    return {
        "list": outcome(partial(client.list_objects_v2, Bucket=bucket, Prefix=f"{area}/", Delimiter="/")),
        "read": outcome(partial(client.get_object, Bucket=bucket, Key=key)),
        "write": outcome(partial(client.put_object, Bucket=bucket, Key=key, Body=b"rows")),
        "write in parts": outcome(in_parts),
        "copy": outcome(partial(client.copy_object, CopySource=f"{bucket}/{key}", Bucket=bucket, Key=f"{key}.copy")),
        "remove": outcome(partial(client.delete_object, Bucket=bucket, Key=f"{area}/v1/other")),
        "remove in bulk": outcome(removed_in_bulk),
    }


@pytest.mark.parametrize("account", ACCOUNTS)
def test_an_account_may_do_in_each_area_what_its_role_may_on_aws_and_no_more(running: Running, account: str) -> None:
    client, needs = running.client(account), ACCOUNTS[account]
    for area in AREAS:
        found = tried(client, area)
        looks = "done" if area in needs.seen else "AccessDenied"
        writes = "done" if area in needs.writes else "AccessDenied"
        assert found == {call: looks if call in {"list", "read"} else writes for call in found}, (
            f"{account} in {area}: {found}"
        )


@pytest.mark.parametrize("account", ACCOUNTS)
def test_nobody_sees_the_whole_lake_or_changes_what_it_is(running: Running, account: str) -> None:
    client, bucket = running.client(account), object_store.BUCKET
    open_policy = '{"Version": "2012-10-17", "Statement": []}'
    calls = [
        partial(client.list_objects_v2, Bucket=bucket),
        partial(client.list_objects_v2, Bucket=bucket, Prefix="r"),
        partial(client.put_bucket_policy, Bucket=bucket, Policy=open_policy),
        partial(client.delete_bucket_policy, Bucket=bucket),
        partial(client.delete_bucket, Bucket=bucket),
        partial(client.create_bucket, Bucket="another"),
    ]
    assert {outcome(call) for call in calls} == {"AccessDenied"}


def test_raw_files_are_brought_by_an_account_that_may_do_nothing_else(running: Running) -> None:
    client = running.client(object_store.DELIVERY.name)
    for area in AREAS:
        assert set(tried(client, area).values()) == {"done" if area == "raw" else "AccessDenied"}


def test_whoever_has_no_account_or_another_secret_is_refused(running: Running) -> None:
    read = {"Bucket": object_store.BUCKET, "Key": "features/v1/part-0.parquet"}
    for role in NO_LAKE:
        stranger = running.client(role.removeprefix("identities-"), "0" * 64)
        assert outcome(partial(stranger.get_object, **read)) == "InvalidAccessKeyId"
    forged = running.client("ray-ray", running.secrets["mlflow-mlflow"])
    assert outcome(partial(forged.get_object, **read)) == "SignatureDoesNotMatch"


def test_the_gateway_would_have_taken_the_policy_that_it_is_given(running: Running) -> None:
    """The script writes it where the gateway keeps it; here the gateway judges it, and reads it back as it was."""
    root = running.client(object_store.ROOT)
    given = root.get_bucket_policy(Bucket=object_store.BUCKET)["Policy"]
    assert outcome(partial(root.put_bucket_policy, Bucket=object_store.BUCKET, Policy=given)) == "done"
    assert root.get_bucket_policy(Bucket=object_store.BUCKET)["Policy"] == given
    named = {one["Principal"]["AWS"][0] for one in json.loads(given)["Statement"]}
    assert named == {*ACCOUNTS, object_store.DELIVERY.name}


def test_a_restart_keeps_what_is_in_it_and_brings_back_accounts_and_policy(tmp_path: Path) -> None:
    """Whatever somebody did to either by the store's own API: they are what the program says."""
    secret = recorded_secret("lake-accounts")
    with started(tmp_path, secret) as first:
        first.client("ray-ray").put_object(Bucket=object_store.BUCKET, Key="ray/kept", Body=b"x")
        first.client(object_store.ROOT).delete_bucket_policy(Bucket=object_store.BUCKET)
    users = json.loads(secret["users.json"])
    users["accessAccounts"]["ray-ray"]["secret"] = "another"  # noqa: S105 - of nothing
    with started(tmp_path, {**secret, "users.json": json.dumps(users)}) as second:
        assert second.client("ray-ray").get_object(Bucket=object_store.BUCKET, Key="ray/kept")["Body"].read() == b"x"
        assert outcome(partial(second.client("ray-ray").put_object, Bucket=object_store.BUCKET, Key="raw/x")) == (
            "AccessDenied"
        )
        old = second.client("ray-ray", first.secrets["ray-ray"])
        assert outcome(partial(old.get_object, Bucket=object_store.BUCKET, Key="ray/kept")) == "SignatureDoesNotMatch"
