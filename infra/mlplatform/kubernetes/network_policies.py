"""The flows as Kubernetes network policies, behind a default that refuses everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_kubernetes as k8s

from mlplatform import naming
from mlplatform.endpoints import Peers, PodPeer
from mlplatform.kubernetes.network_flows import DNS, Flow, Party, Peer, Pods, of_pods
from mlplatform.kubernetes.pods import APP_LABEL, metadata

net = k8s.networking.v1

NAME_LABEL = "kubernetes.io/metadata.name"
"""Kubernetes itself gives it to each namespace."""


@dataclass(frozen=True, kw_only=True)
class NetworkPoliciesArgs:
    """Inputs of `NetworkPolicies`."""

    namespaces: Mapping[str, pulumi.Input[str]]
    """Namespace → its name when it is there: all that are closed."""
    flows: Sequence[Flow]
    peers: Peers
    ready: Sequence[pulumi.Resource]
    """The namespace of operators is among them."""


class NetworkPolicies(pulumi.ComponentResource):
    """In each namespace: nothing in, nothing out, names resolved, and the flows of the table."""

    def __init__(self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:network_policies:NetworkPolicies", name, None, opts)
        self._args = args
        for namespace in args.namespaces:
            everyone = Pods(namespace)
            self._policy(f"{name}-{namespace}-deny", everyone, ("Ingress", "Egress"))
            self._policy(f"{name}-{namespace}-dns", everyone, ("Egress",), egress=[_dns()])
        parties = {party for flow in args.flows for party in (flow.source, flow.target) if isinstance(party, Pods)}
        for pods in sorted(parties):
            role = f"{name}-{pods.namespace}-{pods.app or 'all'}"
            outward = [
                net.NetworkPolicyEgressRuleArgs(to=to, ports=_ports(flow))
                for flow in of_pods(args.flows, pods, "source")
                if (to := _peers(flow.target, args.peers))
            ]
            if outward:
                self._policy(f"{role}-out", pods, ("Egress",), egress=outward)
            inward = [
                net.NetworkPolicyIngressRuleArgs(from_=source, ports=_ports(flow))
                for flow in of_pods(args.flows, pods, "target")
                if (source := _peers(flow.source, args.peers))
            ]
            if inward:
                self._policy(f"{role}-in", pods, ("Ingress",), ingress=inward)
        self.register_outputs({})

    def _policy(
        self,
        name: str,
        pods: Pods,
        types: Sequence[Literal["Ingress", "Egress"]],
        ingress: Sequence[k8s.networking.v1.NetworkPolicyIngressRuleArgs] = (),
        egress: Sequence[k8s.networking.v1.NetworkPolicyEgressRuleArgs] = (),
    ) -> None:
        ready = self._args.ready if pods.namespace == naming.NAMESPACE_SYSTEM else ()
        opts = pulumi.ResourceOptions(parent=self, depends_on=list(ready))
        network_policy(
            name, self._args.namespaces[pods.namespace], pods, opts, types=types, ingress=ingress, egress=egress
        )


def network_policy(
    name: str,
    namespace: pulumi.Input[str],
    pods: Pods,
    opts: pulumi.ResourceOptions,
    *,
    types: Sequence[Literal["Ingress", "Egress"]] = ("Ingress", "Egress"),
    ingress: Sequence[k8s.networking.v1.NetworkPolicyIngressRuleArgs] = (),
    egress: Sequence[k8s.networking.v1.NetworkPolicyEgressRuleArgs] = (),
) -> None:
    """Refuses these pods everything in the directions of `types`, but for the rules."""
    net.NetworkPolicy(
        name,
        metadata=metadata(namespace),
        spec=net.NetworkPolicySpecArgs(
            pod_selector=_selector(pods), policy_types=list(types), ingress=ingress or None, egress=egress or None
        ),
        opts=opts,
    )


def _selector(pods: Pods) -> k8s.meta.v1.LabelSelectorArgs:
    return k8s.meta.v1.LabelSelectorArgs(match_labels={APP_LABEL: pods.app} if pods.app else None)


def _peers(party: Party, peers: Peers) -> list[k8s.networking.v1.NetworkPolicyPeerArgs]:
    """Empty if the environment has no such peer. A rule without peers would mean everyone, so it must be left out."""
    if isinstance(party, Peer):
        places: tuple[str | PodPeer, ...] = getattr(peers, party.name)
        return [
            pods_peer(Pods(place.namespace, place.app))
            if isinstance(place, PodPeer)
            else net.NetworkPolicyPeerArgs(ip_block=net.IPBlockArgs(cidr=place))
            for place in places
        ]
    return [pods_peer(party)]


def pods_peer(pods: Pods) -> k8s.networking.v1.NetworkPolicyPeerArgs:
    """Pods, as a policy's rule names them."""
    return net.NetworkPolicyPeerArgs(
        namespace_selector=k8s.meta.v1.LabelSelectorArgs(match_labels={NAME_LABEL: pods.namespace}),
        pod_selector=_selector(pods),
    )


def _ports(flow: Flow) -> list[k8s.networking.v1.NetworkPolicyPortArgs] | None:
    return [net.NetworkPolicyPortArgs(port=port, protocol="TCP") for port in flow.ports] or None


def _dns() -> k8s.networking.v1.NetworkPolicyEgressRuleArgs:
    server = net.NetworkPolicyPeerArgs(
        namespace_selector=k8s.meta.v1.LabelSelectorArgs(match_labels={NAME_LABEL: "kube-system"}),
        pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels={"k8s-app": "kube-dns"}),
    )
    ports = [net.NetworkPolicyPortArgs(port=DNS, protocol=protocol) for protocol in ("UDP", "TCP")]
    return net.NetworkPolicyEgressRuleArgs(to=[server], ports=ports)
