"""Text: like a str that can be edited."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ropewalk import Array, Doc, Map, Text

FAMILY = "👨‍👩‍👧"  # five code points, eight UTF-16 units, eighteen bytes


def text_of(start: str = "", **options: Any) -> Text:
    return Doc(**options).get("text", type=Text) if not start else _with(start, options)


def _with(start: str, options: dict[str, Any]) -> Text:
    text = Text(start)
    Doc({"text": text}, **options)
    return text


def test_what_it_starts_with() -> None:
    text = Text("Hello")
    assert text.is_prelim and not text.is_integrated
    assert text.prelim == "Hello" and text.to_py() == "Hello"
    doc = Doc()
    doc["text"] = text
    assert text.is_integrated and not text.is_prelim and text.prelim is None
    assert str(text) == text.to_py() == "Hello" and text.doc is doc
    assert text.integrated is text and text.type_name == "text"
    assert Text().to_py() is None and not Text().is_prelim
    with pytest.raises(TypeError):
        Text(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "use",
    [str, len, lambda t: t.insert(0, "x"), lambda t: t.doc, lambda t: t.integrated, hash,
     lambda t: t.__iadd__("x"), lambda t: t[0], lambda t: t.diff(), lambda t: t.clear()],
)  # fmt: skip
def test_before_it_is_in_a_document(use: Any) -> None:
    with pytest.raises(RuntimeError, match="Not integrated in a document yet"):
        use(Text("x"))


def test_typing() -> None:
    text = text_of()
    text += "Hello"
    text.insert(5, " World!")
    text.insert(index=5, value=",")
    assert str(text) == "Hello, World!" and len(text) == 13
    text.insert(-1, "?")
    assert str(text) == "Hello, World?!"
    assert "World" in text and "world" not in text
    assert list(text)[:3] == ["H", "e", "l"]
    text.clear()
    assert str(text) == "" and len(text) == 0 and not text


def test_reading_is_as_of_a_str() -> None:
    text, model = text_of("wörld 🌍!"), "wörld 🌍!"
    for key in (0, -1, 6, slice(None), slice(1, 4), slice(-3, None), slice(None, None, -2)):
        assert text[key] == model[key]
    with pytest.raises(IndexError):
        text[9]


def test_deleting_is_as_of_a_list() -> None:
    text = text_of("0123456789")
    del text[0]
    del text[-1]
    assert str(text) == "12345678"
    del text[1:3]
    assert str(text) == "145678"
    del text[-2:]
    del text[4:100]
    del text[3:1]
    assert str(text) == "1456"
    del text[1:]
    assert str(text) == "1"
    for bad in (1, -2, 1000):
        with pytest.raises(IndexError):
            del text[bad]
    with pytest.raises(RuntimeError, match="Step"):
        del text[::2]
    with pytest.raises(RuntimeError, match="Index not supported"):
        del text["x"]  # type: ignore[arg-type]


def test_replacing() -> None:
    text = text_of("Hello, World!")
    text[7:12] = "Brian"
    assert str(text) == "Hello, Brian!"
    text[0] = "h"
    text[-1:] = "?"
    text[5:5] = " there"
    assert str(text) == "hello there, Brian?"
    with pytest.raises(RuntimeError, match="length of 1, not 2"):
        text[0] = "ab"
    with pytest.raises(TypeError):
        text[0:1] = 3  # type: ignore[call-overload]


def test_a_replacement_is_one_change() -> None:
    text = text_of("abc")
    told: list[Any] = []
    text.observe(lambda event: told.append(event.delta))
    text[0:2] = "xy"
    assert len(told) == 1


def test_an_insert_past_the_end_changes_nothing() -> None:
    text = text_of("abc")
    for bad in (4, 2**40, -4):
        with pytest.raises(IndexError):
            text.insert(bad, "x")
    with pytest.raises(TypeError):
        text.insert("0", "x")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        text += 3  # type: ignore[operator]
    assert str(text) == "abc"


def test_an_error_that_was_caught_is_over_when_the_transaction_ends() -> None:
    text = text_of("abc")
    with text.doc.transaction():
        text.insert(0, "1")
        with pytest.raises(IndexError):
            text.insert(100, "x")
        text.insert(0, "2")
    assert str(text) == "21abc"


def test_positions_are_those_of_a_str() -> None:
    text = text_of(f"a{FAMILY}b😀c")
    assert len(text) == 9
    text.insert(6, "|")
    text.insert(8, "|")
    assert str(text) == f"a{FAMILY}|b|😀c"
    del text[0:6]
    assert str(text) == "|b|😀c"


@pytest.mark.parametrize(
    ("offsets", "length", "behind"), [("utf8", 6, 5), ("utf16", 4, 3), ("unicode", 3, 2)]
)
def test_other_offsets(offsets: Any, length: int, behind: int) -> None:
    text = text_of("a😀b", offsets=offsets)
    assert text.doc.offsets == offsets
    assert len(text) == length
    assert text[1:behind] == "😀" and text[-1] == "b" and text[0] == "a"
    text.insert(behind, "|")
    assert str(text) == "a😀|b"
    text.format(1, behind, {"big": True})
    assert text.diff() == [("a", None), ("😀", {"big": True}), ("|b", None)]
    text[1:behind] = "é"
    assert str(text) == "aé|b"
    del text[1 : 3 if offsets == "utf8" else 2]
    assert str(text) == "a|b"


def test_bytes_inside_a_character() -> None:
    text = text_of("aé😀b", offsets="utf8")
    for inside in (2, 4, 5, 6):
        with pytest.raises(ValueError):
            text.insert(inside, "x")
        with pytest.raises(ValueError):
            del text[inside:7]
        with pytest.raises(ValueError):
            text[inside:7]
    assert str(text) == "aé😀b"


def test_units_inside_a_surrogate_pair() -> None:
    text = text_of("a😀b", offsets="utf16")
    for use in (
        lambda: text[2:3],
        lambda: text.insert(2, "x"),
        lambda: text.insert_embed(2, 1),
        lambda: text.__delitem__(1),
        lambda: text.__delitem__(slice(0, 2)),
        lambda: text.__delitem__(slice(2, 3)),
        lambda: text.__setitem__(slice(0, 2), "x"),
        lambda: text.format(0, 2, {"b": 1}),
    ):
        with pytest.raises(ValueError):
            use()
    assert str(text) == "a😀b" and text[1] == "😀" and text.diff() == [("a😀b", None)]


def test_unknown_offsets() -> None:
    with pytest.raises(ValueError, match="utf16"):
        Doc(offsets="utf-32")  # type: ignore[arg-type]


def test_lone_surrogates_are_kept_here() -> None:
    text = text_of("a\ud83db")
    assert len(text) == 3
    text += "\ude00"
    assert len(text) == 4


def test_formats() -> None:
    text = text_of("Dear Sir")
    text.format(0, 4, {"bold": True, "size": 3})
    assert text.diff() == [("Dear", {"bold": True, "size": 3}), (" Sir", None)]
    text.format(0, 2, {"bold": None})
    assert text.diff()[0] == ("De", {"size": 3})
    text.insert(4, "est", {"italic": {"by": "Ann"}})
    assert ("est", {"italic": {"by": "Ann"}}) in text.diff()
    assert str(text) == "Dearest Sir"
    text.format(-3, 100, {"u": 1})
    assert text.diff()[-1] == ("Sir", {"u": 1})
    text.format(3, 3, {"nothing": 1})
    with pytest.raises(TypeError):
        text.format(0, 1, ["bold"])  # type: ignore[arg-type]


def test_embeds() -> None:
    text = text_of("ac")
    text.insert_embed(1, {"image": "cat.png"}, {"width": 3})
    assert text.diff() == [("a", None), ({"image": "cat.png"}, {"width": 3}), ("c", None)]
    assert str(text) == "ac" and len(text) == 3
    table = Map({"rows": Array([Text("cell")])})
    text.insert_embed(index=3, value=table)
    table["rows"][0] += "!"
    embedded = text.diff()[-1][0]
    assert embedded == table and embedded.to_py() == {"rows": ["cell!"]}
    with pytest.raises(ValueError, match="integrated"):
        text.insert_embed(0, table)
    with pytest.raises(IndexError):
        text.insert_embed(9, 1)


def test_deltas() -> None:
    text = text_of("Dear Sir")
    text.apply_delta(
        [
            {"retain": 5, "attributes": {"bold": True}},
            {"delete": 3},
            {"insert": "😀", "attributes": {"big": 1}},
            {"insert": Text("inner")},
            {"insert": {"image": 1}},
        ]
    )
    delta = text.to_delta()
    assert delta[:2] == [
        {"insert": "Dear ", "attributes": {"bold": True}},
        {"insert": "😀", "attributes": {"big": 1}},
    ]
    assert str(delta[2]["insert"]) == "inner" and delta[3] == {"insert": {"image": 1}}
    text.apply_delta([{"retain": 6}, {"insert": "|"}])
    assert str(text) == "Dear 😀|"
    for bad in ([{"move": 1}], [3], [{"retain": -1}], 3):
        with pytest.raises((TypeError, ValueError)):
            text.apply_delta(bad)
    assert str(text) == "Dear 😀|"


def test_a_delta_of_another_text_is_its_copy() -> None:
    text = text_of("one two")
    text.format(0, 3, {"bold": True})
    text.insert_embed(3, [1, 2])
    other = text_of()
    other.apply_delta(text.to_delta())
    assert other.diff() == text.diff()


def test_attributes_of_the_whole() -> None:
    text = text_of("x")
    text.attributes["language"] = "en"
    assert dict(text.attributes) == {"language": "en"} and "language" in text.attributes
    del text.attributes["language"]
    assert len(text.attributes) == 0 and text.attributes.get("language") is None


def test_equality_is_that_of_the_place() -> None:
    doc = Doc({"a": Text("x"), "b": Text("x")})
    assert doc["a"] == doc["a"] and doc["a"] != doc["b"] and doc["a"] != "x"
    assert len({doc["a"], doc["a"], doc["b"]}) == 2
    assert Text("x") != Text("x")


def test_repr() -> None:
    assert repr(Text("Hello")) == "Text('Hello')" and repr(Text()) == "Text()"
    assert repr(text_of("Hello")) == "<Text 'Hello'>"
    assert len(repr(text_of("x" * 1000))) < 100


# A small alphabet with characters of each length in UTF-8 and UTF-16.
LETTERS = st.text(alphabet="abé€😀\n", max_size=5)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "delete", "slice", "replace", "append", "format"]),
        st.integers(-12, 12),
        st.integers(-12, 12),
        LETTERS,
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(start=LETTERS, edits=EDITS, grouped=st.booleans())
def test_it_is_a_list_of_characters(start: str, edits: Any, grouped: bool) -> None:
    text, model = Text(start), list(start)
    doc = Doc({"text": text})

    def edit(kind: str, one: int, two: int, letters: str) -> None:
        nonlocal text
        if kind == "insert":
            if -len(model) <= one <= len(model):
                at = one + len(model) if one < 0 else one
                text.insert(one, letters)
                model[at:at] = letters
            else:
                with pytest.raises(IndexError):
                    text.insert(one, letters)
        elif kind == "delete":
            if -len(model) <= one < len(model):
                del text[one]
                del model[one]
            else:
                with pytest.raises(IndexError):
                    del text[one]
        elif kind == "slice":
            del text[one:two]
            del model[one:two]
        elif kind == "replace":
            text[one:two] = letters
            model[one:two] = letters
        elif kind == "append":
            text += letters
            model.extend(letters)
        else:
            text.format(one, two, {"bold": True})

    if grouped:
        with doc.transaction():
            for step in edits:
                edit(*step)
                assert str(text) == "".join(model)
    else:
        for step in edits:
            edit(*step)
            assert str(text) == "".join(model) and len(text) == len(model)
    other = Doc()
    other.apply_update(doc.get_update())
    assert str(other.get("text", type=Text)) == "".join(model)
