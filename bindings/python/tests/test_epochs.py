"""Compaction of both kinds, and what comes back from an older epoch."""

import json

import pytest

from ropewalk import (
    Array,
    Assoc,
    DecodeError,
    Doc,
    EpochMap,
    IdSet,
    Map,
    StickyIndex,
    Text,
    compact,
    renumber,
)


def document(client: int, text: str = "") -> Doc:
    doc = Doc(client_id=client)
    doc["text"] = Text(text)
    doc["map"] = Map()
    doc["array"] = Array()
    return doc


def copy_of(history: bytes, client: int) -> Doc:
    doc = document(client)
    doc.apply_update(history)
    return doc


@pytest.fixture
def hello() -> Doc:
    doc = document(1, "Hello secret world")
    del doc["text"][5:12]
    return doc


@pytest.mark.parametrize("v2", [False, True])
def test_compaction_keeps_ids_and_forgets_content(v2: bool) -> None:
    doc = Doc(client_id=1, skip_gc=True)
    doc["text"] = text = Text("Hello secret world")
    del text[5:12]
    history = doc.get_update(v2=v2)
    small = compact(history, v2=v2)
    assert b"secret" in history
    assert b"secret" not in small
    assert compact(small, v2=v2) == small
    other = document(2)
    other.apply_update(small, v2=v2)
    assert str(other["text"]) == "Hello world"
    assert other.get_state() == doc.get_state()


def test_a_new_epoch_has_what_lives_under_one_client(hello: Doc) -> None:
    history, epoch = renumber(hello.get_update(), from_epoch=4)
    assert (epoch.from_epoch, epoch.to_epoch) == (4, 5)
    assert epoch.old_clients() == [1]
    assert epoch.old_state() == hello.get_state()
    now = copy_of(history, 2)
    assert str(now["text"]) == "Hello world"
    again = EpochMap.decode(epoch.encode())
    assert again.encode() == epoch.encode()
    assert again.translate_id(1, 0) == (epoch.new_client, 0)
    assert again.translate_id(1, 6) is None
    other, _ = renumber(hello.get_update())
    assert other != history, "ids are drawn"


def test_what_was_not_sent_comes_along_once(hello: Doc) -> None:
    away = copy_of(hello.get_update(), 2)
    away["text"].insert(5, ",")
    away["map"]["key"] = "value"
    history, first = renumber(hello.get_update())
    history, second = renumber(history, from_epoch=1)
    now = copy_of(history, 3)
    for pending in (away.get_update(), away.get_update(first.old_state())):
        now.apply_update(second.translate_update(first.translate_update(pending)))
    assert str(now["text"]) == "Hello, world"
    assert now["map"]["key"] == "value"


def test_positions_and_presence(hello: Doc) -> None:
    caret = hello["text"].sticky_index(3, Assoc.AFTER)
    history, epoch = renumber(hello.get_update())
    now = copy_of(history, 2)
    moved = StickyIndex.decode(epoch.translate_position(caret.encode()), now["text"])
    assert moved.get_index() == 3
    state = {"name": "A", "cursor": {"anchor": caret.to_json(), "head": None}}
    translated = json.loads(epoch.translate_json(json.dumps(state)))
    assert translated["name"] == "A"
    assert translated["cursor"]["anchor"]["item"] == {"client": epoch.new_client, "clock": 3}


def test_ids_of_an_undo_stack(hello: Doc) -> None:
    _, epoch = renumber(hello.get_update())
    ids = IdSet()
    ids.insert(1, 3, 10)
    ids.insert(7, 0, 2)
    now = epoch.translate_ids(ids)
    assert now.contains(epoch.new_client, 3)
    assert now.contains(epoch.translate_client(7), 1)
    copies = epoch.translate_ids(ids, [(1, 5, 9, 0, 7)])
    assert copies.contains(epoch.translate_client(9), 6)


def test_bad_input_is_refused(hello: Doc) -> None:
    update = hello.get_update()
    with pytest.raises(DecodeError):
        compact(update[:-1])
    with pytest.raises(ValueError):
        renumber(update, from_epoch=2, to_epoch=2)
    with pytest.raises(ValueError, match="53 bits"):
        renumber(update, taken=[1 << 60])
    _, epoch = renumber(update)
    with pytest.raises(ValueError):
        EpochMap.decode(epoch.encode()[:-1])
    away = copy_of(update, 2)
    away["text"] += "!"
    known = away.get_state()
    away["text"] += "?"
    with pytest.raises(DecodeError, match="merge it with what came before"):
        epoch.translate_update(away.get_update(known))
    with pytest.raises(TypeError):
        epoch.translate_update("text")  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_epoch(hello: Doc) -> None:
    history = hello.get_update()
    made = [renumber(history, seed=seed) for seed in (7, 7, 8)]
    assert made[0][0] == made[1][0] != made[2][0]
    assert made[0][1].encode() == made[1][1].encode()
