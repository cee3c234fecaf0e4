"""Ray's workers start wherever the environment lies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WORKER = """
import sys
from platform_contract.document import Ray
from ray_training.distributed.cluster import ray_cluster
from ray_training.timing import Stopwatch

settings = Ray(address="local", cpus_per_worker=1, object_store_mib=80, storage="/tmp")
with ray_cluster(settings, Stopwatch()):
    import ray

    @ray.remote(runtime_env={"env_vars": {"ITS_OWN": "yes"}})
    def told():
        import os
        return os.environ["ITS_OWN"], sys.executable

    print(*ray.get(told.remote()), sep="\\n")
"""


def test_workers_with_variables_of_their_own_start_in_an_environment_whose_path_has_a_space(tmp_path: Path) -> None:
    environment = tmp_path / "an environment @home"
    environment.symlink_to(Path(sys.prefix))
    python = str(environment / "bin" / "python")
    done = subprocess.run([python, "-c", WORKER], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["yes", python]
