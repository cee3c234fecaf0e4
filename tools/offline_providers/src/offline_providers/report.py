"""What the engine did or would do, for a person and for a program."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pulumi.automation import OpType, StepEventMetadata
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from offline_providers.engine import Outcome

SYMBOLS: Final = {
    "create": ("+", "green"),
    "import": ("=", "green"),
    "read": (">", "cyan"),
    "update": ("~", "yellow"),
    "replace": ("+-", "magenta"),
    "delete": ("-", "red"),
    "refresh": ("?", "cyan"),
    "same": (" ", "dim"),
}
# What the engine calls the steps of one operation, the deciding one first.
OPERATIONS: Final = (
    ("replace", {OpType.REPLACE, OpType.CREATE_REPLACEMENT, OpType.DELETE_REPLACED}),
    ("import", {OpType.IMPORT, OpType.IMPORT_REPLACEMENT}),
    ("create", {OpType.CREATE}),
    ("update", {OpType.UPDATE}),
    ("delete", {OpType.DELETE, OpType.DISCARD}),
    ("read", {OpType.READ, OpType.READ_REPLACEMENT}),
    ("refresh", {OpType.REFRESH}),
)
STACK: Final = "pulumi:pulumi:Stack"
OWN_PROVIDER: Final = "pulumi:providers:pulumi"
INLINE_FAULT: Final = "python inline source runtime error: "


@dataclass(frozen=True)
class Planned:
    """One resource and what happens to it."""

    urn: str
    type: str
    name: str
    parent: str
    operation: str
    custom: bool
    changed: tuple[str, ...]
    replaced_by: tuple[str, ...]
    deleted_first: bool
    protected: bool
    retained: bool

    @property
    def is_counted(self) -> bool:
        return self.type not in {STACK, OWN_PROVIDER}

    def as_json(self) -> dict[str, Any]:
        return {
            "operation": self.operation,
            "type": self.type,
            "name": self.name,
            "urn": self.urn,
            "parent": self.parent,
            "component": not self.custom,
            "changed": list(self.changed),
            "replacedBy": list(self.replaced_by),
            "deletedFirst": self.deleted_first,
            "protected": self.protected,
            "retained": self.retained,
        }


def planned(steps: Sequence[StepEventMetadata]) -> list[Planned]:
    """The steps of each resource, taken together, in the order in which the engine came to them."""
    by_urn: dict[str, list[StepEventMetadata]] = {}
    for step in steps:
        by_urn.setdefault(step.urn, []).append(step)
    return [_planned(urn, found) for urn, found in by_urn.items()]


def _planned(urn: str, steps: Sequence[StepEventMetadata]) -> Planned:
    kinds = [step.op for step in steps]
    operation = next((name for name, among in OPERATIONS if among.intersection(kinds)), "same")
    state = next((step.new or step.old for step in reversed(steps) if step.new or step.old), None)
    details: dict[str, str] = {}
    for step in steps:
        for path, diff in (step.detailed_diff or {}).items():
            details[path] = str(diff.diff_kind.value)
    replaced = [path for path, kind in details.items() if kind.endswith("replace")]
    keys = [key for step in steps for key in step.keys or []]
    changed = [path for path in details if path not in replaced] or [d for step in steps for d in step.diffs or []]
    deleted = OpType.DELETE_REPLACED in kinds and kinds.index(OpType.DELETE_REPLACED) == 0
    return Planned(
        urn=urn,
        type=steps[0].type,
        name=urn.rsplit("::", 1)[-1],
        parent=(state.parent if state else "") or "",
        operation=operation,
        custom=bool(state.custom) if state else True,
        changed=tuple(dict.fromkeys(path for path in changed if path not in replaced and path not in keys)),
        replaced_by=tuple(dict.fromkeys(replaced or keys)),
        deleted_first=deleted,
        protected=bool(state.protect) if state else False,
        retained=bool(state.retain_on_delete) if state else False,
    )


def counts(resources: Sequence[Planned]) -> Counter[str]:
    """How many resources of each operation; the stack itself is none of them."""
    return Counter(resource.operation for resource in resources if resource.is_counted)


def as_json(outcome: Outcome, simulated: Mapping[str, str]) -> dict[str, Any]:
    """All of it, for a program. No values: only which properties change."""
    resources = planned(outcome.steps)
    return {
        "stack": outcome.stack,
        "operation": outcome.operation,
        "failed": outcome.failed,
        "simulated": dict(simulated),
        "seconds": round(outcome.seconds, 1),
        "counts": dict(sorted(counts(resources).items())),
        "resources": [resource.as_json() for resource in resources if resource.is_counted],
        "policyPacks": list(outcome.policy_packs),
        "errors": errors(outcome),
        "warnings": warnings(outcome),
    }


def show(console: Console, outcome: Outcome, simulated: Mapping[str, str], *, everything: bool = False) -> None:
    """The plan, or what was done, grouped by component."""
    names = ", ".join(f"{name} {version}" for name, version in simulated.items())
    console.print(
        f"[bold]{outcome.operation} of {escape(outcome.stack)}[/bold]: the engine is real; the providers {names} are"
        " simulated, so nothing is asked of any cloud, and ids and endpoints are made up."
    )
    resources = planned(outcome.steps)
    listed = [resource for resource in resources if _is_shown(resource, everything=everything)]
    for line in _tree(resources, listed):
        console.print(line)
    for text in warnings(outcome):
        console.print(Text(f"warning: {text}", "yellow"))
    for text in errors(outcome):
        console.print(Text(f"error: {text}", "red"))
    for name in outcome.policy_packs:
        kept = "broken" if _broken(outcome, name) else "kept"
        console.print(f"The policies of {escape(name)} are {kept}.")
    console.print(_table(outcome, resources))


def _is_shown(resource: Planned, *, everything: bool) -> bool:
    return resource.is_counted and (everything or resource.operation not in {"same", "refresh"})


def _tree(resources: Sequence[Planned], listed: Sequence[Planned]) -> Iterator[Text]:
    """The listed resources under their components; a component that is unchanged is named when something within is."""
    known = {resource.urn: resource for resource in resources}
    wanted: set[str] = set()
    for resource in listed:
        urn = resource.urn
        while urn in known and urn not in wanted:
            wanted.add(urn)
            urn = known[urn].parent
    children: dict[str, list[Planned]] = {}
    for resource in resources:
        if resource.urn in wanted:
            parent = resource.parent if resource.parent in wanted else ""
            children.setdefault(parent, []).append(resource)

    def walk(parent: str, depth: int) -> Iterator[Text]:
        # Components last: what stands alone is quicker to take in.
        for resource in sorted(children.get(parent, []), key=lambda found: (found.urn in children, found.type)):
            inner = depth
            if resource.type != STACK:
                yield _line(resource, depth)
                inner = depth + 1
            yield from walk(resource.urn, inner)

    yield from walk("", 0)


def _line(resource: Planned, depth: int) -> Text:
    symbol, style = SYMBOLS[resource.operation]
    line = Text(f"{symbol:<3}{'  ' * depth}", style)
    line.append(_short(resource.type), style if resource.custom else f"bold {style}")
    line.append(f"  {resource.name}")
    notes = []
    if resource.replaced_by:
        first = ", deleted first" if resource.deleted_first else ""
        notes.append(f"replaced because of {', '.join(resource.replaced_by)}{first}")
    if resource.changed and resource.operation in {"update", "replace"}:
        notes.append(f"changes {', '.join(resource.changed)}")
    notes += [word for word, holds in (("protected", resource.protected), ("retained", resource.retained)) if holds]
    if notes:
        line.append(f"  [{'; '.join(notes)}]", "dim")
    return line


def _short(token: str) -> str:
    """`aws:ec2/vpc:Vpc` as `aws ec2.Vpc`."""
    found = re.match(r"([^:]+):([^:/]+)(?:/[^:]*)?:(.+)$", token)
    if token.startswith(("kubernetes:", "pulumi:")) or found is None:
        return token
    module = "" if found[2] == "index" else f"{found[2]}."
    return f"{found[1]} {module}{found[3]}"


def _table(outcome: Outcome, resources: Sequence[Planned]) -> Table:
    table = Table()
    table.add_column("what")
    for heading in ("resources", "components"):
        table.add_column(heading, justify="right")
    custom = counts([resource for resource in resources if resource.custom])
    components = counts([resource for resource in resources if not resource.custom])
    for name in SYMBOLS:
        if custom[name] or components[name]:
            table.add_row(name, str(custom[name]), str(components[name]), style=SYMBOLS[name][1])
    table.add_section()
    table.add_row("all", str(custom.total()), str(components.total()))
    table.caption = f"{'failed after ' if outcome.failed else ''}{outcome.seconds:.1f} s"
    return table


def errors(outcome: Outcome) -> list[str]:
    """What went wrong, as sentences."""
    found = []
    if outcome.program_fault is not None:
        found.append(_fault_text(outcome.program_fault))
    found += _texts(outcome, "error")
    if broken := list(_violations(outcome, "mandatory")):
        # That the operation has failed is all that the engine adds to them.
        found = [text for text in found if text != f"{outcome.operation} failed"] + broken
    if outcome.failed and not found:
        found.append("the engine has failed and said nothing more.")
    return list(dict.fromkeys(found))


def warnings(outcome: Outcome) -> list[str]:
    """What the engine or the program warns of."""
    return list(dict.fromkeys([*_texts(outcome, "warning"), *_violations(outcome, "advisory")]))


def _violations(outcome: Outcome, level: str) -> Iterator[str]:
    for event in outcome.violations:
        if event.enforcement_level == level:
            name = (event.resource_urn or "").rsplit("::", 1)[-1]
            yield f"{name}: {_plain(event.message)} (policy {event.policy_name})"


def _broken(outcome: Outcome, pack: str) -> bool:
    return any(event.policy_pack_name == pack for event in outcome.violations)


def _plain(message: str) -> str:
    """Without the engine's marks of colour."""
    return re.sub(r"<\{%[^%]*%\}>", "", message).strip()


def _fault_text(fault: BaseException) -> str:
    text = str(fault).strip()
    return text or f"the program ended with {type(fault).__name__} and no message."


def _texts(outcome: Outcome, severity: str) -> Iterator[str]:
    for diagnostic in outcome.diagnostics:
        text = _plain(diagnostic.message)
        if diagnostic.severity != severity or not text:
            continue
        if outcome.program_fault is not None and (INLINE_FAULT in text or _fault_text(outcome.program_fault) in text):
            continue  # told already, from the exception
        if INLINE_FAULT in text:
            text = text.split(INLINE_FAULT, 1)[1].split("\nTraceback", 1)[0].strip()
        text = text.removeprefix("Exception calling application: ")
        name = (diagnostic.urn or "").rsplit("::", 1)[-1]
        yield f"{name}: {text}" if name and name not in text and severity == "error" else text
