"""Containers: what they answer is what a document answers, whole or in parts."""

from __future__ import annotations

import gc
import mmap
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import twin

if twin.ours().__name__ != "ropewalk":
    pytest.skip("these are ropewalk's own", allow_module_level=True)

import ropewalk
from histories import Replica
from ropewalk import (
    Container,
    DamagedError,
    DecodeError,
    Doc,
    MissingParts,
    Text,
    compact,
    decode_state_vector,
    encode_state_vector,
    is_container,
    merge_updates,
)


def asked_in_parts(data: bytes, ask: Callable[[Container], bytes]) -> tuple[bytes, int]:
    """The answer, and how many bytes were fetched for it."""
    container = Container.in_parts(len(data))
    fetched = 0
    for _ in range(100):
        try:
            return ask(container), fetched
        except MissingParts as missing:
            assert missing.parts
            for offset, size in missing.parts:
                fetched += size
                container.add_part(offset, data[offset : offset + size])
    raise AssertionError("it asks for ever")


def some_state(chance: random.Random, doc: Doc) -> bytes:
    clocks = decode_state_vector(doc.get_state())
    return encode_state_vector(
        {client: chance.randint(0, end + 2) for client, end in clocks.items()}
    )


def copy_of(*updates: bytes) -> Doc:
    doc: Doc = Doc()
    for update in updates:
        doc.apply_update(update)
    return doc


@pytest.mark.parametrize("seed", range(12))
def test_a_container_and_what_came_since_are_the_document(seed: int) -> None:
    chance = random.Random(seed)
    replicas = [Replica(ropewalk, client) for client in (3, 1, 1 << 40)]
    log: list[bytes] = []
    for _ in range(60):
        one = chance.choice(replicas)
        one.edit(chance)
        made = one.take_updates()
        log += made
        for other in replicas:
            if chance.random() < 0.7:
                for update in log:
                    other.doc.apply_update(update)
                other.take_updates()
    cut = chance.randrange(len(log))
    packed = Container.pack(*log[:cut])
    whole = copy_of(*log)
    behind = merge_updates(*log[cut:], collect=True)
    container = Container(packed)
    before = copy_of(*log[:cut])
    if before.has_pending:
        return  # a matter for documents
    assert container.get_state() == before.get_state()
    assert copy_of(container.to_update()).get_canonical() == before.get_canonical()
    state = container.get_state_with(behind)
    assert (state is None) == whole.has_pending
    if state is None:
        return
    assert state == whole.get_state()
    for _ in range(5):
        # Somebody who has some of it, and somebody who says anything.
        theirs = copy_of(*log[: chance.randrange(len(log))])
        theirs.apply_update(container.get_update(theirs.get_state(), behind=behind))
        assert theirs.get_canonical() == whole.get_canonical()
        known = some_state(chance, whole)
        answer = container.get_update(known, behind=behind)
        parts, _ = asked_in_parts(packed, lambda one: one.get_update(known, behind=behind))
        assert parts == answer
        ends = ropewalk.inspect_update(answer)["clients"]
        lacks = ropewalk.inspect_update(whole.get_update(known))["clients"]
        assert ends == lacks
    assert copy_of(container.get_update(behind=behind)).get_canonical() == whole.get_canonical()
    again = Container.pack(packed, behind)
    assert Container(again).get_state() == whole.get_state()
    assert copy_of(Container(again).to_update()).get_canonical() == whole.get_canonical()


@pytest.mark.parametrize("seed", range(8))
def test_what_would_wait_is_left_to_documents(seed: int) -> None:
    chance = random.Random(seed)
    one, two = Replica(ropewalk, 1), Replica(ropewalk, 2)
    log: list[bytes] = []
    for _ in range(30):
        for replica, other in ((one, two), (two, one)):
            replica.edit(chance)
            for update in replica.take_updates():
                log.append(update)
                other.doc.apply_update(update)
                other.take_updates()
    cut = len(log) // 2
    packed = Container(Container.pack(*log[:cut]))
    for lost in range(cut, len(log)):
        rest = log[cut:lost] + log[lost + 1 :]
        if not rest:
            continue
        doc = copy_of(*log[:cut], *rest)
        state = packed.get_state_with(merge_updates(*rest))
        assert state == (None if doc.has_pending else doc.get_state())


def large() -> Doc:
    doc: Doc = Doc(client_id=1)
    doc["t"] = text = Text()
    with doc.transaction():
        for line in range(8000):
            text += f"line {line} of many\n"
        for place in range(0, 60_000, 50):
            del text[place : place + 3]
    return doc


