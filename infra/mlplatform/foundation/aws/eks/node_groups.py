"""A managed node group for each service type.

A group spans all zones and has all its instance types: EC2 then has the most spot pools to choose from
(price-capacity-optimised), which one group for each zone would take away. A volume that is bound to a zone is made
where its pod's node is, so that nothing has to scale zone by zone. The exception are groups whose pods must not be
disrupted: those are in one zone, because EC2 ends nodes to balance several (`mlplatform.kubernetes.disruption`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from mlplatform import versions
from mlplatform.config import sections
from mlplatform.foundation.aws.eks.autoscaler_hints import hints
from mlplatform.foundation.aws.eks.user_data import user_data
from mlplatform.iam_policies import trust_service
from mlplatform.instance_types import DISK_PODS_SHARE, INSTANCE_TYPES, InstanceTypeFacts
from mlplatform.service_types import SERVICE_TYPES, ServiceType, Taint

NODE_POLICIES: Final = (
    # Reads EC2's description of the node itself, and lets the Pod Identity agent ask for pods' credentials.
    "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
    "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
)
"""No policy of the network plugin, which has a role of its own, and no Session Manager: a node is looked at with
``kubectl debug node``."""
ROOT_DEVICE: Final = "/dev/xvda"
"""Of Amazon Linux 2023."""
UNAVAILABLE_PERCENT: Final = 33
"""Of a group's nodes, while they are replaced by ones with a new version."""
EFFECTS: Final = {"NoSchedule": "NO_SCHEDULE", "NoExecute": "NO_EXECUTE", "PreferNoSchedule": "PREFER_NO_SCHEDULE"}
"""Kubernetes' word → the EKS API's."""
CAPACITY: Final = {"onDemand": "ON_DEMAND", "spot": "SPOT"}


@dataclass(frozen=True, kw_only=True)
class NodeGroupsArgs:
    """Inputs of `NodeGroups`."""

    settings: sections.NodeGroups
    cluster_name: pulumi.Input[str]
    """From `Cluster.name`: nodes come after the add-ons that they need."""
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Zone → subnet."""
    security_group_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    """Encrypts the nodes' volumes."""
    tags: Mapping[str, str]
    """Of instances, volumes and network interfaces, which the provider's default tags do not reach."""


class NodeGroups(pulumi.ComponentResource):
    """The enabled groups, by the name of their service type (``spark-executor``)."""

    groups: Mapping[str, aws.eks.NodeGroup]
    autoscaling_group_names: Mapping[str, pulumi.Output[str]]
    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: NodeGroupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:node_groups:NodeGroups", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(f"{name}-role", assume_role_policy=trust_service("ec2.amazonaws.com"), opts=self._child)
        self._rights = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{arn.rsplit('/', 1)[-1]}", role=role.name, policy_arn=arn, opts=self._child
            )
            for arn in NODE_POLICIES
        ]
        self.role_arn = role.arn
        groups: dict[str, aws.eks.NodeGroup] = {}
        names: dict[str, pulumi.Output[str]] = {}
        for service_type in SERVICE_TYPES:
            settings: sections.NodeGroup | None = getattr(args.settings, service_type.config_key)
            if settings is None or not settings.enabled:
                continue
            types = [INSTANCE_TYPES[instance_type] for instance_type in settings.instance_types]
            group = self._group(service_type, settings, types)
            groups[service_type.name] = group
            names[service_type.name] = group.resources.apply(_autoscaling_group)
            self._hint(service_type, names[service_type.name], _disk_gib(settings, types))
        self.groups, self.autoscaling_group_names = groups, names
        self.register_outputs({"roleArn": self.role_arn})

    def _group(
        self, service_type: ServiceType, settings: sections.NodeGroup, types: Sequence[InstanceTypeFacts]
    ) -> aws.eks.NodeGroup:
        template = self._launch_template(service_type, settings, types)
        return aws.eks.NodeGroup(
            f"{self._name}-{service_type.name}",
            cluster_name=self._args.cluster_name,
            node_role_arn=self.role_arn,
            subnet_ids=[subnet for zone, subnet in self._args.subnet_ids.items() if settings.zone in (None, zone)],
            version=versions.KUBERNETES,
            ami_type=versions.AMI_TYPES[types[0].architecture],
            capacity_type=CAPACITY[settings.capacity_type],
            instance_types=list(settings.instance_types),
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=settings.min_size, max_size=settings.max_size, desired_size=settings.min_size
            ),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable_percentage=UNAVAILABLE_PERCENT),
            labels=dict(service_type.labels),
            taints=[_taint(taint) for taint in service_type.taints],
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=self._rights,
                # The autoscaler decides how many nodes there are.
                ignore_changes=["scalingConfig.desiredSize"],
            ),
        )

    def _launch_template(
        self, service_type: ServiceType, settings: sections.NodeGroup, types: Sequence[InstanceTypeFacts]
    ) -> aws.ec2.LaunchTemplate:
        name = f"{self._name}-{service_type.name}"
        tags = {**self._args.tags, "Name": name, "service-type": service_type.name}
        return aws.ec2.LaunchTemplate(
            f"{name}-template",
            update_default_version=True,
            user_data=user_data(types, local_disks=settings.local_disks),
            vpc_security_group_ids=[self._args.security_group_id],
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                # A pod is one hop further away, so that it cannot take on the node's role.
                http_put_response_hop_limit=1,
                instance_metadata_tags="disabled",
            ),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name=ROOT_DEVICE,
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_type="gp3",
                        volume_size=settings.disk_gib,
                        encrypted="true",
                        kms_key_id=self._args.key_arn,
                        delete_on_termination="true",
                    ),
                )
            ],
            monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=True),
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags)
                for kind in ("instance", "volume", "network-interface")
            ],
            opts=self._child,
        )

    def _hint(self, service_type: ServiceType, group_name: pulumi.Input[str], disk_gib: int) -> None:
        for hint in hints(service_type, disk_gib):
            aws.autoscaling.Tag(
                f"{self._name}-{service_type.name}-{hint.role}",
                autoscaling_group_name=group_name,
                tag=aws.autoscaling.TagTagArgs(key=hint.key, value=hint.value, propagate_at_launch=False),
                opts=self._child,
            )


def _disk_gib(settings: sections.NodeGroup, types: Sequence[InstanceTypeFacts]) -> int:
    """What pods may use of a node's disk, in GiB: 1 GiB is the kubelet's own (nodeadm's ``kubeReserved``)."""
    size = min(facts.local_disk_gib for facts in types) if settings.local_disks else settings.disk_gib
    return int(size * DISK_PODS_SHARE) - 1


def _taint(taint: Taint) -> aws.eks.NodeGroupTaintArgs:
    return aws.eks.NodeGroupTaintArgs(key=taint.key, value=taint.value, effect=EFFECTS[taint.effect])


def _autoscaling_group(resources: Sequence[aws.eks.outputs.NodeGroupResource]) -> str:
    """The name that EKS gave to the only auto-scaling group of a node group."""
    (name,) = [group.name for resource in resources for group in resource.autoscaling_groups or ()]
    return str(name)
