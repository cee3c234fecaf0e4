"""The names that a stack's file may give to the experiment and to the model are names that MLflow takes."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.dbmodels.models import SqlExperiment
from mlflow.utils import validation

SCHEMA = Path(__file__).resolve().parents[3] / "infra" / "schemas" / "config-2.schema.json"
SETTINGS = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]["Mlflow"]["properties"]
RULES = {key: SETTINGS[key] for key in ("experiment", "registeredModel")}


def taken(rule: dict[str, str], name: str) -> bool:
    """Whether the stack's file may say it."""
    return len(name) <= int(rule["maxLength"]) and re.fullmatch(rule["pattern"].strip("^$"), name) is not None


def refused_by_mlflow(name: str) -> bool:
    try:
        validation._validate_model_name(name)
        validation._validate_experiment_name(name)  # type: ignore[no-untyped-call]
    except MlflowException:
        return True
    return False


def test_mlflow_takes_every_name_that_the_configuration_takes() -> None:
    """All names of up to three of these characters."""
    names = ["".join(one) for length in range(4) for one in itertools.product("aZ0_-. /:\n", repeat=length)]
    for key, rule in RULES.items():
        ours = [name for name in names if taken(rule, name)]
        assert len(ours) > 150
        assert [name for name in ours if refused_by_mlflow(name)] == [], key


@pytest.mark.parametrize("name", ["", " ", "a/b", "a:b", "..", ".", "/a"])
def test_both_refuse_what_is_no_name(name: str) -> None:
    assert refused_by_mlflow(name)
    assert not any(taken(rule, name) for rule in RULES.values())


def test_the_columns_hold_the_longest_name() -> None:
    assert all(rule["maxLength"] <= SqlExperiment.__table__.c.name.type.length for rule in RULES.values())
