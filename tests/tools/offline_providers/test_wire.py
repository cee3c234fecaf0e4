"""Values survive the wire, and stay what they are."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st
from offline_providers.wire import (
    SIGNATURE,
    UNKNOWN,
    UNKNOWN_STRING,
    UNKNOWNS,
    Asset,
    Reference,
    Secret,
    decode,
    dependencies,
    encode,
    has_secret,
    has_unknown,
    plain,
)
from pulumi.runtime import rpc

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text().filter(lambda text: text not in UNKNOWNS)
KEYS = st.text(min_size=1).filter(lambda key: key != SIGNATURE)
VALUES = st.recursive(
    SCALARS | st.just(UNKNOWN),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner) | st.builds(Secret, inner),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, VALUES))
def test_what_is_encoded_is_decoded_to_the_same(properties: dict[str, Any]) -> None:
    assert decode(encode(properties)) == properties


def test_the_sdk_reads_our_secrets_and_unknowns_as_such() -> None:
    read = rpc.deserialize_properties(encode({"a": Secret("x"), "b": [UNKNOWN], "c": "plain"}), keep_unknowns=True)
    assert rpc.is_rpc_secret(read["a"])
    assert rpc.unwrap_rpc_secret(read["a"]) == "x"
    assert type(read["b"][0]).__name__ == "Unknown"
    assert read["c"] == "plain"


def test_each_kind_of_unknown_is_unknown() -> None:
    struct = struct_pb2.Struct()
    for index, text in enumerate(sorted(UNKNOWNS)):
        struct.fields[str(index)].string_value = text
    assert set(decode(struct).values()) == {UNKNOWN}
    assert len(UNKNOWNS) == 7


def test_an_output_is_its_value_secret_or_unknown() -> None:
    def output(**fields: object) -> dict[str, Any]:
        return {SIGNATURE: rpc._special_output_value_sig, **fields}

    properties = {
        "known": output(value="v", dependencies=["urn:a", "urn:b"]),
        "secret": output(value="s", secret=True),
        "unknown": output(dependencies=["urn:c"]),
    }
    struct = encode(properties)
    assert decode(struct) == {"known": "v", "secret": Secret("s"), "unknown": UNKNOWN}
    assert dependencies(struct) == {"known": {"urn:a", "urn:b"}, "secret": set(), "unknown": {"urn:c"}}


def test_an_asset_and_a_reference_survive() -> None:
    asset = Asset({SIGNATURE: rpc._special_asset_sig, "text": "hello", "hash": "12"})
    reference = Reference("urn:pulumi:dev::p::t::n", "id-1", "1.2.3")
    assert decode(encode({"a": asset, "r": reference})) == {"a": asset, "r": reference}


def test_numbers_without_a_fraction_are_whole() -> None:
    struct = struct_pb2.Struct()
    struct.fields["port"].number_value = 443
    struct.fields["share"].number_value = 0.5
    assert decode(struct) == {"port": 443, "share": 0.5}
    assert isinstance(decode(struct)["port"], int)


def test_plain_takes_the_wrappers_off_and_a_secret_is_not_shown() -> None:
    value = {"a": Secret({"b": [Secret("x")]}), "c": UNKNOWN}
    assert plain(value) == {"a": {"b": ["x"]}, "c": UNKNOWN}
    assert "x" not in repr(Secret("x"))
    assert has_secret(value)
    assert has_unknown(value)
    assert not has_unknown(Secret({"a": [1]}))
    assert has_unknown(Secret([UNKNOWN]))


def test_a_value_of_a_strange_type_is_refused() -> None:
    with pytest.raises(TypeError, match="set cannot be sent to the engine"):
        encode({"a": {1, 2}})


def test_the_unknown_string_is_the_sdks() -> None:
    assert UNKNOWN_STRING == rpc.UNKNOWN
