"""Bytes that are not what they should be: an exception with the engine's sentence, never more.

Among them those that end, hang or fill a process under pycrdt; each runs in a process of its own,
whose memory is limited.
"""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ropewalk import (
    Array,
    DecodeError,
    Doc,
    IdMap,
    IdSet,
    LimitError,
    Map,
    Snapshot,
    StickyIndex,
    Text,
    convert_update,
    describe_update,
    get_state,
    get_update,
    inspect_update,
    merge_updates,
    obfuscate_update,
)


def var_uint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(128 | (number & 127))
        number >>= 7
    out.append(number)
    return bytes(out)


def var_string(text: str) -> bytes:
    data = text.encode()
    return var_uint(len(data)) + data


def update_of(structs: bytes, count: int = 1, client: int = 1, clock: int = 0) -> bytes:
    """An update in V1 of one client, without deletions."""
    return (
        b"\x01" + var_uint(count) + var_uint(client) + var_uint(clock) + structs + b"\x00"
    )


def any_in_array(value: bytes) -> bytes:
    return update_of(b"\x08\x01" + var_string("a") + b"\x01" + value)


def whole_document() -> bytes:
    doc = Doc(client_id=1)
    text = doc.get("text", type=Text)
    text += "some t\u00e9xt \U0001f600"
    text.format(0, 4, {"bold": True})
    doc.get("array", type=Array).extend([1, "two", None, {"three": [3.5]}, b"\x01", Text("x")])
    doc.get("map", type=Map).update({"key": "value", "nested": Map({"a": Array([1])})})
    del text[2:5]
    return doc.get_update()


READERS: list[Callable[[bytes], Any]] = [
    lambda data: Doc().apply_update(data),
    lambda data: Doc().apply_update(data, v2=True),
    lambda data: merge_updates(data, data),
    lambda data: merge_updates(data, collect=True),
    lambda data: merge_updates(data, data, v2=True),
    get_state,
    lambda data: get_state(data, v2=True),
    lambda data: get_update(data, b"\0"),
    lambda data: get_update(b"\0\0", data),
    lambda data: convert_update(data, v2=True),
    lambda data: convert_update(data, v2=False),
    inspect_update,
    lambda data: inspect_update(data, v2=True),
    describe_update,
    obfuscate_update,
    lambda data: Doc().get_update(data),
    Snapshot.decode,
    Snapshot.decode_v2,
    StickyIndex.decode,
    IdSet.decode,
    IdSet.decode_v2,
    IdMap.decode,
]


@pytest.mark.parametrize("v2", [False, True])
def test_every_beginning_of_an_update_is_refused_and_changes_nothing(v2: bool) -> None:
    update = whole_document()
    if v2:
        update = convert_update(update, v2=True)
    doc = Doc()
    text = doc.get("mine", type=Text)
    text += "mine"
    before = doc.get_update()
    told: list[Any] = []
    doc.observe(told.append)
    for cut in range(len(update)):
        with pytest.raises(DecodeError):
            doc.apply_update(update[:cut], v2=v2)
    assert doc.get_update() == before
    assert told == []
    doc.apply_update(update, v2=v2)
    assert len(told) == 1


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in READERS:
        try:
            read(data)
        except DecodeError as error:
            assert "byte" in str(error) or isinstance(error, LimitError)


def test_changed_bytes_are_read_or_refused() -> None:
    chance = random.Random(5)
    update = whole_document()
    second = convert_update(update, v2=True)
    for _ in range(300):
        for data in (update, second):
            changed = bytearray(data)
            for _ in range(chance.randrange(1, 4)):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            for read in READERS:
                try:
                    read(bytes(changed))
                except DecodeError:
                    continue


def test_text_where_bytes_are_expected() -> None:
    for read in READERS:
        with pytest.raises(TypeError):
            read("text")  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            read(None) if read is not READERS[15] else read(5)  # type: ignore[arg-type]


# -- what kills others ---------------------------------------------------------------------------

