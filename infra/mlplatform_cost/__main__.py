"""Prints what the environments cost in a month: `make cost`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

from mlplatform.config.base import AWS_ENVIRONMENTS, AwsEnvironment
from mlplatform.config.faults import ConfigError
from mlplatform.config.stack_files import read_stack_file
from rich.console import Console

from mlplatform_cost.estimate import estimate
from mlplatform_cost.prices import UnknownPriceError, load_prices
from mlplatform_cost.report import as_json, print_estimate

ROOT: Final = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="mlplatform_cost", description=__doc__)
    parser.add_argument("environments", nargs="*", metavar="ENVIRONMENT", help="dev, staging or prod; none means all")
    parser.add_argument("--json", action="store_true", dest="as_json", help="for programs")
    parser.add_argument("--stacks", type=Path, default=ROOT, metavar="FOLDER", help="where Pulumi.<env>.yaml are")
    parsed = parser.parse_args(arguments)
    wanted = parsed.environments or list(AWS_ENVIRONMENTS)
    for name in wanted:
        if name not in AWS_ENVIRONMENTS:
            parser.error(f"there is no environment {name}, but {', '.join(AWS_ENVIRONMENTS)}")
    table = load_prices()
    try:
        found = [estimate(read_stack_file(parsed.stacks, cast("AwsEnvironment", name))[0], table) for name in wanted]
    except (ConfigError, UnknownPriceError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename}: {error.strerror}.", file=sys.stderr)
        return 2
    if parsed.as_json:
        print(json.dumps([as_json(one, table) for one in found], indent=2))
    else:
        console = Console(soft_wrap=False)
        for one in found:
            print_estimate(one, table, console)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
