"""Runs a Pulumi program against recording mocks: what would be registered, with which inputs and options."""

from __future__ import annotations

import asyncio
import gc
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks, rpc, set_all_config
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

# An Output in an f-string would become a sentence about Outputs, silently.
os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"

PROJECT = "mlplatform"


@dataclass(frozen=True)
class Recorded:
    """One registered resource."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    """As the program gave them, in the provider's camelCase; outputs of other resources are resolved."""
    provider: str
    """Reference of the explicit provider; empty when there is none."""
    providers: Mapping[str, str]
    """Package → reference of the provider, as a remote component gets them."""
    parent: str
    custom: bool
    protect: bool
    retain_on_delete: bool
    delete_before_replace: bool
    replacement_trigger: Any
    """What replaces the resource when it is another than before; None when there is none."""
    ignore_changes: tuple[str, ...]
    depends_on: tuple[str, ...]
    """URNs: explicit edges and those that the data shows."""
    secret_outputs: tuple[str, ...]
    references: Mapping[str, tuple[str, ...]]
    """Property → URNs of the resources that its value comes from."""


@dataclass
class Recorder(mocks.Mocks):
    """All that a program registers. Invokes are refused: a plan depends on the program and its config alone."""

    resources: list[Recorded] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    """The stack's outputs; a secret one is wrapped as `Secret`."""
    stack_references: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Other stacks' outputs, by the stack's name."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise AssertionError(f"the program looks something up while planning: {args.token}")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {"name": args.name, "outputs": dict(self.stack_references[args.name])}
        return (f"{args.name}-id" if args.custom else None), plausible_state(args.typ, args.name, args.inputs)

    def of_type(self, type_: str) -> list[Recorded]:
        """All resources of a type token, as ``aws:ec2/vpc:Vpc``."""
        return [one for one in self.resources if one.type == type_]

    def one(self, type_: str, name: str | None = None) -> Recorded:
        """The only resource of a type (and logical name)."""
        found = [one for one in self.of_type(type_) if name in (None, one.name)]
        assert len(found) == 1, f"{len(found)} of {type_} {name or ''}: {[one.name for one in self.of_type(type_)]}"
        return found[0]


@dataclass(frozen=True)
class Secret:
    """A secret output."""

    value: Any


class _Monitor(mocks.MockMonitor):
    """Also records the options, which `Mocks.new_resource` is not told of."""

    mocks: Recorder
    preview: bool = False

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            self.mocks.resources.append(
                Recorded(
                    urn=response.urn,
                    type=request.type,
                    name=request.name,
                    inputs=rpc.deserialize_properties(request.object),
                    provider=request.provider,
                    providers=dict(request.providers),
                    parent=request.parent,
                    custom=request.custom,
                    protect=request.protect,
                    retain_on_delete=request.retainOnDelete,
                    delete_before_replace=request.deleteBeforeReplace,
                    replacement_trigger=MessageToDict(request.replacement_trigger),
                    ignore_changes=tuple(request.ignoreChanges),
                    depends_on=tuple(request.dependencies),
                    secret_outputs=tuple(request.additionalSecretOutputs),
                    references={key: tuple(of.urns) for key, of in request.propertyDependencies.items()},
                )
            )
            if self.preview:
                # Neither an id nor any property: the SDK takes what is missing for unknown then.
                return resource_pb2.RegisterResourceResponse(urn=response.urn)
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        if request.urn.split("::")[2] == "pulumi:pulumi:Stack":
            found = rpc.deserialize_properties(request.outputs, keep_unknowns=True)
            self.mocks.outputs = {key: _unwrapped(value) for key, value in found.items()}
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def build(
    program: Callable[[], object],
    config: Mapping[str, Any] | None = None,
    stack: str = "dev",
    *,
    project: str = PROJECT,
    stack_references: Mapping[str, Mapping[str, Any]] | None = None,
    preview: bool = False,
) -> Recorder:
    """Runs the program with the config (key without the project → value) to its end; raises what it raises.

    Args:
        program: what registers the resources.
        config: the stack's.
        stack: its name.
        project: its project.
        stack_references: other stacks' outputs, by the stack's name.
        preview: as a first preview runs it, in which no resource has told any of its outputs yet: what waits for one
            in an `apply` does not happen.
    """
    recorder = Recorder(stack_references=stack_references or {})
    texts = {
        f"{project}:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in (config or {}).items()
    }

    async def run() -> None:
        await run_pulumi_func(lambda: _in_stack(program))

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # A third of the time went into looking through all that a program has made for what nobody needs any more.
    collecting = gc.isenabled()
    gc.disable()
    try:
        set_root_resource(None)  # type: ignore[arg-type]  # the last program's
        set_all_config(texts, secret_keys=[])
        monitor = _Monitor(recorder)
        monitor.preview = preview
        mocks.set_mocks(recorder, project=project, stack=stack, preview=preview, monitor=monitor)
        loop.run_until_complete(run())
    finally:
        # What a program that raised has left would be waited for by the next one.
        SETTINGS.rpc_manager.clear()
        SETTINGS.outputs.clear()
        set_all_config({}, secret_keys=[])
        loop.close()
        if collecting:
            gc.enable()
    return recorder


