"""Makes the Python environments of this repository, one for each workload package, from their lock files.

Needs nothing but Python: it uses `uv` if the machine has it and otherwise installs the pinned one into a virtual
environment of its own. Everything lands below `.local/` in the repository. An environment whose lock file has not
changed is left as it is.

    python3 tools/environments.py sync ray_training bento_serving
    python3 tools/environments.py sync --tests          # all, with what their tests need
    python3 tools/environments.py lock                  # write the lock files anew
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCAL = ROOT / ".local"
ENVIRONMENTS = LOCAL / "envs"
CONTRACT = ROOT / "workloads" / "platform_contract"
SIMULATOR = ROOT / "tools" / "policy_simulator"
BUILD_LOCK = ROOT / "tools" / "build.lock"
UV_LOCK = ROOT / "tools" / "uv.lock"
OLDEST, NEWEST = (3, 11), (3, 13)
COMPILE = (
    *("--universal", "--python-version", f"{OLDEST[0]}.{OLDEST[1]}", "--generate-hashes", "--quiet"),
    *("--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"),
)


class SetupError(Exception):
    """What is wrong and what to do, for a person."""


@dataclass(frozen=True)
class Package:
    """A folder with a `pyproject.toml` and its lock files, or just a lock file of tools."""

    name: str
    folder: Path
    installed: bool = True
    usual: bool = True
    """Whether it is made where none is named."""

    @property
    def environment(self) -> Path:
        return ENVIRONMENTS / self.name

    def lock(self, tests: bool) -> Path:
        return self.folder / ("requirements-test.lock" if tests and self.installed else "requirements.lock")


PACKAGES = {
    package.name: package
    for package in (
        Package("platform_contract", CONTRACT),
        Package("spark_preprocessing", ROOT / "workloads" / "spark_preprocessing"),
        Package("ray_training", ROOT / "workloads" / "ray_training"),
        Package("bento_serving", ROOT / "workloads" / "bento_serving"),
        Package("mlflow_tracking", ROOT / "workloads" / "mlflow_tracking"),
        Package("local_pipeline", ROOT / "tools" / "local_pipeline"),
        Package("infra", ROOT / "infra"),
        Package("checks", ROOT / "tools" / "checks", installed=False),
        Package("bench_serving", ROOT / "bench" / "serving", installed=False, usual=False),
    )
}


def say(text: str) -> None:
    print(f"environments: {text}", flush=True)


def run(command: Sequence[str], what: str, cwd: Path = ROOT) -> None:
    """Runs a command; its output is shown only when it fails."""
    environ = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", **caches()}
    # A caller's active environment or index of loose wheels has no say in what a lock file means.
    for name in ("VIRTUAL_ENV", "PIP_FIND_LINKS", "UV_FIND_LINKS", "CONDA_PREFIX"):
        environ.pop(name, None)
    done = subprocess.run(
        command, cwd=cwd, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode != 0:
        raise SetupError(f"{what} failed. {likely_cause(done.stdout)}\n{done.stdout}")


def caches() -> dict[str, str]:
    """Where packages are kept for the next environment, if not in the home folder: there may be none to write to."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME", "/")) / ".cache")
    there = next(folder for folder in (home, *home.parents) if os.path.lexists(folder))
    if there.is_dir() and os.access(there, os.W_OK):
        return {}
    kept = {"UV_CACHE_DIR": LOCAL / "cache" / "uv", "PIP_CACHE_DIR": LOCAL / "cache" / "pip"}
    return {name: str(folder) for name, folder in kept.items() if name not in os.environ}


def likely_cause(told: str) -> str:
    """What a person should look at first, by what a command has said."""
    if re.search(r"(?i)permission denied|read-only file system|os error (13|30)\b", told):
        return "A folder cannot be written to: the last lines say which."
    if re.search(r"(?i)no space left|disk quota|os error (28|122)\b", told):
        return "The disk is full: make room."
    if re.search(r"(?i)hash mismatch|do not match the hashes", told):
        return "A package is not the one that the lock file knows: is a proxy or mirror in between?"
    return "Is the package registry reached?"


def require_python() -> None:
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        raise SetupError(
            f"Python {sys.version_info[0]}.{sys.version_info[1]} is not supported: install one from"
            f" {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]} and name it, as in 'make run PYTHON=python3.11'."
        )


def known_package(name: str) -> Package:
    if name not in PACKAGES:
        raise SetupError(f"no such package: {name} (there is {', '.join(PACKAGES)})")
    return PACKAGES[name]


def find_uv() -> Path:
    """The machine's own uv, or the pinned one in an environment below `.local/`, installed if need be."""
    if own := shutil.which("uv"):
        return Path(own)
    folder = ENVIRONMENTS / "uv"
    binary, stamp = folder / "bin" / "uv", folder / ".lock-digest"
    digest = hashlib.sha256(UV_LOCK.read_bytes()).hexdigest()
    if not (binary.exists() and stamp.exists() and stamp.read_text() == digest):
        say("no uv on this machine: installing it into .local/envs/uv")
        shutil.rmtree(folder, ignore_errors=True)
        run(
            [sys.executable, "-m", "venv", str(folder)],
            "Making a virtual environment (Debian: apt install python3-venv)",
        )
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(UV_LOCK)], "Installing uv")
        stamp.write_text(digest)
    return binary


