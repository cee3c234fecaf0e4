"""Who imports whom, in every package, tool and test of the repository: no circles, and the layers as docs draw them.

An import inside of a function counts like any other: it only hides a circle from the interpreter. A module is known by
its file, from the root of the repository.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_MODULES = 20
"""In a folder. One with more is told apart by prefixes of its files' names, which is what folders are for."""
LAYERS = re.compile(r"^```layers (?P<folder>\S+)\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)
"""A drawing in docs/architecture.md: what stands in a line may import what stands below it, and nothing else."""
DRAWINGS = {
    match["folder"]: [line.split() for line in match["lines"].splitlines()]
    for match in LAYERS.finditer((ROOT / "docs" / "architecture.md").read_text())
}


@cache
def modules() -> frozenset[str]:
    told = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return frozenset(name for name in told.splitlines() if (ROOT / name).is_file())


@cache
def sources() -> tuple[str, ...]:
    """The folders that modules are imported from."""
    patterns = ("workloads/*/src", "tools/*/src", "infra", "tests/support/*")
    return (*(str(one.relative_to(ROOT)) for pattern in patterns for one in sorted(ROOT.glob(pattern))), ".")


@cache
def found(name: str, folder: str) -> str | None:
    """The file of a module of ours; a program's own folder is on its path too."""
    place = name.replace(".", "/")
    for source in (*sources(), folder):
        start = "" if source == "." else f"{source}/"
        for file in (f"{start}{place}.py", f"{start}{place}/__init__.py"):
            if file in modules():
                return file
    return None


def imported(text: str, folder: str) -> Iterator[str | None]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (found(name.name, folder) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"an import by dots in {folder}, which is not looked into"
            for name in node.names:
                yield found(f"{node.module}.{name.name}", folder) or found(node.module, folder)


@cache
def graph() -> Mapping[str, set[str]]:
    """Module → the modules of ours that it imports."""
    edges = {one: set(imported((ROOT / one).read_text(), one.rpartition("/")[0] or ".")) for one in sorted(modules())}
    return {module: {one for one in others if one} - {module} for module, others in edges.items()}


def by_child(folder: str, edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Module or subfolder of a folder → what it imports of the others."""
    start, children = f"{folder}/", defaultdict[str, set[str]](set)
    for module, others in edges.items():
        if module.startswith(start):
            name, *inside = (
                one.removeprefix(start).split("/")[0] for one in (module, *others) if one.startswith(start)
            )
            children[name] |= set(inside) - {name}
    return children


def circle(edges: Mapping[str, Iterable[str]]) -> list[str]:
    """One circle, each importing the next; empty when there is none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert len(graph()) > 400
    assert sum(len(others) for others in graph().values()) > 1000, "imports are not found any more"
    assert circle(graph()) == []


def test_the_parts_of_no_folder_import_each_other_in_a_circle() -> None:
    folders = {str(folder) for module in modules() for folder in Path(module).parents} - {"."}
    circles = {folder: circle(by_child(folder, graph())) for folder in sorted(folders)}
    assert {folder: names for folder, names in circles.items() if names} == {}


def test_no_folder_has_more_modules_than_one_can_look_over() -> None:
    count = defaultdict[str, int](int)
    for module in modules():
        count[module.rpartition("/")[0]] += 1
    assert {folder: number for folder, number in count.items() if number > MOST_MODULES} == {}


def unit(module: str) -> str:
    """The part of the repository that a module is of."""
    first, *rest = module.split("/")
    return f"{first}/{rest[0]}" if first in {"tools", "workloads"} and len(rest) > 1 else first


def parts(folder: str) -> Mapping[str, set[str]]:
    """Each part that a drawing shows → the others that it imports."""
    if folder != ".":
        edges = by_child(folder, graph())
        return {name.removesuffix(".py"): {one.removesuffix(".py") for one in to} for name, to in edges.items()}
    units = defaultdict[str, set[str]](set)
    for module, others in graph().items():
        units[unit(module)] |= {unit(other) for other in others} - {unit(module)}
    return units


@pytest.mark.parametrize("folder", sorted(DRAWINGS))
def test_imports_go_down_the_layers_that_the_documents_draw(folder: str) -> None:
    level = {name: number for number, line in enumerate(DRAWINGS[folder]) for name in line}
    edges = {name: others for name, others in parts(folder).items() if others or name != "__init__"}
    assert set(level) == set(edges), "the drawing in docs/architecture.md shows other parts than there are"
    wrong = [f"{name} imports {one}" for name, to in edges.items() for one in to if level[name] >= level[one]]
    assert wrong == []


def test_the_documents_draw_the_repository_the_program_and_the_packages_that_have_wings() -> None:
    program = ["infra/mlplatform", "infra/mlplatform/foundation/aws"]
    packages = [f"workloads/{name}/src/{name}" for name in ("ray_training", "spark_preprocessing")]
    assert sorted(DRAWINGS) == [".", *program, *packages]


@pytest.mark.parametrize(
    ("edges", "told"),
    [
        ({"a": ["b"], "b": ["c"], "c": []}, set()),
        ({"a": ["b"], "b": ["a"]}, {"a", "b"}),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, {"b", "c"}),
    ],
)
def test_a_circle_is_found(edges: Mapping[str, Iterable[str]], told: set[str]) -> None:
    assert set(circle(edges)) == told


def test_an_import_inside_of_a_function_is_found() -> None:
    text = "def f():\n    from mlplatform.config import reading\n    import mlplatform.naming\n"
    assert set(imported(text, ".")) == {"infra/mlplatform/config/reading.py", "infra/mlplatform/naming.py"}
