"""Gets the command-line programs that this repository uses: Pulumi, and a Kubernetes to try it on.

What the machine has already, and what fits, is used. The rest is built with Go from modules whose versions and
checksums are fixed in tools/toolchain/modules, into .local/toolchain, once. `--help` tells more.

    python3 tools/toolchain/toolchain.py ensure pulumi
    python3 tools/toolchain/toolchain.py status
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 - it is for whoever starts this with an older one
        sys.exit("toolchain: Python 3.11 or newer is needed, as in 'python3.11 tools/toolchain/toolchain.py'")
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from tools.endings import tidy_when_stopped
    from tools.toolchain.command_line import main

    tidy_when_stopped()
    sys.exit(main(sys.argv[1:]))
