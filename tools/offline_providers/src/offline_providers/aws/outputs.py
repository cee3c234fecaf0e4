"""What the simulated AWS answers: ids, ARNs, endpoints and other computed outputs, the same for the same inputs."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import string
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from offline_providers.aws.tables import ARNS, COUNTERS, IDS, OUTPUTS, OUTPUTS_WHEN
from offline_providers.sdk import shapes
from offline_providers.sdk.schema import ResourceSchema
from offline_providers.sdk.shapes import Field, fields_of
from offline_providers.wire import UNKNOWN, Properties, Secret, Value, plain

MOMENT: Final = "2025-01-01T00:00:00Z"
DEFAULT_ACCOUNT: Final = "123456789012"
LETTERS: Final = string.ascii_uppercase + string.digits
DATABASE_PORTS: Final = {"postgres": 5432, "mysql": 3306, "mariadb": 3306, "oracle": 1521, "sqlserver": 1433}
ID_PREFIXES: Final = {
    "securitygroupid": "sg",
    "routetableid": "rtb",
    "networkaclid": "acl",
    "dhcpoptionsid": "dopt",
    "vpcid": "vpc",
    "subnetid": "subnet",
    "networkinterfaceid": "eni",
    "associationid": "assoc",
}
SAYS_DEFAULT: Final = re.compile(r"[Dd]efaults?(?: value)? (?:to|is|of) `\"?([^`\"]+)\"?`")


@dataclass(frozen=True)
class Account:
    """Where the simulated resources are."""

    id: str = DEFAULT_ACCOUNT
    region: str = "us-east-1"
    default_tags: Mapping[str, Any] = field(default_factory=dict)

    @property
    def partition(self) -> str:
        return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(re.split(r"-\w+-\d", self.region)[0], "aws")


class Answers:
    """Computes the outputs of one resource."""

    def __init__(
        self, account: Account, schema: ResourceSchema, urn: str, inputs: Properties, generation: int = 0
    ) -> None:
        """Args:
        generation: how many resources of this address there have been with these inputs.
        """
        self.account = account
        self.schema = schema
        self.token = schema.token
        self.service = re.split(r"[:/]", schema.token)[1]
        self.kind = schema.token.rsplit(":", 1)[-1]
        values = {key: value for key, value in plain(inputs).items() if not key.startswith("__")}
        told = [urn, values, generation] if generation else [urn, values]
        text = json.dumps(told, sort_keys=True, default=str)
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        self.words: dict[str, Any] = {**values, **self._fixed_words(values)}
        self.words["arn"] = self._arn()
        self.words["id"] = self._fill(IDS.get(self.token) or self._usual_id(values))
        self.words["arn"] = self._arn()

    @property
    def id(self) -> str:
        return str(self.words["id"])

    def _fixed_words(self, values: Mapping[str, Any]) -> dict[str, Any]:
        digest = self.digest
        region = values.get("region") or self.account.region
        engine = str(values.get("engine") or "").removeprefix("aurora-").split("-")[0]
        host = f"c2.kafka.{region}.amazonaws.com"
        count = values.get("numberOfBrokerNodes") if isinstance(values.get("numberOfBrokerNodes"), int) else 1
        brokers = [f"b-{n}.{values.get('clusterName')}.{digest[:6]}.{host}" for n in range(1, min(count or 1, 3) + 1)]
        return {
            "partition": self.account.partition,
            "region": region,
            "account": self.account.id,
            "brokers": brokers,
            "database_port": DATABASE_PORTS.get(engine, 3306),
            "port": values.get("port") or DATABASE_PORTS.get(engine, 3306),
            "engineVersion": values.get("engineVersion") or "1.0",
            "host": str(values.get("url") or "").removeprefix("https://"),
            "uuid": str(uuid.UUID(digest[:32])),
            "octet": int(digest[:4], 16) % 250 + 2,
            "word13": "".join(LETTERS[int(digest[i : i + 2], 16) % 36] for i in range(0, 26, 2)),
            "HEX32": digest[:32].upper(),
            **{f"hex{size}": digest[:size] for size in (6, 8, 12, 17, 32)},
        }

    def _usual_id(self, values: Mapping[str, Any]) -> str:
        for name in ("name", "bucket"):
            if isinstance(values.get(name), str):
                return f"{{{name}}}"
        return f"{self.kind.lower()}-{{hex17}}"

    def _arn(self) -> str:
        kind = re.sub(r"(?<!^)(?=[A-Z])", "-", self.kind).lower()
        usual = f"{self.service}:{{region}}:{{account}}:{kind}/{{id}}"
        return str(self._fill("arn:{partition}:" + ARNS.get(self.token, usual)))

    def _fill(self, template: Value) -> Value:
        """A template with its words; unknown when one of them is."""
        if isinstance(template, dict):
            return {key: self._fill(value) for key, value in template.items()}
        if isinstance(template, list):
            return [self._fill(value) for value in template]
        if not isinstance(template, str):
            return template
        words = re.findall(r"{(\w+)}", template)
        if words and template == f"{{{words[0]}}}":
            return self.words.get(words[0], self.digest[:8])
        if "brokers" in words:
            port = template.rsplit(":", 1)[1]
            return ",".join(f"{host}:{port}" for host in self.words["brokers"])
        filled = re.sub(r"{(\w+)}", lambda found: str(self.words.get(found.group(1), self.digest[:8])), template)
        return UNKNOWN if any(self.words.get(word) is UNKNOWN for word in words) else filled

    # -- operations

    def created(self, inputs: Properties, *, preview: bool) -> Properties:
        """The outputs of a new resource. In a preview whatever AWS decides is unknown."""
        outputs = self._echoed(inputs)
        for name, output in self.schema.outputs.items():
            if name not in outputs and (value := self._computed(output, inputs, preview=preview)) is not None:
                outputs[name] = value
        for path in OUTPUTS.get(self.token, {}):
            outer, _, inner = path.partition(".")
            if inner and isinstance(outputs.get(outer), dict):
                value = UNKNOWN if preview else self._fill(OUTPUTS[self.token][path])
                outputs[outer].setdefault(inner, value)
        return self.marked(outputs)

    def updated(self, olds: Properties, old_inputs: Properties, inputs: Properties, *, preview: bool) -> Properties:
        """The outputs of a changed resource: what AWS decided before stays."""
        outputs = self._echoed(inputs)
        for name, value in olds.items():
            if name in outputs:
                if isinstance(value, dict) and isinstance(outputs[name], dict):
                    within = old_inputs.get(name)
                    kept = {k: v for k, v in value.items() if not isinstance(within, dict) or k not in within}
                    outputs[name] = {**kept, **outputs[name]}
            elif name not in old_inputs or self._is_required(name):
                outputs[name] = value
        outputs |= self._tags(inputs)
        if counter := COUNTERS.get(self.token):
            outputs[counter] = UNKNOWN if preview else (plain(olds.get(counter)) or 0) + 1
        return self.marked(outputs)

    def _echoed(self, inputs: Properties) -> Properties:
        return {
            name: copy.deepcopy(value)
            for name, value in inputs.items()
            if not name.startswith("__") and name in self.schema.outputs and not self._is_write_only(name)
        }

    def _is_write_only(self, name: str) -> bool:
        return name.endswith("Wo") and f"{name}Version" in self.schema.inputs

    def _is_required(self, name: str) -> bool:
        return self.schema.outputs[name].required if name in self.schema.outputs else False

    def marked(self, outputs: Properties) -> Properties:
        """With what the SDK says is secret marked so."""
        return {
            name: Secret(value) if name in self.schema.secret_outputs and not isinstance(value, Secret) else value
            for name, value in outputs.items()
        }

    def expected_tags(self, inputs: Properties) -> Value:
        """All tags, with the provider's own."""
        return self._tags(inputs).get("tagsAll")

    def _tags(self, inputs: Properties) -> Properties:
        if "tagsAll" not in self.schema.outputs:
            return {}
        tags = inputs.get("tags") or {}
        own = tags.value if isinstance(tags, Secret) else tags
        merged: Value = UNKNOWN if own is UNKNOWN else {**self.account.default_tags, **own}
        return {"tagsAll": Secret(merged) if isinstance(tags, Secret) else merged}

    def _special(self) -> dict[str, Value]:
        """The outputs of this type that have a form of their own."""
        special = dict(OUTPUTS.get(self.token, {}))
        for flag, outputs in OUTPUTS_WHEN.get(self.token, {}).items():
            if self.words.get(flag) is True:
                special |= outputs
        return special

    def _computed(self, output: Field, inputs: Properties, *, preview: bool) -> Value:
        name, shape = output.name, output.shape
        if name == "tagsAll":
            return self._tags(inputs)["tagsAll"]
        if name == "region":
            return self.words["region"]
        special = self._special().get(name)
        # An optional input that was not given, and which AWS does not fill in.
        if special is None and not output.required:
            return None
        if preview:
            return UNKNOWN
        return self._fill(special) if special is not None else self._plausible(name, shape, output.text)

    def _plausible(self, name: str, shape: shapes.Shape, text: str) -> Value:
        match shape:
            case shapes.Items():
                # What only AWS makes is looked into by programs: `node_group.resources[0]`.
                is_made = name not in self.schema.inputs and isinstance(shape.item, shapes.Object)
                return [self._plausible(name, shape.item, "")] if is_made else []
            case shapes.Entries():
                return {}
            case shapes.Object():
                within = fields_of(shape.cls).values() if name not in self.schema.inputs else ()
                return {part.name: self._plausible(part.name, part.shape, part.text) for part in within}
            case shapes.OneOf():
                return shape.values[0]
            case shapes.Choice():
                return self._plausible(name, shape.options[0], text)
            case shapes.Scalar():
                default = SAYS_DEFAULT.search(text)
                return self._plausible_scalar(name, shape.type, default.group(1) if default else None)
            case _:
                return None

    def _plausible_scalar(self, name: str, kind: type, default: str | None) -> Value:
        if kind is bool:
            return default == "true"
        if kind in {int, float}:
            return int(default) if default and default.isdigit() else 0
        return self._plausible_text(name) if default is None else default

    def _plausible_text(self, name: str) -> str:
        low = name.lower()
        if name == "arn":
            return str(self.words["arn"])
        prefix = next((prefix for end, prefix in ID_PREFIXES.items() if low.endswith(end)), None)
        host = f"{self.kind.lower()}-{self.digest[:8]}.{self.words['region']}.amazonaws.com"
        rules = (
            (low in {"ownerid", "accountid", "registryid"}, self.account.id),
            (prefix is not None, f"{prefix}-{hashlib.sha256((self.digest + name).encode()).hexdigest()[:17]}"),
            (low.endswith("arn"), f"{self.words['arn']}/{name}"),
            (low in {"status", "state"}, "ACTIVE"),
            (low.endswith("url"), f"https://{host}"),
            (low.endswith(("dnsname", "endpoint", "hostname", "domainname")), host),
            (low.endswith(("date", "createdat", "time")), MOMENT),
            (name in self.words, str(self.words.get(name))),
        )
        # What the program could have given, and did not, is left empty.
        otherwise = "" if name in self.schema.inputs else f"{name}-{self.digest[:8]}"
        return next((value for applies, value in rules if applies), otherwise)
