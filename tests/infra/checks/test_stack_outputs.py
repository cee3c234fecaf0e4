"""No secret, kubeconfig or password leaves the stack."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from mlplatform.config.base import ENVIRONMENTS, Environment
from recorder import Secret
from whole_program import record

SECRETS = {
    "a kubeconfig": re.compile(r"apiVersion: v1|certificate-authority-data|client-key-data|kubeconfig", re.IGNORECASE),
    "a private key": re.compile(r"-----BEGIN"),
    "an access key": re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a password": re.compile(r'"[^"]*passw(or)?d[^"]*"\s*:\s*"(?!iam\b)[^"]+"', re.IGNORECASE),
    "a user's name and password": re.compile(r"\w+://[^\s/:@]+:[^\s/@]+@"),
}


def secrets_in(value: Any) -> list[str]:
    text = json.dumps(value)
    return [what for what, pattern in SECRETS.items() if pattern.search(text)]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_output_is_secret_or_holds_one(environment: Environment) -> None:
    outputs = record(environment).outputs
    assert outputs
    assert [key for key, value in outputs.items() if isinstance(value, Secret)] == []
    assert {key: found for key, value in outputs.items() if (found := secrets_in(value))} == {}


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("apiVersion: v1\nkind: Config", "a kubeconfig"),
        ({"user": {"client-key-data": "…"}}, "a kubeconfig"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        (["AKIAIOSFODNN7EXAMPLE"], "an access key"),
        ({"dbPassword": "hunter2"}, "a password"),
        ("postgresql://mlflow:hunter2@host/mlflow", "a user's name and password"),
    ],
)
def test_a_secret_is_recognised(value: Any, what: str) -> None:
    assert what in secrets_in(value)
