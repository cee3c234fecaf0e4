"""Kills runs at random moments, and lets the next one heal: ``python3 bench/run.py --only kills``.

Each kill is of a run from nothing; the run after it must end right, with the same data set, the same model and the same
answers as one that nobody killed, and nothing may be left over: no process, no listener, no file in ``/tmp`` or
``/dev/shm``, none beside the results. All of it happens in namespaces of its own: whatever is found there is a run's.
What was stopped goes on where it was, unless the seed or the count is another.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import psutil

REPOSITORY: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "tests" / "support" / "workloads")]

from local_pipeline.raw_files import land_raw_files  # noqa: E402 - the path comes first
from pipeline_site import Site, make_site  # noqa: E402

from bench.kills import traces  # noqa: E402
from bench.kills.delivery import write_days  # noqa: E402
from bench.kills.namespaces import INSIDE, become_inside, furnish  # noqa: E402

PLACE: Final = REPOSITORY / ".local" / "bench" / "kills"
SAME: Final = ("dataset", "fingerprint", "rows_in", "rows_out", "model_version", "metrics", "tables")
"""What a healed run tells as the one does that nobody killed."""

COMPARED: Final = ("told", "model", "beside")

FORMS: Final[Mapping[str, str]] = {
    "command": "SIGKILL to the command's process alone",
    "group": "SIGKILL to the command's process group, make's among it",
    "everything": "SIGKILL to all its processes at once, as a container ends",
    "one": "SIGKILL to one of its processes, as when memory runs out",
    "SIGTERM": "SIGTERM to the command",
    "SIGINT": "SIGINT to its group, as Ctrl-C does",
}
QUICK_JAVA: Final = "-XX:TieredStopAtLevel=1"
"""Spark's Java lives for seconds here: a compiler that is soon done halves the processor time of a run."""

KEPT: Final = PLACE / "kept.json"
"""What has been seen so far, for a measurement that was stopped."""
SETTLE_SECONDS: Final = 20.0
"""A process that has lost its parent may take this long to see it; it is nobody's fault before."""


@dataclass(frozen=True)
class Kill:
    """What is done to a run, and when."""

    number: int
    seconds: float
    """After its start."""
    form: str
    draw: random.Random


@dataclass(frozen=True)
class Outcome:
    """Of one kill."""

    number: int
    seconds: float
    """After the start of the run."""
    form: str
    step: str
    """What the run had told last."""
    left_by_the_kill: list[str]
    healed_seconds: float
    faults: list[str]


def main() -> int:
    """The command; its status is 1 where a kill was not healed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=14, help="of the moments and forms (%(default)s)")
    parser.add_argument("--output", type=Path, required=True, help="JSON file with the result")
    arguments = parser.parse_args()
    if not os.environ.get(INSIDE):
        become_inside([sys.executable, "-m", "bench.kills", *sys.argv[1:]])
    furnish()
    os.environ["JDK_JAVA_OPTIONS"] = QUICK_JAVA
    load_before = os.getloadavg()[0]
    asked = {"seed": arguments.seed, "count": arguments.kills}
    site = Site(PLACE / "a site @home")
    delivery = PLACE / "delivery"
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    if kept.get("asked") != asked:
        shutil.rmtree(PLACE, ignore_errors=True)
        landed, _ = land_raw_files(PLACE / "landed")
        write_days(landed, delivery)
        make_site(site.folder)
        seconds, expected = whole_run(site, delivery)
        kept = {"asked": asked, "seconds": seconds, "expected": expected, "outcomes": []}
        KEPT.write_text(json.dumps(kept))
    seconds, expected = kept["seconds"], kept["expected"]
    print(f"seed {arguments.seed}; {seconds:.1f} s when nobody kills it", flush=True)
    outcomes = [Outcome(**outcome) for outcome in kept["outcomes"]]
    for outcome in outcomes:
        print(told(outcome), flush=True)
    for kill in kills(arguments.kills, arguments.seed, seconds)[len(outcomes) :]:
        outcomes.append(killed_and_healed(site, delivery, kill, expected))
        print(told(outcomes[-1]), flush=True)
        KEPT.write_text(json.dumps({**kept, "outcomes": [asdict(outcome) for outcome in outcomes]}))
    healed = sum(not outcome.faults for outcome in outcomes)
    print(f"{healed} of {len(outcomes)} healed, and nothing left over", flush=True)
    result: dict[str, Any] = {
        "what": "runs that are killed at random moments, each healed by the next",
        "repeats": 1,
        "load_before": load_before,
        "seed": arguments.seed,
        "rows": expected["told"]["rows_in"],
        "undisturbed_seconds": round(seconds, 1),
        "forms": FORMS,
        "healed": healed,
        "kills": [asdict(outcome) for outcome in outcomes],
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    # What processes were called is told without where this clone is.
    text = json.dumps(result, indent=2).replace(f"{REPOSITORY}/", "")
    arguments.output.write_text(f"{text}\n", encoding="utf-8")
    return 0 if healed == len(outcomes) else 1


def kills(count: int, seed: int, seconds: float) -> list[Kill]:
    """The moments: one in each of `count` equal parts of the run's time, so that all of its steps are met, and the
    forms, all equally often; both in random order."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    moments = [(part + draw.random()) * seconds / count for part in range(count)]
    forms = [list(FORMS)[part % len(FORMS)] for part in range(count)]
    draw.shuffle(moments)
    draw.shuffle(forms)
    return [
        Kill(number, moment, form, random.Random(draw.random()))  # noqa: S311
        for number, (moment, form) in enumerate(zip(moments, forms, strict=True), start=1)
    ]


