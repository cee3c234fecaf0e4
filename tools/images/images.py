"""Builds the container images of the workloads, only what has changed, and pushes them. `--help` tells more.

python3 tools/images/images.py build ray_training
python3 tools/images/images.py build --push 123456789012.dkr.ecr.eu-central-1.amazonaws.com/mlplatform-dev
python3 tools/images/images.py list
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 - it is for whoever starts this with an older one
        sys.exit("images: Python 3.11 or newer is needed, as in 'python3.11 tools/images/images.py'")
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from tools.endings import tidy_when_stopped
    from tools.images.command_line import main

    tidy_when_stopped()
    sys.exit(main(sys.argv[1:]))
