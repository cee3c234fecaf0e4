"""Data sources that need no AWS, and the refusal of those that do."""

from __future__ import annotations

import json

import pytest
from offline_providers.aws.invokes import FUNCTIONS, answer
from offline_providers.aws.outputs import Account
from offline_providers.faults import OfflineError
from offline_providers.sdk.shapes import fields_of
from offline_providers.wire import Properties

ACCOUNT = Account(id="111122223333", region="eu-central-1")
DOCUMENT = "aws:iam/getPolicyDocument:getPolicyDocument"


def document(**arguments: object) -> Properties:
    rendered: Properties = json.loads(answer(DOCUMENT, dict(arguments), ACCOUNT)["json"])
    return rendered


def test_a_policy_document_is_rendered_as_the_real_provider_does() -> None:
    statement = {
        "sid": "Read",
        "actions": ["s3:GetObject", "s3:ListBucket"],
        "resources": ["arn:aws:s3:::lake/&{aws:username}"],
        "principals": [
            {"type": "Service", "identifiers": ["ec2.amazonaws.com"]},
            {"type": "AWS", "identifiers": ["arn:aws:iam::1:root", "arn:aws:iam::2:root"]},
        ],
        "conditions": [
            {"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["111122223333"]},
            {"test": "StringEquals", "variable": "aws:SourceVpc", "values": ["vpc-1", "vpc-2"]},
        ],
    }
    answered = answer(DOCUMENT, {"statements": [statement]}, ACCOUNT)
    expected = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": [
        "s3:ListBucket",
        "s3:GetObject"
      ],
      "Resource": "arn:aws:s3:::lake/${aws:username}",
      "Principal": {
        "AWS": [
          "arn:aws:iam::2:root",
          "arn:aws:iam::1:root"
        ],
        "Service": "ec2.amazonaws.com"
      },
      "Condition": {
        "StringEquals": {
          "aws:SourceAccount": "111122223333",
          "aws:SourceVpc": [
            "vpc-1",
            "vpc-2"
          ]
        }
      }
    }
  ]
}"""
    assert answered["json"] == expected
    assert json.loads(answered["minifiedJson"]) == json.loads(expected)
    assert "\n" not in answered["minifiedJson"]


def test_everybody_is_a_star_and_what_is_not_given_is_left_out() -> None:
    everybody = [{"type": "*", "identifiers": ["*"]}]
    denied = {"effect": "Deny", "notActions": ["iam:*"], "notResources": ["*"], "notPrincipals": everybody}
    assert document(statements=[denied])["Statement"] == [
        {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "*", "NotPrincipal": "*"}
    ]


def test_documents_are_merged_by_sid() -> None:
    source = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "a", "Effect": "Allow"}, {"Effect": "Deny"}]})
    override = json.dumps({"Version": "2012-10-17", "Id": "x", "Statement": {"Sid": "b", "Effect": "Deny"}})
    merged = document(
        sourcePolicyDocuments=[source],
        statements=[{"sid": "a", "actions": ["s3:*"]}, {"sid": "b", "actions": ["sqs:*"]}],
        overridePolicyDocuments=[override],
    )
    assert merged["Id"] == "x"
    assert merged["Statement"] == [
        {"Sid": "a", "Effect": "Allow", "Action": "s3:*"},
        {"Effect": "Deny"},
        {"Sid": "b", "Effect": "Deny"},
    ]


def test_two_statements_of_one_sid_are_refused() -> None:
    with pytest.raises(OfflineError, match=r"two statements with the same Sid \(a, a\)"):
        document(statements=[{"sid": "a"}, {"sid": "a"}])


def test_where_one_is_follows_from_the_providers_configuration() -> None:
    def ask(name: str, **arguments: object) -> Properties:
        return answer(f"aws:index/{name}:{name}", dict(arguments), ACCOUNT)

    assert ask("getCallerIdentity")["accountId"] == "111122223333"
    assert ask("getRegion")["region"] == "eu-central-1"
    assert ask("getPartition")["dnsSuffix"] == "amazonaws.com"
    assert ask("getAvailabilityZones")["names"] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    assert ask("getAvailabilityZones", excludeNames=["eu-central-1b"])["names"] == ["eu-central-1a", "eu-central-1c"]
    assert ask("getArn", arn="arn:aws:s3:::lake/a:b")["resource"] == "lake/a:b"


def test_a_look_up_is_refused_with_what_to_do_instead() -> None:
    with pytest.raises(
        OfflineError, match=r"aws:ec2/getAmi:getAmi looks something up.*getPolicyDocument.*configuration"
    ):
        answer("aws:ec2/getAmi:getAmi", {}, ACCOUNT)


def test_each_function_answers_all_that_the_sdk_reads(sdk: object) -> None:
    aws = sdk.aws  # type: ignore[attr-defined] # a namespace of modules
    classes = {
        "getCallerIdentity": aws.GetCallerIdentityResult,
        "getRegion": aws.GetRegionResult,
        "getPartition": aws.GetPartitionResult,
        "getAvailabilityZones": aws.GetAvailabilityZonesResult,
        "getArn": aws.GetArnResult,
        "getDefaultTags": aws.GetDefaultTagsResult,
        "getPolicyDocument": aws.iam.GetPolicyDocumentResult,
    }
    optional = {"filters", "allAvailabilityZones", "excludeNames", "excludeZoneIds", "overrideJson", "sourceJson"}
    optional |= {"overridePolicyDocuments", "policyId", "sourcePolicyDocuments", "statements"}
    for token in FUNCTIONS:
        cls = classes[token.rsplit(":", 1)[-1]]
        names = {name for name, field in fields_of(cls).items() if field.required}
        answered = set(answer(token, {"arn": "arn:a:b:c:d:e"}, ACCOUNT))
        assert names - optional <= answered, token
