"""The command line."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from collections.abc import Iterable, Sequence

from tools.doctor.finding import Finding, Level, note
from tools.doctor.machine import ROOT, examine

MARKS = {Level.GOOD: "ok  ", Level.LACKS: "FAIL", Level.NOTE: "note"}
ENVIRONMENTS = ("dev", "staging", "prod")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="doctor", description="Tells what this machine, or an AWS account, lacks.")
    parser.add_argument("--env", choices=ENVIRONMENTS, help="look at the AWS account of this environment as well")
    parsed = parser.parse_args(arguments)
    print("This machine:")
    machine = list(examine())
    show(machine)
    if parsed.env:
        print(f"\nThe AWS account of {parsed.env}:")
        show(account(parsed.env))
    lacking = sum(one.level is Level.LACKS for one in machine)
    if lacking:
        things = "one thing" if lacking == 1 else f"{lacking} things"
        print(f"\n'make run' and 'make test' lack {things}; what is marked FAIL says what to do.")
        return 1
    print("\n'make run' and 'make test' have what they need.")
    return 0


def show(findings: Iterable[Finding]) -> None:
    for one in findings:
        print(f"  {MARKS[one.level]}  {one.text}")


def account(environment: str) -> list[Finding]:
    """What `tools.doctor.account` says, which needs the packages of the program; one note when there are none."""
    python = ROOT / ".local" / "envs" / "infra" / "bin" / "python"
    if not python.exists():
        return [
            note("The account cannot be looked at yet: run 'python3 tools/environments.py sync --tests infra' first.")
        ]
    paths = [str(ROOT), str(ROOT / "infra"), str(ROOT / "workloads" / "platform_contract" / "src")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [str(python), "-m", "tools.doctor.account", environment]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environ, cwd=ROOT)
        return [Finding(Level(one["level"]), one["text"]) for one in json.loads(done.stdout)]
    except subprocess.TimeoutExpired:
        return [note("AWS did not answer within five minutes.")]
    except ValueError:
        why = done.stderr.strip().splitlines()[-1:] or ["no answer"]
        return [note(f"The account could not be looked at: {why[0]}")]
