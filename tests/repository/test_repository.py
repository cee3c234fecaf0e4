"""What must be true of the repository as a whole: its locks, its seams, its documents."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    if (ROOT / name).is_file()
]
LOCKS = [path for path in TRACKED if path.suffix == ".lock"]
PROJECTS = [path for path in TRACKED if path.name == "pyproject.toml" and path.parent != ROOT]
PINNED = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def direct_dependencies(project: Path) -> set[str]:
    told = tomllib.loads(project.read_text())
    wanted = [*told["project"]["dependencies"], *told.get("dependency-groups", {}).get("test", [])]
    return {normal(re.split(r"[\[<>=~!; ]", name)[0]) for name in wanted} - {"platform-contract"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0]


def test_there_is_a_lock_for_every_package() -> None:
    assert len(PROJECTS) >= 5
    for project in PROJECTS:
        assert {project.parent / "requirements.lock", project.parent / "requirements-test.lock"} <= set(LOCKS)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_lock_pins_every_package_by_hash_and_names_no_address_and_no_folder(lock: Path) -> None:
    text = lock.read_text()
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert requirements
    for requirement in requirements:
        assert PINNED.match(requirement), requirement
        assert "--hash=sha256:" in requirement, requirement
    assert not re.search(r"://|@ |^-|file:|/(tmp|work|root|home|opt)/", text, re.MULTILINE)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.parent.name)
def test_every_direct_dependency_is_in_the_lock(project: Path) -> None:
    locked = {
        normal(match["name"]) for match in PINNED.finditer((project.parent / "requirements-test.lock").read_text())
    }
    assert direct_dependencies(project) <= locked


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.parent.name)
def test_the_tests_of_a_package_run_with_what_it_ships(project: Path) -> None:
    shipped = set(PINNED.findall((project.parent / "requirements.lock").read_text()))
    tested = set(PINNED.findall((project.parent / "requirements-test.lock").read_text()))
    assert shipped <= tested


def test_one_version_of_a_shared_engine_everywhere() -> None:
    for engine in ("xgboost-cpu", "pydantic", "numpy"):
        versions = {found for lock in LOCKS for name, found in PINNED.findall(lock.read_text()) if name == engine}
        # numpy has one version per Python, as its newest no longer runs on the oldest.
        assert len(versions) <= (2 if engine == "numpy" else 1), (engine, versions)


def test_workloads_know_nothing_of_the_program_or_of_each_other() -> None:
    packages = {path.name for path in (ROOT / "workloads").iterdir() if (path / "pyproject.toml").exists()}
    assert len(packages) >= 4
    for package in packages:
        foreign = (packages - {package, "platform_contract"}) | {"infra", "mlplatform", "local_pipeline", "tools"}
        for path in (ROOT / "workloads" / package / "src").rglob("*.py"):
            assert not foreign & set(imports(path)), path


def test_the_contract_depends_on_pydantic_only() -> None:
    project = ROOT / "workloads" / "platform_contract" / "pyproject.toml"
    wanted = tomllib.loads(project.read_text())["project"]["dependencies"]
    assert [re.split(r"[<>=]", name)[0] for name in wanted] == ["pydantic"]


def test_every_folder_of_tests_is_run_and_in_one_lane() -> None:
    known = runpy.run_path(str(ROOT / "tools" / "run_tests.py"))
    lanes = [name for stage in (*known["STAGES"], *known["CLUSTER_STAGES"]) for lane in stage for name in lane]
    assert sorted(lanes) == sorted(known["FOLDERS"])
    folders = [ROOT / folder for folder in known["FOLDERS"].values()]
    tests = [path for path in TRACKED if path.is_relative_to(ROOT / "tests") and path.name.startswith("test_")]
    lost = [path for path in tests if sum(path.is_relative_to(folder) for folder in folders) != 1]
    assert lost == []


def test_no_tracked_file_is_named_after_a_machine() -> None:
    # Put together here, so that this file does not name them itself.
    words = ["/" + "work/", "/root" + "/", "." + "library", "/" + "shared/design"]
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in TRACKED
        for word in words
        if path.suffix not in {".png", ".ubj", ".parquet"}
        and word in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert not found


@pytest.mark.parametrize(
    "document", [path for path in TRACKED if path.suffix == ".md"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_command_and_link_of_a_document_exists(document: Path) -> None:
    text = document.read_text()
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)\b", "\n".join(re.findall(r"`[^`]+`|```.*?```", text, re.DOTALL))))
    assert named <= targets, named - targets
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (document.parent / link).exists(), link


def test_a_document_names_commands_that_are_there_after_make_run() -> None:
    (synced,) = re.findall(r"^run:.*?\$\(SYNC\) ([a-z_ ]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE | re.DOTALL)
    scripts = {
        project.parent.name: set(tomllib.loads(project.read_text())["project"].get("scripts", ()))
        for project in PROJECTS
    }
    text = "\n".join(path.read_text() for path in TRACKED if path.suffix == ".md")
    named = set(re.findall(r"\.local/envs/([a-z_]+)/bin/([a-z][a-z-]+)", text)) - {("infra", "pip")}
    assert named
    for package, command in named:
        assert package in synced.split(), f"'make run' makes no environment {package}"
        assert command in scripts[package] | scripts["platform_contract"], command


def test_a_thread_that_dies_fails_the_test_that_started_it(tmp_path: Path) -> None:
    dying = tmp_path / "test_dying.py"
    dying.write_text(
        "import threading\n\ndef test_looks_on():\n    thread = threading.Thread(target=lambda: 1 / 0)\n"
        "    thread.start()\n    thread.join()\n"
    )
    settings = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *settings, str(dying)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout
    assert "ZeroDivisionError" in done.stdout
    assert "1 failed" in done.stdout


def test_the_page_of_listeners_is_what_the_table_says() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tools.listeners"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert (ROOT / "docs" / "listeners.md").read_text() == told
