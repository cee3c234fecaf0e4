"""EMR on EKS: a namespace that takes its pods, where they run, and a role that its jobs alone can have."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pytest
from aws_account import ACCOUNT, CLUSTER, CLUSTER_ARN, KEY, REGION, assert_explicit_providers, record
from botocore import loaders, model, validate
from hypothesis import given
from hypothesis import strategies as st
from iam_documents import findings, role_policies, statement, trust_of
from infra_endpoints import PEERS
from mlplatform.foundation.aws import engine_versions
from mlplatform.foundation.aws.emr.on_eks import EmrOnEks, EmrOnEksArgs, job_service_account
from mlplatform.foundation.aws.emr.pod_templates import submitter_properties, template_key
from mlplatform.service_types import SPARK_DRIVER, SPARK_EXECUTOR, ServiceType
from recorder import Recorder

BUCKET = "arn:aws:s3:::lake"
ROLE = "mlplatform-dev-emr-jobs"


@functools.cache
def recorded() -> Recorder:
    def program(opts: pulumi.ResourceOptions) -> None:
        # Stands for nodes and add-ons.
        nodes = aws.sns.Topic("nodes", opts=opts)
        args = EmrOnEksArgs(
            cluster_name=CLUSTER,
            kubernetes=k8s.Provider("kubernetes", kubeconfig="{}"),
            virtual_cluster_name="mlplatform-dev-emr",
            job_role_name=ROLE,
            peers=PEERS,
            account_id=ACCOUNT,
            region=REGION,
            lake_bucket_arn=BUCKET,
            lake_bucket_name="lake",
            lake_key_arn=KEY,
            ready=[nodes],
        )
        EmrOnEks("emr-on-eks", args, opts)

    return record(program)


def test_the_virtual_cluster_is_a_namespace_of_its_own_and_comes_after_it() -> None:
    found = recorded().one("aws:emrcontainers/virtualCluster:VirtualCluster")
    assert found.inputs["containerProvider"] == {
        "id": CLUSTER,
        "type": "EKS",
        "info": {"eksInfo": {"namespace": "emr"}},
    }
    assert recorded().one("kubernetes:core/v1:Namespace").urn in found.depends_on


def test_the_role_is_for_pods_of_the_namespace_in_this_cluster_alone() -> None:
    trust = trust_of(recorded(), "emr-on-eks-jobs")
    assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {
        "aws:RequestTag/eks-cluster-arn": CLUSTER_ARN,
        "aws:RequestTag/kubernetes-namespace": "emr",
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


def test_the_namespace_takes_pods_without_a_seccomp_profile_and_lets_nobody_in() -> None:
    """The level ``baseline`` asks for none (Kubernetes, "Pod Security Standards")."""
    labels = recorded().one("kubernetes:core/v1:Namespace").inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline"
    policies = [one.inputs["spec"] for one in recorded().of_type("kubernetes:networking.k8s.io/v1:NetworkPolicy")]
    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} in policies
    inward = [rule for policy in policies for rule in policy.get("ingress", ())]
    sources = [peer["namespaceSelector"]["matchLabels"] for rule in inward for peer in rule["from"]]
    assert sources == [{"kubernetes.io/metadata.name": "emr"}]


def templates() -> dict[str, Any]:
    """Component → the template that lies in the lake."""
    found = recorded().of_type("aws:s3/bucketObjectv2:BucketObjectv2")
    assert all((one.inputs["bucket"], one.inputs["kmsKeyId"]) == ("lake", KEY) for one in found)
    return {Path(one.inputs["key"]).stem: json.loads(one.inputs["content"]) for one in found}


@pytest.mark.parametrize(("component", "service_type"), [("driver", SPARK_DRIVER), ("executor", SPARK_EXECUTOR)])
def test_a_template_brings_its_pods_to_the_nodes_of_spark(component: str, service_type: ServiceType) -> None:
    template = templates()[component]
    assert template["spec"]["nodeSelector"] == service_type.labels
    tolerated = {(one["key"], one["value"], one["effect"]) for one in template["spec"]["tolerations"]}
    assert {(one.key, one.value, one.effect) for one in service_type.taints} <= tolerated
    # EMR's names of its containers: "Using pod templates".
    assert [one["name"] for one in template["spec"]["containers"]] == [f"spark-kubernetes-{component}"]
    assert template["metadata"]["annotations"]["karpenter.sh/do-not-disrupt"] == "true"


EXAMPLE = Path(__file__).parents[5] / "examples" / "emr_on_eks" / "start-job-run.json"


def shape() -> Any:
    """EMR's own description of the request."""
    described = model.ServiceModel(loaders.Loader().load_service_model("emr-containers", "service-2"))
    return described.operation_model("StartJobRun").input_shape


