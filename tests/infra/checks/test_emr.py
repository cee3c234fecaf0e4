"""EMR in the whole program: where its machines start, where its files go, and what must be there before."""

from __future__ import annotations

import json
import re
from typing import Final
from urllib.parse import urlsplit

import pytest
from aws_catalogue.names import names
from mlplatform.config.base import AwsEnvironment
from recorder import Recorder
from rights.table.emr import NEEDS
from whole_program import ENVIRONMENTS, record

pytestmark = pytest.mark.parametrize("environment", ENVIRONMENTS)
TAG: Final = ("for-use-with-amazon-emr-managed-policies", "true")
"""EMR management guide, "Service role for Amazon EMR (EMR role)": AmazonEMRServicePolicy_v2 lets EMR make network
interfaces and instances in subnets that have this tag, and in no others."""


@pytest.fixture
def recorder(environment: AwsEnvironment) -> Recorder:
    return record(environment)


def test_emr_starts_its_machines_in_subnets_that_its_service_role_may_use(recorder: Recorder) -> None:
    tags = {f"{one.name}-id": one.inputs["tags"] for one in recorder.of_type("aws:ec2/subnet:Subnet")}
    (cluster,) = recorder.of_type("aws:emr/cluster:Cluster")
    subnets = cluster.inputs["ec2Attributes"]["subnetIds"]
    assert len(subnets) > 1
    assert [one for one in subnets if TAG not in tags[one].items()] == []


def test_emr_keeps_its_files_in_areas_that_its_nodes_write(recorder: Recorder) -> None:
    (cluster,) = recorder.of_type("aws:emr/cluster:Cluster")
    inputs = cluster.inputs
    warehouses = [
        properties["hive.metastore.warehouse.dir"]
        for properties in (one["Properties"] for one in json.loads(inputs["configurationsJson"]))
        if "hive.metastore.warehouse.dir" in properties
    ]
    places = [inputs["logUri"], *warehouses, *(one["path"] for one in inputs["bootstrapActions"])]
    assert len(places) >= 3
    areas = {place: urlsplit(place).path.split("/")[1] for place in places}
    assert {place: area for place, area in areas.items() if area not in NEEDS.writes} == {}


def test_emr_starts_after_the_job_that_makes_its_metastores_database(recorder: Recorder) -> None:
    (cluster,) = recorder.of_type("aws:emr/cluster:Cluster")
    jobs = {one.urn for one in recorder.of_type("kubernetes:batch/v1:Job") if "database" in one.name}
    assert jobs & set(cluster.depends_on)


def test_emr_fetches_a_driver_that_maven_central_has_and_checks_it_against_its_own_digest(recorder: Recorder) -> None:
    (script,) = [
        one.inputs["content"]
        for one in recorder.of_type("aws:s3/bucketObjectv2:BucketObjectv2")
        if "metastore-driver" in one.inputs["key"]
    ]
    (version,) = re.findall(r"/org/postgresql/postgresql/([\w.]+)/postgresql-\1\.jar", script)
    (digest,) = re.findall(r"\b[0-9a-f]{64}\b", script)
    assert digest == names()["databaseDrivers"]["sha256"].get(version)
