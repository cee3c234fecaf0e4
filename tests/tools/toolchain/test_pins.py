"""The go.mod files, as Go itself reads them, beside what the tool believes."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools.toolchain.programs import JUDGE, MODULES, PROGRAMS, ROOT, Program, required_modules
from tools.toolchain.versions import PULUMI_RANGE, ToolchainError, Version, find_version

EVERY_PROGRAM = pytest.mark.parametrize("program", PROGRAMS.values(), ids=list(PROGRAMS))
EVERY_MODULE = pytest.mark.parametrize("module", sorted(MODULES.iterdir()), ids=lambda module: module.name)
STAGING_MODULES = 31


def as_go_reads_it(module: Path) -> dict[str, Any]:
    command = ["go", "mod", "edit", "-json"]
    done = subprocess.run(command, cwd=module, text=True, capture_output=True, check=True)
    read: dict[str, Any] = json.loads(done.stdout)
    return read


@EVERY_PROGRAM
def test_the_version_of_a_program_is_that_of_the_module_that_holds_it(program: Program) -> None:
    required = {entry["Path"]: entry["Version"] for entry in as_go_reads_it(program.module)["Require"]}
    holders = [path for path in required if f"{program.package}/".startswith(f"{path}/")]
    assert str(program.version) == required[max(holders, key=len)]


@EVERY_PROGRAM
def test_a_program_is_a_tool_of_its_module_so_that_go_keeps_what_it_needs(program: Program) -> None:
    if program.main:
        assert f'"{program.package}"' in (program.module / program.main / "main.go").read_text()
    else:
        assert program.package in {entry["Path"] for entry in as_go_reads_it(program.module)["Tool"]}


@EVERY_PROGRAM
def test_the_pinned_module_is_checksummed(program: Program) -> None:
    required = required_modules((program.module / "go.mod").read_text())
    holder = max((path for path in required if f"{program.package}/".startswith(f"{path}/")), key=len)
    assert f"\n{holder} {program.version} h1:" in (program.module / "go.sum").read_text()


@EVERY_PROGRAM
def test_the_linker_is_told_the_pinned_version_and_no_template_is_left(program: Program) -> None:
    flags = next(argument for argument in program.build_arguments if argument.startswith("-ldflags="))
    assert "{" not in flags
    assert len(program.variables) == flags.count("-X ")
    assert all(str(program.version) in flags for variable in program.variables if "{version}" in variable)


@EVERY_MODULE
def test_the_tool_reads_a_go_mod_as_go_does(module: Path) -> None:
    read = as_go_reads_it(module)
    assert required_modules((module / "go.mod").read_text()) == {e["Path"]: e["Version"] for e in read["Require"]}
    assert {program.oldest_go for program in (*PROGRAMS.values(), JUDGE) if program.module == module} == {read["Go"]}


@EVERY_MODULE
def test_every_module_is_checksummed_but_for_what_is_replaced(module: Path) -> None:
    read, sums = as_go_reads_it(module), (module / "go.sum").read_text()
    replaced = {entry["Old"]["Path"]: entry["New"] for entry in read.get("Replace") or []}
    wanted = [replaced.get(entry["Path"], entry) for entry in read["Require"]]
    assert [entry for entry in wanted if f"{entry['Path']} {entry['Version']}/go.mod h1:" not in sums] == []


@EVERY_MODULE
def test_lock_files_name_no_host_beyond_module_paths_and_no_folder_of_a_machine(module: Path) -> None:
    for name in ("go.mod", "go.sum"):
        text = (module / name).read_text()
        assert not re.search(r"://|proxy\.|sum\.golang|/(home|root|work|Users)/|=> \.{0,2}/", text), name


def test_every_staging_module_is_replaced_at_the_release_of_kubernetes() -> None:
    read = as_go_reads_it(MODULES / "kubernetes")
    kubernetes = PROGRAMS["kube-apiserver"].version
    replaced = {entry["Old"]["Path"]: entry["New"] for entry in read["Replace"]}
    release = f"v0.{kubernetes.minor}.{kubernetes.patch}"
    assert {path: new["Version"] for path, new in replaced.items()} == dict.fromkeys(replaced, release)
    assert {path: new["Path"] for path, new in replaced.items()} == {path: path for path in replaced}
    # Kubernetes requires its staging modules as v0.0.0, which is no release: each of those must be replaced.
    unreleased = {entry["Path"] for entry in read["Require"] if entry["Version"] == "v0.0.0"}
    assert unreleased <= set(replaced)
    assert len(replaced) == STAGING_MODULES


def test_all_of_kubernetes_is_one_release() -> None:
    of_kubernetes = [one for one in PROGRAMS.values() if one.package.startswith("k8s.io/kubernetes/")]
    assert len(of_kubernetes) >= 6
    assert len({program.version for program in of_kubernetes}) == 1


def test_neither_the_pinned_pulumi_nor_the_oldest_that_fits_is_older_than_the_sdk() -> None:
    lock = (ROOT / "infra" / "requirements.lock").read_text()
    found = re.search(r"^pulumi==(\S+)", lock, re.MULTILINE)
    assert found is not None
    sdk, pinned = find_version(found.group(1)), PROGRAMS["pulumi"].version
    assert sdk is not None
    assert pinned.major == sdk.major
    assert pinned >= sdk
    assert PULUMI_RANGE.allows(sdk, pinned)
    assert not PULUMI_RANGE.allows(Version(sdk.major, sdk.minor - 1, 0), pinned)


def test_a_package_that_no_required_module_holds_is_refused(hello: Program) -> None:
    stray = Program("stray", hello.module, "example.test/hell")
    with pytest.raises(ToolchainError, match=r"go.mod requires no release of a module that holds example.test/hell\."):
        _ = stray.version


@pytest.mark.parametrize("changed", ["go.mod", "go.sum"])
def test_a_change_of_a_lock_file_is_another_recipe(hello: Program, changed: str) -> None:
    before = hello.recipe
    path = hello.module / changed
    path.write_text(path.read_text() + "\n// changed\n")
    assert hello.recipe != before


def test_a_change_of_what_the_linker_sets_is_another_recipe(hello: Program) -> None:
    other = Program(hello.name, hello.module, hello.package, variables=("main.Version={version}-2",))
    assert other.recipe != hello.recipe
