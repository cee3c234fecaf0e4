"""The EKS control plane, and the add-ons without which no node becomes ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
import pulumi_kubernetes as k8s

from mlplatform import versions
from mlplatform.config import sections
from mlplatform.foundation.aws.pod_identity.roles import Place, PodRole, PodRoleArgs

SERVICE_CIDR: Final = "172.20.0.0/16"
"""Addresses of Kubernetes services. Fixed, so that network policies can name the API's."""
KUBERNETES_SERVICE_IP: Final = "172.20.0.1"
"""Address of the API inside the cluster: the first of `SERVICE_CIDR`."""
API_SERVER: Final = "k8s://https://kubernetes.default.svc"
LOG_TYPES: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")

ADMIN_POLICY: Final = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
VIEW_POLICY: Final = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
"""Everything in namespaces but secrets."""


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """Inputs of `Cluster`."""

    settings: sections.Cluster
    cluster_name: str
    account_id: str
    region: str
    vpc_id: pulumi.Input[str]
    node_subnet_ids: Mapping[str, pulumi.Input[str]]
    """Zone → subnet; the control plane's own network interfaces are in them as well."""
    key_arn: pulumi.Input[str]
    """Encrypts the secrets of Kubernetes."""
    log_key_arn: pulumi.Input[str]


