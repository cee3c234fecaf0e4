"""The command ``platform-contract``: shows, checks and writes contracts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from platform_contract.loading import (
    DEFAULT_PORT_BASE,
    LOCAL_FOLDER,
    PORTS_USED,
    ContractError,
    find_repository,
    load_contract,
    local_contract,
    read_contract,
)
from platform_contract.schema import PUBLISHED, json_schema, publish


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="platform-contract", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("show", help="the contract that workloads started here would read")
    check = commands.add_parser("check", help="check a contract file; names every fault at once")
    check.add_argument("file", type=Path)
    schema = commands.add_parser("schema", help="the JSON Schema of a published document")
    schema.add_argument("name", nargs="?", default="platform-contract", choices=sorted(PUBLISHED))
    publish_ = commands.add_parser("publish-schemas", help="write the schemas of new versions into a folder")
    publish_.add_argument("folder", type=Path)
    local = commands.add_parser("local", help="a contract for this machine, with a folder and ports of your choice")
    local.add_argument("--folder", type=Path, default=None, help=f"default: {LOCAL_FOLDER}/data of the repository")
    local.add_argument(
        "--port-base",
        type=int,
        default=DEFAULT_PORT_BASE,
        help=f"first of {PORTS_USED} ports in a row (default {DEFAULT_PORT_BASE})",
    )
    return parser


def _run(arguments: argparse.Namespace) -> str:
    match arguments.command:
        case "show":
            return load_contract().model_dump_json(indent=2)
        case "check":
            read_contract(arguments.file)
            return f"{arguments.file}: a valid contract"
        case "schema":
            return json_schema(arguments.name).rstrip("\n")
        case "publish-schemas":
            written = publish(arguments.folder)
            return "\n".join(f"published {path}" for path in written) or "all versions are published"
        case _:
            if not 1024 <= arguments.port_base <= 65535 - PORTS_USED:
                raise ContractError(f"--port-base: choose 1024 to {65535 - PORTS_USED}, not {arguments.port_base}")
            folder = arguments.folder or find_repository() / LOCAL_FOLDER / "data"
            return local_contract(folder, arguments.port_base).model_dump_json(indent=2)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; a person's mistake ends in one message and exit status 2."""
    arguments = _parser().parse_args(argv)
    try:
        print(_run(arguments))
    except ContractError as error:
        print(f"platform-contract: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
