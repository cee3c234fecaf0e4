"""The policies of a recorded program, as `rights.evaluation` wants them: by caller, by resource, by endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, Literal

from iam_linter import managed_documents
from recorder import Recorded, Recorder, plausible_state

from rights.evaluation import Asked, Caller, Decision, Document, decide, listed
from rights.requests import Elsewhere, Request, Row, Value, Who

Kind = Literal["identity", "trust", "resource", "endpoint"]
Key = tuple[str, Kind]
"""Logical name of the resource that a document is in, and what the document is for."""
ROLE: Final = "aws:iam/role:Role"
ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
DOCUMENTS: Final[Mapping[str, tuple[str, Kind]]] = {
    ROLE: ("assumeRolePolicy", "trust"),
    ROLE_POLICY: ("policy", "identity"),
    "aws:kms/key:Key": ("policy", "resource"),
    "aws:s3/bucketPolicy:BucketPolicy": ("policy", "resource"),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": ("policy", "resource"),
    "aws:sns/topicPolicy:TopicPolicy": ("policy", "resource"),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("policy", "resource"),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ("policy", "resource"),
    "aws:sqs/queuePolicy:QueuePolicy": ("policy", "resource"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("policy", "endpoint"),
}
"""Type → the property with the document, and what that is for."""
PASSED: Final = "s3:"
"""Requests from inside the VPC that pass an endpoint with a policy; the other services' endpoints have none."""
PLACES: Final[Mapping[str, tuple[str, str]]] = {
    "lake": ("aws:s3/bucket:Bucket", "lake-bucket"),
    "logs_bucket": ("aws:s3/bucket:Bucket", "lake-logs"),
    "data_key": ("aws:kms/key:Key", "keys-data"),
    "cluster_key": ("aws:kms/key:Key", "keys-cluster"),
    "logs_key": ("aws:kms/key:Key", "keys-logs"),
    "alarms_key": ("aws:kms/key:Key", "alarms-key"),
    "topic": ("aws:sns/topic:Topic", "alarms-topic"),
    "metastore_secret": ("aws:secretsmanager/secret:Secret", "metastore-password"),
    "flow_log_group": ("aws:cloudwatch/logGroup:LogGroup", "network-flow-logs-log-group"),
    "files": ("aws:efs/fileSystem:FileSystem", "shared-files-files"),
    "models_point": ("aws:efs/accessPoint:AccessPoint", "shared-files-models"),
    "notebooks_point": ("aws:efs/accessPoint:AccessPoint", "shared-files-notebooks"),
    "vpc_role": (ROLE, "cluster-vpc-cni"),
    "emr_nodes_role": (ROLE, "emr-roles-nodes"),
    "kafka": ("aws:msk/cluster:Cluster", "kafka-cluster"),
}
"""Names in braces in `rights.table` → the resource whose ARN they stand for."""


