"""Values that a service takes and that neither its model's forms nor a list of releases shows.

Each is from the service's own documentation or from botocore's enumerations, where the other checks do not look: within
documents, in what pulumi-eks passes on, and where the API has a free text.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, Final

import pytest
from botocore import loaders
from mlplatform.config.base import AwsEnvironment
from moto.iam import aws_managed_policies
from recorder import Recorded, Recorder
from whole_program import record

pytestmark = pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
ACCESS_POLICIES: Final = {
    "AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSClusterAdminPolicy", "AmazonEKSEditPolicy",
    "AmazonEKSViewPolicy",
}  # fmt: skip
"""Of those that EKS has, the ones for people (source: EKS user guide, "Review access policy permissions")."""
DAY: Final = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
MONITORING_SECONDS: Final = {0, 1, 5, 10, 15, 30, 60}
"""Source: RDS API reference, CreateDBInstance, `MonitoringInterval`; `StorageType` and the windows' forms likewise."""
RDS_STORAGE: Final = {"standard", "gp2", "gp3", "io1", "io2"}
POSTGRESQL_LOGS: Final = {"postgresql", "upgrade", "iam-db-auth-error"}
"""Source: same, `EnableCloudwatchLogsExports`."""
INSIGHTS_DAYS: Final = {"standard": {7, *(31 * months for months in range(1, 24)), 731}, "advanced": {465}}
"""Source: RDS user guide, "Pricing and data retention for Performance Insights"; the advanced mode of Database Insights
wants 465 days."""
SNS_PROTOCOLS: Final = {"http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"}
"""Source: SNS API reference, Subscribe."""
EFS_ACTIONS: Final = {f"elasticfilesystem:Client{what}" for what in ("Mount", "Write", "RootAccess")}
"""Source: EFS user guide, "Using IAM to control access to file systems"."""
UNTAGGED_COUNTS: Final = {"imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"}
"""Source: ECR user guide, "Lifecycle policy properties"; a count of time has the unit "days"."""


@pytest.fixture
def recorder(environment: AwsEnvironment) -> Recorder:
    return record(environment)


@cache
def enumeration(service: str, shape: str) -> set[str]:
    found: set[str] = set(loaders.Loader().load_service_model(service, "service-2")["shapes"][shape]["enum"])
    return found


def of(recorder: Recorder, token: str) -> list[Recorded]:
    """All of a type; there must be one, or nothing would be checked."""
    found = recorder.of_type(token)
    assert found, token
    return found


def texts(value: Any) -> set[str]:
    """All texts within a value."""
    if isinstance(value, str):
        return {value}
    within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {text for one in within for text in texts(one)}


def test_the_logs_and_the_support_of_the_cluster_are_some_that_eks_has(recorder: Recorder) -> None:
    (cluster,) = of(recorder, "eks:index:Cluster")
    assert set(cluster.inputs["enabledClusterLogTypes"]) == enumeration("eks", "LogType")
    assert cluster.inputs["upgradePolicy"]["supportType"] in enumeration("eks", "SupportType")


def test_an_add_on_takes_the_place_of_what_eks_itself_has_put_there(recorder: Recorder) -> None:
    """With PRESERVE, EKS refuses to make an add-on of which it finds objects (source: CreateAddon)."""
    for one in of(recorder, "aws:eks/addon:Addon"):
        assert one.inputs["resolveConflictsOnCreate"] in {"NONE", "OVERWRITE"}, one.name


def test_a_policy_of_aws_own_is_one_that_there_is(recorder: Recorder) -> None:
    policies = json.loads(aws_managed_policies.aws_managed_policies_data)
    managed = {f"arn:aws:iam::aws:policy{one.get('Path', '/')}{name}" for name, one in policies.items()}
    managed |= {f"arn:aws:eks::aws:cluster-access-policy/{name}" for name in ACCESS_POLICIES}
    named = {
        text
        for one in recorder.resources
        for text in texts(dict(one.inputs))
        if re.fullmatch(r"arn:aws[\w-]*:\w+::aws:\S+", text)
    }
    assert named
    assert named - managed == set()


def test_the_database_is_made_with_values_that_rds_has(recorder: Recorder) -> None:
    for one in of(recorder, "aws:rds/instance:Instance"):
        given = one.inputs
        assert given["storageType"] in RDS_STORAGE
        assert given["monitoringInterval"] in MONITORING_SECONDS
        assert set(given["enabledCloudwatchLogsExports"]) <= POSTGRESQL_LOGS
        assert re.fullmatch(rf"{DAY}:\d\d:\d\d-{DAY}:\d\d:\d\d", given["maintenanceWindow"])
        assert re.fullmatch(r"\d\d:\d\d-\d\d:\d\d", given["backupWindow"])
        assert (
            given["performanceInsightsRetentionPeriod"] in INSIGHTS_DAYS[given.get("databaseInsightsMode", "standard")]
        )


def test_a_fleet_of_emr_is_counted_and_bought_as_emr_knows(recorder: Recorder) -> None:
    for one in of(recorder, "aws:emr/managedScalingPolicy:ManagedScalingPolicy"):
        # Source: EMR management guide, "Managed scaling": a cluster of fleets has these units and no other.
        assert {limits["unitType"] for limits in one.inputs["computeLimits"]} == {"InstanceFleetUnits"}
    for one in of(recorder, "aws:emr/instanceFleet:InstanceFleet"):
        for spot in one.inputs["launchSpecifications"]["spotSpecifications"]:
            assert spot["allocationStrategy"] in enumeration("emr", "SpotProvisioningAllocationStrategy")
            assert spot["timeoutAction"] in enumeration("emr", "SpotProvisioningTimeoutAction")
            assert 5 <= spot["timeoutDurationMinutes"] <= 1440  # source: SpotProvisioningSpecification


def test_flow_logs_are_summed_up_over_a_time_that_ec2_has(recorder: Recorder) -> None:
    assert {one.inputs["maxAggregationInterval"] for one in of(recorder, "aws:ec2/flowLog:FlowLog")} <= {60, 600}


def test_objects_and_subscriptions_are_of_kinds_that_there_are(recorder: Recorder) -> None:
    for one in of(recorder, "aws:s3/bucketObjectv2:BucketObjectv2"):
        assert one.inputs["serverSideEncryption"] in enumeration("s3", "ServerSideEncryption")
    for one in of(recorder, "aws:sns/topicSubscription:TopicSubscription"):
        assert one.inputs["protocol"] in SNS_PROTOCOLS


def test_a_file_systems_policy_allows_what_efs_asks_for(recorder: Recorder) -> None:
    for one in of(recorder, "aws:efs/fileSystemPolicy:FileSystemPolicy"):
        for statement in json.loads(one.inputs["policy"])["Statement"]:
            assert set(statement["Action"]) <= EFS_ACTIONS | {"*"}, statement["Sid"]


def test_a_rule_for_images_counts_what_ecr_counts(recorder: Recorder) -> None:
    for one in of(recorder, "aws:ecr/lifecyclePolicy:LifecyclePolicy"):
        for rule in json.loads(one.inputs["policy"])["rules"]:
            selection = rule["selection"]
            assert selection["countType"] in UNTAGGED_COUNTS
            unit = None if selection["countType"] == "imageCountMoreThan" else "days"
            assert selection.get("countUnit") == unit
