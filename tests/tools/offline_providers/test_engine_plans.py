"""The real engine with the simulated providers: what a plan refuses, and the components and clusters in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

Cloud = Any
Program = Callable[[], None]


@pytest.fixture
def resources(sdk: SimpleNamespace) -> Callable[[Callable[[SimpleNamespace], None]], Program]:
    """A program of one function, which is given the SDKs and an explicit provider for each."""

    def program(body: Callable[[SimpleNamespace], None]) -> Program:
        def main() -> None:
            aws = sdk.aws.Provider("aws", region="eu-central-1", allowed_account_ids=["111122223333"])
            eks = sdk.eks.Provider("eks")
            by = sdk.pulumi.ResourceOptions
            given = SimpleNamespace(
                **vars(sdk),
                on_aws=by(provider=aws),
                on_eks=by(providers=[aws, eks]),
                invoke=sdk.pulumi.InvokeOptions(provider=aws),
            )
            body(given)

        return main

    return program


Resources = Callable[[Callable[[SimpleNamespace], None]], Program]


def test_a_wrong_input_is_told_with_resource_and_place(cloud: Cloud, resources: Resources) -> None:
    def body(given: SimpleNamespace) -> None:
        rule = {"protocol": "tcp", "from_port": "22", "to_port": 22, "cidr": ["0.0.0.0/0"]}
        given.aws.ec2.SecurityGroup("open", ingress=[rule], opts=given.on_aws)

    ran = cloud.run(resources(body))
    assert ran.failed
    assert "aws:ec2/securityGroup:SecurityGroup resource 'open'" in ran.errors
    assert "'ingress[0].fromPort' must be a whole number, not a string" in ran.errors
    assert "<nil>" not in ran.errors
    assert "there is no property 'ingress[0].cidr'; is 'cidrBlocks' meant?" in ran.errors


def test_a_secret_that_is_wrong_is_not_shown(cloud: Cloud, resources: Resources) -> None:
    def body(given: SimpleNamespace) -> None:
        secret = given.pulumi.Output.secret("correct-horse")
        given.aws.rds.Instance("db", instance_class="m", allocated_storage=secret, opts=given.on_aws)

    ran = cloud.run(resources(body))
    assert ran.failed
    assert "'allocatedStorage' must be a whole number, not a string" in ran.errors
    assert "correct-horse" not in ran.errors


def test_a_default_provider_is_refused(cloud: Cloud, sdk: SimpleNamespace) -> None:
    ran = cloud.run(lambda: sdk.aws.ec2.Vpc("net") and None)
    assert ran.failed
    assert "Default provider for 'aws' disabled." in ran.errors
    assert "aws:ec2/vpc:Vpc::net' must use an explicit provider." in ran.errors


def test_a_policy_document_is_rendered_in_a_plan(cloud: Cloud, resources: Resources) -> None:
    seen: list[str] = []

    def body(given: SimpleNamespace) -> None:
        statement = {"actions": ["s3:GetObject"], "resources": ["*"]}
        document = given.aws.iam.get_policy_document_output(statements=[statement], opts=given.invoke)
        document.json.apply(seen.append)
        given.aws.iam.Policy("read", policy=document.json, opts=given.on_aws)

    assert not cloud.run(resources(body)).failed
    assert json.loads(seen[0])["Statement"] == [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]


def test_a_look_up_in_aws_is_refused(cloud: Cloud, resources: Resources) -> None:
    def body(given: SimpleNamespace) -> None:
        given.pulumi.export("ami", given.aws.ec2.get_ami_output(most_recent=True, opts=given.invoke).id)

    ran = cloud.run(resources(body))
    assert ran.failed
    assert "aws:ec2/getAmi:getAmi looks something up in AWS, which cannot be done offline" in ran.errors


def test_what_is_there_already_can_be_read(cloud: Cloud, resources: Resources) -> None:
    def body(given: SimpleNamespace) -> None:
        vpc = given.aws.ec2.Vpc.get("shared", "vpc-0123456789abcdef0", opts=given.on_aws)
        given.aws.ec2.Subnet("ours", vpc_id=vpc.id, opts=given.on_aws)

    ran = cloud.run(resources(body), "up")
    assert not ran.failed, ran.errors
    assert ran.operation("shared") == "read"
    assert ran.resource("ours")["inputs"]["vpcId"] == "vpc-0123456789abcdef0"


def test_a_cluster_brings_the_resources_of_the_real_component(cloud: Cloud, resources: Resources) -> None:
    def body(given: SimpleNamespace) -> None:
        role = given.aws.iam.Role("control", assume_role_policy="{}", opts=given.on_aws)
        cluster = given.eks.Cluster(
            "platform",
            vpc_id="vpc-1",
            private_subnet_ids=["subnet-1", "subnet-2"],
            service_role=role,
            authentication_mode=given.eks.AuthenticationMode.API,
            access_entries={"admins": {"principal_arn": "arn:aws:iam::1:role/admin"}},
            create_oidc_provider=True,
            skip_default_node_group=True,
            opts=given.on_eks,
        )
        scaling = {"desired_size": 1, "min_size": 1, "max_size": 2}
        given.aws.eks.NodeGroup(
            "nodes",
            cluster_name=cluster.eks_cluster.name,
            node_role_arn=role.arn,
            subnet_ids=["subnet-1"],
            scaling_config=scaling,
            opts=given.on_aws,
        )
        kubernetes = given.kubernetes.Provider("kubernetes", kubeconfig=cluster.kubeconfig_json)
        inside = given.pulumi.ResourceOptions(provider=kubernetes)
        namespace = given.kubernetes.core.v1.Namespace("ml", metadata={"name": "ml"}, opts=inside)
        given.kubernetes.helm.v3.Release("ray", chart="kuberay", namespace=namespace.metadata.name, opts=inside)
        group = cluster.cluster_security_group_id
        given.aws.ssm.Parameter("group", type="String", value=group, opts=given.on_aws)
        given.pulumi.export("oidc", cluster.oidc_provider_arn)
        given.pulumi.export("group", cluster.cluster_security_group_id)
        given.pulumi.export("kubeconfig", cluster.kubeconfig_json)

    plan = cloud.run(resources(body))
    assert not plan.failed, plan.errors
    children = {
        "platform-eksCluster": "aws:eks/cluster:Cluster",
        "platform-eksClusterSecurityGroup": "aws:ec2/securityGroup:SecurityGroup",
        "platform-nodeSecurityGroup": "aws:ec2/securityGroup:SecurityGroup",
        "platform-oidcProvider": "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "platform-kube-proxy": "aws:eks/addon:Addon",
        "platform-vpc-cni": "aws:eks/addon:Addon",
        "platform-admins": "aws:eks/accessEntry:AccessEntry",
        "platform-eks-k8s": "pulumi:providers:kubernetes",
    }
    assert {name: plan.by_name[name].type for name in children} == children
    assert plan.by_name["platform-eksCluster"].parent.endswith("eks:index:Cluster::platform")
    assert "platform-eksRole-role" not in plan.by_name, "a role was given"

    made = cloud.run(resources(body), "up")
    assert not made.failed, made.errors
    assert made.resource("platform-eksCluster")["inputs"]["roleArn"].startswith(
        "arn:aws:iam::111122223333:role/control"
    )
    assert made.outputs["oidc"].startswith("arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1")
    assert made.outputs["group"].startswith("sg-")
    needed = {urn.rsplit("::", 1)[-1] for urn in made.resource("group")["propertyDependencies"]["value"]}
    assert "platform-eksCluster" in needed, "it must go before the cluster does"
    assert "get-token" in made.outputs["kubeconfig"]
    assert "ciphertext" in made.resource("kubernetes")["inputs"]["kubeconfig"], "a kubeconfig is a credential"
    assert {step.operation for step in cloud.run(resources(body)).steps} == {"same"}

    gone = cloud.run(resources(body), "destroy")
    assert not gone.failed, gone.errors
    order = gone.order("ray", "ml", "nodes", "platform-eksCluster", "control")
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "the default node group is not simulated: set skip_default_node_group=True"),
        ({"skip_default_node_group": True, "fargate": True}, "fargate cannot be planned offline"),
        (
            {"skip_default_node_group": True, "subnet_ids": ["a"], "private_subnet_ids": ["b"]},
            "publicSubnetIds and/or privateSubnetIds are mutually exclusive",
        ),
        (
            {"skip_default_node_group": True, "access_entries": {"a": {"principal_arn": "arn"}}},
            "accessEntries need the authentication mode 'API'",
        ),
    ],
)
def test_a_cluster_that_cannot_be_shown_whole_is_refused(
    cloud: Cloud, resources: Resources, arguments: dict[str, Any], told: str
) -> None:
    def body(given: SimpleNamespace) -> None:
        given.eks.Cluster("platform", vpc_id="vpc-1", **arguments, opts=given.on_eks)

    ran = cloud.run(resources(body))
    assert ran.failed
    assert told in ran.errors


def test_objects_are_checked_before_there_is_a_cluster(cloud: Cloud, resources: Resources) -> None:
    def body(given: SimpleNamespace) -> None:
        host = given.aws.ec2.Eip("host", opts=given.on_aws)
        kubernetes = given.kubernetes.Provider("kubernetes", kubeconfig=host.public_ip)
        inside = given.pulumi.ResourceOptions(provider=kubernetes)
        given.kubernetes.core.v1.Service("api", spec={"ports": [{"port": "http"}]}, opts=inside)

    ran = cloud.run(resources(body))
    assert ran.failed
    assert "'spec.ports[0].port' must be a whole number, not a string" in ran.errors


def test_a_chart_that_only_the_official_provider_renders_is_refused(cloud: Cloud, resources: Resources) -> None:
    def body(given: SimpleNamespace) -> None:
        inside = given.pulumi.ResourceOptions(provider=given.kubernetes.Provider("kubernetes", kubeconfig="{}"))
        given.kubernetes.helm.v4.Chart("chart", chart="c", opts=inside)

    ran = cloud.run(resources(body))
    assert ran.failed
    assert "kubernetes:helm.sh/v4:Chart (chart) is rendered by the official provider" in ran.errors
    assert "helm.v3.Release" in ran.errors


@pytest.mark.parametrize("kind", ["ValueError", "RunError"])
def test_a_fault_of_the_program_is_its_own_message(cloud: Cloud, sdk: SimpleNamespace, kind: str) -> None:
    def program() -> None:
        error: type[Exception] = {"ValueError": ValueError, "RunError": sdk.pulumi.RunError}[kind]
        raise error("mlplatform:size is 7, and must be even. Give another.")

    ran = cloud.run(program)
    assert ran.failed
    assert ran.errors == "mlplatform:size is 7, and must be even. Give another."


def test_the_stacks_configuration_reaches_the_program_and_its_secrets_do_not(
    cloud: Cloud, sdk: SimpleNamespace
) -> None:
    seen: dict[str, Any] = {}

    def program() -> None:
        config = sdk.pulumi.Config("example")
        seen["size"] = config.require_int("size")
        config.require_secret("token").apply(lambda value: seen.update(token=value))

    config = {"example:size": "3", "example:token": {"secure": "v1:abc:def"}}
    ran = cloud.run(program, config=config)
    assert not ran.failed, ran.errors
    assert seen == {"size": 3, "token": "a secret of the stack, which cannot be opened offline"}
