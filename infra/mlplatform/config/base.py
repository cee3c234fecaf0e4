"""What every section of the configuration shares: frozen models with camelCase keys, and the types of their values."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

AwsEnvironment = Literal["dev", "staging", "prod"]
LocalEnvironment = Literal["local"]
Environment = AwsEnvironment | LocalEnvironment
AWS_ENVIRONMENTS: Final = ("dev", "staging", "prod")
ENVIRONMENTS: Final = ("local", *AWS_ENVIRONMENTS)


class Section(BaseModel):
    """A part of ``Pulumi.<env>.yaml``: cannot change after it was read, and refuses keys it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


_SMALLEST, _LARGEST = 100_000_000_000, 999_999_999_999


def _twelve_digits_as_text(value: object) -> object:
    """`pulumi config set --path` stores digits as a number: one of twelve digits can mean nothing but their text.

    One of fewer may have begun with a nought, which YAML takes for the sign of an octal number: 012345670123 arrives as
    1402433619. No such number is as large as twelve digits are.
    """
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number and _SMALLEST <= value <= _LARGEST else value  # type: ignore[operator]


AccountId = Annotated[
    str,
    BeforeValidator(_twelve_digits_as_text),
    Field(pattern=r"^[0-9]{12}$", examples=["123456789012"]),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": "^[0-9]{12}$"},
                {"type": "integer", "minimum": _SMALLEST, "maximum": _LARGEST},
            ],
            "examples": ["123456789012"],
        }
    ),
]
TeamName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$", examples=["ml-platform"])]
CostCentre = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,30}$", examples=["ML-1234"])]
Title = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_]([A-Za-z0-9 _.-]*[A-Za-z0-9_.-])?$",
        min_length=1,
        max_length=250,
        examples=["flight-delay"],
    ),
]
"""A name in MLflow. Of a model it takes no slash, no colon and nothing that is a path of another name
(`_validate_model_name` of mlflow/utils/validation.py; a test in its environment compares the two); of an experiment as
many characters as its column holds, 256. What is left out besides is what nobody can type into an address."""
RoleArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws:iam::[0-9]{12}:role/([A-Za-z0-9+=,.@_-]+/)*[A-Za-z0-9+=,.@_-]{1,64}$",
        max_length=608,
        examples=["arn:aws:iam::123456789012:role/platform-admins"],
    ),
]
"""Of the partition `aws`, as all regions that there are to choose from."""
Cidr = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$", examples=["10.20.0.0/16"])]
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
Email = Annotated[
    str,
    Field(
        pattern=rf"^{_ATOM}(\.{_ATOM})*@({_LABEL}\.)+[A-Za-z]{{2,63}}$",
        max_length=254,
        examples=["on-call@example.org"],
    ),
]
"""A dot-atom at a domain (RFC 5321, 4.1.2): one address, which SNS and Budgets send to."""
ImageDigest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$", examples=[f"sha256:{'0123456789abcdef' * 4}"])]
InstanceType = Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$", examples=["m7i.xlarge"])]
LogRetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2557, 3653]
"""Days that CloudWatch Logs can keep (PutRetentionPolicy, retentionInDays)."""
