from __future__ import annotations

import functools
import re
from typing import Any

import pytest
from aws_account import ACCOUNT, CLUSTER, CLUSTER_ARN, KEY, REGION, assert_explicit_providers, record
from iam_documents import Document, findings, role_policies, statement, statements, trust_of
from mlplatform.foundation.aws.pod_identity.controller_policies import AUTOSCALER_ACCOUNT, LOAD_BALANCER_ACCOUNT
from mlplatform.foundation.aws.pod_identity.identities import PodIdentities, PodIdentitiesArgs
from mlplatform.iam_policies import ANY_RESOURCE, Statement
from mlplatform.identities import IDENTITIES, Identity
from recorder import Recorder

ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
BUCKET = "arn:aws:s3:::mlplatform-dev-lake"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-1"
METASTORE = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:metastore-1"
KAFKA = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/mlplatform-dev/0-0-1"
CONTROLLERS = {("platform-system", AUTOSCALER_ACCOUNT), ("platform-system", LOAD_BALANCER_ACCOUNT)}


@functools.cache
def recorded(*, kafka: bool = True, identities: tuple[Identity, ...] = IDENTITIES) -> Recorder:
    args = PodIdentitiesArgs(
        cluster_name=CLUSTER,
        account_id=ACCOUNT,
        region=REGION,
        vpc_id="vpc-00000001",
        lake_bucket_arn=BUCKET,
        lake_key_arn=KEY,
        database_resource_id="db-ABC",
        database_secret_arn=SECRET,
        database_key_arn=KEY,
        metastore_secret_arn=METASTORE,
        kafka_cluster_arn=KAFKA if kafka else None,
        identities=identities,
    )
    return record(lambda opts: PodIdentities("identities", args, opts))


def policy_of(name: str, *, kafka: bool = True) -> Document:
    return role_policies(recorded(kafka=kafka))[f"identities-{name}-policy"]


def only(**needs: Any) -> Document:
    """The policy of an identity that has these needs and no others."""
    identity = Identity(namespace="n", service_account="a", **needs)
    return role_policies(recorded(identities=(identity,)))["identities-n-a-policy"]


def test_every_service_account_with_needs_is_bound_to_a_role_of_its_own() -> None:
    needy = {(one.namespace, one.service_account) for one in IDENTITIES if one.service_account != "model-api"}
    found = recorded().of_type(ASSOCIATION)
    assert {(one.inputs["namespace"], one.inputs["serviceAccount"]) for one in found} == needy | CONTROLLERS
    assert len({one.inputs["roleArn"] for one in found}) == len(found)
    assert_explicit_providers(recorded())


def test_a_role_can_be_had_by_its_service_account_in_this_cluster_alone() -> None:
    for one in recorded().of_type(ASSOCIATION):
        trust = trust_of(recorded(), one.name)
        assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        assert trust["Condition"]["StringEquals"] == {
            "aws:RequestTag/eks-cluster-arn": CLUSTER_ARN,
            "aws:RequestTag/kubernetes-namespace": one.inputs["namespace"],
            "aws:RequestTag/kubernetes-service-account": one.inputs["serviceAccount"],
        }


def test_a_service_account_is_bound_after_its_role_has_its_rights() -> None:
    for one in recorded().of_type(ASSOCIATION):
        assert any(urn.endswith(f"::{one.name}-policy") for urn in one.depends_on)


def test_roles_have_names_that_iam_takes() -> None:
    # IAM: 64 characters, of which Pulumi adds 8.
    assert max(len(one.name) for one in recorded().of_type("aws:iam/role:Role")) <= 56


def test_the_policies_are_ones_that_iam_understands() -> None:
    # parliament's data does not know this condition; the controller's makers publish it in the same place.
    known = "Unknown condition elasticloadbalancing:CreateAction for action elasticloadbalancing:AddTags"
    unexpected = {
        name: [finding for finding in findings(document) if known not in finding]
        for name, document in role_policies(recorded()).items()
    }
    assert {name: found for name, found in unexpected.items() if found} == {}


def test_a_wildcard_resource_is_only_for_actions_that_have_no_other() -> None:
    for document in role_policies(recorded()).values():
        for one in statements(document):
            if "*" in one["Resource"]:
                assert set(one["Action"]) <= ANY_RESOURCE


def test_a_statement_on_any_resource_is_refused_unless_it_is_on_the_list() -> None:
    with pytest.raises(ValueError, match=re.escape("s3:GetObject on resource '*': name the resource")):
        Statement(actions=["ec2:DescribeVpcs", "s3:GetObject"], resources=["*"])


