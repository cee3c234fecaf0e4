"""AWS, simulated: inputs checked as the SDK describes them, outputs made up, changes judged as the real one does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from offline_providers import simulation
from offline_providers.aws import invokes
from offline_providers.aws.identities import DELETED_FIRST, WITHOUT_THE_NAMES_RULE
from offline_providers.aws.inventory import Inventory, without_secrets
from offline_providers.aws.outputs import DEFAULT_ACCOUNT, Account, Answers
from offline_providers.aws.tables import AUTO_NAMED, FORCED, PROTECTED
from offline_providers.faults import OfflineError
from offline_providers.provider import Checked, Diff, Provider, State, Target
from offline_providers.sdk.checking import check
from offline_providers.sdk.replacement import changed_paths, forces_replacement, names_only, told
from offline_providers.sdk.schema import ResourceSchema, Sdk
from offline_providers.sdk.shapes import Field, Scalar
from offline_providers.wire import UNKNOWN, Properties, Secret, has_unknown, plain

# The bridge's own note of which inputs it has filled in.
DEFAULTS: Final = "__defaults"


class Aws(Provider):
    """The simulated provider `aws`."""

    name = "aws"

    def __init__(self, inventory: Inventory | None = None) -> None:
        """Args:
        inventory: what is there; with none, whatever the engine's state says is.
        """
        self.sdk = Sdk("pulumi_aws")
        self.version = self.sdk.version
        self._inventory = inventory
        self._in_state: set[str] = set()
        """Addresses that the engine's state has: it tells their old inputs when it has new ones checked."""

    def check_config(self, inputs: Properties) -> Checked:
        fields = self.sdk.provider_fields()
        return Checked(inputs, check(fields, parsed(fields, inputs)))

    def configured(self, inputs: Properties) -> Account:
        config = parsed(self.sdk.provider_fields(), inputs)
        allowed = config.get("allowedAccountIds") or []
        roles = [role.get("roleArn", "") for role in config.get("assumeRoles") or []]
        accounts = [*allowed, *(arn.split(":")[4] for arn in roles if isinstance(arn, str) and arn.count(":") >= 5)]
        tags = (config.get("defaultTags") or {}).get("tags") or {}
        return Account(
            id=next((account for account in accounts if account is not UNKNOWN), DEFAULT_ACCOUNT),
            region=config.get("region") or "us-east-1",
            default_tags=tags,
        )

    def check(self, target: Target, olds: Properties, news: Properties) -> Checked:
        schema = self._schema(target.token)
        if olds:
            self._in_state.add(target.urn)
        inputs = {name: value for name, value in news.items() if name != DEFAULTS and value is not None}
        failures = check(schema.inputs, inputs)
        filled = self._named(schema, target, olds, inputs)
        return Checked({**filled, DEFAULTS: sorted(set(filled) - set(inputs))}, failures)

    def _named(self, schema: ResourceSchema, target: Target, olds: Properties, inputs: Properties) -> Properties:
        """The inputs with the name that AWS resources get when the program gives none."""
        name = AUTO_NAMED.get(schema.token, "name")
        field = schema.inputs.get(name)
        if field is None or field.required or field.shape != Scalar(str) or name in inputs:
            return inputs
        if any(inputs.get(f"{name}{end}") for end in ("Prefix", "_prefix")) or schema.outputs[name].required is False:
            return inputs
        kept = olds.get(name) if name in olds.get(DEFAULTS, []) else None
        return {**inputs, name: kept or self._new_name(schema.token, target, name, inputs)}

    def _new_name(self, token: str, target: Target, property_: str, inputs: Properties) -> str:
        """The resource's own name with an ending; another ending for a replacement, as the real provider does."""
        made = target.name if property_ != "bucket" else target.name.lower()
        for attempt in range(100):
            seed = f"{target.urn}{attempt}" if attempt else target.urn
            name = f"{made}-{hashlib.sha256(seed.encode()).hexdigest()[:7]}"
            if self._inventory is None or not self._inventory.is_taken(
                target.config, token, {**inputs, property_: name}
            ):
                break
        return name

    def diff(self, target: Target, old_inputs: Properties, _olds: Properties, news: Properties) -> Diff:
        schema = self._schema(target.token)
        before, after = plain(old_inputs), plain(news)
        places = changed_paths(before, after)
        replaces = [place for place in places if forces_replacement(schema, names_only(place))]
        updates = [told(place) for place in places if place not in replaces]
        tags = plain(self._answers(target, news).expected_tags(news))
        if not places and tags is not UNKNOWN and "tagsAll" in _olds and tags != plain(_olds["tagsAll"]):
            updates.append("tagsAll")
        # As pulumi-terraform-bridge does (schema.go, nameRequiresDeleteBeforeReplace): a name that the program chose.
        name = AUTO_NAMED.get(schema.token, "name")
        chosen = name in after and name not in (after.get(DEFAULTS) or []) and name in schema.inputs
        chosen = chosen and schema.token not in WITHOUT_THE_NAMES_RULE
        deleted_first = bool(replaces) and (chosen or schema.token in DELETED_FIRST)
        return Diff(tuple(updates), tuple(told(place) for place in replaces), deleted_first)

    def create(self, target: Target, inputs: Properties, *, preview: bool) -> State:
        if not preview:
            simulation.fail_if_asked("create", target.name)
            if self._inventory is not None and target.urn not in self._in_state:
                self._inventory.forget_unheard(target.config, target.token, target.urn)
        answers = self._new_answers(target, inputs)
        state = State(answers.id, answers.created(inputs, preview=preview), inputs)
        if self._inventory is not None and not preview:
            self._inventory.made(target.config, target.token, state.id, inputs, state.outputs, urn=target.urn)
            self._in_state.add(target.urn)
        return state

    def read(self, target: Target, known_id: str, inputs: Properties, outputs: Properties) -> State | None:
        if simulation.asked_for("gone", target.name):
            return None
        found = self._inventory.find(target.config, target.token, known_id) if self._inventory is not None else None
        if found is not None:
            if not found.there:
                return None
            # Of the properties that the program has set the bridge takes over what is otherwise in AWS.
            kept = {name: value for name, value in outputs.items() if isinstance(value, Secret)}
            changed = {
                name: found.outputs[name]
                for name, value in inputs.items()
                if name in found.outputs and name != DEFAULTS and found.outputs[name] != without_secrets(value)
            }
            now = self._answers(target, inputs).marked({**found.outputs, **kept})
            return State(known_id, now, {**inputs, **changed})
        if outputs:
            return State(known_id, self._answers(target, inputs).marked(outputs), inputs)
        # `Vpc.get(...)`: nobody has told what it is like.
        answers = self._answers(target, inputs)
        answers.words |= {"id": known_id, "arn": known_id if known_id.startswith("arn:") else answers.words["arn"]}
        return State(known_id, answers.created(inputs, preview=False), inputs)

    def update(self, target: Target, old: State, news: Properties, *, preview: bool) -> Properties:
        if not preview:
            simulation.fail_if_asked("update", target.name)
        answers = self._answers(target, news)
        outputs = answers.updated(old.outputs, old.inputs, news, preview=preview)
        if self._inventory is not None and not preview:
            self._inventory.changed(target.config, target.token, old.id, news, outputs)
        return outputs

    def delete(self, target: Target, old: State) -> None:
        simulation.fail_if_asked("delete", target.name)
        inputs = {**plain(old.outputs), **plain(old.inputs)}
        if target.token in PROTECTED:
            name, answer = PROTECTED[target.token]
            if inputs.get(name) is True:
                raise OfflineError(
                    f"{answer}, please disable deletion protection and try again ({target.name}: {name} is true)"
                )
        force = FORCED.get(target.token)
        if force and inputs.get(force) is not True and simulation.asked_for("filled", target.name):
            raise OfflineError(f"{target.name} ({old.id}) is not empty: it can be deleted when {force} is true")
        snapshot = inputs.get("skipFinalSnapshot") is not True and not inputs.get("finalSnapshotIdentifier")
        if target.token in {"aws:rds/instance:Instance", "aws:rds/cluster:Cluster"} and snapshot:
            raise OfflineError(
                f"{target.name}: final_snapshot_identifier is required when skip_final_snapshot is false"
            )
        if self._inventory is not None:
            self._inventory.removed(target.config, target.token, old.id)

    def invoke(self, token: str, arguments: Properties, config: Account) -> Properties:
        if has_unknown(arguments):
            raise OfflineError(f"{token} was asked with values that are not known yet")
        return invokes.answer(token, plain(arguments), config)

    def _new_answers(self, target: Target, inputs: Properties) -> Answers:
        """With an id that no other resource has had, unless the inputs say what it is."""
        found = self._answers(target, inputs)
        for generation in range(1, 100):
            if self._inventory is None or self._inventory.find(target.config, target.token, found.id) is None:
                break
            other = Answers(target.config, self._schema(target.token), target.urn, inputs, generation)
            if other.id == found.id:
                break
            found = other
        return found

    def _answers(self, target: Target, inputs: Properties) -> Answers:
        account: Account = target.config
        return Answers(account, self._schema(target.token), target.urn, inputs)

    def _schema(self, token: str) -> ResourceSchema:
        schema = self.sdk.schema(token)
        if schema is None:
            raise OfflineError(f"pulumi-aws {self.version} has no resource type '{token}'.")
        return schema


def parsed(fields: Mapping[str, Field], inputs: Properties) -> Properties:
    """A provider's own inputs: those that are not strings travel as JSON in a string."""
    found = {}
    for name, value in inputs.items():
        text = plain(value)
        is_json = name in fields and fields[name].shape != Scalar(str) and isinstance(text, str)
        try:
            found[name] = json.loads(text) if is_json else text
        except ValueError:
            found[name] = text
    found.pop("version", None)
    return found
