"""XML: fragments, elements and texts."""

from __future__ import annotations

from typing import Any

import pytest

from ropewalk import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText


def fragment_of(*nodes: Any) -> XmlFragment:
    made = XmlFragment(nodes)
    Doc({"page": made})
    return made


def test_a_tree_is_inserted_at_once() -> None:
    bold = XmlText("bold")
    row = XmlElement("row", contents=[bold])
    page = fragment_of(
        XmlElement("p", {"b": "2", "a": "1"}, ["Hello ", XmlElement("b", None, [row])]), XmlText("!")
    )
    assert str(page) == '<p a="1" b="2">Hello <b><row>bold</row></b></p>!'
    bold += "er"
    row.attributes["n"] = "1"
    assert str(page) == '<p a="1" b="2">Hello <b><row n="1">bolder</row></b></p>!'
    other = Doc()
    other.apply_update(page.doc.get_update())
    assert str(other.get("page", type=XmlFragment)) == str(page)


def test_elements() -> None:
    with pytest.raises(ValueError, match="tag is required"):
        XmlElement()
    element = XmlElement("img", [("src", "cat.png")])
    for use in (str, lambda e: e.tag, lambda e: e.children.append("x"), hash):
        with pytest.raises(RuntimeError, match="Not integrated"):
            use(element)
    page = fragment_of()
    assert page.children.append(element) is element
    assert element.tag == "img" and element.type_name == "xmlelement" and element.is_integrated
    assert str(element) == '<img src="cat.png"></img>'
    for node in (page, element):
        with pytest.raises(ValueError, match="has no Python equivalent"):
            node.to_py()


def test_children_are_like_a_list() -> None:
    page = fragment_of("a", XmlElement("br"), "c")
    children = page.children
    assert len(children) == 3 and len(list(children)) == 3
    assert str(children[0]) == "a" and children[1].tag == "br" and str(children[-1]) == "c"
    assert [str(node) for node in children[1:]] == ["<br></br>", "c"]
    assert isinstance(children.insert(0, "first"), XmlText)
    children.insert(-1, XmlElement("hr"))
    children[1] = "A"
    assert str(page) == "firstA<br></br><hr></hr>c"
    del children[0]
    del children[-1]
    assert str(page) == "A<br></br><hr></hr>"
    del children[1:9]
    del children[3:1]
    assert str(page) == "A"
    del children[:]
    assert len(children) == 0
    for bad in (0, -1, 9):
        with pytest.raises(IndexError):
            children[bad]
        with pytest.raises(IndexError):
            del children[bad]
    with pytest.raises(IndexError):
        children.insert(1, "x")
    with pytest.raises(TypeError):
        del children["x"]  # type: ignore[arg-type]


@pytest.mark.parametrize("node", [3, None, Text("x"), Array(), Map(), ["x"]])
def test_what_is_no_node(node: Any) -> None:
    page = fragment_of("a")
    for put in (page.children.append, lambda n: page.children.insert(0, n)):
        with pytest.raises(TypeError, match="Cannot add value to XML"):
            put(node)
    with pytest.raises(TypeError):
        page.children[0] = node
    assert str(page) == "a"


def test_a_node_has_one_place() -> None:
    page = fragment_of(XmlElement("p"), "x")
    for node in page.children:
        with pytest.raises(ValueError, match="Cannot insert an integrated Xml"):
            page.children.append(node)
    assert len(page.children) == 2


def test_neighbours() -> None:
    page = fragment_of(XmlElement("p", {}, ["x", XmlElement("q")]), "y")
    p, y = page.children
    x, q = p.children
    assert page.parent is None and p.parent == page and y.parent == page
    assert x.parent == p and q.parent == p and isinstance(q.parent, XmlElement)
    assert p.next_sibling == y and y.previous_sibling == p
    assert p.previous_sibling is None and y.next_sibling is None
    assert x.next_sibling == q and q.previous_sibling == x