def digest_of(package: Package, tests: bool) -> str:
    """Of everything that decides what is in the environment."""
    parts = [package.lock(tests), BUILD_LOCK]
    if package.installed:
        parts += [package.folder / "pyproject.toml", CONTRACT / "pyproject.toml"]
    text = "\n".join([str(ROOT), sys.version, *(part.read_text() for part in parts)])
    return hashlib.sha256(text.encode()).hexdigest()


def sync(uv: Path, package: Package, tests: bool) -> bool:
    """Makes the environment as its lock file says. False when it already was.

    Without `tests` an environment that also has the tests' packages will do.
    """
    stamp = package.environment / ".lock-digest"
    have = stamp.read_text() if stamp.exists() else ""
    wanted = digest_of(package, tests)
    # The stamp is what comes last: where it is missing, a sync was killed, and what it left may look installed.
    whole = bool(have)
    if have == wanted or (not tests and have == digest_of(package, tests=True)):
        return False
    say(f"{package.name}: installing from {package.lock(tests).relative_to(ROOT)}")
    started = time.monotonic()
    python = package.environment / "bin" / "python"
    stamp.unlink(missing_ok=True)
    pip = [str(uv), "pip"]
    options = ["--quiet", "--python", str(python), "--build-constraints", str(BUILD_LOCK)]
    if sys.dont_write_bytecode:
        # PYTHONDONTWRITEBYTECODE, as many container images set it: each process would compile all that it imports.
        options.append("--compile-bytecode")
    if not whole or not python.exists():
        # Here and not by uv, which does not clear a folder that is not yet a virtual environment.
        shutil.rmtree(package.environment, ignore_errors=True)
        venv = [str(uv), "venv", "--quiet", "--python", sys.executable, str(package.environment)]
        run(venv, f"{package.name}: making a virtual environment")
    run([*pip, "sync", *options, "--require-hashes", str(package.lock(tests))], f"{package.name}: installing packages")
    if package.installed:
        sources = dict.fromkeys([str(CONTRACT), str(package.folder)])
        editable = [part for source in sources for part in ("--editable", source)]
        run([*pip, "install", *options, "--no-deps", *editable], f"{package.name}: installing the package itself")
    stamp.write_text(wanted)
    say(f"{package.name}: ready after {time.monotonic() - started:.0f} s")
    return True


def sync_simulator() -> bool:
    """Installs the second evaluator of policies, which tests of `infra` ask where the machine has Node."""
    target = ENVIRONMENTS / SIMULATOR.name
    files = [path for path in sorted(SIMULATOR.iterdir()) if path.is_file()]
    wanted = hashlib.sha256("\n".join(path.read_text() for path in files).encode()).hexdigest()
    stamp = target / ".lock-digest"
    if shutil.which("npm") is None or (stamp.exists() and stamp.read_text() == wanted):
        return False
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in files:
        shutil.copy2(path, target)
    run(["npm", "ci", "--no-update-notifier"], f"{SIMULATOR.name}: installing packages", target)
    stamp.write_text(wanted)
    return True


def write_locks(uv: Path) -> None:
    compile_ = [str(uv), "pip", "compile", *COMPILE]
    for source in sorted([*(ROOT / "tools").rglob("*.in"), *(ROOT / "bench").rglob("*.in")]):
        say(f"locking {source.relative_to(ROOT)}")
        run([*compile_, source.name, "-o", f"{source.stem}.lock"], source.name, source.parent)
    for package in PACKAGES.values():
        if package.installed:
            say(f"locking {package.name}")
            project = [*compile_, "--no-emit-package", "platform-contract", "pyproject.toml"]
            run([*project, "-o", "requirements.lock"], package.name, package.folder)
            test = ["--group", "test", "-c", "requirements.lock", "-o", "requirements-test.lock"]
            run([*project, *test], package.name, package.folder)


@contextmanager
def only_one() -> Iterator[None]:
    """Two syncs at once would write into one folder: the second waits."""
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with (ENVIRONMENTS / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another sync is at work in this clone: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("sync", help="make environments")
    make.add_argument(
        "packages", nargs="*", metavar="PACKAGE", help=f"of {', '.join(PACKAGES)}; none means all but the last"
    )
    make.add_argument("--tests", action="store_true", help="with what the tests need")
    commands.add_parser("lock", help="write the lock files anew")
    arguments = parser.parse_args()
    try:
        require_python()
        usual = [package.name for package in PACKAGES.values() if package.usual]
        packages = [known_package(name) for name in getattr(arguments, "packages", ()) or usual]
        with only_one():
            uv = find_uv()
            if arguments.command == "lock":
                write_locks(uv)
            else:
                for package in packages:
                    sync(uv, package, arguments.tests)
                    if arguments.tests and package.name == "infra":
                        sync_simulator()
    except SetupError as fault:
        print(f"environments: {fault}", file=sys.stderr)
        return 2
    except OSError as error:
        hint = "Is there space, and may you write here?"
        print(f"environments: {error.strerror}: {error.filename}. {hint}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("environments: stopped; run it again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
