"""Every rule is seen to hold and seen to fail, with its exact words."""

from __future__ import annotations

from collections import Counter

import pytest
from mlplatform_policy.catalogue import RESOURCE_RULES, RULES, STACK_RULES
from policy_examples import EXAMPLES
from policy_examples.example import Example

BY_NAME = {rule.name: rule for rule in RULES}


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_rule_says_exactly_what_is_wrong_with_an_example(example: Example) -> None:
    found = [violation.message for violation in BY_NAME[example.rule].violations(example.resources)]
    assert found == list(example.messages)


@pytest.mark.parametrize("name", BY_NAME)
def test_every_rule_has_an_example_that_keeps_it_and_one_that_breaks_it(name: str) -> None:
    kinds = Counter(bool(example.messages) for example in EXAMPLES if example.rule == name)
    assert kinds[True]
    assert kinds[False]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_is_of_resources_that_its_rule_looks_at(example: Example) -> None:
    assert any(BY_NAME[example.rule].looks_at(resource) for resource in example.resources)


def test_no_two_rules_have_one_name() -> None:
    assert len(BY_NAME) == len(RULES) == len(RESOURCE_RULES) + len(STACK_RULES)


def test_a_violation_names_resource_message_and_rule() -> None:
    (example,) = [one for one in EXAMPLES if one.rule == "logs-encrypted" and one.messages]
    (violation,) = BY_NAME["logs-encrypted"].violations(example.resources)
    assert str(violation) == (
        "aws:cloudwatch/logGroup:LogGroup example: has no key of ours: set kms_key_id [logs-encrypted]"
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_explains_itself_in_a_sentence(rule: object) -> None:
    description = getattr(rule, "description", "")
    assert description.endswith(".")
    assert len(description) > 20
