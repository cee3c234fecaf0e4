"""How many nodes a set of pods needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlplatform.config.checks.fitting import Need, nodes_needed
from platform_contract.executor_profile import NodeShape

NODE = NodeShape(name="node", allocatable_cpu_millicores=4000, allocatable_memory_mib=8000, local_disk_gib=0)
PODS = st.lists(
    st.tuples(st.builds(Need, st.integers(500, 8000), st.integers(250, 4000)), st.integers(0, 30)), max_size=4
)


@pytest.mark.parametrize(
    ("pods", "nodes"),
    [
        ([], 0),
        ([(Need(8000, 4000), 3)], 3),
        ([(Need(4000, 1000), 3)], 2),
        ([(Need(1000, 1000), 5)], 2),
        # The small ones go beside the large one.
        ([(Need(2000, 1000), 1), (Need(6000, 1000), 1)], 1),
        ([(Need(6000, 1000), 3), (Need(2000, 1000), 4)], 4),
    ],
)
def test_pods_share_nodes_as_far_as_they_fit(pods: list[tuple[Need, int]], nodes: int) -> None:
    assert nodes_needed(pods, NODE) == nodes


def test_a_pod_that_fits_no_node_is_named() -> None:
    with pytest.raises(ValueError, match=r"^100 millicores and 9000 MiB do not fit node$"):
        nodes_needed([(Need(9000, 100), 1)], NODE)


@given(PODS)
def test_no_fewer_nodes_than_the_sums_need_and_no_more_than_one_for_each_pod(pods: list[tuple[Need, int]]) -> None:
    memory = sum(need.memory_mib * count for need, count in pods)
    cpu = sum(need.cpu_millicores * count for need, count in pods)
    least = max(-(-memory // NODE.allocatable_memory_mib), -(-cpu // NODE.allocatable_cpu_millicores))
    assert least <= nodes_needed(pods, NODE) <= sum(count for _, count in pods)


@given(PODS)
def test_it_counts_as_one_pod_after_the_other_would_be_placed(pods: list[tuple[Need, int]]) -> None:
    free: list[list[int]] = []
    for need in sorted((need for need, count in pods for _ in range(count)), reverse=True):
        node = next((one for one in free if one[0] >= need.memory_mib and one[1] >= need.cpu_millicores), None)
        if node is None:
            node = [NODE.allocatable_memory_mib, NODE.allocatable_cpu_millicores]
            free.append(node)
        node[0] -= need.memory_mib
        node[1] -= need.cpu_millicores
    assert nodes_needed(pods, NODE) == len(free)
