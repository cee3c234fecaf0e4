from __future__ import annotations

import pytest

from tools.toolchain.versions import KUBECTL_RANGE, PULUMI_RANGE, Version, find_version


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("v3.274.1\n", Version(3, 274, 1)),
        ("Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0", Version(1, 32, 4)),
        ('Client Version: version.Info{Major:"1", Minor:"20", GitVersion:"v1.20.2"}', Version(1, 20, 2)),
        ("CoreDNS-1.14.4\nlinux/amd64, go1.26.8", Version(1, 14, 4)),
        ("registry github.com/distribution/distribution/v3 v3.1.2", Version(3, 1, 2)),
        ("etcd Version: 3.6.15\nGo Version: go1.26.8", Version(3, 6, 15)),
        ("listening on 10.99.0.1", None),
        ("", None),
    ],
)
def test_the_first_release_that_a_program_prints_is_its_version(said: str, version: Version | None) -> None:
    assert find_version(said) == version


@pytest.mark.parametrize(
    ("own", "fits"),
    [
        (Version(3, 274, 1), True),
        (Version(3, 400, 0), True),
        (Version(3, 272, 0), True),
        (Version(3, 271, 9), False),
        (Version(4, 274, 1), False),
        (Version(2, 300, 0), False),
    ],
)
def test_a_pulumi_of_the_same_major_fits_when_it_is_newer_or_of_the_sdks_minor(own: Version, fits: bool) -> None:
    assert PULUMI_RANGE.allows(own, Version(3, 274, 1)) is fits


@pytest.mark.parametrize(
    ("own", "fits"),
    [
        (Version(1, 34, 0), True),
        (Version(1, 33, 9), True),
        (Version(1, 35, 0), True),
        (Version(1, 32, 4), False),
        (Version(1, 36, 0), False),
        (Version(2, 34, 4), False),
    ],
)
def test_a_kubectl_fits_within_one_minor_to_either_side(own: Version, fits: bool) -> None:
    assert KUBECTL_RANGE.allows(own, Version(1, 34, 4)) is fits


def test_a_range_reads_as_the_versions_that_fit() -> None:
    assert PULUMI_RANGE.words(Version(3, 274, 1)) == "v3.272 or a newer v3"
    assert KUBECTL_RANGE.words(Version(1, 34, 4)) == "v1.33 to v1.35"
