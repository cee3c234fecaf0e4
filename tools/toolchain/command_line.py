"""The command line: `ensure`, `status` and `which`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tools.endings import end_for_people
from tools.toolchain.building import ensure_built
from tools.toolchain.choosing import Choice, Source, choose
from tools.toolchain.machine import Go, find_go
from tools.toolchain.programs import PROGRAMS, ROOT, Program, known_program
from tools.toolchain.versions import ToolchainError

FOLDER = ROOT / ".local" / "toolchain"
HELP = f"""\
Gets the command-line programs that this repository uses.

What the machine has already, and what fits, is used; TOOLCHAIN=pinned in the environment forbids that. The rest is
built with Go, once, from modules whose versions and checksums are fixed in tools/toolchain/modules.

programs:
  {", ".join(list(PROGRAMS)[:6])},
  {", ".join(list(PROGRAMS)[6:])}

What is written: the programs and work in progress, below .local/toolchain. Besides, Go keeps its own two caches where
it always does, downloads in `go env GOMODCACHE` and compiled packages in `go env GOCACHE` (about 5 GB for Pulumi,
13 GB for all). GOFLAGS, GOPATH, GOPROXY and the like are respected.

exit status: 0 done; 2 something is wrong, and a sentence says what; 130 stopped.
"""


class Progress:
    """One line for each program: rewritten as time goes by on a terminal, completed at the end elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._open = ""

    def say(self, text: str) -> None:
        self._write(f"toolchain: {text}\n")

    def tick(self, seconds: float) -> None:
        if self._open and self._terminal:
            self._write(f"\r\x1b[K{self._open}{seconds:.0f} s")

    @contextmanager
    def line(self, text: str) -> Iterator[None]:
        """A line that is open while its work goes on; the work ends it with `close`."""
        self._open = f"toolchain: {text} … "
        self._write(self._open)
        try:
            yield
        except KeyboardInterrupt:
            self.close("stopped")
            raise
        except Exception:
            self.close("failed")
            raise

    def close(self, text: str) -> None:
        """Ends the open line, if there is one, with what came of it."""
        if self._open:
            self._write(f"\r\x1b[K{self._open}{text}\n" if self._terminal else f"{text}\n")
            self._open = ""

    def wait(self) -> None:
        """Another process is at the same work."""
        self._write("(another process is building it: waiting) ")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def shown(path: Path) -> str:
    """A path as a person reads it: from the repository's root, when it is below it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def ensure(programs: Sequence[Program], progress: Progress) -> None:
    """Makes each program be there, one after the other.

    Raises ToolchainError at the first that cannot be had; those before it stay.
    """
    go = find_go()
    for program in programs:
        choice = choose(program, FOLDER, go)
        if choice.source is Source.OWN:
            progress.say(f"{program.name}: the machine's own {choice.version}, {choice.path}")
        elif choice.source is Source.BUILT:
            progress.say(f"{program.name} {choice.version}: there already")
        elif choice.source is Source.CANNOT:
            raise ToolchainError(f"{choice.why}.")
        else:
            _build(program, go, progress)


def _build(program: Program, go: Go | None, progress: Progress) -> None:
    started = time.monotonic()
    with progress.line(f"building {program.name} {program.version}"):
        built = ensure_built(program, FOLDER, go, progress.tick, progress.wait)
        choice = choose(program, FOLDER, go)
        size = choice.path.stat().st_size / 1e6 if choice.path else 0
        word = "ready after" if built else "built by another process; waited"
        progress.close(f"{word} {time.monotonic() - started:.0f} s, {size:.0f} MB")


def status(as_json: bool) -> str:
    """A table of all programs, or the same as JSON."""
    go = find_go()
    choices = [choose(program, FOLDER, go) for program in PROGRAMS.values()]
    if as_json:
        return json.dumps({"go": go.version if go else None, "programs": list(map(_as_json, choices))}, indent=2)
    head = ("program", "version", "which", "where", "why")
    rows = [head] + [
        (c.program.name, c.version, str(c.source), shown(c.path) if c.path else "-", c.why) for c in choices
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    ]
    return "\n".join([*lines, f"\nGo: {f'{go.version}, {go.path}' if go else 'not on PATH'}"])


def _as_json(choice: Choice) -> dict[str, str | None]:
    return {
        "name": choice.program.name,
        "pinned": str(choice.program.version),
        "version": choice.version,
        "source": choice.source.name.lower(),
        "path": str(choice.path) if choice.path else None,
        "why": choice.why,
    }


def which(program: Program) -> str:
    """The path of the program to run.

    Raises ToolchainError when there is none yet.
    """
    choice = choose(program, FOLDER, find_go())
    if choice.path is None:
        hint = f"run 'python3 tools/toolchain/toolchain.py ensure {program.name}'"
        raise ToolchainError(f"{program.name} is {choice.source}: {hint} ({choice.why}).")
    return str(choice.path)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="toolchain.py", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    get = commands.add_parser("ensure", help="make programs be there, building what is missing")
    get.add_argument("programs", nargs="*", metavar="PROGRAM")
    get.add_argument(
        "--all", action="store_true", dest="everything", help="all but what is built only where it is named"
    )
    table = commands.add_parser("status", help="which of each program is used, and why")
    table.add_argument("--json", action="store_true", dest="as_json")
    commands.add_parser("which", help="the path of one program").add_argument("program", metavar="PROGRAM")
    parsed = parser.parse_args(arguments)
    if parsed.command == "ensure" and bool(parsed.programs) == parsed.everything:
        get.error("name one program or more, or --all")
    return parsed


def run(parsed: argparse.Namespace) -> None:
    if parsed.command == "ensure":
        usual = [name for name, program in PROGRAMS.items() if program.usual]
        names = usual if parsed.everything else dict.fromkeys(parsed.programs)
        ensure([known_program(name) for name in names], Progress(sys.stdout))
    elif parsed.command == "status":
        print(status(parsed.as_json))
    else:
        print(which(known_program(parsed.program)))


def main(arguments: Sequence[str]) -> int:
    parsed = parse(arguments)
    return end_for_people("toolchain", lambda: run(parsed), ToolchainError)