NESTED_ANY = any_in_array(b"\x75\x01" * 40_000 + b"\x7e")
NESTED_OBJECTS = any_in_array(b"\x76\x01\x01k" * 40_000 + b"\x7e")
NESTED_STICKY = b"\x01" * 50_000
HUGE_STATE = var_uint(250_000_000) + b"\x01\x01"
HUGE_GC = update_of(b"\x00" + var_uint(2**52))
HUGE_SKIP = update_of(b"\x0a" + var_uint(2**52))
HUGE_STRING = update_of(b"\x04\x01" + var_string("t") + var_uint(2**40) + b"x")
HUGE_COUNT = b"\x01" + var_uint(2**50) + b"\x01\x00"
RUN_LENGTH_BOMB = bytes.fromhex("0000000000000105" + "ff" * 6 + "0f" + "00" * 12)
HUGE_DELETE = b"\x00\x01\x01" + var_uint(2**40) + b"\x00\x01"


def nested_arrays(depth: int) -> bytes:
    """Arrays in arrays, and, in the delete set, the outermost."""
    structs = [b"\x07\x01" + var_string("a") + b"\x00"]
    for clock in range(depth - 1):
        structs.append(b"\x07\x00\x01" + var_uint(clock) + b"\x00")
    whole = update_of(b"".join(structs), depth)
    return whole[:-1] + b"\x01\x01\x01\x00\x01"


KILLERS = {
    "a value nested 40,000 deep": NESTED_ANY,
    "objects nested 40,000 deep": NESTED_OBJECTS,
    "arrays nested 50,000 deep and deleted": nested_arrays(50_000),
    "a state vector of 250 million clients": HUGE_STATE,
    "a collected stretch of 2^52": HUGE_GC,
    "a hole of 2^52": HUGE_SKIP,
    "a string that claims a terabyte": HUGE_STRING,
    "a count of 2^50": HUGE_COUNT,
    "runs that unfold": RUN_LENGTH_BOMB,
    "deletions of 2^40 ranges": HUGE_DELETE,
    "ones without end": NESTED_STICKY,
}

PROGRAM = """
    import resource, sys
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    sys.path.insert(0, {folder!r})
    import test_bad_input

    data = sys.stdin.buffer.read()
    for read in test_bad_input.READERS:
        try:
            read(data)
        except test_bad_input.DecodeError as error:
            assert "MemoryError" not in str(error)
    print("survived")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit for memory")
@pytest.mark.parametrize("data", KILLERS.values(), ids=KILLERS.keys())
def test_what_kills_others_is_refused(data: bytes) -> None:
    from pathlib import Path

    program = textwrap.dedent(PROGRAM).format(folder=str(Path(__file__).parent))
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=data,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert done.stdout == b"survived\n"


def test_nested_values_say_what_is_wrong() -> None:
    for data in (NESTED_ANY, NESTED_OBJECTS):
        with pytest.raises(LimitError, match="nest"):
            Doc().apply_update(data)
    for data in (HUGE_GC, HUGE_SKIP):
        with pytest.raises(LimitError):
            Doc().apply_update(data)


def test_nesting_here_is_refused_before_it_is_sent() -> None:
    value: Any = None
    for _ in range(5_000):
        value = [value]
    doc = Doc()
    array = doc.get("array", type=Array)
    book = doc.get("map", type=Map)
    with pytest.raises(ValueError, match="nest"):
        array.append(value)
    with pytest.raises(ValueError, match="nest"):
        book["key"] = {"deep": value}
    assert array.to_py() == [] and book.to_py() == {}
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ValueError, match="nest"):
        array.append(loop)


def test_a_peer_of_pycrdt_survives_what_we_send() -> None:
    pycrdt = pytest.importorskip("pycrdt")
    doc = pycrdt.Doc()
    doc.apply_update(whole_document())
    assert str(doc.get("text", type=pycrdt.Text)).startswith("so")
