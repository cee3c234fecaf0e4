"""How EMR's applications are set up, as data.

Hive's metastore is in PostgreSQL, of which EMR's own set-up knows nothing: a bootstrap action brings the driver and the
authorities that sign for databases of the region, and the first step makes the schema where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi
from platform_contract.rds_certificates import certificates

from mlplatform.foundation.aws import engine_versions
from mlplatform.naming import DATABASES

APPLICATIONS: Final = ("Hadoop", "Hive", "Spark")
METASTORE_POOL: Final = 10
"""Connections of each of the metastore's pools; Hive's own default depends on the CPUs and has emptied databases' lists
of connections (EMR release guide, "Configuring an external metastore for Hive")."""
SCHEMA_STEP: Final = (
    "/usr/lib/hive/bin/schematool -dbType postgres -info || /usr/lib/hive/bin/schematool -dbType postgres -initSchema"
)
MAVEN: Final = "https://repo1.maven.org/maven2"
_JAR: Final = f"postgresql-{engine_versions.POSTGRES_JDBC}.jar"

DATABASE_AUTHORITIES: Final = "/etc/pki/mlplatform-rds.pem"
"""On the primary node, which is the one that signs in to the database."""

# Hive puts the jars of its folder on the class path in the order of their names: 42 comes before the 9.4 it ships.
_DRIVER_SCRIPT: Final = f"""#!/bin/bash
# Brings the PostgreSQL driver of the Hive metastore to the primary node, and what it checks the database's certificate
# against.
set -euo pipefail
grep -q '"isMaster": *true' /mnt/var/lib/info/instance.json || exit 0
curl --fail --silent --show-error --location --retry 5 --output /tmp/{_JAR} \\
  {MAVEN}/org/postgresql/postgresql/{engine_versions.POSTGRES_JDBC}/{_JAR}
echo '{engine_versions.POSTGRES_JDBC_SHA256}  /tmp/{_JAR}' | sha256sum --check --quiet
sudo mkdir -p /usr/lib/hive/lib
sudo install -m 0644 /tmp/{_JAR} /usr/lib/hive/lib/{_JAR}
sudo install -D -m 0644 /dev/stdin {DATABASE_AUTHORITIES} <<'CERTIFICATES'
"""


def driver_script(region: str) -> str:
    """The bootstrap action.

    Args:
        region: whose databases' certificates are trusted.

    Raises:
        KeyError: the contract has no authorities for the region; the configuration's checks have refused it before.
    """
    return f"{_DRIVER_SCRIPT}{certificates()[region]}CERTIFICATES\n"


def configurations(
    *,
    database_host: pulumi.Input[str],
    database_port: int,
    metastore_secret_arn: pulumi.Input[str],
    warehouse: pulumi.Input[str],
) -> pulumi.Output[str]:
    """The configuration classifications, as JSON.

    The password is in none of them: EMR reads it from the secret that the annotation ``EMR.secret@`` of the key names,
    and shows the ARN to whoever asks for the cluster's description.
    """
    database = DATABASES["metastore"]
    hive: dict[str, pulumi.Input[str]] = {
        "javax.jdo.option.ConnectionURL": pulumi.Output.concat(
            "jdbc:postgresql://",
            database_host,
            f":{database_port}/{database}?sslmode=verify-full&sslrootcert={DATABASE_AUTHORITIES}",
        ),
        "javax.jdo.option.ConnectionDriverName": "org.postgresql.Driver",
        "javax.jdo.option.ConnectionUserName": database,
        "EMR.secret@javax.jdo.option.ConnectionPassword": metastore_secret_arn,
        "datanucleus.connectionPool.maxPoolSize": str(METASTORE_POOL),
        "hive.metastore.warehouse.dir": warehouse,
    }
    spark = {"spark.sql.warehouse.dir": warehouse}
    return pulumi.Output.json_dumps([_classification("hive-site", hive), _classification("spark-defaults", spark)])


def _classification(name: str, properties: Mapping[str, pulumi.Input[str]]) -> dict[str, Any]:
    return {"Classification": name, "Properties": dict(properties)}


def security_configuration(key_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """Everything at rest under our key, and the second version of the metadata service, for the node alone.

    Not among the nodes of one cluster: EMR wants a certificate's private key for it, which somebody would have to
    keep and to renew. They are in private subnets and in groups of their own, and S3 and the database are reached over
    TLS.
    """
    at_rest = {
        "S3EncryptionConfiguration": {"EncryptionMode": "SSE-KMS", "AwsKmsKey": key_arn},
        "LocalDiskEncryptionConfiguration": {
            "EncryptionKeyProviderType": "AwsKms",
            "AwsKmsKey": key_arn,
            "EnableEbsEncryption": True,
        },
    }
    return pulumi.Output.json_dumps(
        {
            "EncryptionConfiguration": {
                "EnableInTransitEncryption": False,
                "EnableAtRestEncryption": True,
                "AtRestEncryptionConfiguration": at_rest,
            },
            "InstanceMetadataServiceConfiguration": {
                "MinimumInstanceMetadataServiceVersion": 2,
                "HttpPutResponseHopLimit": 1,
            },
        }
    )
