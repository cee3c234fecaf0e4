"""Generated configurations, a few of those of ``bench/config/generated.py``; remedies that lead to accepted ones."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from config_judge import complaints, mlflow_takes
from config_strategies.accepted import accepted_configs
from config_strategies.changes import changed_configs, generated_configs
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from infra_configs import changed, refusal, stack_config
from mlplatform.config.base import AwsEnvironment, Environment
from mlplatform.config.faults import Fault
from mlplatform.config.local_model import LocalConfig
from mlplatform.config.model import PlatformConfig
from mlplatform.config.reading import faults_in, models_within, read_config
from mlplatform.foundation.aws.eks.cluster import entry_key
from mlplatform.instance_types import DAEMON_PODS, INSTANCE_TYPES, max_pods
from pydantic import BaseModel
from remedies import CHOICES, follow, is_a_choice

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@settings(QUIET, max_examples=80)
@given(generated_configs())
def test_a_configuration_is_refused_with_a_remedy_or_taken_by_all(drawn: tuple[Environment, dict[str, Any]]) -> None:
    assert complaints(*drawn) == []


def test_a_complaint_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    values = changed("dev", {"mlflow.registeredModel": "a.b"})
    assert complaints("dev", values) == []
    monkeypatch.setattr("config_judge.mlflow_takes", lambda name: "." not in name)
    assert complaints("dev", values) == ["model: MLflow refuses it"]


@settings(QUIET, max_examples=80)
@given(changed_configs())
def test_a_remedy_that_is_followed_is_accepted(drawn: tuple[AwsEnvironment, dict[str, Any], str]) -> None:
    """Round after round: what was told is followed and not told again, and it ends with one that is taken."""
    environment, values, _ = drawn
    values = copy.deepcopy(values)
    for _ in range(10):
        faults = faults_in(environment, values)
        if not faults:
            return
        # What only a person can choose is not followed, and `CHOICES` says why it is one.
        fault = next((one for one in faults if not is_a_choice(one)), None)
        if fault is None:
            return
        assert follow(values, fault), f"neither followed nor a choice: {fault}"
        assert str(fault) not in [str(one) for one in faults_in(environment, values)], str(fault)
    raise AssertionError(f"ten remedies were followed, and there are still {[str(one) for one in faults]}")


def numbers_without_end(model: type[BaseModel], path: str) -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        if field.annotation in (int, int | None) and not any(
            getattr(one, "le", None) is not None or getattr(one, "lt", None) is not None for one in field.metadata
        ):
            found.append(f"{path}.{name}")
        for inner in models_within(field.annotation):
            found += numbers_without_end(inner, f"{path}.{name}")
    return found


@pytest.mark.parametrize("model", [PlatformConfig, LocalConfig])
def test_every_number_has_an_upper_bound(model: type[BaseModel]) -> None:
    assert numbers_without_end(model, "") == []


ACCOUNTS = st.sampled_from(["123456789012", "210987654321"])
NAMES = st.text("ab/-+=,.@_", min_size=1, max_size=8).filter(lambda name: "//" not in name and name.strip("/") == name)


@settings(QUIET, max_examples=150)
@given(st.tuples(ACCOUNTS, NAMES), st.tuples(ACCOUNTS, NAMES))
def test_the_entries_of_two_roles_have_two_keys(one: tuple[str, str], other: tuple[str, str]) -> None:
    assume(one != other)
    arns = [f"arn:aws:iam::{account}:role/{name}" for account, name in (one, other)]
    assert entry_key("admin", arns[0]) != entry_key("admin", arns[1])


TEXTS = ("owner.team", "owner.costCentre", "owner.accountId", "mlflow.experiment", "mlflow.registeredModel")
UNQUOTED = st.one_of(
    st.from_regex(r"[0-9]{1,12}", fullmatch=True),
    st.from_regex(r"0[0-7]{11}", fullmatch=True),
    st.sampled_from(["no", "yes", "on", "off", "true", "false", "1e3", "0x1f", "1_000", "12.50", "0o17", "1:30"]),
)


@settings(QUIET, max_examples=150)
@given(st.sampled_from(TEXTS), UNQUOTED)
def test_what_yaml_reads_as_something_else_is_never_taken_for_another_text(key: str, text: str) -> None:
    """By YAML 1.1, as Python reads it, and by the engine's reader, for which 0815 is a number, too."""
    read = [yaml.safe_load(text)]
    read += [int(text), float(text)] if text.isdecimal() else []
    for value in read:
        if isinstance(value, str):
            continue
        message = refusal("dev", changed("dev", {key: value}))
        if message is None:
            section, name = key.split(".")
            config = read_config("dev", changed("dev", {key: value})).model_dump(by_alias=True)
            assert config[section][name] == text
        else:
            assert f"mlplatform:{key}: " in message
            assert "put what you wrote in quotes" in message


@settings(QUIET, max_examples=30)
@given(accepted_configs())
def test_all_pods_of_serving_and_one_that_is_rolled_out_have_a_place(
    drawn: tuple[AwsEnvironment, dict[str, Any]],
) -> None:
    environment, values = drawn
    assume(refusal(environment, values) is None)
    config = read_config(environment, values)
    group, serving = config.node_groups.serving, config.serving
    on = [one for one in (serving.model_api, serving.flight_api_embedded, serving.flight_api_shared) if one.enabled]
    places = max_pods([INSTANCE_TYPES[name] for name in group.instance_types]) - DAEMON_PODS
    assert not on or sum(one.max_replicas for one in on) + 1 <= places * group.max_size


@pytest.mark.parametrize(("name", "taken"), [("a b", True), ("a.b", True), ("..", False), ("a/b", False), (" ", False)])
def test_mlflows_rule_is_known(name: str, taken: bool) -> None:
    assert mlflow_takes(name) is taken
    assert (refusal("dev", changed("dev", {"mlflow.registeredModel": name})) is None) is taken


def test_the_shipped_files_are_accepted() -> None:
    for environment in ("dev", "staging", "prod"):
        assert complaints(environment, stack_config(environment)) == []


@pytest.mark.parametrize(
    ("remedy", "choice"),
    [
        ("use at least 2, or lower minSize", False),
        ("use another range, as 10.20.0.0/16", False),
        ("add it (The AWS account)", True),
        ("rename one", True),
        ("rename one, as b", False),
    ],
)
def test_what_only_a_person_can_choose_is_a_closed_list(remedy: str, choice: bool) -> None:
    assert is_a_choice(Fault("a.b", "is wrong", 1, remedy)) is choice


def test_a_remedy_that_says_nothing_to_do_is_found() -> None:
    values = {"a": {"b": 1}}
    assert not follow(values, Fault("a.b", "is wrong", 1, "be careful"))
    assert values == {"a": {"b": 1}}
    assert all(reason for reason in CHOICES.values())
