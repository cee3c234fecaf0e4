"""PostgreSQL in a pod, in place of RDS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi

from mlplatform import naming
from mlplatform.foundation.incluster.passwords import derived
from mlplatform.foundation.incluster.pods import DATA, StandIn, StandInArgs
from mlplatform.kubernetes.network_flows import DATABASE_PEER
from mlplatform.kubernetes.pods import core, metadata, secret_volume

APP: Final = "postgresql"
PORT: Final = 5432
MASTER: Final = "postgres"
"""The master user."""
PASSWORD: Final = "/etc/postgresql-master"  # noqa: S105 - a folder
SCRIPT: Final = f"""\
set -eu
data={DATA}/data
if [ ! -e "$data" ]; then
  # A first start that was killed half-way is begun again; what is whole, or was, is never removed.
  rm -rf "$data.new"
  initdb --pgdata="$data.new" --username={MASTER} --pwfile={PASSWORD}/{MASTER} --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8
  echo "host all all all scram-sha-256" >> "$data.new/pg_hba.conf"
  mv "$data.new" "$data"
fi
exec postgres -D "$data" -c listen_addresses='*' -c port={PORT} -c unix_socket_directories=/tmp
"""
PROBE: Final = f"grep -q '^ready' {DATA}/data/postmaster.pid && exec 3<>/dev/tcp/127.0.0.1/{PORT}"
"""The server writes there whether it lets users in; what a killed one has left counts only until the next one listens,
which has written the file anew before. The image has no program to ask with."""


@dataclass(frozen=True, kw_only=True)
class PostgresqlArgs:
    """Inputs of `Postgresql`."""

    namespace: pulumi.Input[str]
    service_account: pulumi.Input[str]
    image: str
    folder: str
    passwords: Mapping[str, pulumi.Input[str]]
    """User → password, the master user among them; only that one is used here, and only at the first start."""


class Postgresql(pulumi.ComponentResource):
    """The server, its master user's secret, and its network policy."""

    host: pulumi.Output[str]

    def __init__(self, name: str, args: PostgresqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:incluster:Postgresql", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        secret = core.Secret(
            f"{name}-master",
            metadata=metadata(args.namespace),
            string_data={MASTER: args.passwords[MASTER]},
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
                peer=DATABASE_PEER,
                script=SCRIPT,
                environment={},
                probe=["/bin/bash", "-c", PROBE],
                mounted=[secret_volume("master", secret.metadata.name, PASSWORD)],
            ),
            child,
        )
        self.host = server.address
        self.register_outputs({"host": self.host})


def new_passwords(seed: str) -> dict[str, pulumi.Output[str]]:
    """The password of each user of the database, the master user among them."""
    return {user: derived(seed, f"postgresql/{user}") for user in (MASTER, *naming.DATABASES.values())}
