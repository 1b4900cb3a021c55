"""Updates, state vectors and columns taken apart."""

from __future__ import annotations

from typing import Any

import pytest
from ropewalk import (
    Array,
    DecodeError,
    Doc,
    Map,
    Text,
    XmlElement,
    XmlFragment,
    decode_column,
    decode_state_vector,
    decode_update,
    encode_column,
    encode_state_vector,
)


def test_state_vectors() -> None:
    doc: Doc[Any] = Doc({"text": Text("abc")}, client_id=7)
    assert decode_state_vector(doc.get_state()) == {7: 3}
    clocks = {2**53 - 1: 2**31 - 1, 7: 3, 1: 0}
    assert decode_state_vector(encode_state_vector(clocks)) == clocks
    assert encode_state_vector({}) == b"\x00"
    for bad in ({2**53: 1}, {1: 2**31}):
        with pytest.raises(ValueError, match=r"client|clocks"):
            encode_state_vector(bad)
    with pytest.raises(DecodeError):
        decode_state_vector(b"\x01")


@pytest.mark.parametrize("v2", [False, True])
def test_what_an_update_consists_of(v2: bool) -> None:
    doc: Doc[Any] = Doc(client_id=1)
    with doc.transaction():
        doc["text"] = text = Text("ab🎈")
        doc["map"] = Map({"k": Array([1, "x"]), "sub": Doc(guid="g", meta={"n": 1})})
        doc["xml"] = XmlFragment([XmlElement("p")])
        text.format(0, 1, {"bold": True})
        text.insert_embed(3, {"img": 1})
        del text[1]
    decoded = decode_update(doc.get_update(v2=v2), v2=v2)
    structs = decoded["structs"]
    by_kind = {struct["kind"]: struct for struct in structs}
    assert [struct["id"][0] for struct in structs] == [1] * len(structs)
    assert structs[0]["id"] == (1, 0) and structs[0]["parent"] == "text"
    assert sum(struct["length"] for struct in structs) == decode_state_vector(doc.get_state())[1]
    assert by_kind["any"]["values"] == [1, "x"]
    assert by_kind["document"]["guid"] == "g"
    assert by_kind["document"]["options"] == {"meta": {"n": 1}}
    assert by_kind["document"]["parent_key"] == "sub"
    assert (by_kind["format"]["key"], by_kind["format"]["value"]) == ("bold", None)
    assert by_kind["embed"]["value"] == {"img": 1}
    types = {struct["type"]: struct for struct in structs if struct["kind"] == "type"}
    assert types["array"]["parent_key"] == "k" and types["xml_element"]["name"] == "p"
    assert decoded["deletes"] == [(1, 1, 2)]
    with pytest.raises(DecodeError):
        decode_update(doc.get_update(v2=v2)[:-1], v2=v2)


def test_columns() -> None:
    for kind, values, data in (
        ("uint_opt_rle", [0, 0, 0], b"\x40\x01"),
        ("int_diff_opt_rle", [3, 3, 3], b"\x06\x01\x00"),
        ("rle", [1, 1, 2], b"\x01\x01\x02"),
        ("string", ["a", "\ud83d", "\ude00", ""], b"\x05a\xf0\x9f\x98\x80\x41\x01\x00"),
    ):
        made = encode_column(kind, values)  # type: ignore[arg-type]
        if kind != "string":
            assert made == data
        assert decode_column(kind, made, len(values)) == values  # type: ignore[arg-type]
        assert decode_column(kind, made, 0) == []  # type: ignore[arg-type]
    with pytest.raises(DecodeError):
        decode_column("uint_opt_rle", b"\x05", 2)
    with pytest.raises(ValueError, match="too great"):
        encode_column("rle", [256])
    with pytest.raises(ValueError, match="columns are"):
        encode_column("no", [])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        encode_column("string", [1])
