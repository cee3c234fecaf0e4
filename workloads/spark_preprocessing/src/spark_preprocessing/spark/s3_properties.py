"""The Spark properties with which Hadoop's client for S3 (S3A) finds the contract's buckets.

Names and meanings: Hadoop's documentation, "Connecting to an Amazon S3 Bucket through the S3A Connector".

As whom to sign is not said here: S3A's own chain looks into the environment, then asks the container's agent (EKS Pod
Identity) and the instance, and no secret is ever a property, which Spark would show.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from platform_contract import PlatformContract, SparkLocal
from platform_contract.object_store import endpoint, in_s3, region

from spark_preprocessing.errors import PreprocessingError

JARS: Final = Path(sys.prefix) / "share" / "s3a"
"""What ``maven.sha256`` of this package names; PySpark's wheel comes without it. The image has it at the same place."""


def s3_properties(contract: PlatformContract) -> dict[str, str]:
    """The properties by name; none where nothing of the lake is in S3."""
    if not any(in_s3(str(place)) for place in contract.lake.model_dump().values()):
        return {}
    jars = f"{JARS}/*"
    properties = {
        "spark.driver.extraClassPath": jars,
        "spark.executor.extraClassPath": jars,
        # Whatever is below a prefix is one run's alone until it is published: nobody else could make or remove a
        # "folder" there, so S3A need not ask for each before and after.
        "spark.hadoop.fs.s3a.performance.flags": "create,mkdir,delete",
    }
    if isinstance(contract.spark, SparkLocal):
        # Blocks wait there until they are sent; by default below /tmp.
        properties["spark.hadoop.fs.s3a.buffer.dir"] = str(contract.spark.local_dir / "s3a")
    if named := region():
        properties["spark.hadoop.fs.s3a.endpoint.region"] = named
    if server := endpoint():
        properties |= {
            "spark.hadoop.fs.s3a.endpoint": server,
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.hadoop.fs.s3a.connection.ssl.enabled": "true" if server.startswith("https") else "false",
        }
    return properties


def require_jars(contract: PlatformContract) -> None:
    """Raises PreprocessingError when the lake is in S3 and Spark could not read it."""
    if s3_properties(contract) and not any(JARS.glob("hadoop-aws-*.jar")):
        raise PreprocessingError(
            f"The lake is in S3, and Spark has no client for it: {JARS} is not there. 'python3 tools/images/images.py"
            " jars spark_preprocessing' in a clone of the repository gets it."
        )
