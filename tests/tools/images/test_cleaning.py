"""Removing all that was built."""

from __future__ import annotations

from pathlib import Path

from tools.images.cleaning import clean, mounts_below

TABLE = """\
/dev/vda / ext4 rw 0 0
/dev/vda /clone/.local/images/storage/overlay ext4 rw 0 0
overlay /clone/.local/images/storage/overlay/abc/merged overlay rw 0 0
overlay /clone/.local/images-of-others/merged overlay rw 0 0
overlay /my\\040clone/.local/images/merged overlay rw 0 0
"""


def test_only_what_is_mounted_below_the_folder_is_unmounted_the_innermost_first() -> None:
    storage = Path("/clone/.local/images/storage/overlay")
    assert mounts_below(Path("/clone/.local/images"), TABLE) == [storage / "abc" / "merged", storage]


def test_a_blank_in_a_path_is_understood() -> None:
    assert mounts_below(Path("/my clone/.local"), TABLE) == [Path("/my clone/.local/images/merged")]


def test_cleaning_removes_the_folder_and_twice_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "images" / "storage").mkdir(parents=True)
    assert clean(tmp_path / "images")
    assert not (tmp_path / "images").exists()
    assert not clean(tmp_path / "images")
