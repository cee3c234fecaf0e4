"""Plants every mistake in a copy of the tree, runs the tests of the program there, and names what nobody notices.

python3 -m bench.mutations                 # all; what was seen before is not run again
python3 -m bench.mutations --survivors     # again, those that nobody noticed
python3 -m bench.mutations --only KIND     # one kind, or any part of a mistake's text
python3 -m bench.mutations --quick         # with the few tests that are most likely to notice: 3 to 10 s each
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "support" / "infra"))

from planted_mistakes import Mistake, PlantingError, explained, mistakes  # noqa: E402 - found there

HOME: Final = ROOT / ".local" / "mutations"
RESULT: Final = ROOT / "bench" / "results" / "mutations.json"
SECONDS: Final = 900
"""After which a run of the tests is given up; that counts as noticed by nobody."""
CHECKS: Final = "tests/infra/checks/test_"
FIRST: Final = {
    "agreements": (
        f"{CHECKS}metrics.py",
        f"{CHECKS}references.py",
        f"{CHECKS}agreements.py",
        f"{CHECKS}published.py",
        f"{CHECKS}ways_out.py",
    ),
    "aws_names": (
        f"{CHECKS}service_values.py",
        f"{CHECKS}aws_names.py",
        f"{CHECKS}api_models.py",
        f"{CHECKS}cloudformation.py",
    ),
    "cloudwatch": (f"{CHECKS}metrics.py", "tests/infra/foundation/aws/monitoring"),
    "identities": (f"{CHECKS}aws_names.py", "tests/infra/rights", f"{CHECKS}iam.py"),
    "replacements": (f"{CHECKS}replacements.py", f"{CHECKS}graph.py"),
    "rights": ("tests/infra/rights", f"{CHECKS}aws_names.py"),
    "secrets": (f"{CHECKS}policy_rules.py", f"{CHECKS}what_is_told.py"),
    "versions": (f"{CHECKS}aws_names.py", f"{CHECKS}cloudformation.py"),
}
"""Kind → the tests that are most likely to notice such a mistake."""
QUICK: Final = "not staging and not prod and not every_type_is_compared and not a_mistake_is_found"
"""Of those, and of the tests beside the module: the environments that the worker has recorded, and no test of the
checks themselves."""
TESTS: Final = (
    "tests/infra/deployments", "tests/infra/services", "tests/infra/foundation", "tests/infra/policy",
    "tests/infra/checks", "tests/infra",
)  # fmt: skip
"""After those of its kind: all of the program's."""
LEFT_OUT: Final = (
    "tests/infra/config/test_config_properties.py",
    "tests/infra/test_program.py",
    "tests/infra/checks/test_preview.py",
    "tests/infra/checks/test_planted.py",
)
"""Minutes of drawn configurations, which say of the program only that it does not fail; and the test that each mistake
fits, which none does when it has been made."""
NONE_CHOSEN: Final = 5
"""Of pytest: no test has such a name."""
FAILED: Final = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


