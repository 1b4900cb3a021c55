"""JavaScript's values that Python has not, and values by themselves."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from ropewalk import (
    Array,
    BigInt,
    DecodeError,
    Decoder,
    Doc,
    Encoder,
    Map,
    Undefined,
    create_permission_denied_message,
    decode_update,
    read_permission_denied_message,
)


def written(value: Any) -> bytes:
    encoder = Encoder()
    encoder.write_any(value)
    return encoder.to_bytes()


def test_undefined_is_written_and_read_as_none() -> None:
    doc: Doc[Any] = Doc(
        {"map": Map({"a": Undefined, "b": None, "c": [Undefined, {"d": Undefined}]})}
    )
    assert doc["map"].to_py() == {"a": None, "b": None, "c": [None, {"d": None}]}
    assert written(Undefined) == b"\x7f" and written(None) == b"\x7e"
    assert not Undefined and repr(Undefined) == "Undefined"
    for same in (
        copy.copy(Undefined),
        copy.deepcopy(Undefined),
        pickle.loads(pickle.dumps(Undefined)),
    ):
        assert same is Undefined


def test_a_bigint_stays_one_at_any_size() -> None:
    assert written(5) == b"\x7d\x05"
    assert written(BigInt(5)) == b"\x7a" + (5).to_bytes(8, "big")
    assert written(BigInt(-1)) == b"\x7a" + b"\xff" * 8
    assert written(2**53) == written(BigInt(2**53)) == b"\x7a" + (2**53).to_bytes(8, "big")
    doc: Doc[Any] = Doc({"array": Array([BigInt(5), True, BigInt(2**63 - 1)])})
    assert doc["array"].to_py() == [5, True, 2**63 - 1]
    assert BigInt(5) == 5 and repr(BigInt(5)) == "BigInt(5)"
    with pytest.raises(OverflowError):
        doc["array"].append(BigInt(2**63))


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1, 2**31, 2**52 + 1, 2.5, -0.0, 1e300, "", "é🎈", b"\x00\xff", [], [1, [2]],
     {}, {"b": 1, "a": [None, {"c": "d"}]}],
)  # fmt: skip
def test_values_travel(value: Any) -> None:
    encoder = Encoder()
    encoder.write_any(value)
    encoder.write_var_uint(7)
    decoder = Decoder(encoder.to_bytes())
    read = decoder.read_any()
    assert read == value and type(read) is type(value)
    assert str(read) == str(value)  # -0.0
    assert decoder.read_var_uint() == 7 and decoder.length == 0


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x7d", b"\x77\x05ab", b"\x75\x02\x7e", b"\x77\x01\xff"]
)
def test_what_is_no_value_takes_nothing(data: bytes) -> None:
    decoder = Decoder(data)
    with pytest.raises(DecodeError):
        decoder.read_any()
    assert (decoder.i0, decoder.length) == (0, len(data))


@pytest.mark.parametrize("number", [0, 1, 63, 64, 8191, 8192, 2**31, 2**53 - 1])
def test_numbers_with_a_sign(number: int) -> None:
    for signed in (number, -number):
        encoder = Encoder()
        encoder.write_var_int(signed)
        decoder = Decoder(encoder.to_bytes())
        assert decoder.read_var_int() == signed and decoder.length == 0


def test_numbers_with_a_sign_and_bad_ones() -> None:
    encoder = Encoder()
    encoder.write_var_int(-0.0)
    assert encoder.to_bytes() == b"\x40"
    for bad in (2**53, -(2**53), 1.5):
        with pytest.raises(ValueError, match="whole and below"):
            encoder.write_var_int(bad)
    for data in (b"", b"\x80", b"\xff\xff", b"\xbf" + b"\xff" * 6 + b"\x7f"):
        decoder = Decoder(data)
        with pytest.raises(DecodeError):
            decoder.read_var_int()
        assert (decoder.i0, decoder.length) == (0, len(data))


def test_what_a_server_says_when_it_refuses() -> None:
    message = create_permission_denied_message("not today, Zoë")
    assert message[:2] == bytes((0, 15))
    assert read_permission_denied_message(message) == "not today, Zoë"
    assert read_permission_denied_message(create_permission_denied_message("")) == ""
    assert read_permission_denied_message(b"\x01\x00") is None
    for bad in (b"", b"\x00", b"\x00\x05ab", b"\x80"):
        with pytest.raises(DecodeError):
            read_permission_denied_message(bad)


def test_bytes_in_a_list_are_bytes_of_the_value() -> None:
    doc: Doc[Any] = Doc(client_id=1)
    doc["array"] = array = Array([b"top", [b"inner"]])
    assert array.to_py() == [b"top", [b"inner"]]
    kinds = [struct["kind"] for struct in decode_update(doc.get_update())["structs"]]
    assert kinds == ["binary", "any"]