def test_no_workload_may_do_everything_with_anything() -> None:
    for document in role_policies(recorded()).values():
        actions = [action for one in statements(document) for action in one["Action"]]
        assert not [action for action in actions if action.endswith(":*")]


def test_a_reader_lists_and_reads_its_areas_and_writes_none() -> None:
    document = only(reads=("raw", "features"))
    assert statement(document, "ListAreas")["Condition"]["StringLike"]["s3:prefix"] == [
        "features",
        "features/*",
        "raw",
        "raw/*",
    ]
    assert statement(document, "ReadAreas")["Resource"] == [
        f"{BUCKET}/features/*",
        f"{BUCKET}/raw/*",
        f"{BUCKET}/features",
        f"{BUCKET}/raw",
    ]
    actions = {action for one in statements(document) for action in one["Action"]}
    assert actions == {"s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject", "kms:Decrypt"}


def test_a_writer_writes_its_areas_alone_and_reads_them_too() -> None:
    document = only(reads=("raw",), writes=("features",))
    assert statement(document, "WriteAreas")["Resource"] == [f"{BUCKET}/features/*"]
    assert statement(document, "ReadAreas")["Resource"] == [
        f"{BUCKET}/features/*",
        f"{BUCKET}/raw/*",
        f"{BUCKET}/features",
        f"{BUCKET}/raw",
    ]


def test_the_lakes_key_is_used_through_s3_alone() -> None:
    document = only(writes=("features",))
    for sid in ("DecryptAreas", "EncryptAreas"):
        one = statement(document, sid)
        assert one["Resource"] == [KEY]
        assert one["Condition"] == {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}


def test_a_database_user_signs_in_as_itself_alone() -> None:
    document = only(database_users=("mlflow",))
    (one,) = statements(document)
    assert one["Resource"] == [f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-ABC/mlflow"]
    assert one["Action"] == ["rds-db:connect"]


@pytest.mark.parametrize("secret", [SECRET, METASTORE])
def test_a_secret_of_the_database_is_the_business_of_the_database_setup_alone(secret: str) -> None:
    readers = [name for name, document in role_policies(recorded()).items() if secret in str(document)]
    assert readers == ["identities-mlflow-database-setup-policy"]


def test_the_database_setup_changes_the_metastores_password_and_not_the_masters() -> None:
    document = policy_of("mlflow-database-setup")
    assert {one["Sid"] for one in statements(document)} == {
        "ReadMasterSecret",
        "UseSecretsKey",
        "KeepMetastorePassword",
    }
    changing = [one for one in statements(document) if "secretsmanager:PutSecretValue" in one["Action"]]
    assert [one["Resource"] for one in changing] == [[METASTORE]]


def test_topics_and_groups_are_narrowed_to_their_prefix() -> None:
    document = only(kafka_topics=("flights",))
    base = f"arn:aws:kafka:{REGION}:{ACCOUNT}"
    assert statement(document, "UseTopics")["Resource"] == [f"{base}:topic/mlplatform-dev/0-0-1/flights*"]
    assert statement(document, "UseGroups")["Resource"] == [f"{base}:group/mlplatform-dev/0-0-1/flights*"]
    assert statement(document, "ConnectToKafka")["Resource"] == [KAFKA]
    everything = statement(only(kafka_topics=("*",)), "UseTopics")["Resource"]
    assert everything == [f"{base}:topic/mlplatform-dev/0-0-1/*"]


def test_without_brokers_nobody_has_rights_on_them() -> None:
    assert "kafka" not in str(role_policies(recorded(kafka=False)))


def test_the_autoscaler_scales_the_groups_of_its_own_cluster_alone() -> None:
    document = policy_of("platform-system-cluster-autoscaler")
    assert statement(document, "ScaleOwn")["Condition"] == {
        "StringEquals": {"aws:ResourceTag/eks:cluster-name": CLUSTER}
    }
    assert statement(document, "LookAtNodeGroups")["Resource"] == [
        f"arn:aws:eks:{REGION}:{ACCOUNT}:nodegroup/{CLUSTER}/*/*"
    ]


def test_the_load_balancer_controller_changes_only_what_carries_its_clusters_tag() -> None:
    document = policy_of("platform-system-aws-load-balancer-controller")
    free = {"Look", "LookAtVpc", "NewSecurityGroup", "FirstLoadBalancerOfAccount"}
    for one in statements(document):
        if one["Sid"] not in free:
            values = [value for key, value in one["Condition"]["StringEquals"].items() if "Tag/" in key]
            assert values == [CLUSTER], one["Sid"]
