"""Prints the table of rights with what the policies of an environment say to each row: `python -m rights prod`.

Ends with 1 where a row says otherwise.
"""

from __future__ import annotations

import argparse
import sys
from itertools import groupby

from whole_program import ENVIRONMENTS, record

from rights.recorded import World
from rights.table import table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environment", choices=ENVIRONMENTS)
    world = World(record(parser.parse_args().environment))
    rows = sorted(world.applicable(table()), key=lambda row: (world.filled(str(row.who)), not row.allowed))
    wrong = 0
    for who, its in groupby(rows, key=lambda row: world.filled(str(row.who))):
        print(who)
        for row in its:
            faults = list(world.differences([row]))
            wrong += len(faults)
            actions = dict.fromkeys(request.action for request in row.requests)
            print(f"  {'may' if row.allowed else 'may not'}{' (WRONG)' if faults else ''}: {world.filled(row.what)}")
            print(f"    {len(row.requests)} requests: {', '.join(actions)}")
            print(f"    {row.source}")
            for fault in faults:
                print(f"    WRONG: {fault}", file=sys.stderr)
    requests = sum(len(row.requests) for row in rows)
    print(f"{len(rows)} rows, {requests} requests, {wrong} answered otherwise")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
