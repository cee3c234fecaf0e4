"""The address plan: every number is chosen once, and a zone's numbers do not depend on the others."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlplatform.address_plan import address_plan

PRIVATE = [ipaddress.IPv4Network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


@st.composite
def vpcs(draw: st.DrawFn) -> ipaddress.IPv4Network:
    prefix = draw(st.integers(16, 18))
    private = draw(st.sampled_from(PRIVATE))
    number = draw(st.integers(0, 2 ** (prefix - private.prefixlen) - 1))
    return ipaddress.IPv4Network((int(private.network_address) + number * 2 ** (32 - prefix), prefix))


ZONES = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3, unique=True).map(tuple)


@given(vpcs(), ZONES)
def test_subnets_are_inside_the_vpc_and_disjoint(vpc: ipaddress.IPv4Network, zones: tuple[str, ...]) -> None:
    plan = address_plan(str(vpc), zones)
    subnets = [ipaddress.IPv4Network(one) for zone in plan.values() for one in (zone.nodes, zone.data, zone.public)]
    assert all(subnet.subnet_of(vpc) for subnet in subnets)
    assert not any(a.overlaps(b) for index, a in enumerate(subnets) for b in subnets[:index])
    assert all(subnet.prefixlen <= 28 for subnet in subnets), "AWS makes no smaller subnet"
    assert tuple(plan) == zones


@given(vpcs(), ZONES)
def test_a_zone_that_is_added_moves_none_of_the_others(vpc: ipaddress.IPv4Network, zones: tuple[str, ...]) -> None:
    before, after = address_plan(str(vpc), zones[:-1]), address_plan(str(vpc), zones)
    assert all(after[zone] == before[zone] for zone in before)


def test_the_plan_of_a_range_is_the_one_that_is_written_down() -> None:
    plan = address_plan("10.20.0.0/16", ("a", "b", "c"))
    assert [zone.nodes for zone in plan.values()] == ["10.20.0.0/18", "10.20.64.0/18", "10.20.128.0/18"]
    assert [zone.data for zone in plan.values()] == ["10.20.192.0/20", "10.20.208.0/20", "10.20.224.0/20"]
    assert [zone.public for zone in plan.values()] == ["10.20.240.0/24", "10.20.241.0/24", "10.20.242.0/24"]


@pytest.mark.parametrize(
    ("cidr", "zones", "said"),
    [
        ("52.0.0.0/16", ("a",), r"^52\.0\.0\.0/16 is not a private IPv4 range$"),
        ("fd00::/16", ("a",), r"^fd00::/16 is not a private IPv4 range$"),
        ("10.0.0.0/15", ("a",), r"^10\.0\.0\.0/15 is not from /16 to /18$"),
        ("10.0.0.0/19", ("a",), r"^10\.0\.0\.0/19 is not from /16 to /18$"),
        ("10.0.0.0/16", ("a", "b", "c", "d"), r"^4 zones; the plan has room for 3$"),
    ],
)
def test_what_the_plan_cannot_divide_is_refused(cidr: str, zones: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        address_plan(cidr, zones)
