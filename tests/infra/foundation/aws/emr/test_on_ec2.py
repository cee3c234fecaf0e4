"""EMR on EC2: what it holds, what it may do, and that no password is in its configuration."""

from __future__ import annotations

import functools
import json
import re
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from aws_account import ACCOUNT, KEY, REGION, assert_explicit_providers, record
from iam_documents import findings, role_policies, statement, trust_of
from iam_linter import managed_policies
from mlplatform.config import sections
from mlplatform.foundation.aws import engine_versions
from mlplatform.foundation.aws.database.metastore_secret import MetastoreSecret, MetastoreSecretArgs
from mlplatform.foundation.aws.emr import configuration
from mlplatform.foundation.aws.emr.access import EmrSecurityGroups, EmrSecurityGroupsArgs
from mlplatform.foundation.aws.emr.on_ec2 import Emr, EmrArgs
from mlplatform.foundation.aws.emr.policies import MANAGED_TAG, SERVICE_POLICY
from recorder import Recorder

CLUSTER = "aws:emr/cluster:Cluster"
FLEET = "aws:emr/instanceFleet:InstanceFleet"
BUCKET = "arn:aws:s3:::lake"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:metastore-AbCdEf"


@functools.cache
def recorded(**settings: Any) -> Recorder:
    def program(opts: pulumi.ResourceOptions) -> None:
        groups = EmrSecurityGroups("emr-access", EmrSecurityGroupsArgs(vpc_id="vpc-1"), opts)
        # Stands for the job of the services.
        setup = aws.sns.Topic("database-setup", opts=opts)
        args = EmrArgs(
            settings=sections.Emr(**settings),
            cluster_name="mlplatform-dev",
            account_id=ACCOUNT,
            region=REGION,
            subnet_ids={"a": "subnet-a", "b": "subnet-b"},
            security_groups=groups,
            lake_bucket_name="lake",
            lake_bucket_arn=BUCKET,
            lake_area="s3://lake/emr",
            key_arn=KEY,
            database_host="db.example.org",
            database_port=5432,
            metastore_secret_arn=SECRET,
            tags={"owner": "ml"},
            ready=[setup],
        )
        Emr("emr", args, opts)

    return record(program)


def cluster(**settings: Any) -> Any:
    return recorded(**settings).one(CLUSTER).inputs


def classification(name: str) -> dict[str, str]:
    found = {one["Classification"]: one["Properties"] for one in json.loads(cluster()["configurationsJson"])}
    properties: dict[str, str] = found[name]
    return properties


def test_it_has_hadoop_hive_and_spark_of_a_pinned_release() -> None:
    assert sorted(cluster()["applications"]) == ["Hadoop", "Hive", "Spark"]
    assert re.fullmatch(r"emr-\d+\.\d+\.\d+", cluster()["releaseLabel"])


def test_the_metastore_is_in_rds_and_its_password_in_secrets_manager() -> None:
    hive = classification("hive-site")
    address, _, options = hive["javax.jdo.option.ConnectionURL"].partition("?")
    assert address == "jdbc:postgresql://db.example.org:5432/metastore"
    # Anything less than verify-full takes whatever certificate it is shown (pgjdbc's documentation, "Using SSL").
    assert dict(pair.split("=") for pair in options.split("&")) == {
        "sslmode": "verify-full",
        "sslrootcert": "/etc/pki/mlplatform-rds.pem",
    }
    assert hive["javax.jdo.option.ConnectionUserName"] == "metastore"
    # The annotation is part of the key: its value is an ARN, not a password.
    assert hive["EMR.secret@javax.jdo.option.ConnectionPassword"] == SECRET
    assert "javax.jdo.option.ConnectionPassword" not in hive


def test_tables_are_in_the_lake_for_hive_and_spark_alike() -> None:
    assert classification("hive-site")["hive.metastore.warehouse.dir"] == "s3://lake/emr/warehouse"
    assert classification("spark-defaults")["spark.sql.warehouse.dir"] == "s3://lake/emr/warehouse"


