"""Is there a Java that Spark can run on?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import Final

from spark_preprocessing.errors import PreprocessingError

OLDEST_JAVA: Final = 17
"""Spark 4 runs on Java 17 and newer (source: Spark's documentation, "Overview")."""

_ADVICE: Final = (
    f"install Java {OLDEST_JAVA} (Debian and Ubuntu: 'apt-get install openjdk-{OLDEST_JAVA}-jre-headless'), or set"
    " JAVA_HOME to one that is installed."
)


def require_java() -> int:
    """The major version of the Java that Spark will find: the one in JAVA_HOME, or else on the PATH.

    Raises:
        PreprocessingError: there is none, it does not run, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    # The launcher scripts of Spark look no further when JAVA_HOME is set.
    java = shutil.which("java", path=os.path.join(home, "bin")) if home else shutil.which("java")  # noqa: PTH118 - which() takes text
    where = f"in JAVA_HOME ({home})" if home else "on the PATH"
    if java is None:
        raise PreprocessingError(f"Spark needs Java and none is {where}: {_ADVICE}")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)(?:\.(\d+))?', told.stderr + told.stdout)
    if told.returncode != 0 or version is None:
        raise PreprocessingError(f"Spark needs Java and {java} does not run: {_ADVICE}")
    major = int(version[1]) if version[1] != "1" else int(version[2] or 0)  # Java 8 calls itself 1.8
    if major < OLDEST_JAVA:
        raise PreprocessingError(f"Spark needs Java {OLDEST_JAVA} or newer and {java} is Java {major}: {_ADVICE}")
    return major
