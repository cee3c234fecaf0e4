"""Versions of the engines that AWS runs for us, once. `docs/upgrades.md` says how each is raised."""

from __future__ import annotations

from typing import Final

POSTGRES: Final = "17"
"""The major version alone: RDS raises the minor one in the maintenance window, which a plan must not undo."""
POSTGRES_FAMILY: Final = "postgres17"
"""Of the parameter group; goes with `POSTGRES`."""
DATABASE_CA: Final = "rds-ca-rsa2048-g1"
"""Signs the database's certificate; RDS renews certificates of it without a restart."""

KAFKA: Final = "3.9.x.kraft"
"""AWS recommends 3.9 (MSK developer guide, "Supported Apache Kafka versions"), and 4.x has no kafka.t3.small, which dev
runs on. ``.kraft``: without ZooKeeper, which no later version has."""

EMR: Final = "emr-7.13.0"
"""Hadoop 3.4, Spark 3.5 and Hive 3.1, for EMR on EC2."""

POSTGRES_JDBC: Final = "42.7.7"
"""The driver of the Hive metastore. Hive's own, 9.4, knows neither PostgreSQL 17 nor its way of signing in (SCRAM)."""
POSTGRES_JDBC_SHA256: Final = "157963d60ae66d607e09466e8c0cdf8087e9cb20d0159899ffca96bca2528460"
"""Of ``postgresql-<POSTGRES_JDBC>.jar`` in Maven Central."""