class Copy:
    """A copy of the tree, and the process that runs its tests."""

    def __init__(self, number: int) -> None:
        self.folder = HOME / f"copy-{number}"
        shutil.rmtree(self.folder, ignore_errors=True)
        tracked = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split("\0")
        for name in filter(None, tracked):
            if (ROOT / name).is_file():
                target = self.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)
        (self.folder / ".local").symlink_to(ROOT / ".local")
        python = ROOT / ".local" / "envs" / "infra" / "bin" / "python"
        self._process = subprocess.Popen(
            [str(python), str(self.folder / "bench" / "mutations" / "worker.py")],
            cwd=self.folder,
            # What pytest and Python have compiled is kept, but for the file with the mistake.
            env={name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._line() != "ready":
            raise SystemExit("mutations: the process that runs the tests does not start")

    def _line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        return self._process.stdout.readline().strip()

    def run(self, log: Path, tests: Sequence[str] = TESTS, *options: str) -> int:
        """The exit code of the tests, at the first that fails."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        without = [f"--ignore={name}" for name in LEFT_OUT]
        self._process.stdin.write(
            json.dumps({"tests": [*tests, *without, *options], "log": str(log), "seconds": SECONDS}) + "\n"
        )
        self._process.stdin.flush()
        answer = self._line()
        if not answer:
            raise SystemExit("mutations: the process that runs the tests has ended")
        return int(answer)

    def try_out(self, mistake: Mistake, log: Path, *, quick: bool) -> dict[str, Any]:
        """What came of a mistake: whether a test failed, and which."""
        path, before = mistake.plant(self.folder)
        _forget_compiled(path)
        started = time.monotonic()
        try:
            first = [name for name in FIRST.get(mistake.kind, ()) if (self.folder / name).exists()]
            code = self.run(log, [*first, beside(path, self.folder)], "-k", QUICK)
            if code in {0, NONE_CHOSEN} and not quick:
                code = self.run(log)
        finally:
            path.write_text(before, "utf-8")
            _forget_compiled(path)
        failed = FAILED.findall(log.read_text(errors="replace"))
        return {
            "noticed": code not in {0, NONE_CHOSEN, -9, 99},
            "by": failed[:1],
            "code": code,
            "seconds": round(time.monotonic() - started),
        }

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()


def beside(path: Path, root: Path) -> str:
    """The tests that mirror a module: its own, or those of the nearest folder."""
    module = path.relative_to(root / "infra" / "mlplatform")
    own = Path("tests", "infra", module.parent, f"test_{module.name}")
    while not (root / own).exists():
        own = own.parent if own.suffix != ".py" else Path("tests", "infra", module.parent)
    return str(own)


def _forget_compiled(path: Path) -> None:
    """Python knows a changed file by its size and its second, which a mistake may leave as they were."""
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        compiled.unlink()


class Report:
    """What is known of each mistake; kept after each."""

    def __init__(self) -> None:
        self._path = HOME / "report.json"
        self._lock = threading.Lock()
        self.found: dict[str, dict[str, Any]] = json.loads(self._path.read_text()) if self._path.exists() else {}

    def add(self, mistake: Mistake, found: dict[str, Any], done: int, of: int) -> None:
        with self._lock:
            self.found[mistake.key] = found
            temporary = self._path.with_suffix(".new")
            temporary.write_text(json.dumps(self.found, indent=1, ensure_ascii=False))
            temporary.replace(self._path)
            by = found["by"][0].rpartition("/")[2] if found["by"] else f"exit code {found['code']}"
            told = by if found["noticed"] else "NOBODY"
            print(f"[{done}/{of}] {found['seconds']:>4} s  {mistake.key}  —  {told}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="a kind, or part of a mistake")
    parser.add_argument("--survivors", action="store_true", help="those that nobody noticed, again")
    parser.add_argument("--again", action="store_true", help="all of them, whatever is known")
    parser.add_argument(
        "--quick", action="store_true", help="only the tests of its kind and beside its module, on dev and local"
    )
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--only-tell", action="store_true", help="run nothing: tell, and keep, what is known")
    arguments = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    report, reasons = Report(), explained()
    every = list(mistakes())
    chosen = [one for one in every if arguments.only in one.key]
    known = {key for key, found in report.found.items() if found["noticed"] or not arguments.survivors}
    if not arguments.only_tell:
        todo = [one for one in chosen if arguments.again or (one.key not in known and one.key not in reasons)]
        for one in todo:
            try:
                one.place(ROOT)
            except PlantingError as fault:
                raise SystemExit(f"mutations: {fault}") from fault
        _run_all(todo, report, arguments.parallel, quick=arguments.quick)
    unnoticed = [one for one in chosen if one.key not in reasons and not report.found.get(one.key, {}).get("noticed")]
    counts = Counter(one.kind for one in chosen)
    print(f"\n{len(chosen)} mistakes ({', '.join(f'{count} {kind}' for kind, count in sorted(counts.items()))}):")
    print(f"{len(chosen) - len(unnoticed)} noticed or explained ({len(reasons)} explained), {len(unnoticed)} by nobody")
    for one in unnoticed:
        print(f"  {one.key}")
    if arguments.only_tell:
        _keep(chosen, report, reasons)
    return 1 if unnoticed else 0


def _keep(chosen: Sequence[Mistake], report: Report, reasons: Mapping[str, str]) -> None:
    """Writes what is known to `bench/results`, with the day and the commit."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True
    )

    def fate_of(key: str) -> str:
        if key in reasons:
            return "explained"
        if key not in report.found:
            return "not tried"
        found = report.found[key]
        if not found["noticed"]:
            return "nobody"
        return str(found["by"][0]) if found["by"] else f"exit code {found['code']}"

    fates = {one.key: fate_of(one.key) for one in chosen}
    counts = Counter(fate if fate in {"explained", "not tried", "nobody"} else "noticed" for fate in fates.values())
    told = {"day": f"{datetime.now(UTC):%Y-%m-%d}", "commit": commit.stdout.strip(), "counts": counts, "by": fates}
    RESULT.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _run_all(todo: Sequence[Mistake], report: Report, parallel: int, *, quick: bool) -> None:
    waiting: queue.SimpleQueue[tuple[int, Mistake]] = queue.SimpleQueue()
    for number, one in enumerate(todo, 1):
        waiting.put((number, one))

    def lane(copy: Copy, log: Path) -> None:
        while True:
            try:
                index, mistake = waiting.get_nowait()
            except queue.Empty:
                return
            report.add(mistake, copy.try_out(mistake, log, quick=quick), index, len(todo))

    copies = [Copy(number) for number in range(min(parallel, len(todo)))]
    try:
        unchanged = HOME / "unchanged.log"
        if copies and not quick and copies[0].run(unchanged) != 0:
            raise SystemExit(f"mutations: the tests fail without a mistake: see {unchanged}")
        with ThreadPoolExecutor(max(len(copies), 1)) as pool:
            for _ in pool.map(lane, copies, [HOME / f"log-{number}.txt" for number in range(len(copies))]):
                pass
    finally:
        for copy in copies:
            copy.end()


if __name__ == "__main__":
    sys.exit(main())
