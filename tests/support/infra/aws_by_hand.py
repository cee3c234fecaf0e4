"""The command `aws rds …`, as a person runs it, on a simulated account: what the restore page asks for.

Options are checked with botocore's models, which the real command takes them from; the rules beyond those are the
API's, as its documentation has them. It says where the account is in `SIMULATED_ACCOUNT` (a folder) and whose it is in
`SIMULATED_OWNER` (account and region).
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import botocore.session
import jmespath
from botocore import xform_name
from botocore.exceptions import ParamValidationError
from botocore.validate import validate_parameters
from offline_providers.aws.inventory import Inventory
from offline_providers.aws.outputs import Account
from offline_providers.faults import OfflineError

INSTANCE: Final = "aws:rds/instance:Instance"
LEFT_BEHIND: Final[Mapping[str, Any]] = {
    "enabledCloudwatchLogsExports": [],
    "maxAllocatedStorage": 0,
    "monitoringInterval": 0,
    "monitoringRoleArn": "",
    "performanceInsightsEnabled": False,
    "multiAz": False,
    "iamDatabaseAuthenticationEnabled": False,
    "deletionProtection": False,
    "copyTagsToSnapshot": False,
    "masterUserSecrets": [],
}
"""What a restored instance does not take over from its source unless it is told to."""
RENAMED: Final = {
    "MultiAZ": "multiAz",
    "EnableIAMDatabaseAuthentication": "iamDatabaseAuthenticationEnabled",
    "DBSubnetGroupName": "dbSubnetGroupName",
    "DBParameterGroupName": "parameterGroupName",
    "VpcSecurityGroupIds": "vpcSecurityGroupIds",
}


class RefusedError(Exception):
    """What the API, or the command, says."""


class Rds:
    """The database instances of an account."""

    def __init__(self, folder: Path, account: Account) -> None:
        self._inventory, self._account = Inventory(folder), account
        self._model = botocore.session.get_session().get_service_model("rds")

    def run(self, words: Sequence[str]) -> str:
        """One command without `aws rds`; what it prints."""
        if words[0] == "wait":
            self._instance(self._asked("DescribeDBInstances", words[2:])[0]["DBInstanceIdentifier"])
            return ""
        operations = {xform_name(name, "-"): name for name in self._model.operation_names}
        if words[0] not in operations:
            raise RefusedError(f"argument operation: Invalid choice: {words[0]}")
        asked, shown = self._asked(operations[words[0]], words[1:])
        answers: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "DescribeDBInstances": self._describe,
            "RestoreDBInstanceToPointInTime": self._restore,
            "ModifyDBInstance": self._modify,
            "DeleteDBInstance": self._delete,
        }
        answer = answers[operations[words[0]]](asked)
        return str(jmespath.search(shown["--query"], answer)) if "--query" in shown else ""

    def _asked(self, operation: str, words: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
        """The parameters of the request, and the command's own options."""
        shape = self._model.operation_model(operation).input_shape
        members = {f"--{xform_name(name, '-')}": (name, member) for name, member in shape.members.items()}
        asked: dict[str, Any] = {}
        shown: dict[str, str] = {}
        rest = list(words)
        while rest:
            word = rest.pop(0)
            name, member = members.get(word) or members.get(word.replace("--no-", "--", 1)) or (None, None)
            if word in {"--query", "--output"}:
                shown[word] = rest.pop(0)
            elif name is None or member is None:
                raise RefusedError(f"Unknown options: {word}")
            elif member.type_name == "boolean":
                asked[name] = word in members
            elif member.type_name == "list":
                asked[name] = [rest.pop(0)]
            else:
                asked[name] = rest.pop(0)
        validate_parameters(asked, shape)
        return asked, shown

    def _instance(self, identifier: str) -> tuple[str, dict[str, Any]]:
        for id_, outputs in self._inventory.all_of(self._account, INSTANCE).items():
            if outputs["identifier"] == identifier:
                return id_, outputs
        raise RefusedError(f"An error occurred (DBInstanceNotFound): DBInstance {identifier} not found.")

    def _describe(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        id_, found = self._instance(asked["DBInstanceIdentifier"])
        return {
            "DBInstances": [
                {
                    "DBInstanceIdentifier": found["identifier"],
                    "DbiResourceId": id_,
                    "KmsKeyId": found["kmsKeyId"],
                    "LatestRestorableTime": "2026-11-25T08:35:00Z",
                    "DBSubnetGroup": {"DBSubnetGroupName": found["dbSubnetGroupName"]},
                    "DBParameterGroups": [{"DBParameterGroupName": found["parameterGroupName"]}],
                    "VpcSecurityGroups": [{"VpcSecurityGroupId": one} for one in found["vpcSecurityGroupIds"]],
                }
            ]
        }

    def _restore(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        _, source = self._instance(asked["SourceDBInstanceIdentifier"])
        if "ManageMasterUserPassword" in asked and not source["engine"].startswith("oracle"):
            raise RefusedError(
                "An error occurred (InvalidParameterCombination): ManageMasterUserPassword is for Oracle only."
            )
        name = asked["TargetDBInstanceIdentifier"]
        id_ = f"db-{hashlib.sha256(name.encode()).hexdigest()[:13].upper()}"
        given = {
            RENAMED.get(key, key[0].lower() + key[1:]): value
            for key, value in asked.items()
            if key not in {"SourceDBInstanceIdentifier", "TargetDBInstanceIdentifier", "RestoreTime"}
        }
        made = {**source, **LEFT_BEHIND, **given, "resourceId": id_, "identifier": name}
        self._inventory.made(self._account, INSTANCE, id_, {}, _addressed(made))
        return {}

    def _modify(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        id_, found = self._instance(asked["DBInstanceIdentifier"])
        if not asked.get("ApplyImmediately"):
            raise RefusedError("this would wait for the maintenance window")
        changed = {**found, "identifier": asked.get("NewDBInstanceIdentifier", found["identifier"])}
        if asked.get("ManageMasterUserPassword"):
            arn = f"arn:aws:secretsmanager:{self._account.region}:{self._account.id}:secret:rds!{id_}-abcdef"
            key = asked["MasterUserSecretKmsKeyId"]
            changed["masterUserSecrets"] = [{"secretArn": arn, "kmsKeyId": key, "secretStatus": "active"}]
        if "DeletionProtection" in asked:
            changed["deletionProtection"] = asked["DeletionProtection"]
        self._inventory.changed(self._account, INSTANCE, id_, {}, _addressed(changed))
        return {}

    def _delete(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        id_, found = self._instance(asked["DBInstanceIdentifier"])
        if found["deletionProtection"]:
            raise RefusedError("An error occurred (InvalidParameterCombination): Cannot delete protected DB Instance")
        if not asked.get("FinalDBSnapshotIdentifier") and not asked.get("SkipFinalSnapshot"):
            raise RefusedError("An error occurred (InvalidParameterCombination): FinalDBSnapshotIdentifier is required")
        self._inventory.removed(self._account, INSTANCE, id_)
        return {}


def _addressed(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """With what goes with the name: address, endpoint and ARN."""
    zone = str(outputs["address"]).partition(".")[2]
    address = f"{outputs['identifier']}.{zone}"
    arn = str(outputs["arn"]).rpartition(":")[0] + f":{outputs['identifier']}"
    return {**outputs, "address": address, "endpoint": f"{address}:{outputs['port']}", "arn": arn}


def main() -> int:
    service, *words = sys.argv[1:]
    if service != "rds":
        print(f"aws: only rds is simulated, not {service}", file=sys.stderr)
        return 252
    owner, region = os.environ["SIMULATED_OWNER"].split()
    try:
        printed = Rds(Path(os.environ["SIMULATED_ACCOUNT"]), Account(owner, region)).run(words)
    except (RefusedError, OfflineError, ParamValidationError) as fault:
        print(f"aws: {fault}", file=sys.stderr)
        return 255
    if printed:
        print(printed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
