"""The ``Condition`` element of a policy, as IAM evaluates it (IAM user guide, "IAM JSON policy elements: Condition
operators" and "Conditions with multiple context keys or values").

An operator that is not here is refused, so that no policy is judged by half.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any, Final

Context = Mapping[str, str | Sequence[str]]
"""Condition key → what the request has for it; several for a key with many values, as ``aws:TagKeys``."""
VARIABLE: Final = re.compile(r"\$\{([^}]+)\}")
LITERAL: Final = ("*", "?", "$")
"""What ``${*}``, ``${?}`` and ``${$}`` stand for: themselves."""


def matches(block: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether a request meets all conditions of a statement.

    Raises:
        ValueError: an operator or a policy variable that is not known here.
    """
    known = {key.lower(): value for key, value in context.items()}
    return all(
        _condition(operator, key, _listed(wanted), known)
        for operator, keys in block.items()
        for key, wanted in keys.items()
    )


def _condition(operator: str, key: str, wanted: Sequence[str], context: Context) -> bool:
    quantifier, _, name = operator.rpartition(":")
    present = key.lower() in context
    if name == "Null":
        return any((value.lower() == "true") != present for value in wanted)
    base = name.removesuffix("IfExists")
    test, negated = _operator(base)
    if name.endswith("IfExists") and not present:
        return True
    patterns = [_substituted(value, context) for value in wanted]

    def one(value: str) -> bool:
        found = any(test(pattern, value) for pattern in patterns if pattern is not None)
        return found != negated

    if not present:
        # A negated operator is met by a key that is not there, and so is "for all values".
        return negated or quantifier == "ForAllValues"
    values = _listed(context[key.lower()])
    if quantifier == "ForAllValues":
        return all(one(value) for value in values)
    if quantifier == "ForAnyValue":
        return any(one(value) for value in values)
    if len(values) != 1:
        raise ValueError(f"{operator} with {key}: a key of several values needs ForAnyValue or ForAllValues")
    return one(values[0])


def _operator(name: str) -> tuple[Callable[[str, str], bool], bool]:
    """The test of a pattern and a value, and whether its answer is turned round."""
    negated = "Not" in name
    positive = name.replace("Not", "")
    # The two families whose plain form is spelt differently from the negated one.
    positive = {"IpAddress": "IpAddress", "ArnEquals": "ArnLike"}.get(positive, positive)
    if positive not in TESTS:
        raise ValueError(f"condition operator {name} is not known here: add it to rights.conditions with its test")
    return TESTS[positive], negated


def _listed(value: str | bool | Sequence[str]) -> list[str]:
    if isinstance(value, bool):
        return [str(value).lower()]
    return [value] if isinstance(value, str) else [str(part) for part in value]


def _substituted(text: str, context: Context) -> str | None:
    """The text with its policy variables filled in; None when one of them has no value: then nothing matches."""
    missing = False

    def filled(found: re.Match[str]) -> str:
        nonlocal missing
        name = found.group(1)
        if name in LITERAL:
            return f"[{name}]"
        value = context.get(name.lower())
        missing |= not isinstance(value, str)
        return re.sub(r"[*?]", r"[\g<0>]", str(value))

    replaced = VARIABLE.sub(filled, text)
    return None if missing else replaced


@cache
def wildcard(pattern: str, *, any_case: bool = False) -> re.Pattern[str]:
    """``*`` and ``?`` as IAM reads them: the first also stands for nothing and for slashes; ``[*]`` is the sign."""
    parts = re.split(r"(\[[*?$]\]|\*|\?)", pattern)
    signs = {"*": ".*", "?": "."}
    text = "".join(
        signs.get(part) or re.escape(part[1] if re.fullmatch(r"\[[*?$]\]", part) else part) for part in parts
    )
    return re.compile(text, re.DOTALL | (re.IGNORECASE if any_case else 0))


def _like(pattern: str, value: str) -> bool:
    return wildcard(pattern).fullmatch(value) is not None


def _arn(pattern: str, value: str) -> bool:
    """Each of the six parts by itself, so that a wildcard does not reach over a colon; the last takes the rest."""
    wanted, found = pattern.split(":", 5), value.split(":", 5)
    if pattern == "*":
        return True
    return len(wanted) == len(found) == 6 and all(_like(one, other) for one, other in zip(wanted, found, strict=True))


def _numbers(test: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda pattern, value: test(float(value), float(pattern))


TESTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "StringEquals": lambda pattern, value: _plain(pattern) == value,
    "StringEqualsIgnoreCase": lambda pattern, value: _plain(pattern).lower() == value.lower(),
    "StringLike": _like,
    "ArnLike": _arn,
    "Bool": lambda pattern, value: pattern.lower() == value.lower(),
    "IpAddress": lambda pattern, value: ip_address(value) in ip_network(pattern),
    "NumericEquals": _numbers(lambda value, limit: value == limit),
    "NumericLessThan": _numbers(lambda value, limit: value < limit),
    "NumericLessThanEquals": _numbers(lambda value, limit: value <= limit),
    "NumericGreaterThan": _numbers(lambda value, limit: value > limit),
    "NumericGreaterThanEquals": _numbers(lambda value, limit: value >= limit),
}


def _plain(pattern: str) -> str:
    return re.sub(r"\[([*?$])\]", r"\1", pattern)
