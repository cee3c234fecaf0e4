"""Stack files are read as the engine reads them, and what is none is a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from offline_providers.faults import OfflineError
from offline_providers.stack_files import as_json, read_stack_file


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-01-01", "2026-01-01T00:00:00Z"),
        ("2026-01-01 10:00:00", "2026-01-01T10:00:00Z"),
        ("2026-01-01T10:00:00+02:00", "2026-01-01T10:00:00+02:00"),
        ("'2026-01-01'", "2026-01-01"),
        ("'012345678901'", "012345678901"),
    ],
)
def test_a_date_without_quotes_is_a_time_and_no_traceback(tmp_path: Path, text: str, read: str) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(f"config:\n  example:mlflow:\n    experiment: {text}\n")
    assert json.loads(as_json(read_stack_file(path))) == {"config": {"example:mlflow": {"experiment": read}}}


@pytest.mark.parametrize(
    ("text", "told"), [("a: [", "is no YAML: "), ("- a", "has no section 'config'"), ("config: [a]", "has no section")]
)
def test_what_is_no_stack_file_is_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(text)
    with pytest.raises(OfflineError, match=told) as error:
        read_stack_file(path)
    assert "\n" not in str(error.value)
