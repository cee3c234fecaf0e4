"""The mistakes that `make mutations` plants: each still fits the program, and what nobody notices is explained."""

from __future__ import annotations

from collections import Counter

import pytest
from infra_configs import REPOSITORY
from planted_mistakes import Mistake, explained, mistakes

ALL = list(mistakes())


@pytest.mark.parametrize("mistake", ALL, ids=[one.key for one in ALL])
def test_a_mistake_still_fits_the_program(mistake: Mistake) -> None:
    assert mistake.place(REPOSITORY).is_file()
    assert mistake.old != mistake.new


def test_there_are_many_of_all_kinds_and_none_twice() -> None:
    assert len(ALL) >= 150
    kinds = {"agreements", "aws_names", "cloudwatch", "identities", "replacements", "rights", "secrets", "versions"}
    assert {kind for kind, count in Counter(one.kind for one in ALL).items() if count >= 10} == kinds
    assert [key for key, count in Counter(one.key for one in ALL).items() if count > 1] == []


def test_only_mistakes_are_explained_and_each_in_a_sentence() -> None:
    assert set(explained()) <= {one.key for one in ALL}
    assert all(len(reason) > 40 for reason in explained().values())
