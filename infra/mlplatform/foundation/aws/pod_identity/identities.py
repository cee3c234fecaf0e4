"""The rights of service accounts on AWS: a role for each row of `mlplatform.identities`, and for the controllers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from mlplatform.foundation.aws.pod_identity.controller_policies import (
    AUTOSCALER_ACCOUNT,
    LOAD_BALANCER_ACCOUNT,
    cluster_autoscaler,
    load_balancer_controller,
)
from mlplatform.foundation.aws.pod_identity.policies import Resources, statements_of
from mlplatform.foundation.aws.pod_identity.roles import Place, PodRole, PodRoleArgs
from mlplatform.iam_policies import Statement
from mlplatform.identities import IDENTITIES, Identity
from mlplatform.naming import NAMESPACE_SYSTEM


@dataclass(frozen=True, kw_only=True)
class PodIdentitiesArgs:
    """Inputs of `PodIdentities`."""

    cluster_name: pulumi.Input[str]
    account_id: str
    region: str
    vpc_id: pulumi.Input[str]
    lake_bucket_arn: pulumi.Input[str]
    lake_key_arn: pulumi.Input[str]
    database_resource_id: pulumi.Input[str]
    """As in ``rds-db`` ARNs, ``db-…``."""
    database_secret_arn: pulumi.Input[str]
    """Of the master user."""
    database_key_arn: pulumi.Input[str]
    """Encrypts that secret."""
    metastore_secret_arn: pulumi.Input[str]
    """Of the Hive metastore's password."""
    kafka_cluster_arn: pulumi.Input[str] | None = None
    identities: Sequence[Identity] = field(default=IDENTITIES)


class PodIdentities(pulumi.ComponentResource):
    """Roles with least privilege, each bound to its service account."""

    role_arns: Mapping[str, pulumi.Output[str]]
    """``namespace-account`` → role; only those that need anything."""
    ready: tuple[pulumi.Resource, ...]
    """The bindings: a pod that starts earlier gets no credentials."""
    controllers_ready: tuple[pulumi.Resource, ...]
    """The bindings of the controllers alone."""

    def __init__(self, name: str, args: PodIdentitiesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:pod_identities:PodIdentities", name, None, opts)
        self._name, self._args = name, args
        self._place = Place(account_id=args.account_id, region=args.region)
        self._role_arns: dict[str, pulumi.Output[str]] = {}
        resources = Resources(
            place=self._place,
            lake_bucket_arn=args.lake_bucket_arn,
            lake_key_arn=args.lake_key_arn,
            database_resource_id=args.database_resource_id,
            database_secret_arn=args.database_secret_arn,
            database_key_arn=args.database_key_arn,
            metastore_secret_arn=args.metastore_secret_arn,
            kafka_cluster_arn=args.kafka_cluster_arn,
        )
        self.controllers_ready = (
            self.role_for(NAMESPACE_SYSTEM, AUTOSCALER_ACCOUNT, cluster_autoscaler(self._place, args.cluster_name)),
            self.role_for(
                NAMESPACE_SYSTEM,
                LOAD_BALANCER_ACCOUNT,
                load_balancer_controller(self._place, args.cluster_name, args.vpc_id),
            ),
        )
        needs = [(identity, statements_of(identity, resources)) for identity in args.identities]
        self.ready = (
            *self.controllers_ready,
            *(self.role_for(one.namespace, one.service_account, its) for one, its in needs if its),
        )
        self.role_arns = self._role_arns
        self.register_outputs({})

    def role_for(
        self, namespace: str, service_account: str, statements: Sequence[Statement]
    ) -> aws.eks.PodIdentityAssociation:
        """A role with these rights for the pods of a service account; returns its binding."""
        key = f"{namespace}-{service_account}"
        role = PodRole(
            f"{self._name}-{key}",
            PodRoleArgs(
                place=self._place,
                cluster_name=self._args.cluster_name,
                namespace=namespace,
                service_account=service_account,
                statements=statements,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._role_arns[key] = role.arn
        return aws.eks.PodIdentityAssociation(
            f"{self._name}-{key}",
            cluster_name=self._args.cluster_name,
            namespace=namespace,
            service_account=service_account,
            role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(role.policies)),
        )
