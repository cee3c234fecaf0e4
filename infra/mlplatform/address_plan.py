"""The fixed address plan: how a VPC's range divides into subnets, so that no number is chosen twice.

The range is cut into 16 equal blocks. Pods take an address each, so node subnets are the large ones: blocks 0 to 11 in
fours (3 zones at most: 0-3, 4-7, 8-11). Blocks 12 to 14 hold the data services' subnets, one per zone, and block 15 is
cut again into sixteenths for the public subnets (NAT, nothing else).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

MAX_ZONES: Final = 3
LARGEST_PREFIX, SMALLEST_PREFIX = 16, 18
"""A VPC is at most a /16 (AWS); below a /18 a zone's pods run out of addresses."""


@dataclass(frozen=True)
class ZoneSubnets:
    """The ranges of one zone."""

    zone: str
    nodes: str
    """Nodes and pods: a quarter of the VPC."""
    data: str
    """RDS, MSK, EFS: a sixteenth."""
    public: str
    """NAT gateways."""


def address_plan(cidr: str, zones: tuple[str, ...]) -> dict[str, ZoneSubnets]:
    """The subnets of each zone, keyed by the zone's letter. A zone's ranges depend on its letter's place alone.

    Raises:
        ValueError: the range is no private network from /16 to /18, or there are more than three zones.
    """
    network = ipaddress.ip_network(cidr)
    if not isinstance(network, ipaddress.IPv4Network) or not network.is_private:
        raise ValueError(f"{cidr} is not a private IPv4 range")
    if not LARGEST_PREFIX <= network.prefixlen <= SMALLEST_PREFIX:
        raise ValueError(f"{cidr} is not from /{LARGEST_PREFIX} to /{SMALLEST_PREFIX}")
    if len(zones) > MAX_ZONES:
        raise ValueError(f"{len(zones)} zones; the plan has room for {MAX_ZONES}")
    quarters = list(network.subnets(prefixlen_diff=2))
    blocks = list(network.subnets(prefixlen_diff=4))
    public = list(blocks[15].subnets(prefixlen_diff=4))
    return {
        zone: ZoneSubnets(zone=zone, nodes=str(quarters[slot]), data=str(blocks[12 + slot]), public=str(public[slot]))
        for slot, zone in enumerate(zones)
    }