def test_a_join_reads_little_of_a_large_container(tmp_path: Path) -> None:
    doc = large()
    packed = Container.pack(doc.get_update(), notes={"made by": b"a test"})
    known = encode_state_vector({1: decode_state_vector(doc.get_state())[1] - 100})
    answer, fetched = asked_in_parts(packed, lambda one: one.get_update(known))
    assert answer == doc.get_update(known)
    assert fetched < len(packed)
    assert Container(packed).text("t") == str(doc.get("t", type=Text))
    assert Container(packed).text("nothing of that name") == ""
    assert Container(packed).note("made by") == b"a test"
    assert Container(packed).note("other") == b""
    assert Container(packed).describe() == {
        "units": decode_state_vector(doc.get_state())[1],
        "clients": 1,
        "collected": True,
        "waits": False,
        "v2": False,
    }
    assert len(list(Container(packed).deletions())) > 0
    path = tmp_path / "packed"
    path.write_bytes(packed)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        container = Container(mapped)
        assert container.get_update(known) == answer
        container.verify()
        del container
        gc.collect()


def test_packing_keeps_ids_and_forgets_content() -> None:
    doc: Doc = Doc(client_id=1, skip_gc=True)
    doc["t"] = text = Text("a secret word")
    del text[2:9]
    packed = Container.pack(doc.get_update())
    assert b"secret" not in packed
    assert b"secret" in Container.pack(doc.get_update(), collect=False)
    assert Container(packed).to_update() == compact(doc.get_update())
    assert Container.pack(packed) == packed
    assert Container.pack(doc.get_update(v2=True), v2=True) == packed
    assert is_container(packed) and not is_container(doc.get_update()) and not is_container(b"")
    nothing = Container(Container.pack())
    assert (nothing.get_state(), nothing.get_update()) == (b"\0", b"\0\0")


def test_what_waits_goes_on_waiting() -> None:
    made: list[bytes] = []
    doc: Doc = Doc(client_id=1)
    doc.observe(lambda event: made.append(event.update))
    text = doc.get("t", type=Text)
    for letter in "abc":
        text += letter
    packed = Container.pack(made[0], made[2])
    assert Container(packed).describe()["waits"]
    assert Container(packed).get_state_with(b"\0\0") is None
    other = copy_of(Container(packed).to_update())
    assert other.has_pending
    assert (
        str(copy_of(Container(Container.pack(packed, made[1])).to_update()).get("t", type=Text))
        == "abc"
    )


def test_damage_is_named_with_its_place_and_nothing_is_given() -> None:
    doc = large()
    packed = Container.pack(doc.get_update())
    known = encode_state_vector({1: 100})
    right = doc.get_update(known)
    chance = random.Random(7)
    for _ in range(60):
        place = chance.randrange(len(packed))
        wrong = bytearray(packed)
        wrong[place] ^= 1 << chance.randrange(8)
        with pytest.raises(DecodeError):
            Container(wrong).verify()
        try:
            assert Container(wrong).get_update(known) == right  # of another page
        except DamagedError as error:
            assert "at byte" in str(error)
        except DecodeError:
            assert place < 8
        cut = packed[:place]
        with pytest.raises(DecodeError):
            Container(cut).verify()
    for junk in (b"", b"junk", b"\0" * 100, doc.get_update()):
        with pytest.raises(DecodeError):
            Container(junk)
        assert not is_container(junk)


def test_wrong_arguments_are_refused() -> None:
    packed = Container.pack()
    with pytest.raises(ValueError):
        Container(packed).add_part(0, b"x")
    parts = Container.in_parts(10)
    with pytest.raises(ValueError):
        parts.add_part(8, b"123")
    with pytest.raises(DecodeError):
        Container(packed).get_update(b"\xff")
    with pytest.raises(DecodeError):
        Container.pack(b"no update")
    with pytest.raises(TypeError):
        Container("text")  # type: ignore[arg-type]
    with pytest.raises(DecodeError):
        Container(packed).get_update(b"\0", behind=b"\x07")


def test_threads_ask_one_container() -> None:
    doc = large()
    container = Container(Container.pack(doc.get_update()))
    known = encode_state_vector({1: 1000})
    right = doc.get_update(known)
    wrong: list[bytes] = []

    def ask() -> None:
        for _ in range(5):
            answer = container.get_update(known)
            if answer != right:
                wrong.append(answer)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