def whole_run(site: Site, delivery: Path) -> tuple[float, dict[str, Any]]:
    """A run from nothing that nobody kills; its seconds, and what a healed one is compared with."""
    started = time.monotonic()
    status, words = site.call("run", "--raw-files", str(delivery))
    assert status == 0, words  # noqa: S101 - without it there is nothing to compare with
    seconds = time.monotonic() - started
    left = settled()
    if left:
        raise SystemExit("A run that nobody killed leaves:\n" + "\n".join(sorted(left)))
    return seconds, found(site)


def found(site: Site) -> dict[str, Any]:
    """What a run has told, and what lies there after it."""
    summary = site.summary()
    models = sorted((site.folder / "data").rglob("flight_delay.ubj"))
    return {
        "told": {key: summary[key] for key in SAME},
        "model": [hashlib.sha256(model.read_bytes()).hexdigest() for model in models],
        "files": traces.files(site.folder),
        "beside": sorted(path.name for path in PLACE.iterdir() if path.is_dir()),
    }


def killed_and_healed(site: Site, delivery: Path, kill: Kill, expected: Mapping[str, Any]) -> Outcome:
    """One run from nothing, killed, and the one after it."""
    for folder in ("data", "run"):
        shutil.rmtree(site.folder / folder, ignore_errors=True)
    log = PLACE / f"killed-{kill.number}.log"
    with log.open("w") as told_to:
        # As make does it: the command is a child of a shell's, in one group with it.
        shell = subprocess.Popen(
            ["/bin/sh", "-c", '"$@"; exit $?', "run", *site.command("run", "--raw-files", str(delivery))],
            env=site.environ,
            stdout=told_to,
            stderr=told_to,
            start_new_session=True,
        )
        time.sleep(kill.seconds)
        send(kill, shell)
        shell.wait()
    step = next((line for line in reversed(log.read_text().splitlines()) if line.startswith("[")), "before the first")
    # A signal that can be heard is answered by stopping everything at once.
    in_order = kill.form.startswith("SIG")
    left = sorted(settled() if in_order else traces.processes())
    faults = [f"left by {kill.form}: {one}" for one in left] if in_order else []
    started = time.monotonic()
    status, words = site.call("run", "--raw-files", str(delivery))
    seconds = time.monotonic() - started
    (PLACE / f"healed-{kill.number}.log").write_text(words)
    faults += faults_of(site, expected) if status == 0 else [words[-2000:]]
    return Outcome(kill.number, round(kill.seconds, 1), kill.form, step, left, round(seconds, 1), faults)


def faults_of(site: Site, expected: Mapping[str, Any]) -> list[str]:
    """How a healed run differs from one that nobody killed, and what is left over."""
    healed = found(site)
    return [
        *(f"{key}: {healed[key]} and not {expected[key]}" for key in COMPARED if healed[key] != expected[key]),
        *(f"left over: {one}" for one in sorted(settled())),
        *(f"other files: {one}" for one in differing(healed["files"], expected["files"])),
    ]


def send(kill: Kill, shell: subprocess.Popen[bytes]) -> None:
    """Does it."""
    form = kill.form
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        children = psutil.Process(shell.pid).children(recursive=True)
        if form == "group":
            os.killpg(shell.pid, signal.SIGKILL)
        elif form == "SIGINT":
            os.killpg(shell.pid, signal.SIGINT)
        elif form == "everything":
            for process in (psutil.Process(shell.pid), *children):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        elif form == "one":
            kill.draw.choice(children[1:] or children).kill()
        elif children:
            children[0].send_signal(signal.SIGKILL if form == "command" else signal.SIGTERM)


def settled() -> set[str]:
    """What is left when all that ends by itself has had the time for it."""
    until = time.monotonic() + SETTLE_SECONDS
    while (left := traces.leftovers()) and time.monotonic() < until:
        time.sleep(0.2)
    return left


def differing(one: list[str], other: list[str]) -> list[str]:
    """What only one of the two lists has, with its sign."""
    counted = {name: one.count(name) - other.count(name) for name in {*one, *other}}
    return [f"{'+' if count > 0 else '-'} {name} ({abs(count)})" for name, count in sorted(counted.items()) if count]


def told(outcome: Outcome) -> str:
    """One line, and one for each fault."""
    line = (
        f"{outcome.number:>2}  {outcome.seconds:>5.1f} s  {outcome.form:<10}  {outcome.step:<45}"
        f"  {len(outcome.left_by_the_kill):>2} left, {'healed' if not outcome.faults else 'NOT healed'}"
        f" in {outcome.healed_seconds:.1f} s"
    )
    return "\n".join([line, *(f"      {fault}" for fault in outcome.faults)])


if __name__ == "__main__":
    sys.exit(main())