class Cluster(pulumi.ComponentResource):
    """The cluster without nodes."""

    name: pulumi.Output[str]
    """Known while planning; what takes it comes after the add-ons that nodes need."""
    arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    """The group that EKS makes: of control plane and nodes, which reach each other in it."""
    provider: k8s.Provider
    api_server: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:cluster:Cluster", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._place = Place(account_id=args.account_id, region=args.region)
        cluster = self._control_plane()
        agent = self._add_on("eks-pod-identity-agent", cluster)
        proxy = self._add_on("kube-proxy", cluster)
        # The plugin's credentials come from the agent, so that the node's own role needs no right to change networks.
        network_plugin = self._network_plugin(cluster, agent, proxy)
        self.name = network_plugin.cluster_name
        self.arn = self._place.cluster_arn(self.name)
        self.security_group_id = cluster.cluster_security_group_id
        kubeconfig: pulumi.Output[str] = pulumi.Output.secret(cluster.kubeconfig_json)
        self.provider = k8s.Provider(
            f"{name}-kubernetes",
            kubeconfig=kubeconfig,
            # A kubeconfig that was renewed is no new cluster: nothing in it is to be replaced.
            cluster_identifier=args.cluster_name,
            enable_server_side_apply=True,
            opts=self._child,
        )
        self.api_server = pulumi.Output.from_input(API_SERVER)
        self.register_outputs({"name": self.name})

    def _control_plane(self) -> eks.Cluster:
        args, settings = self._args, self._args.settings
        # EKS writes to the group of this name and, where there is none, makes one without end and without our key.
        logs = aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=f"/aws/eks/{args.cluster_name}/cluster",
            kms_key_id=args.log_key_arn,
            retention_in_days=settings.log_retention_days,
            opts=self._child,
        )
        return eks.Cluster(
            self._name,
            name=args.cluster_name,
            version=versions.KUBERNETES,
            vpc_id=args.vpc_id,
            private_subnet_ids=list(args.node_subnet_ids.values()),
            kubernetes_service_ip_address_range=SERVICE_CIDR,
            endpoint_private_access=True,
            endpoint_public_access=settings.endpoint_public_access,
            public_access_cidrs=list(settings.public_access_cidrs) if settings.endpoint_public_access else None,
            authentication_mode=eks.AuthenticationMode.API,
            access_entries=self._access_entries(),
            enabled_cluster_log_types=list(LOG_TYPES),
            encryption_config_key_arn=args.key_arn,
            deletion_protection=settings.deletion_protection,
            # A version that nobody raised in time costs more, but is not raised behind the team's back.
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="EXTENDED"),
            # Node groups and add-ons are resources of ours, which the plan shows and tests see.
            skip_default_node_group=True,
            skip_default_security_groups=True,
            bootstrap_self_managed_addons=False,
            use_default_vpc_cni=True,
            kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(enabled=False),
            coredns_addon_options=eks.CoreDnsAddonOptionsArgs(enabled=False),
            # Pods get their rights by Pod Identity.
            create_oidc_provider=False,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[logs],
                additional_secret_outputs=["kubeconfig", "kubeconfigJson"],
            ),
        )

    def _access_entries(self) -> dict[str, eks.AccessEntryArgs]:
        """The role of the first `pulumi up` is an administrator already: EKS enters the maker of a cluster.

        pulumi-eks asks for that and lets nobody choose (its `nodejs/eks/cluster/cluster.ts`:
        `bootstrapClusterCreatorAdminPermissions`), and an entry that is there already is refused:
        ResourceInUseException."""
        settings = self._args.settings
        return {
            **{entry_key("admin", arn): _access_entry(arn, ADMIN_POLICY) for arn in settings.admin_role_arns},
            **{entry_key("viewer", arn): _access_entry(arn, VIEW_POLICY) for arn in settings.viewer_role_arns},
        }

    def _network_plugin(self, cluster: eks.Cluster, *first: pulumi.Resource) -> aws.eks.Addon:
        role = PodRole(
            f"{self._name}-vpc-cni",
            PodRoleArgs(
                place=self._place,
                cluster_name=self._args.cluster_name,
                namespace="kube-system",
                service_account="aws-node",
                managed_policies=["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"],
            ),
            opts=self._child,
        )
        # No prefix delegation: nodes hold few and large pods, a network interface's own addresses suffice for them,
        # and the kubelet keeps memory for as many pods as it has addresses.
        configuration = {
            "enableNetworkPolicy": "true",
            "env": {
                "ENABLE_PREFIX_DELEGATION": "false",
                # `network_flows.py` says what that means for a pod's first moments. The other one, strict, wants a
                # policy for every pod of the cluster, those of AWS' add-ons among them, or they reach nothing.
                "NETWORK_POLICY_ENFORCING_MODE": "standard",
            },
        }
        identity = aws.eks.AddonPodIdentityAssociationArgs(role_arn=role.arn, service_account="aws-node")
        return self._add_on("vpc-cni", cluster, *first, *role.policies, configuration=configuration, identity=identity)

    def _add_on(
        self,
        add_on: str,
        *after: pulumi.Resource,
        configuration: Mapping[str, Any] | None = None,
        identity: aws.eks.AddonPodIdentityAssociationArgs | None = None,
    ) -> aws.eks.Addon:
        return aws.eks.Addon(
            f"{self._name}-{add_on}",
            cluster_name=self._args.cluster_name,
            addon_name=add_on,
            addon_version=versions.ADD_ONS[add_on],
            configuration_values=pulumi.Output.json_dumps(configuration) if configuration else None,
            pod_identity_associations=[identity] if identity else None,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            # They name the cluster by its name, which does not show that it must be there.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )


def entry_key(level: str, role_arn: str) -> str:
    """Part of a logical name, ``admin-123456789012-path:name``: another for every role.

    A role's path and name have letters, digits and ``+=,.@_-`` (IAM's CreateRole), so that the colon stands for the
    slash alone: with a hyphen, ``a/b`` and ``a-b`` were one entry, and one of the two had no rights.
    """
    account, _, role = role_arn.split(":", 4)[4].partition(":role/")
    return f"{level}-{account}-{role.replace('/', ':')}"


def _access_entry(role_arn: str, policy_arn: str) -> eks.AccessEntryArgs:
    scope = aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster")
    association = eks.AccessPolicyAssociationArgs(policy_arn=policy_arn, access_scope=scope)
    return eks.AccessEntryArgs(principal_arn=role_arn, access_policies={"cluster": association})