def test_the_primary_node_gets_the_authorities_of_its_region_alone(tmp_path: Path) -> None:
    script = recorded().one("aws:s3/bucketObjectv2:BucketObjectv2").inputs["content"]
    target = tmp_path / "etc" / "rds.pem"
    # The last command of the script, with a place that a test may write to.
    last = (
        script[script.rindex("sudo install") :].replace("sudo ", "").replace("/etc/pki/mlplatform-rds.pem", str(target))
    )
    subprocess.run(["bash", "-euo", "pipefail", "-c", last], check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(target)
    names = [dict(part[0] for part in one["subject"])["commonName"] for one in context.get_ca_certs()]  # type: ignore[misc]
    assert sorted(names) == [f"Amazon RDS {REGION} Root CA {key} G1" for key in ("ECC384", "RSA2048", "RSA4096")]
    assert re.search(rf"Root CA {engine_versions.DATABASE_CA.split('-')[2]} G1", " ".join(names), re.IGNORECASE)


def test_the_driver_is_checked_against_its_digest_on_the_primary_node() -> None:
    script = recorded().one("aws:s3/bucketObjectv2:BucketObjectv2").inputs
    assert cluster()["bootstrapActions"][0]["path"] == f"s3://lake/{script['key']}"
    assert (script["serverSideEncryption"], script["kmsKeyId"]) == ("aws:kms", KEY)
    lines = script["content"].splitlines()
    check = next(number for number, line in enumerate(lines) if "sha256sum --check" in line)
    install = next(number for number, line in enumerate(lines) if "install -m" in line)
    assert engine_versions.POSTGRES_JDBC_SHA256 in lines[check]
    assert check < install
    # Hive's own driver is 9.4: the names' order decides, and digits come in the order of characters.
    assert f"postgresql-{engine_versions.POSTGRES_JDBC}.jar" < "postgresql-9.4.1208.jre7.jar"


def test_the_bootstrap_script_is_valid_for_bash() -> None:
    done = subprocess.run(
        ["bash", "-n"], input=configuration.driver_script(REGION), text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_schema_is_made_where_there_is_none() -> None:
    (step,) = cluster()["steps"]
    assert step["hadoopJarStep"]["args"][-1] == configuration.SCHEMA_STEP
    info, init = configuration.SCHEMA_STEP.split(" || ")
    assert (info.split()[-1], init.split()[-1]) == ("-info", "-initSchema")


def test_jobs_and_the_hidden_annotation_replace_no_cluster() -> None:
    assert set(recorded().one(CLUSTER).ignore_changes) == {"steps", "configurationsJson"}


def test_it_starts_when_roles_and_database_are_ready() -> None:
    found = recorded().one(CLUSTER)
    rights = [one for one in recorded().resources if one.type.startswith("aws:iam/rolePolicy")]
    assert len(rights) == 3
    assert {one.urn for one in rights} <= set(found.depends_on)
    assert any(urn.endswith("::database-setup") for urn in found.depends_on)


def test_primary_and_core_are_on_demand_and_tasks_are_spot_of_several_types() -> None:
    types = ("m7g.xlarge", "m6g.xlarge", "r6g.xlarge")
    settings: dict[str, Any] = {"core_units": 3, "max_units": 9, "task_instance_types": types}
    found = cluster(**settings)
    assert found["masterInstanceFleet"]["targetOnDemandCapacity"] == 1
    assert found["coreInstanceFleet"]["targetOnDemandCapacity"] == 3
    assert "targetSpotCapacity" not in found["coreInstanceFleet"]
    task = recorded(**settings).one(FLEET)
    assert (task.inputs["targetSpotCapacity"], task.inputs["targetOnDemandCapacity"]) == (1, 0)
    assert tuple(one["instanceType"] for one in task.inputs["instanceTypeConfigs"]) == types
    (spot,) = task.inputs["launchSpecifications"]["spotSpecifications"]
    assert (spot["allocationStrategy"], spot["timeoutAction"]) == ("price-capacity-optimized", "SWITCH_TO_ON_DEMAND")
    assert set(task.ignore_changes) == {"targetSpotCapacity", "targetOnDemandCapacity"}


def test_managed_scaling_keeps_the_core_and_grows_with_spot() -> None:
    found = recorded(core_units=3, max_units=9).one("aws:emr/managedScalingPolicy:ManagedScalingPolicy").inputs
    assert found["computeLimits"] == [
        {
            "unitType": "InstanceFleetUnits",
            "minimumCapacityUnits": 3,
            "maximumCapacityUnits": 9,
            "maximumCoreCapacityUnits": 3,
            "maximumOndemandCapacityUnits": 3,
        }
    ]


def test_without_room_above_the_core_there_are_no_task_nodes() -> None:
    assert not recorded(core_units=4, max_units=4).of_type(FLEET)


def test_it_ends_itself_when_it_is_idle() -> None:
    found = cluster(idle_timeout_minutes=45)
    assert found["autoTerminationPolicy"] == {"idleTimeout": 45 * 60}
    assert (found["terminationProtection"], found["keepJobFlowAliveWhenNoSteps"]) == (False, True)


def test_everything_at_rest_is_under_our_key_and_metadata_is_for_the_node_alone() -> None:
    security = recorded().one("aws:emr/securityConfiguration:SecurityConfiguration").inputs["configuration"]
    found = json.loads(security)
    rest = found["EncryptionConfiguration"]["AtRestEncryptionConfiguration"]
    assert found["EncryptionConfiguration"]["EnableAtRestEncryption"] is True
    assert rest["S3EncryptionConfiguration"] == {"EncryptionMode": "SSE-KMS", "AwsKmsKey": KEY}
    assert rest["LocalDiskEncryptionConfiguration"] == {
        "EncryptionKeyProviderType": "AwsKms",
        "AwsKmsKey": KEY,
        "EnableEbsEncryption": True,
    }
    assert found["InstanceMetadataServiceConfiguration"] == {
        "MinimumInstanceMetadataServiceVersion": 2,
        "HttpPutResponseHopLimit": 1,
    }
    assert (cluster()["logUri"], cluster()["logEncryptionKmsKeyId"]) == ("s3://lake/emr/logs/", KEY)


def test_awss_policy_finds_the_tag_that_it_wants_on_cluster_and_groups() -> None:
    assert managed_policies()["AmazonEMRServicePolicy_v2"] == SERVICE_POLICY
    assert cluster()["tags"] == {"owner": "ml", **MANAGED_TAG}
    for group in recorded().of_type("aws:ec2/securityGroup:SecurityGroup"):
        assert MANAGED_TAG.items() <= group.inputs["tags"].items()
        assert group.inputs["revokeRulesOnDelete"] is True


def test_it_is_in_private_subnets_with_groups_of_its_own() -> None:
    attributes = cluster()["ec2Attributes"]
    assert attributes["subnetIds"] == ["subnet-a", "subnet-b"]
    assert attributes["emrManagedMasterSecurityGroup"] == "emr-access-primary-id"
    assert attributes["emrManagedSlaveSecurityGroup"] == "emr-access-core-id"
    assert attributes["serviceAccessSecurityGroup"] == "emr-access-service-id"
    assert "keyName" not in attributes
    rule = recorded().one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    assert (rule["securityGroupId"], rule["referencedSecurityGroupId"], rule["fromPort"]) == (
        "emr-access-service-id",
        "emr-access-primary-id",
        9443,
    )


@pytest.mark.parametrize("role", ["nodes", "service"])
def test_the_linter_finds_nothing_in_the_policies(role: str) -> None:
    assert findings(role_policies(recorded())[f"emr-roles-{role}-policy"]) == []


def test_the_service_alone_reads_the_password_and_passes_the_nodes_role_alone() -> None:
    service, nodes = (role_policies(recorded())[f"emr-roles-{role}-policy"] for role in ("service", "nodes"))
    assert statement(service, "ReadMetastorePassword")["Resource"] == [SECRET]
    assert statement(service, "PassNodeRole")["Resource"] == [f"arn:aws:iam::{ACCOUNT}:role/emr-roles-nodes"]
    assert "secretsmanager" not in json.dumps(nodes)


def test_nodes_write_to_no_raw_file() -> None:
    nodes = role_policies(recorded())["emr-roles-nodes-policy"]
    written = statement(nodes, "WriteAreas")["Resource"]
    assert f"{BUCKET}/emr/*" in written
    assert f"{BUCKET}/raw/*" not in written
    assert f"{BUCKET}/raw/*" in statement(nodes, "ReadAreas")["Resource"]


def test_emr_takes_on_the_service_role_for_this_account_alone() -> None:
    trust = trust_of(recorded(), "emr-roles-service")
    assert trust["Principal"] == {"Service": "elasticmapreduce.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


def test_the_metastores_secret_has_no_value_here() -> None:
    found = record(lambda opts: MetastoreSecret("metastore", MetastoreSecretArgs(key_arn=KEY), opts))
    assert found.one("aws:secretsmanager/secret:Secret").inputs["kmsKeyId"] == KEY
    assert not found.of_type("aws:secretsmanager/secretVersion:SecretVersion")


def test_providers_are_explicit() -> None:
    assert_explicit_providers(recorded())
