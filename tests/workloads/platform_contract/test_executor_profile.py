"""The executor profile: what fits a node is accepted, what does not is refused with the sum and the remedy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from platform_contract import ExecutorProfile, NodeShape
from platform_contract.executor_profile import eks_allocatable_cpu_millicores, eks_allocatable_memory_mib
from pydantic import ValidationError

NODE = NodeShape(name="m6id.2xlarge", allocatable_cpu_millicores=7910, allocatable_memory_mib=30000, local_disk_gib=400)
SIZES: dict[str, Any] = {"cores": 4, "heap_mib": 8000, "overhead_mib": 3200}


def profile(**changes: Any) -> ExecutorProfile:
    base: dict[str, Any] = {
        "name": "medium",
        "node": NODE,
        "local_dir": {"kind": "emptyDir", "size_gib": 100},
        **SIZES,
        **changes,
    }
    return ExecutorProfile(**base)


@example(heap=4000, overhead=400, off_heap=500, python=100, allocatable=5000)
@given(
    heap=st.integers(450, 40000),
    overhead=st.integers(384, 16000),
    off_heap=st.integers(0, 16000),
    python=st.integers(0, 16000),
    allocatable=st.integers(1000, 64000),
)
def test_a_profile_is_accepted_exactly_when_its_pod_fits_the_memory_of_the_node(
    heap: int, overhead: int, off_heap: int, python: int, allocatable: int
) -> None:
    sizes = {"heap_mib": heap, "overhead_mib": overhead, "off_heap_mib": off_heap, "pyspark_memory_mib": python}
    node = NODE.model_copy(update={"allocatable_memory_mib": allocatable})
    if heap + overhead + off_heap + python <= allocatable:
        assert profile(node=node, **sizes).pod_memory_mib == sum(sizes.values())
    else:
        with pytest.raises(
            ValidationError, match=rf"needs {sum(sizes.values())} MiB .* can allocate {allocatable} MiB"
        ):
            profile(node=node, **sizes)


@example(cores=4, millicores=4000)
@given(cores=st.integers(1, 64), millicores=st.integers(1, 64000))
def test_a_profile_is_accepted_exactly_when_its_cores_fit_the_node(cores: int, millicores: int) -> None:
    node = NODE.model_copy(update={"allocatable_cpu_millicores": millicores})
    if cores * 1000 <= millicores:
        assert profile(node=node, cores=cores).cores == cores
    else:
        with pytest.raises(ValidationError, match=f"needs {cores * 1000} millicores, but m6id.2xlarge can allocate"):
            profile(node=node, cores=cores)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"local_dir": {"kind": "emptyDir", "size_gib": 500}}, r"500 GiB \(emptyDir\) does not fit the 400 GiB"),
        ({"local_dir": {"kind": "hostPath", "size_gib": 401, "path": "/nvme"}}, r"401 GiB \(hostPath\) does not fit"),
        ({"local_dir": {"kind": "hostPath", "size_gib": 1, "path": "nvme"}}, r"the path must be absolute"),
        ({"local_dir": {"kind": "memory", "size_gib": 1}}, r"Input tag 'memory' found using 'kind' does not match"),
        ({"instances": 4, "max_instances": 2}, r"max_instances \(2\) is below instances \(4\)"),
        ({"heap_mib": 256}, r"heap_mib\n\s+Input should be greater than or equal to 450"),
        ({"overhead_mib": 100}, r"overhead_mib\n\s+Input should be greater than or equal to 384"),
        ({"min_registered_resources_ratio": 0}, r"Input should be greater than 0"),
        ({"min_registered_resources_ratio": 1.1}, r"Input should be less than or equal to 1"),
        ({"decommissioning": {"grace_period_seconds": 120}}, r"Input should be less than 120"),
        ({"surprise": 1}, r"Extra inputs are not permitted"),
        ({"name": "Not_A_Label"}, r"String should match pattern"),
    ],
)
def test_an_impossible_profile_is_refused_with_its_reason(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        profile(**changes)


def test_every_reason_is_named_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        profile(heap_mib=64000, cores=16, local_dir={"kind": "emptyDir", "size_gib": 999})
    for words in ("64000 + overhead", "16000 millicores", "999 GiB"):
        assert words in str(caught.value)


def test_a_claim_is_not_bound_to_the_disk_of_the_node() -> None:
    claim = {"kind": "persistentVolumeClaim", "size_gib": 4000, "storage_class": "gp3"}
    assert profile(local_dir=claim).local_dir.size_gib == 4000


# Worked by hand from the formulas that nodeadm (awslabs/amazon-eks-ami) documents.
@pytest.mark.parametrize(
    ("vcpus", "memory_mib", "pods", "cpu", "memory"), [(2, 8192, 29, 1930, 7518), (4, 16384, 58, 3920, 15391)]
)
def test_what_an_eks_node_can_allocate_follows_the_formula_of_its_image(
    vcpus: int, memory_mib: int, pods: int, cpu: int, memory: int
) -> None:
    assert eks_allocatable_cpu_millicores(vcpus) == cpu
    assert eks_allocatable_memory_mib(memory_mib, pods) == memory
    shape = NodeShape.on_eks("x", vcpus=vcpus, memory_mib=memory_mib, max_pods=pods, local_disk_gib=0)
    assert (shape.allocatable_cpu_millicores, shape.allocatable_memory_mib) == (cpu, memory)