class _Program:
    """What was recorded, indexed once."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.documents: dict[Key, Document] = {}
        self.policies_of: dict[str, list[Key]] = {}
        self.managed_of: dict[str, list[Document]] = {}
        self.arns: dict[str, str] = {}
        names: dict[str, str] = {}
        for one in recorder.of_type(ROLE):
            state = _state(one)
            if state.get("permissionsBoundary"):
                raise ValueError(f"{one.name} has a permissions boundary: teach rights.recorded to read it")
            names[str(state["name"])] = one.name
            self.arns[one.name] = str(state["arn"])
        for one in recorder.resources:
            if one.type in DOCUMENTS and (text := one.inputs.get(DOCUMENTS[one.type][0])):
                key = (one.name, DOCUMENTS[one.type][1])
                self.documents[key] = json.loads(text)
                if one.type == ROLE_POLICY:
                    self.policies_of.setdefault(names[one.inputs["role"]], []).append(key)
            elif one.type == ATTACHMENT:
                document = managed_documents()[one.inputs["policyArn"]]
                self.managed_of.setdefault(names[one.inputs["role"]], []).append(document)
        self.resource_policies = dict(self._resource_policies())
        self.endpoints = [key for key in self.documents if key[1] == "endpoint"]
        if len(self.endpoints) > 1:
            raise ValueError(f"{self.endpoints} have a policy each: rights.recorded knows one endpoint, that of S3")
        self.places = self._places()

    def _resource_policies(self) -> Iterator[tuple[str, Key]]:
        for (name, kind), document in self.documents.items():
            if kind == "trust":
                yield self.arns[name], (name, kind)
            elif kind == "resource":
                own = {arn.removesuffix("/*") for one in document["Statement"] for arn in listed(one["Resource"])}
                if own == {"*"}:  # a key's policy, in which it means the key
                    own = {str(_state(self.recorder.one("aws:kms/key:Key", name))["arn"])}
                for arn in own:
                    yield arn.partition("/")[0] if arn.startswith("arn:aws:s3:") else arn, (name, kind)

    def _places(self) -> Mapping[str, str]:
        known = {(one.type, one.name): one for one in self.recorder.resources}
        found = {name: str(_state(known[key])["arn"]) if key in known else "" for name, key in PLACES.items()}
        database = _state(self.recorder.one("aws:rds/instance:Instance"))
        _, _, _, region, account, _ = found["data_key"].split(":", 5)
        return {
            **found,
            "account": account,
            "region": region,
            "cluster": str(self.recorder.one("eks:index:Cluster").inputs["name"]),
            "vpc": f"{self.recorder.one('aws:ec2/vpc:Vpc').name}-id",
            "database": str(database["resourceId"]),
            "master_secret": str(database["masterUserSecrets"][0]["secretArn"]),
            "kafka_path": found["kafka"].partition(":cluster/")[2],
        }


def _state(one: Recorded) -> Mapping[str, Any]:
    return plausible_state(one.type, one.name, one.inputs)


class World:
    """One environment's policies; another with a document changed is made by `with_document`."""

    def __init__(self, recorder: Recorder) -> None:
        self._program = _Program(recorder)
        self.documents: Mapping[Key, Document] = self._program.documents

    def with_document(self, key: Key, document: Document) -> World:
        """The same world, but for one document."""
        other = World.__new__(World)
        other._program = self._program
        other.documents = {**self.documents, key: document}
        return other

    @property
    def places(self) -> Mapping[str, str]:
        """What the names in braces stand for."""
        return self._program.places

    @cached_property
    def roles(self) -> Mapping[str, Caller]:
        """Logical name of each role → the caller who has assumed it."""
        return {
            name: Caller(
                arn=arn,
                identity=[
                    *(self.documents[key] for key in self._program.policies_of.get(name, ())),
                    *self._program.managed_of.get(name, ()),
                ],
            )
            for name, arn in self._program.arns.items()
        }

    def role_of(self, policy: str) -> str:
        """Logical name of the role that an inline policy belongs to."""
        return next(role for role, keys in self._program.policies_of.items() if (policy, "identity") in keys)

    def asked(self, who: Who, request: Request) -> tuple[Caller, Asked]:
        """The request with everything filled in, and the policies that have a say."""
        resource, agrees = self.filled(request.resource), isinstance(request.owner, Elsewhere)
        passes = who.inside and request.action.startswith(PASSED) and self._program.endpoints
        asked = Asked(
            action=request.action,
            resource=resource,
            owner=self.filled(request.owner.account if request.owner else "{account}"),
            context={
                **{self.filled(key): self._value(value) for key, value in request.context.items()},
                **self._tags("aws:ResourceTag", request.tags_of),
                **self._tags("aws:RequestTag", request.requested_as),
            },
            resource_policy=None if agrees else self._policy_of(resource),
            endpoint=self.documents[self._program.endpoints[0]] if passes else None,
            owner_agrees=agrees,
        )
        return self._caller(who), asked

    def policy_key(self, resource: str) -> Key | None:
        """Where the policy of a resource is, if it has one."""
        bucket = resource.partition("/")[0] if resource.startswith("arn:aws:s3:") else resource
        return self._program.resource_policies.get(bucket)

    def _policy_of(self, resource: str) -> Document | None:
        key = self.policy_key(resource)
        return self.documents[key] if key else None

    def _caller(self, who: Who) -> Caller:
        if who.role:
            return self.roles[who.role]
        allowed = [{"Statement": [{"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}]}]
        identity = allowed if who.everything else []
        return Caller(arn=self.filled(who.arn), service=self.filled(who.service), identity=identity)

    def _tags(self, key: str, whose: tuple[str, str] | None) -> dict[str, str]:
        tags = self._program.recorder.one(*whose).inputs.get("tags", {}) if whose else {}
        return {f"{key}/{tag}": str(value) for tag, value in tags.items()}

    def _value(self, value: Value) -> str | list[str]:
        return self.filled(value) if isinstance(value, str) else [self.filled(part) for part in value]

    def filled(self, text: str) -> str:
        """With this environment's names in place of those in braces."""
        return text.format_map(self.places)

    def answer(self, who: Who, request: Request) -> Decision:
        """What AWS would answer to the request."""
        return decide(*self.asked(who, request))

    def applicable(self, rows: Iterable[Row]) -> tuple[Row, ...]:
        """The rows about what this environment has."""
        return tuple(row for row in rows if all(self.places[name] for name in row.needs))

    def differences(self, rows: Iterable[Row]) -> Iterator[str]:
        """What the table says and the policies do not, as sentences."""
        for row in rows:
            for request in row.requests:
                answer = self.answer(row.who, request)
                if answer.allowed != row.allowed:
                    verb = "must not be allowed" if answer.allowed else "must be allowed"
                    yield (
                        f"{row.who}: {row.what}: {request.action} on {self.filled(request.resource)} {verb}"
                        f" ({answer.reason}; {row.source})"
                    )
