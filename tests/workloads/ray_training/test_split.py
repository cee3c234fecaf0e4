"""The split is by time: whatever the years, what is held out comes after all that was learned from. Other code, another
model.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ray_training import settings
from ray_training.errors import TrainingError
from ray_training.settings import code_digest, span, split_by_time

MONTHS = st.lists(
    st.builds(lambda year, month: year * 100 + month, st.integers(1987, 2100), st.integers(1, 12)),
    min_size=4,
    unique=True,
)


@given(MONTHS)
def test_every_month_is_for_one_thing_and_later_ones_are_held_out(months: list[int]) -> None:
    split = split_by_time(months)
    assert [*split.train, *split.validation, *split.heldout] == sorted(months)
    assert (len(split.validation), len(split.heldout)) == (1, 2)


def test_2013_is_split_as_it_always_was() -> None:
    split = split_by_time(range(201301, 201313))
    assert split.train == tuple(range(201301, 201310))
    assert (split.validation, split.heldout) == ((201310,), (201311, 201312))


def test_january_of_the_next_year_is_held_out_and_not_learned_from() -> None:
    split = split_by_time([*range(201301, 201313), 201401])
    assert (split.validation, split.heldout) == ((201311,), (201312, 201401))


def test_too_few_months_are_named() -> None:
    with pytest.raises(
        TrainingError, match=r"flights of 3 month\(s\) \(201311, 201312, 201401\), and training needs 4"
    ):
        split_by_time([201401, 201311, 201312])
    with pytest.raises(TrainingError, match=r"0 month\(s\) \(none\)"):
        split_by_time([])


def test_a_span_of_months_is_told_as_a_person_writes_it() -> None:
    assert span((201301, 201302, 201309)) == "2013-01 to 2013-09"
    assert span((201310,)) == "2013-10"


def test_a_change_of_any_of_the_modules_makes_another_digest_of_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = shutil.copytree(Path(settings.__file__).parent, tmp_path / "ray_training")
    modules, digests = sorted(copied.rglob("*.py")), {code_digest()}
    monkeypatch.setattr(settings, "__file__", str(copied / "settings.py"))
    assert code_digest() in digests, "where the package lies is no part of it"
    for module in modules:
        with module.open("a") as file:
            file.write("# changed\n")
        digests.add(code_digest())
    assert len(modules) > 20
    assert len(digests) == len(modules) + 1
