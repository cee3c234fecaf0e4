"""How a process signs in to the database: the few variables that are not part of the contract."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

from platform_contract import PlatformContract
from platform_contract.document import Database
from platform_contract.rds_certificates import BUNDLE

from mlflow_tracking.errors import TrackingError

AUTH_VARIABLE: Final = "MLFLOW_TRACKING_DATABASE_AUTH"
FOLDER_VARIABLE: Final = "MLFLOW_TRACKING_PASSWORD_FOLDER"
CA_VARIABLE: Final = "MLFLOW_TRACKING_DATABASE_CA"
MASTER_VARIABLE: Final = "MLFLOW_TRACKING_MASTER_USER"
REGION_VARIABLE: Final = "AWS_REGION"

PURPOSE: Final = "mlflow"
"""Key of the contract's `database.databases`."""


@dataclass(frozen=True)
class Settings:
    """Read once per process; the passwords themselves are read at each new connection."""

    auth: Literal["iam", "passwordFile"]
    password_folder: Path
    """Has a file per user, named as the user is."""
    ca: Path
    """Certificates that the database's own is checked against, in PEM: those of RDS, if nothing else is said."""
    master_user: str
    """Who makes databases, where the master's password is a file; a secret in AWS names its user itself."""
    region: str | None
    """Of the database, for IAM tokens."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Reads the variables.

        Raises:
            TrackingError: `AUTH_VARIABLE` is not set, or to neither of its two values.
        """
        given = os.environ if environ is None else environ
        auth = given.get(AUTH_VARIABLE, "")
        if auth not in ("iam", "passwordFile"):
            raise TrackingError(
                f"{AUTH_VARIABLE} is {auth!r}: set it to 'iam' (RDS: a token for each connection) or to 'passwordFile'"
                " (a file per user in a folder)."
            )
        return cls(
            auth=cast("Literal['iam', 'passwordFile']", auth),
            password_folder=Path(given.get(FOLDER_VARIABLE, "/etc/mlplatform-database")),
            ca=Path(given.get(CA_VARIABLE, BUNDLE)),
            master_user=given.get(MASTER_VARIABLE, "postgres"),
            region=given.get(REGION_VARIABLE) or given.get("AWS_DEFAULT_REGION"),
        )


def database_of(contract: PlatformContract, settings: Settings) -> Database:
    """The contract's database, once it is sure that one can sign in to it safely.

    Raises:
        TrackingError: the contract has no database, no CA is at hand, or a token would be sent in the clear.
    """
    database = contract.database
    if database is None:
        raise TrackingError("The contract has no database: MLflow's server needs one (its key 'database').")
    if settings.auth == "iam" and not database.tls:
        raise TrackingError("The contract's database.tls is false: an IAM token is a password, and goes over TLS only.")
    if database.tls and not settings.ca.is_file():
        raise TrackingError(
            f"No certificates at {settings.ca}: the database's own is checked against them. Without {CA_VARIABLE} they"
            " are those of RDS, which come with the package platform-contract."
        )
    return database


def region_of(secret: str) -> str | None:
    """The region in the ARN of a secret; None for a name. The database is in the same one."""
    parts = secret.split(":")
    return parts[3] or None if len(parts) > 5 and parts[0] == "arn" else None


def connection_options(database: Database, settings: Settings) -> dict[str, str]:
    """Parameters of libpq. Times bound what a lost server costs: a connection attempt, and an unanswered packet."""
    options = {"connect_timeout": "10", "tcp_user_timeout": "30000", "application_name": "mlflow-tracking"}
    if database.tls:
        return {**options, "sslmode": "verify-full", "sslrootcert": str(settings.ca)}
    # Never half way: 'prefer' would hide that there is no encryption.
    return {**options, "sslmode": "disable"}
