"""Updates as values, compared with documents and with pycrdt."""

from __future__ import annotations

import mmap
import random
import tempfile
import threading
from time import process_time
from typing import Any

import pytest

from ropewalk import (
    DecodeError,
    Doc,
    Text,
    convert_update,
    describe_update,
    get_state,
    get_update,
    inspect_update,
    merge_updates,
    obfuscate_update,
)


def keystrokes(count: int, seed: int = 0) -> tuple[list[bytes], str]:
    doc = Doc(client_id=7)
    text = doc.get("text", type=Text)
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    chance = random.Random(seed)
    for i in range(count):
        if len(text) > 5 and chance.random() < 0.2:
            del text[chance.randrange(len(text))]
        else:
            text.insert(chance.randrange(len(text) + 1), chr(97 + i % 26))
    return updates, str(text)


def read(update: bytes) -> str:
    doc = Doc()
    doc.apply_update(update)
    return str(doc.get("text", type=Text))


def test_merging_is_the_same_as_applying_all() -> None:
    updates, text = keystrokes(200)
    assert read(merge_updates(*updates)) == text
    random.Random(1).shuffle(updates)
    assert read(merge_updates(*updates)) == text
    collected = merge_updates(*updates, collect=True)
    assert read(collected) == text
    assert len(collected) < len(merge_updates(*updates))


def test_merging_nothing_or_one() -> None:
    assert merge_updates() == b"\0\0"
    assert merge_updates(v2=True) == convert_update(b"\0\0", v2=True)
    assert merge_updates(b"\0\0") == b"\0\0"


def test_format_v2_throughout() -> None:
    updates, text = keystrokes(100)
    second = [convert_update(update, v2=True) for update in updates]
    merged = merge_updates(*second, v2=True)
    doc = Doc()
    doc.apply_update(merged, v2=True)
    assert str(doc.get("text", type=Text)) == text
    assert get_state(merged, v2=True) == get_state(merge_updates(*updates)) == doc.get_state()
    assert read(convert_update(merged, v2=False)) == text
    assert inspect_update(merged, v2=True)["units"] == inspect_update(merge_updates(*updates))["units"]


def test_what_somebody_lacks() -> None:
    updates, text = keystrokes(100)
    doc = Doc()
    doc.apply_update(merge_updates(*updates[:60]))
    rest = get_update(merge_updates(*updates), doc.get_state())
    doc.apply_update(rest)
    assert str(doc.get("text", type=Text)) == text


def test_the_same_as_pycrdt() -> None:
    pycrdt = pytest.importorskip("pycrdt")
    updates, _ = keystrokes(150)
    assert get_state(merge_updates(*updates)) == pycrdt.get_state(pycrdt.merge_updates(*updates))
    for cut in (0, 40, 150):
        ours = merge_updates(*updates[:cut])
        theirs = pycrdt.merge_updates(*updates[:cut])
        assert read(ours) == read(theirs)
    state = get_state(merge_updates(*updates[:50]))
    whole = merge_updates(*updates)
    assert read(merge_updates(*updates[:50], get_update(whole, state))) == read(
        merge_updates(*updates[:50], pycrdt.get_update(whole, state))
    )


def test_inspecting() -> None:
    doc = Doc(client_id=5)
    text = doc.get("letter", type=Text)
    text += "Dear Sir"
    del text[0:4]
    info = inspect_update(doc.get_update())
    assert info["clients"] == {5: (0, 8)}
    assert info["roots"] == {"letter": "text"} or info["roots"] == {"letter": None}
    assert (info["units"], info["deleted_units"], info["skips"]) == (8, 4, 0)
    assert "letter" in describe_update(doc.get_update())


def test_obfuscating_keeps_the_structure() -> None:
    updates, text = keystrokes(50)
    update = merge_updates(*updates)
    hidden = obfuscate_update(update)
    assert inspect_update(hidden) == inspect_update(update)
    assert len(read(hidden)) == len(text)
    assert read(hidden) != text


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_whatever_has_a_buffer_is_an_update(kind: Any) -> None:
    updates, text = keystrokes(20)
    given = [kind(update) for update in updates]
    merged = merge_updates(*given)
    assert read(merged) == text
    assert get_state(kind(merged)) == get_state(merged)
    assert get_update(kind(merged), kind(b"\0")) == merged
    assert inspect_update(kind(merged)) == inspect_update(merged)
    assert convert_update(kind(merged), v2=True) == convert_update(merged, v2=True)


def test_a_mapped_file_is_an_update() -> None:
    updates, text = keystrokes(20)
    with tempfile.TemporaryFile() as file:
        file.write(merge_updates(*updates))
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            assert read(merge_updates(mapped, updates[0])) == text
            assert get_state(mapped) == get_state(merge_updates(*updates))


def test_what_is_no_update_says_where() -> None:
    updates, _ = keystrokes(20)
    whole = merge_updates(*updates)
    for function in (get_state, inspect_update, describe_update, obfuscate_update):
        with pytest.raises(DecodeError, match="byte"):
            function(whole[:9])
    with pytest.raises(ValueError, match="byte"):
        merge_updates(*updates, whole[:9])
    with pytest.raises(ValueError):
        get_update(whole, b"\x09")
    with pytest.raises(TypeError):
        merge_updates("text")  # type: ignore[arg-type]


def test_merging_many_takes_linear_time() -> None:
    updates, text = keystrokes(20_000)
    times = []
    for count in (5_000, 20_000):
        best = float("inf")
        for _ in range(7):
            start = process_time()
            merge_updates(*updates[:count])
            best = min(best, process_time() - start)
        times.append(best)
    assert times[1] < 12 * times[0], times
    assert read(merge_updates(*updates)) == text


def test_other_threads_run_while_much_is_merged() -> None:
    updates, text = keystrokes(3_000)
    results: list[str] = []

    def work() -> None:
        for _ in range(5):
            results.append(read(merge_updates(*updates, collect=True)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == [text] * 20