def test_equality_is_that_of_the_place() -> None:
    page = fragment_of(XmlElement("p"), XmlElement("p"))
    one, two = page.children
    assert one == page.children[0] and one != two and one != "p"
    assert len({one, two, page.children[0]}) == 2


def test_attributes() -> None:
    page = fragment_of(XmlElement("p", {"a": "1"}))
    attributes = page.children[0].attributes
    attributes["b"] = 2
    attributes["c"] = [1, {"d": None}]
    assert attributes["a"] == "1" and attributes["c"] == [1, {"d": None}]
    assert dict(attributes) == {"a": "1", "b": 2, "c": [1, {"d": None}]}
    assert sorted(attributes, key=str)[0] == ("a", "1") and len(attributes) == 3
    assert "a" in attributes and "z" not in attributes and attributes.get("z") is None
    with pytest.raises(KeyError):
        attributes["z"]
    del attributes["a"]
    del attributes["z"]
    attributes["none"] = None
    assert attributes["none"] is None and "none" in attributes and "a" not in attributes
    with pytest.raises(TypeError):
        attributes[1] = 2  # type: ignore[index]


def test_texts() -> None:
    text = XmlText("abc")
    assert text.is_prelim and text.to_py() == text.prelim == "abc"
    page = fragment_of(text)
    text.format(0, 2, {"b": {"k": "v"}})
    assert str(text) == str(page) == '<b k="v">ab</b>c' and len(text) == 3
    assert text.diff() == [("ab", {"b": {"k": "v"}}), ("c", None)]
    text += "d"
    text.insert(0, "_", {"i": {}})
    del text[-1]
    del text[1:2]
    assert text.diff() == [("_", {"i": {}}), ("b", {"b": {"k": "v"}}), ("c", None)]
    text.attributes["lang"] = "en"
    assert dict(text.attributes) == {"lang": "en"}
    text.clear()
    assert str(text) == "" and text.to_py() == ""


def test_embeds_in_texts() -> None:
    page = fragment_of("ab")
    text = page.children[0]
    image = XmlElement("img")
    text.insert_embed(1, image)
    text.insert_embed(0, {"k": 1})
    text.insert_embed(0, Map({"m": Text("x")}))
    image.attributes["src"] = "cat.png"
    values = [value for value, _ in text.diff()]
    assert values[0].to_py() == {"m": "x"} and values[1] == {"k": 1}
    assert values[2] == "a" and values[3] == image and values[4] == "b"


def test_xml_among_other_values() -> None:
    array: Array[Any] = Array([XmlFragment([XmlElement("p", {}, ["x"])]), XmlText("y")])
    Doc({"array": array})
    assert str(array) == '["<p>x</p>","y"]' and array.to_py() == ["<p>x</p>", "y"]
    assert isinstance(array[0], XmlFragment) and array[0].parent is None
    assert array.pop(0) == "<p>x</p>"


def test_roots() -> None:
    doc = Doc()
    with pytest.raises(ValueError, match="XmlFragment instead"):
        doc["x"] = XmlElement("p")
    doc["page"] = XmlFragment([XmlText("a")])
    doc["page"] = XmlFragment([XmlText("b")])
    assert str(doc["page"]) == "ab" and list(doc) == ["page"]


def test_repr() -> None:
    page = fragment_of(XmlElement("p", {"a": "1"}, ["x"]))
    assert repr(page) == '<XmlFragment <p a="1">x</p>>'
    assert repr(page.children) == '[<XmlElement <p a="1">x</p>>]'
    assert repr(page.children[0].attributes) == "{'a': '1'}"
    assert repr(page.children[0].children[0]) == "<XmlText 'x'>"
    assert repr(XmlElement("p", {"a": "1"}, ["x"])) == "XmlElement('p', {'a': '1'}, ['x'])"
    assert repr(XmlText("x")) == "XmlText('x')"
