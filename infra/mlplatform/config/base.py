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


def _digits_as_text(value: object) -> object:
    """`pulumi config set --path` stores digits as a number, so a number is as good as the text of it."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


AccountId = Annotated[
    str,
    BeforeValidator(_digits_as_text),
    Field(pattern=r"^[0-9]{12}$", examples=["123456789012"]),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": "^[0-9]{12}$"}, {"type": "integer"}], "examples": ["123456789012"]}
    ),
]
TeamName = Annotated[
    str, BeforeValidator(_digits_as_text), Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$", examples=["ml-platform"])
]
CostCentre = Annotated[
    str, BeforeValidator(_digits_as_text), Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,30}$", examples=["ML-1234"])
]
Title = Annotated[str, BeforeValidator(_digits_as_text), Field(min_length=1, max_length=250)]
RoleArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$",
        examples=["arn:aws:iam::123456789012:role/platform-admins"],
    ),
]
Cidr = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$", examples=["10.20.0.0/16"])]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", examples=["on-call@example.org"])]
Domain = Annotated[
    str,
    Field(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", max_length=200, examples=["ml.example.org"]),
]
ImageDigest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$", examples=[f"sha256:{'0123456789abcdef' * 4}"])]
InstanceType = Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$", examples=["m7i.xlarge"])]
LogRetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2557, 3653]
"""Days that CloudWatch Logs can keep (PutRetentionPolicy, retentionInDays)."""
