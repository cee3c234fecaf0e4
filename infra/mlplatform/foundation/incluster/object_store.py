"""Versity's S3 gateway in a pod, in place of S3: a bucket over a folder, and an account for each identity.

Its accounts and its bucket's policy are put in place by each start of the pod, so they are what the program says and
nobody has to call it first. The rights are those of the roles on AWS, made by the same function from the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import pulumi

from mlplatform import naming
from mlplatform.foundation.incluster.passwords import derived
from mlplatform.foundation.incluster.pods import DATA, StandIn, StandInArgs
from mlplatform.iam_policies import policy
from mlplatform.identities import IDENTITIES, Identity
from mlplatform.kubernetes.network_flows import OBJECT_STORE, OBJECT_STORE_PEER
from mlplatform.kubernetes.pods import core, metadata, secret_volume
from mlplatform.lake_access import area_statements

APP: Final = "object-store"
PORT: Final = OBJECT_STORE
BUCKET: Final = "lake"
REGION: Final = "us-east-1"
"""Of a bucket that is made without a location constraint, which S3 wants of any other region."""
ROOT: Final = "root"
"""The account that may do everything; no workload has it."""
DELIVERY: Final = Identity(namespace=naming.NAMESPACE_DATA, service_account="delivery", writes=("raw",))
"""Whoever brings raw files: on AWS a role of its own outside of the platform, here `make pipeline`."""
ACCOUNTS: Final = (*(one for one in IDENTITIES if one.reads or one.writes), DELIVERY)
"""Those that have one, called as the identity is (`Identity.name`)."""
GIVEN: Final = "/etc/object-store"
"""Where the pod has the accounts, and the root account's secret."""
KEPT: Final = "/tmp/accounts"  # noqa: S108 - in the pod
"""Where the gateway wants to write what it is given."""
# The gateway keeps a bucket's policy and its owner in files of those names, as it would after PutBucketPolicy and
# CreateBucket (its backend/posix/posix.go, `policykey` and `aclkey`, and backend/meta/sidecar.go). Without an owner it
# fails at whoever copies an object and is not the root account. Beside the objects, not in extended attributes:
# not every file system has those. Without --keep-alive: v1.8.0 takes what is left of a body for the next call.
SCRIPT: Final = f"""\
set -eu
mkdir -p {DATA}/buckets/{BUCKET} {DATA}/sidecar/{BUCKET}/meta {KEPT}
printenv BUCKET_POLICY > {DATA}/sidecar/{BUCKET}/meta/policy
printf '{{"Owner": "{ROOT}"}}' > {DATA}/sidecar/{BUCKET}/meta/acl
cp {GIVEN}/users.json {KEPT}/users.json
ROOT_ACCESS_KEY={ROOT}
ROOT_SECRET_KEY="$(cat {GIVEN}/{ROOT})"
export ROOT_ACCESS_KEY ROOT_SECRET_KEY
exec versitygw --port ":{PORT}" --region {REGION} --health /health --iam-dir {KEPT} --quiet \
  posix --sidecar {DATA}/sidecar {DATA}/buckets
"""
PROBE: Final = (
    f"exec 3<>/dev/tcp/127.0.0.1/{PORT}"
    r" && printf 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3"
    " && grep -q '^HTTP/1.1 200 ' <&3"
)


@dataclass(frozen=True, kw_only=True)
class ObjectStoreArgs:
    """Inputs of `ObjectStore`."""

    namespace: pulumi.Input[str]
    service_account: pulumi.Input[str]
    image: str
    folder: str
    seed: str
    """What the accounts' secret keys are derived from."""


class ObjectStore(pulumi.ComponentResource):
    """The gateway, its accounts, and its network policy."""

    areas: Mapping[str, pulumi.Output[str]]
    """Area (`mlplatform.naming.LAKE_AREAS`) → ``s3://BUCKET/AREA``, known when the gateway answers."""
    environments: Mapping[tuple[str, str], Mapping[str, pulumi.Input[str]]]
    """(namespace, service account) → the variables of its pods."""

    def __init__(self, name: str, args: ObjectStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:incluster:ObjectStore", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        keys = {one: derived(args.seed, password_of(one.name)) for one in ACCOUNTS}
        users = {one.name: {"access": one.name, "secret": key, "role": "user"} for one, key in keys.items()}
        accounts: pulumi.Output[str] = pulumi.Output.json_dumps({"accessAccounts": users})
        secret = core.Secret(
            f"{name}-accounts",
            metadata=metadata(args.namespace),
            string_data={
                ROOT: derived(args.seed, password_of(ROOT)),
                "users.json": accounts,
            },
            opts=child,
        )
        server = StandIn(
            APP,
            StandInArgs(
                namespace=args.namespace,
                image=args.image,
                service_account=args.service_account,
                folder=args.folder,
                port=PORT,
                peer=OBJECT_STORE_PEER,
                script=SCRIPT,
                environment={"BUCKET_POLICY": bucket_policy()},
                probe=["/bin/bash", "-c", PROBE],
                mounted=[secret_volume("accounts", secret.metadata.name, GIVEN)],
            ),
            child,
        )
        answers = server.address.apply(lambda _: f"s3://{BUCKET}")
        self.areas = {area: pulumi.Output.concat(answers, "/", area) for area in naming.LAKE_AREAS}
        endpoint = server.address.apply(lambda address: f"http://{address}:{PORT}")
        self.environments = {
            (one.namespace, one.service_account): environment(one.name, key, endpoint)
            for one, key in keys.items()
            if one is not DELIVERY
        }
        self.register_outputs({})


def password_of(account: str) -> str:
    """What an account's secret key is derived for."""
    return f"object-store/{account}"


def environment(account: str, key: pulumi.Input[str], endpoint: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """What the SDKs of AWS read: where S3 is, and as whom to sign."""
    return {
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # Should a node be one of EC2: it is not asked who it is.
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def bucket_policy() -> pulumi.Output[str]:
    """What each account may, in the words of a bucket's policy."""
    return policy(
        *(
            replace(statement, sid="", principals={"AWS": [one.name]})
            for one in ACCOUNTS
            for statement in area_statements(f"arn:aws:s3:::{BUCKET}", reads=one.reads, writes=one.writes)
        )
    )
