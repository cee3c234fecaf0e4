"""So that ``python -m offline_providers`` is the command ``offline-plan``."""

import sys

from offline_providers.cli import main

sys.exit(main())
