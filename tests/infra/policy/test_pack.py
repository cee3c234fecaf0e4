"""The policy pack as the engine runs it: a process that is asked over gRPC."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from mlplatform_policy.catalogue import RULES
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

PACK = Path(__file__).resolve().parents[3] / "infra" / "policy"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
FOUR = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@pytest.fixture(scope="module")
def pack() -> Iterator[Any]:
    """A client of the running pack."""
    with subprocess.Popen([sys.executable, str(PACK)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.terminate()


def urn(type_: str, environment: str) -> str:
    return f"urn:pulumi:{environment}::mlplatform::{type_}::example"


def analyzed(pack: Any, type_: str, environment: str = "dev", provider: str = "aws", **inputs: Any) -> dict[str, str]:
    """Rule → message, and `!rule` of rules that the pack could not run."""
    request = analyzer_pb2.AnalyzeRequest(
        type=type_,
        urn=urn(type_, environment),
        name="example",
        properties=json_format.ParseDict(inputs, struct_pb2.Struct()),
        provider=analyzer_pb2.AnalyzerProviderResource(type="pulumi:providers:aws", name=provider),
    )
    return found(pack.Analyze(request))


def found(response: Any) -> dict[str, str]:
    return {
        ("!" if "can't run policy" in one.message else "") + one.policyName: one.message.split("\n")[-1]
        for one in response.diagnostics
    }


def test_the_pack_has_every_rule_and_all_are_mandatory(pack: Any) -> None:
    info = pack.GetAnalyzerInfo(struct_pb2.Value())
    assert {policy.name: policy.enforcementLevel for policy in info.policies} == {
        rule.name: analyzer_pb2.MANDATORY for rule in RULES
    }


def test_a_resource_that_breaks_rules_is_reported_by_each(pack: Any) -> None:
    assert analyzed(pack, LOGS, "prod", retentionInDays=7) == {
        "logs-encrypted": "has no key of ours: set kms_key_id",
        "logs-end": "is kept for 7 days, prod needs 90: raise retention_in_days",
    }


def test_a_resource_that_keeps_the_rules_is_not_reported(pack: Any) -> None:
    assert analyzed(pack, LOGS, "prod", retentionInDays=90, kmsKeyId="arn:aws:kms:…") == {}


def test_what_a_plan_does_not_know_yet_is_neither_refused_nor_the_end_of_the_rule(pack: Any) -> None:
    assert analyzed(pack, LOGS, kmsKeyId=UNKNOWN_STRING_VALUE, retentionInDays=0) == {
        "logs-end": "is kept for ever: set retention_in_days"
    }


def test_a_resource_of_a_default_provider_is_refused(pack: Any) -> None:
    assert analyzed(pack, "aws:ec2/vpc:Vpc", provider="default_7_51_1") == {
        "provider-explicit": "names no provider: give it, or its component, the stack's own"
    }


@pytest.mark.parametrize("blocked", [FOUR, FOUR[:3]])
def test_rules_of_the_stack_see_which_resource_belongs_to_which(pack: Any, blocked: tuple[str, ...]) -> None:
    bucket = analyzer_pb2.AnalyzerResource(type=BUCKET, urn=urn(BUCKET, "dev"), name="example")
    block = analyzer_pb2.AnalyzerResource(
        type=BLOCK,
        urn=urn(BLOCK, "dev"),
        name="example",
        properties=json_format.ParseDict(
            {"bucket": UNKNOWN_STRING_VALUE, **dict.fromkeys(blocked, True)}, struct_pb2.Struct()
        ),
    )
    block.propertyDependencies["bucket"].urns.append(bucket.urn)
    messages = found(pack.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=[bucket, block])))
    assert ("buckets-closed" in messages) == (blocked != FOUR)
    assert "buckets-encrypted" in messages
