"""The command ``offline-plan``, which ``make plan`` calls."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from offline_providers.engine import Project, load_program, offline_stack
from offline_providers.faults import OfflineError
from offline_providers.kubernetes.apply import KubernetesApply
from offline_providers.report import as_json, show
from offline_providers.sdk.schema import Sdk

DEFAULT_PROGRAM: Final = "mlplatform.program:main"
OPERATIONS: Final = {"plan": "preview", "deploy": "up", "up": "up", "refresh": "refresh", "destroy": "destroy"}
HELP: Final = {
    "plan": "what an up would do",
    "deploy": "make the resources in the simulated cloud; its state is kept below .local/plan",
    "up": "the same as deploy",
    "refresh": "read the simulated resources again",
    "destroy": "remove them again",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command: 2 for what a person can mend."""
    parsed = _parser().parse_args(arguments)
    # The Automation API's own server logs every refused resource with its stack: the report tells it in a sentence.
    logging.getLogger("grpc").setLevel(logging.CRITICAL)
    logging.getLogger("offline_providers").setLevel(logging.ERROR if parsed.traceback else logging.CRITICAL)
    try:
        return _run(parsed)
    except OfflineError as fault:
        print(f"offline-plan: {fault}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"offline-plan: {error}. Is there space, and may you write there?", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("offline-plan: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="offline-plan",
        description="The stack's program under the real Pulumi engine, with simulated providers.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in HELP.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("--stack", required=True, help="as in Pulumi.STACK.yaml")
        command.add_argument("--project-dir", type=Path, help="where Pulumi.yaml is (this repository)")
        command.add_argument("--program", default=DEFAULT_PROGRAM, metavar="MODULE:FUNCTION", help="(%(default)s)")
        command.add_argument(
            "--config",
            action="append",
            default=[],
            metavar="KEY.PATH=VALUE",
            help="what Pulumi.STACK.yaml leaves open, as in example:owner.accountId=123456789012; may be repeated",
        )
        command.add_argument(
            "--example",
            action="append",
            default=[],
            metavar="KEY.PATH=VALUE",
            help="the same, used only where Pulumi.STACK.yaml says nothing; may be repeated",
        )
        command.add_argument(
            "--kubeconfig", type=Path, metavar="FILE", help="a real cluster: what is planned for it is asked of it"
        )
        command.add_argument("--context", help="of that kubeconfig (its current one)")
        command.set_defaults(policy_pack=[])
        if OPERATIONS[name] in {"preview", "up"}:
            command.add_argument(
                "--policy-pack", type=Path, action="append", metavar="FOLDER", help="in Python; may be repeated"
            )
        command.add_argument("--home", type=Path, help="where the simulated states are (.local/plan)")
        command.add_argument("--fresh", action="store_true", help="forget the stack's simulated state first")
        command.add_argument("--all", action="store_true", help="list unchanged resources too")
        command.add_argument("--json", action="store_true", help="for a program instead of a person")
        command.add_argument("--traceback", action="store_true", help="with the place in the program that failed")
    return parser


def _settings(words: Sequence[str]) -> dict[str, str]:
    settings = {}
    for word in words:
        key, separator, value = word.partition("=")
        if not separator or ":" not in key:
            raise OfflineError(f"--config {word}: it must be like example:owner.accountId=123456789012.")
        settings[key] = value
    return settings


def _run(parsed: argparse.Namespace) -> int:
    repository = Path(__file__).resolve().parents[4]
    home = parsed.home.resolve() if parsed.home else None
    folder = (parsed.project_dir or repository).resolve()
    project = Project.at(folder, home, _settings(parsed.config), _settings(parsed.example))
    program = load_program(parsed.program)
    real = KubernetesApply(str(parsed.kubeconfig), parsed.context) if parsed.kubeconfig else None
    with offline_stack(project, parsed.stack, program, real) as stack:
        if parsed.fresh:
            stack.forget()
        outcome = stack.run(OPERATIONS[parsed.command], policy_packs=parsed.policy_pack)
    names = ("aws", "eks") if real else ("aws", "eks", "kubernetes")
    simulated = {name: Sdk(f"pulumi_{name}").version for name in names}
    if parsed.json:
        print(json.dumps(as_json(outcome, simulated), indent=2))
    else:
        # No width is known where there is no terminal: lines must not fold there.
        console = Console(width=None if sys.stdout.isatty() else 200, highlight=False, soft_wrap=True)
        show(console, outcome, simulated, everything=parsed.all)
    if parsed.traceback and outcome.program_fault is not None:
        traceback.print_exception(outcome.program_fault)
    return 2 if outcome.failed else 0