def _in_stack(program: Callable[[], object]) -> None:
    set_root_resource(None)  # type: ignore[arg-type]  # set_mocks has made one that runs nothing
    Stack(lambda: _none(program()))


def _none(_: object) -> None:
    return None


def _unwrapped(value: Any) -> Any:
    return Secret(rpc.unwrap_rpc_secret(value)) if rpc.is_rpc_secret(value) else value


def plausible_state(type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What a provider would answer, as far as the program reads it: the inputs, an ARN, and a few of each type."""
    state = dict(inputs)
    if type_.startswith("aws:"):
        service = type_.removeprefix("aws:").split("/")[0]
        state.setdefault("arn", f"arn:aws:{service}:eu-central-1:123456789012:{name}")
        state.setdefault("name", name)
    if type_.startswith("kubernetes:") and "metadata" in state:
        state["metadata"] = {"name": name, **state["metadata"]}
    return state | {
        key: value.format(name=name) if isinstance(value, str) else value
        for key, value in _STATE.get(type_, {}).items()
    }


_STATE: dict[str, dict[str, Any]] = {
    # ARNs of the shape that policies are checked against.
    "aws:cloudwatch/logGroup:LogGroup": {"arn": "arn:aws:logs:eu-central-1:123456789012:log-group:{name}"},
    "aws:iam/role:Role": {"arn": "arn:aws:iam::123456789012:role/{name}"},
    "aws:kms/key:Key": {"arn": "arn:aws:kms:eu-central-1:123456789012:key/{name}"},
    "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 1},
    "aws:ec2/vpc:Vpc": {"defaultSecurityGroupId": "sg-default", "mainRouteTableId": "rtb-main"},
    "aws:ecr/repository:Repository": {"repositoryUrl": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/{name}"},
    "aws:eks/nodeGroup:NodeGroup": {"resources": [{"autoscalingGroups": [{"name": "asg-{name}"}]}], "status": "ACTIVE"},
    "aws:msk/cluster:Cluster": {
        "arn": "arn:aws:kafka:eu-central-1:123456789012:cluster/{name}/00000000-0000-0000-0000-000000000001-1",
        "bootstrapBrokersSaslIam": "b-1.{name}.kafka.eu-central-1.amazonaws.com:9098",
        "bootstrapBrokersTls": "b-1.{name}.kafka.eu-central-1.amazonaws.com:9094",
        "clusterUuid": "00000000-0000-0000-0000-000000000001-1",
        "currentVersion": "K1",
    },
    "aws:msk/configuration:Configuration": {"latestRevision": 1},
    "aws:rds/instance:Instance": {
        "address": "{name}.rds.eu-central-1.amazonaws.com",
        "endpoint": "{name}.rds.eu-central-1.amazonaws.com:5432",
        "resourceId": "db-EXAMPLE",
        "masterUserSecrets": [
            {
                "secretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!{name}",
                "secretStatus": "active",
            }
        ],
    },
    "aws:efs/fileSystem:FileSystem": {
        "arn": "arn:aws:elasticfilesystem:eu-central-1:123456789012:file-system/fs-0123456789abcdef0"
    },
    "aws:efs/accessPoint:AccessPoint": {
        "arn": "arn:aws:elasticfilesystem:eu-central-1:123456789012:access-point/fsap-{name}"
    },
    "aws:secretsmanager/secret:Secret": {
        "arn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:{name}-AbCdEf"
    },
    "aws:s3/bucket:Bucket": {
        "arn": "arn:aws:s3:::{name}",
        "bucketDomainName": "{name}.s3.amazonaws.com",
        "region": "eu-central-1",
    },
    "aws:emr/cluster:Cluster": {"masterPublicDns": "ip-10-0-0-1.eu-central-1.compute.internal"},
    "eks:index:Cluster": {
        "oidcProviderArn": "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE",
        "oidcProviderUrl": "https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE",
        "oidcIssuer": "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE",
        "clusterSecurityGroupId": "sg-cluster",
        "nodeSecurityGroupId": "sg-nodes",
        "kubeconfigJson": "{{}}",
        "kubeconfig": {},
    },
}


def export_of(recorder: Recorder, key: str) -> Any:
    """An output that must be there and not be secret."""
    value = recorder.outputs[key]
    assert not isinstance(value, Secret), f"{key} is secret"
    return value
