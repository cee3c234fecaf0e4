"""What stands in for S3, as the program makes it: who has an account, with which rights, and who gets its keys.

The real gateway is started with it in `tests/tools/localplatform/test_object_store.py`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from mlplatform import naming
from mlplatform.foundation.incluster import object_store
from mlplatform.foundation.incluster.passwords import password
from pulumi.runtime import rpc
from rights.table.workloads import LAKE
from whole_program import record

ACCOUNTS = {role.removeprefix("identities-") for role in LAKE if role.startswith("identities-")}


def recorded_secret(name: str) -> dict[str, str]:
    given = record("local").one("kubernetes:core/v1:Secret", name).inputs["stringData"]
    found: dict[str, str] = rpc.unwrap_rpc_secret(given)
    return found


def given_statements() -> dict[str, list[dict[str, Any]]]:
    """Account → what the bucket's policy says of it, without saying that it is about it."""
    server = record("local").one("kubernetes:apps/v1:Deployment", "object-store-server").inputs["spec"]["template"]
    (container,) = server["spec"]["containers"]
    (policy,) = [one["value"] for one in container["env"] if one["name"] == "BUCKET_POLICY"]
    found: dict[str, list[dict[str, Any]]] = {}
    for statement in json.loads(policy)["Statement"]:
        (account,) = statement.pop("Principal")["AWS"]
        found.setdefault(account, []).append(statement)
    return found


def test_each_account_has_the_rights_on_the_lake_that_its_role_has_on_aws_and_no_others() -> None:
    """What the roles of an environment on AWS say of its bucket, which `tests/infra/rights` evaluates."""
    given = given_statements()
    assert given.keys() == ACCOUNTS | {object_store.DELIVERY.name}
    for account in ACCOUNTS:
        role = record("dev").one("aws:iam/rolePolicy:RolePolicy", f"identities-{account}-policy").inputs["policy"]
        statements = json.loads(re.sub(r'arn:aws:s3:::[^/"]+', "arn:aws:s3:::lake", role))["Statement"]
        of_the_lake = [one for one in statements if "arn:aws:s3:::" in json.dumps(one["Resource"])]
        assert of_the_lake
        for one in of_the_lake:
            del one["Sid"]
        assert given[account] == of_the_lake, account


def test_whoever_delivers_writes_raw_files_and_nothing_else() -> None:
    places = {place for one in given_statements()[object_store.DELIVERY.name] for place in one["Resource"]}
    assert places == {"arn:aws:s3:::lake", "arn:aws:s3:::lake/raw", "arn:aws:s3:::lake/raw/*"}


def test_every_account_and_the_root_account_have_a_secret_key_of_their_own() -> None:
    secret = recorded_secret("lake-accounts")
    users = json.loads(secret["users.json"])["accessAccounts"]
    assert users.keys() == ACCOUNTS | {object_store.DELIVERY.name}
    assert {(name, user["access"], user["role"]) for name, user in users.items()} == {
        (name, name, "user") for name in users
    }
    keys = [secret[object_store.ROOT], *(user["secret"] for user in users.values())]
    assert len(set(keys)) == len(keys)


def test_the_pods_of_each_identity_get_the_keys_of_their_own_account_and_no_other() -> None:
    users = json.loads(recorded_secret("lake-accounts")["users.json"])["accessAccounts"]
    found = {}
    for one in record("local").of_type("kubernetes:core/v1:Secret"):
        if one.name.startswith("lake-secrets-"):
            given = rpc.unwrap_rpc_secret(one.inputs["stringData"])
            account = given["AWS_ACCESS_KEY_ID"]
            found[account] = one.inputs["metadata"]
            assert given["AWS_SECRET_ACCESS_KEY"] == users[account]["secret"]
            assert given["AWS_ENDPOINT_URL_S3"] == "http://object-store.platform-data.svc.cluster.local:7070"
    assert {account: (where["namespace"], where["name"]) for account, where in found.items()} == {
        f"{namespace}-{name}": (namespace, f"lake-{name}")
        for namespace, name in (
            (naming.NAMESPACE_MLFLOW, "mlflow"),
            (naming.NAMESPACE_SPARK, "spark-driver"),
            (naming.NAMESPACE_SPARK, "spark-executor"),
            (naming.NAMESPACE_RAY, "ray"),
            (naming.NAMESPACE_SERVING, "flight-api"),
            (naming.NAMESPACE_NOTEBOOKS, "notebook"),
        )
    }
    assert found.keys() == ACCOUNTS
    assert len({user["secret"] for user in users.values()}) == len(users)


def test_whoever_has_the_seed_can_work_out_a_secret_outside_of_the_program() -> None:
    users = json.loads(recorded_secret("lake-accounts")["users.json"])["accessAccounts"]
    seed = "example-of-a-seed-that-nobody-uses"
    assert users["ray-ray"]["secret"] == password(seed, object_store.password_of("ray-ray"))
