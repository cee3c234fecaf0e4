"""One plan in a process of its own, ``python -m bench.plan.one environment dev FOLDER``: JSON on its output.

Kinds: ``environment STACK``, the platform; ``waiting STACK``, the same without what the SDK's waiting costs; ``floor
RESOURCES COMPONENTS``; ``modules RESOURCES COMPONENTS FILE``, the floor, whose program imports the modules of the SDKs
that the file names, a line each.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from mlplatform.config.workload_sections import Images
from offline_providers.engine import Program, Project, load_program, offline_stack
from offline_providers.report import errors, planned

REPOSITORY: Final = Path(__file__).resolve().parents[2]
Task = asyncio.Task[Any]
SDKS: Final = ("pulumi_aws", "pulumi_eks", "pulumi_kubernetes")
DIGEST: Final = "sha256:" + "0" * 64
WHAT_ONLY_AN_OWNER_KNOWS: Final = {
    "mlplatform:owner.accountId": "123456789012",
    "mlplatform:owner.alertEmail": "on-call@example.org",
    # With all images, so that nothing is left out.
    **{f"mlplatform:images.{field.alias or name}": DIGEST for name, field in Images.model_fields.items()},
}


def environment(stack: str, home: Path) -> tuple[Project, str, Program]:
    """The platform's own program, with the stack file as it is shipped."""
    return (
        Project.at(REPOSITORY, home, examples=WHAT_ONLY_AN_OWNER_KNOWS),
        stack,
        load_program("mlplatform.program:main"),
    )


def wait_once() -> None:
    """Has the SDK wait for its outputs once, where it waits anew after each that is done.

    `pulumi.runtime.stack.wait_for_rpcs` hangs a callback on every open output and takes it off again each time that one
    of them is done: work that grows with the square of the outputs. A failed one ends either way of waiting.
    """
    stack: Any = import_module("pulumi.runtime.stack")

    async def wait(tasks: Iterable[Task], *, return_when: str) -> tuple[set[Task], set[Task]]:
        if return_when != asyncio.FIRST_COMPLETED:
            raise SystemExit("The SDK waits otherwise than this measurement knows: look at wait_for_rpcs again.")
        return await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)

    stack.asyncio = SimpleNamespace(**{**vars(asyncio), "wait": wait})


def floor(resources: int, components: int, modules: list[str], home: Path) -> tuple[Project, str, Program]:
    """As many resources of the simplest kind, in as many components, with one explicit provider as the platform's.

    Args:
        modules: of the SDKs, which the program imports before anything else.
    """
    folder = home / "floor-project"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "floor", "runtime": "python"}), encoding="utf-8")
    (folder / "Pulumi.floor.yaml").write_text("config: {}\n", encoding="utf-8")
    return Project.at(folder, home), "floor", _floor_program(resources, components, modules)


def _floor_program(resources: int, components: int, modules: list[str]) -> Callable[[], None]:
    # Not by name: the types of the SDK are millions of lines for a type checker.
    aws: Any = import_module("pulumi_aws")
    pulumi: Any = import_module("pulumi")

    def program() -> None:
        for module in modules:
            import_module(module)
        # The provider is a resource too.
        provider = aws.Provider("aws", region="eu-central-1", allowed_account_ids=["123456789012"])
        parents = [
            pulumi.ComponentResource(
                "floor:index:Part", f"part-{number}", None, pulumi.ResourceOptions(providers=[provider])
            )
            for number in range(components)
        ]
        for number in range(resources - 1):
            parent = parents[number % components]
            options = pulumi.ResourceOptions(parent=parent, provider=provider)
            aws.cloudwatch.LogGroup(f"log-{number}", opts=options)

    return program


def main(arguments: list[str]) -> int:
    kind, *words, folder = arguments
    home = Path(folder)
    if kind == "waiting":
        wait_once()
    if kind in {"environment", "waiting"}:
        project, stack, program = environment(words[0], home)
    else:
        modules = Path(words[2]).read_text(encoding="utf-8").split() if kind == "modules" else []
        project, stack, program = floor(int(words[0]), int(words[1]), modules, home)
    with offline_stack(project, stack, program) as running:
        outcome = running.run("preview")
    if outcome.failed:
        print("\n".join(errors(outcome)), file=sys.stderr)
        return 1
    # The engine's own provider is there or not as a program asks for its functions: neither counts it.
    counted = [step for step in planned(outcome.steps) if step.is_counted]
    print(
        json.dumps(
            {
                "seconds": outcome.seconds,
                "resources": sum(step.custom for step in counted),
                "components": sum(not step.custom for step in counted),
                "modules": sorted(name for name in sys.modules if name.startswith(SDKS)),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
