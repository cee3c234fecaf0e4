"""A published schema never changes: other teams read by it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from platform_contract import ContractError
from platform_contract.schema import PUBLISHED, json_schema, publish, published_path

SCHEMAS = Path(__file__).resolve().parents[3] / "workloads" / "platform_contract" / "schemas"

# Every version that was ever published. A line is added for a new version; none is ever changed or removed.
DIGESTS = {
    "feature-manifest-1.0.json": "9731fac78050d247e2f32b26974816849f15213c156a2a3571c6910fa63a85ff",
    "feature-manifest-2.0.json": "6685761ddc382322a24158d06b6b9910c7ced8ffddf7e9b03f9dd8ff8a8c7014",
    "platform-contract-1.0.json": "db15573373eb60c8fcc720aafe402ca601bd126684a4cd994d6efb4911440759",
}


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_document_is_what_its_version_was_published_as(name: str) -> None:
    assert published_path(SCHEMAS, name).read_text() == json_schema(name), (
        f"{name} changed: raise its version (the second number for an added optional key, the first for anything else),"
        " run 'platform-contract publish-schemas workloads/platform_contract/schemas', and add its digest here"
    )


def test_no_published_version_was_changed_or_removed() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in SCHEMAS.iterdir()}
    assert found == DIGESTS


def test_publishing_refuses_a_change_without_a_version_step(tmp_path: Path) -> None:
    assert len(publish(tmp_path)) == len(PUBLISHED)
    assert publish(tmp_path) == []
    path = published_path(tmp_path, "platform-contract")
    path.write_text(path.read_text().replace("Where a person looks at runs.", "Elsewhere."))
    with pytest.raises(ContractError, match="give the document a new version"):
        publish(tmp_path)