def patterns(shape: Any, value: Any, where: str = "") -> list[str]:
    """Texts that do not match the pattern that the API's description has for them."""
    if shape.type_name == "structure":
        return [fault for key, one in value.items() for fault in patterns(shape.members[key], one, f"{where}.{key}")]
    if shape.type_name == "list":
        return [fault for one in value for fault in patterns(shape.member, one, where)]
    if shape.type_name == "map":
        return [fault for key, one in value.items() for fault in patterns(shape.value, one, f"{where}[{key}]")]
    pattern = shape.metadata.get("pattern")
    return [f"{where}: {value}"] if pattern and re.fullmatch(pattern, value) is None else []


def example() -> Any:
    return json.loads(EXAMPLE.read_text().replace("VIRTUAL-CLUSTER-ID", "abc123def456"))


def test_the_example_of_a_job_is_a_request_that_emr_describes() -> None:
    request = {"clientToken": "token", **example()}
    report = validate.ParamValidator().validate(request, shape())
    assert not report.has_errors(), report.generate_report()
    assert patterns(shape(), request) == []
    assert request["releaseLabel"] == f"{engine_versions.EMR}-latest"


def test_a_request_with_a_misspelt_key_is_found() -> None:
    request = {"clientToken": "token", **example(), "configurationOverides": {}}
    assert validate.ParamValidator().validate(request, shape()).has_errors()
    assert patterns(shape(), {**example(), "name": "two words?"}) == [".name: two words?"]


def test_the_examples_pods_all_find_nodes() -> None:
    given = {
        one["classification"]: one["properties"]
        for one in example()["configurationOverrides"]["applicationConfiguration"]
    }
    assert given["emr-job-submitter"] == submitter_properties()
    for component in ("driver", "executor"):
        path = given["spark-defaults"][f"spark.kubernetes.{component}.podTemplateFile"]
        assert path == f"s3://YOUR-LAKE-BUCKET/{template_key(component)}"


SUBMITTER_SETTINGS = re.compile(
    r"""jobsubmitter\.(
        node\.selector\.(?P<selector>[^.]+(\.[^.]+)*)
      | node\.toleration\.(?P<toleration>.+?)(\.(?P<part>effect|tolerationSeconds))?
      | (label|annotation)\..+
      | scheduler\.name | logging(\.image|\.request\.(cores|memory))? | container\.image(\.pullPolicy)?
      | gracefulTermination
    )""",
    re.VERBOSE,
)
"""What the classification takes (source: EMR on EKS guide, "Using job submitter classification",
docs.aws.amazon.com/emr/latest/EMR-on-EKS-DevelopmentGuide/emr-eks-job-submitter.html, read on 2026-11-30)."""


def submitter_pod(properties: Mapping[str, str]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The selector and the tolerations that such a pod gets, by the rules of that page."""
    selector: dict[str, str] = {}
    tolerations: dict[str, dict[str, str]] = {}
    for name, value in properties.items():
        found = SUBMITTER_SETTINGS.fullmatch(name)
        assert found, f"EMR knows no {name}"
        if key := found["selector"]:
            selector[key] = value
        elif key := found["toleration"]:
            told = tolerations.setdefault(key, {"key": key})
            if part := found["part"]:
                told[part] = value
            else:
                told |= {"operator": "Equal", "value": value} if value else {"operator": "Exists"}
    assert all(one.get("effect") for one in tolerations.values()), "the effect is required"
    return selector, list(tolerations.values())


def test_the_submitters_pod_is_one_that_a_node_of_drivers_takes() -> None:
    selector, tolerations = submitter_pod(submitter_properties())
    assert selector == SPARK_DRIVER.labels
    assert tolerations == SPARK_DRIVER.tolerations
    with pytest.raises(AssertionError, match=r"EMR knows no jobsubmitter\.toleration\.x"):
        submitter_pod({"jobsubmitter.toleration.x": "y"})


def test_the_jobs_role_reads_the_templates() -> None:
    (policy,) = role_policies(recorded()).values()
    assert f"{BUCKET}/emr/*" in statement(policy, "ReadAreas")["Resource"]
