"""Configurations with values that are others, removed or added: most are refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Final

from hypothesis import strategies as st
from infra_configs import local_config
from mlplatform.config.base import AwsEnvironment, Environment

from config_strategies.accepted import accepted_configs
from config_strategies.nodes import Draw


@st.composite
def generated_configs(draw: Draw) -> tuple[Environment, dict[str, Any]]:
    """Configurations of all environments: accepted ones, and those with one value or several that are others."""
    environment, values = draw(_bases())
    if environment == "local" or draw(st.booleans()):
        _differ(draw, values)
    return environment, values


@st.composite
def families(draw: Draw, size: int) -> tuple[Environment, list[dict[str, Any]]]:
    """As `generated_configs`, several that differ from one base: most of the time goes into drawing a base."""
    environment, base = draw(_bases())
    found = [base]
    while len(found) < size:
        found.append(copy.deepcopy(base))
        _differ(draw, found[-1])
    return environment, found


@st.composite
def _bases(draw: Draw) -> tuple[Environment, dict[str, Any]]:
    return draw(accepted_configs()) if draw(st.integers(0, 3)) else ("local", local_config({}))


def _differ(draw: Draw, values: dict[str, Any]) -> None:
    """Makes one to three values others."""
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            _resize(draw, values)
        else:
            _change(draw, values)


@st.composite
def changed_configs(draw: Draw) -> tuple[AwsEnvironment, dict[str, Any], str]:
    """A configuration in which one value is another, or is removed or added, and the section that it is in."""
    environment, values = draw(accepted_configs())
    if draw(st.booleans()):
        return environment, values, _resize(draw, values)
    return environment, values, _change(draw, values)


def _change(draw: Draw, values: dict[str, Any]) -> str:
    """Replaces, removes or adds a value anywhere; returns its section."""
    section = draw(st.sampled_from(sorted(values)))
    place, key = values, section
    while isinstance(place[key], (dict, list)) and place[key] and draw(st.integers(0, 3)):
        place = place[key]
        key = draw(st.sampled_from(sorted(place))) if isinstance(place, dict) else draw(st.integers(0, len(place) - 1))
    what = draw(st.sampled_from(["replace", "remove", "add"]))
    if what == "add" and isinstance(place, dict):
        place[draw(st.sampled_from(["x", "maxsize", "enabledd"]))] = 1
    elif what == "remove":
        del place[key]
    else:
        place[key] = draw(_ANYTHING)
    return str(section)


def _resize(draw: Draw, values: dict[str, Any]) -> str:
    """Changes a number, or the VPC's range, to one that is as plausible by itself; returns its section."""
    if isinstance(values.get("network"), dict) and not draw(st.integers(0, 9)):
        ranges = ["10.1.0.0/15", "10.1.0.0/19", "10.100.0.0/16", "172.16.0.0/15", "10.1.1.0/16", "11.0.0.0/16"]
        values["network"]["cidr"] = draw(st.sampled_from(ranges))
        return "network"
    numbers = [
        (section, place, key)
        for section, part in values.items()
        if isinstance(part, (dict, list))
        for place, key in _numbers(part)
    ]
    if not numbers:
        return "none"
    section, place, key = draw(st.sampled_from(numbers))
    place[key] = draw(st.sampled_from([0, 1, place[key] // 2, place[key] + 1, place[key] * 2, place[key] * 10]))
    return str(section)


def _numbers(part: Any) -> Iterator[tuple[Any, Any]]:
    """The whole numbers within a section: what they are in, and their key."""
    for key, value in part.items() if isinstance(part, dict) else enumerate(part):
        if isinstance(value, (dict, list)):
            yield from _numbers(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            yield part, key


_TRAPS: Final = (
    *(10**30, 2**31, 2**63, -1, 34, 0.5, True),
    *("", " ", "a\nb", "a:b", "a/b", "..", "0042", "no", "2026-01-01T00:00:00Z", "127.0.0.0/16", "224.0.0.0/16"),
    *(
        "a..b@example.org",
        "/etc/x",
        "/srv/../x",
        "/srv//x",
        "arn:aws:iam::210987654321:role/x",
        "mx-central-1",
        "t3.large",
    ),
)
_ANYTHING: Final = st.one_of(
    st.sampled_from(_TRAPS),
    st.none(),
    st.booleans(),
    st.integers(-1, 10**7),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["m7i.large", "r7g.8xlarge", "g6.xlarge", "db.t3.micro", "kafka.m5.large", "spot", "single", "10.0.0.0/16", ""]
    ),
    st.lists(st.sampled_from(["a", "b", "m7i.large", "203.0.113.0/24"]), max_size=4),
    st.dictionaries(st.sampled_from(["kind", "sizeGib", "enabled", "x"]), st.integers(0, 3), max_size=2),
)
