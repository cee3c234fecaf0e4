"""What is left of the platform when it is down: nothing. Its file is the last of this folder, by its name."""

from __future__ import annotations

from pathlib import Path

from kubernetes import client
from live_platform import PART_OF, Platform, tool
from live_traces import traces

from tools.localcluster.layout import ROOT
from tools.localplatform.stack import destroy


def test_down_leaves_no_object_volume_process_mount_interface_or_address(platform: Platform) -> None:
    assert destroy(platform.site) is not None
    core = client.CoreV1Api(platform.api())
    assert [one.metadata.name for one in core.list_namespace(label_selector=PART_OF).items] == []
    assert [one.metadata.name for one in core.list_persistent_volume().items] == []
    assert platform.pods() == []
    tool("down")
    after = traces()
    assert {key: after[key] - seen for key, seen in platform.before.items()} == {key: set() for key in platform.before}
    ours = str(ROOT / ".local" / "localcluster").encode()
    assert [path for path in Path("/proc").glob("[0-9]*/cmdline") if ours in path.read_bytes()] == []
    assert not list(platform.site.volumes.glob("*"))
