"""EMR on EKS: the Spark namespace as a virtual cluster, and a role that its jobs alone can have."""

from __future__ import annotations

import functools

import pulumi
import pulumi_aws as aws
from aws_account import ACCOUNT, CLUSTER, CLUSTER_ARN, KEY, REGION, assert_explicit_providers, record
from hypothesis import given
from hypothesis import strategies as st
from iam_documents import findings, role_policies, statement, trust_of
from mlplatform.foundation.aws.emr.on_eks import EmrOnEks, EmrOnEksArgs, job_service_account
from recorder import Recorder

BUCKET = "arn:aws:s3:::lake"
ROLE = "mlplatform-dev-emr-jobs"


@functools.cache
def recorded() -> Recorder:
    def program(opts: pulumi.ResourceOptions) -> None:
        # Stands for the namespace.
        namespace = aws.sns.Topic("spark-namespace", opts=opts)
        args = EmrOnEksArgs(
            cluster_name=CLUSTER,
            virtual_cluster_name="mlplatform-dev-spark",
            job_role_name=ROLE,
            namespace="spark",
            account_id=ACCOUNT,
            region=REGION,
            lake_bucket_arn=BUCKET,
            lake_key_arn=KEY,
            ready=[namespace],
        )
        EmrOnEks("emr-on-eks", args, opts)

    return record(program)


def test_the_virtual_cluster_is_the_spark_namespace_and_comes_after_it() -> None:
    found = recorded().one("aws:emrcontainers/virtualCluster:VirtualCluster")
    assert found.inputs["containerProvider"] == {
        "id": CLUSTER,
        "type": "EKS",
        "info": {"eksInfo": {"namespace": "spark"}},
    }
    assert any(urn.endswith("::spark-namespace") for urn in found.depends_on)


def test_the_role_is_for_pods_of_the_namespace_in_this_cluster_alone() -> None:
    trust = trust_of(recorded(), "emr-on-eks-jobs")
    assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {
        "aws:RequestTag/eks-cluster-arn": CLUSTER_ARN,
        "aws:RequestTag/kubernetes-namespace": "spark",
    }


def test_the_three_service_accounts_of_a_job_are_bound_to_the_role() -> None:
    found = recorded().of_type("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    accounts = {one.inputs["serviceAccount"] for one in found}
    assert accounts == {job_service_account(part, ACCOUNT, ROLE) for part in ("client", "driver", "executor")}
    assert recorded().one("aws:iam/role:Role").inputs["name"] == ROLE


def test_the_name_of_a_service_account_is_what_the_aws_cli_makes_of_the_role() -> None:
    # 24930 is 97 * 256 + 98, and 19 * 36**2 + 8 * 36 + 18: digits j, 8 and i.
    assert job_service_account("driver", "1", "ab") == "emr-containers-sa-spark-driver-1-j8i"


@given(st.text("abcdefghijklmnopqrstuvwxyz-0123456789", min_size=1, max_size=64))
def test_a_role_can_be_read_from_the_service_accounts_name(role: str) -> None:
    encoded = job_service_account("driver", ACCOUNT, role).rsplit("-", 1)[1]
    number = int(encoded, 36)
    assert number.to_bytes((number.bit_length() + 7) // 8, "big").decode() == role


def test_jobs_read_raw_files_and_write_none() -> None:
    (policy,) = role_policies(recorded()).values()
    assert findings(policy) == []
    assert f"{BUCKET}/raw/*" in statement(policy, "ReadAreas")["Resource"]
    assert f"{BUCKET}/raw/*" not in statement(policy, "WriteAreas")["Resource"]
    assert statement(policy, "UseLakeKey")["Condition"] == {
        "StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    }


def test_providers_are_explicit() -> None:
    assert_explicit_providers(recorded())
