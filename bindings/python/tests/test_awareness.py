"""Awareness: what is told and sent, and what peers may not do."""

from __future__ import annotations

import gc
import json
import weakref
from contextlib import suppress
from functools import partial
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk import (
    Awareness,
    DecodeError,
    Doc,
    Encoder,
    create_awareness_message,
    is_awareness_disconnect_message,
    read_message,
    write_message,
)

GREATEST = 2**53 - 1
NOTHING: dict[str, list[int]] = {"added": [], "updated": [], "removed": []}


def changes(**ids: list[int]) -> dict[str, list[int]]:
    return {**NOTHING, **ids}


class Heard:
    """An awareness and what it has told."""

    def __init__(self, client_id: int = 1, **options: Any) -> None:
        self.awareness = Awareness(Doc(client_id=client_id), **options)
        self.told: list[tuple[str, dict[str, list[int]], object]] = []
        self.awareness.observe(lambda topic, change: self.told.append((topic, *change)))

    def take(self) -> list[tuple[str, dict[str, list[int]], object]]:
        told, self.told[:] = list(self.told), []
        return told


def update_of(*entries: tuple[int, int, object]) -> bytes:
    encoder = Encoder()
    encoder.write_var_uint(len(entries))
    for client_id, clock, state in entries:
        encoder.write_var_uint(client_id)
        encoder.write_var_uint(clock)
        encoder.write_var_string(state if isinstance(state, str) else json.dumps(state))
    return encoder.to_bytes()


def test_starts_empty_at_clock_0() -> None:
    awareness = Awareness(Doc(client_id=5))
    assert awareness.client_id == 5
    assert awareness.states == {5: {}}
    assert awareness.meta[5]["clock"] == 0
    assert isinstance(awareness.meta[5]["lastUpdated"], int)
    assert awareness.get_local_state() == {}


def test_what_is_told_of_the_own_state() -> None:
    heard = Heard()
    one = heard.awareness
    one.set_local_state({"name": "Ann"})
    assert heard.take() == [
        ("change", changes(updated=[1]), "local"),
        ("update", changes(updated=[1]), "local"),
    ]
    one.set_local_state({"name": "Ann"})
    assert heard.take() == [("update", changes(updated=[1]), "local")]
    one.set_local_state(None)
    assert heard.take() == [
        ("change", changes(removed=[1]), "local"),
        ("update", changes(removed=[1]), "local"),
    ]
    assert one.get_local_state() is None
    one.set_local_state_field("name", "Bob")
    assert heard.take() == []
    one.set_local_state({})
    assert heard.take() == [
        ("change", changes(added=[1]), "local"),
        ("update", changes(added=[1]), "local"),
    ]
    assert one.meta[1]["clock"] == 4


def test_states_are_values() -> None:
    heard = Heard()
    one = heard.awareness
    caret = {"at": 1}
    one.set_local_state_field("caret", caret)
    heard.take()
    caret["at"] = 2
    assert one.get_local_state() == {"caret": {"at": 1}}
    one.set_local_state_field("caret", caret)
    assert [topic for topic, *_ in heard.take()] == ["change", "update"]
    state = one.get_local_state()
    assert state is not None
    state["caret"]["at"] = 3
    assert one.get_local_state() == {"caret": {"at": 2}}
    one.set_local_state(state)
    assert [topic for topic, *_ in heard.take()] == ["change", "update"]


def test_a_state_travels() -> None:
    here, there = Heard(1), Heard(2)
    here.awareness.set_local_state({"name": "Zoë 🎈", "n": [1, 2.5, None, True]})
    there.awareness.apply_awareness_update(here.awareness.encode_awareness_update([1]), "net")
    assert there.awareness.states[1] == {"name": "Zoë 🎈", "n": [1, 2.5, None, True]}
    assert there.take() == [
        ("change", changes(added=[1]), "net"),
        ("update", changes(added=[1]), "net"),
    ]
    there.awareness.apply_awareness_update(here.awareness.encode_awareness_update([1]), "net")
    assert there.take() == []
    here.awareness.set_local_state(here.awareness.get_local_state())
    there.awareness.apply_awareness_update(here.awareness.encode_awareness_update([1]), "net")
    assert there.take() == [("update", changes(updated=[1]), "net")]
    here.awareness.set_local_state(None)
    there.awareness.apply_awareness_update(here.awareness.encode_awareness_update([1]), "net")
    assert there.take() == [
        ("change", changes(removed=[1]), "net"),
        ("update", changes(removed=[1]), "net"),
    ]
    assert 1 not in there.awareness.states
    assert there.awareness.meta[1]["clock"] == 3


def test_the_bytes_of_an_update() -> None:
    one = Awareness(Doc(client_id=1))
    one.set_local_state({"a": 1})
    assert one.encode_awareness_update([1]) == b'\x01\x01\x01\x07{"a":1}'
    one.set_local_state(None)
    assert one.encode_awareness_update([1]) == b"\x01\x01\x02\x04null"
    assert one.encode_awareness_update([]) == b"\x00"


def test_who_was_never_met_cannot_be_encoded() -> None:
    with pytest.raises(KeyError):
        Awareness(Doc()).encode_awareness_update([77])


def test_numbers_that_are_no_json_are_not_sent() -> None:
    one = Awareness(Doc(client_id=1))
    one.set_local_state({"a": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        one.encode_awareness_update([1])


@pytest.mark.parametrize("state", ["s", 5, -1.5, True, [], [0], {}])
def test_a_state_may_be_any_json(state: Any) -> None:
    here, there = Awareness(Doc(client_id=1)), Awareness(Doc(client_id=2))
    here.set_local_state(state)
    there.apply_awareness_update(here.encode_awareness_update([1]), "net")
    assert there.states[1] == state


@pytest.mark.parametrize("state", ["", 0, 0.0, False])
def test_what_is_false_in_javascript_is_sent_as_no_state(state: Any) -> None:
    one = Awareness(Doc(client_id=1))
    one.set_local_state(state)
    assert one.encode_awareness_update([1]) == b"\x01\x01\x01\x04null"


def test_states_are_written_as_browsers_write_them() -> None:
    one = Awareness(Doc(client_id=1))
    one.set_local_state({"b": 1.0, "2": 1e21, "1": 1e-7, "é": [1e16, "\n🎈"]})
    text = '{"1":1e-7,"2":1e+21,"b":1,"é":[10000000000000000,"\\n🎈"]}'
    assert one.encode_awareness_update([1]) == b"\x01\x01\x01" + write_message(text.encode())


def test_true_is_not_1() -> None:
    heard = Heard()
    for state in (0, False, 1, True, [1], [True], {"a": 1}, {"a": True}):
        heard.awareness.set_local_state(state)
        assert [topic for topic, *_ in heard.take()] == ["change", "update"]


def test_a_clock_and_a_timer_of_the_program() -> None:
    now = [1000]
    heard = Heard(outdated_timeout=100, timestamp=lambda: now[0])
    one = heard.awareness
    one.apply_awareness_update(update_of((7, 1, {})), "net")
    assert one.meta[7]["lastUpdated"] == 1000
    now[0] += 49
    one.tick()
    heard.take()
    now[0] += 1
    one.tick()
    assert heard.take() == [("update", changes(updated=[1]), "local")]
    now[0] += 50
    one.tick()
    assert ("change", changes(removed=[7]), "timeout") in heard.take()
    assert 7 not in one.states


def test_an_older_state_is_ignored_and_of_equal_clocks_the_null_wins() -> None:
    heard = Heard()
    one = heard.awareness
    one.apply_awareness_update(update_of((7, 3, {"a": 1})), "net")
    heard.take()
    one.apply_awareness_update(update_of((7, 2, {"a": 2})), "net")
    one.apply_awareness_update(update_of((7, 3, {"a": 3})), "net")
    one.apply_awareness_update(update_of((7, 2, None)), "net")
    assert heard.take() == []
    assert one.states[7] == {"a": 1}
    one.apply_awareness_update(update_of((7, 3, None)), "net")
    assert 7 not in one.states
    assert [change["removed"] for _, change, _ in heard.take()] == [[7], [7]]


def test_nobody_else_takes_the_own_state_away() -> None:
    heard = Heard()
    one = heard.awareness
    one.set_local_state({"name": "Ann"})
    heard.take()
    one.apply_awareness_update(update_of((1, 9, None)), "net")
    assert one.get_local_state() == {"name": "Ann"}
    assert one.meta[1]["clock"] == 10
    # Told as in Yjs: whoever sends on what is told sends the state again.
    assert heard.take() == [
        ("change", changes(removed=[1]), "net"),
        ("update", changes(removed=[1]), "net"),
    ]


def test_a_clock_driven_to_the_end_can_still_be_sent() -> None:
    one = Awareness(Doc(client_id=1))
    one.apply_awareness_update(update_of((1, GREATEST, None)), "net")
    one.set_local_state({"a": 1})
    other = Awareness(Doc(client_id=2))
    other.apply_awareness_update(one.encode_awareness_update([1]), "net")
    assert other.states[1] == {"a": 1}


def test_remove_awareness_states() -> None:
    heard = Heard()
    one = heard.awareness
    one.apply_awareness_update(update_of((7, 1, {}), (8, 1, {})), "net")
    heard.take()
    one.remove_awareness_states([7, 99], "gone")
    assert heard.take() == [
        ("change", changes(removed=[7]), "gone"),
        ("update", changes(removed=[7]), "gone"),
    ]
    one.remove_awareness_states([7], "gone")
    assert heard.take() == []
    one.remove_awareness_states([1], "gone")
    assert one.meta[1]["clock"] == 1
    assert one.get_local_state() is None


def test_unobserve_also_while_being_told() -> None:
    one = Awareness(Doc())
    told: list[str] = []
    names: list[str] = []

    def first(topic: str, _change: object) -> None:
        told.append(topic)
        for name in names:
            one.unobserve(name)
        names.clear()

    names.append(one.observe(first))
    names.append(one.observe(lambda *_: told.append("second")))
    one.set_local_state({"a": 1})
    one.set_local_state({"a": 2})
    assert told == ["change"]
    with pytest.raises(KeyError):
        one.unobserve("no such")


def test_an_observer_that_raises_keeps_nothing_from_the_others() -> None:
    one = Awareness(Doc())
    told: list[str] = []

    def bad(topic: str, _change: object) -> None:
        if topic == "change":
            raise RuntimeError("bad observer")

    one.observe(bad)
    one.observe(lambda topic, _: told.append(topic))
    with pytest.raises(RuntimeError, match="bad observer"):
        one.set_local_state({"a": 1})
    assert told == ["change", "update"]
    assert one.get_local_state() == {"a": 1}


def test_what_an_observer_does_to_the_lists_is_its_own_affair() -> None:
    one = Awareness(Doc(client_id=1))
    one.observe(lambda _, change: change[0]["updated"].clear())
    seen: list[list[int]] = []
    one.observe(lambda _, change: seen.append(change[0]["updated"]))
    one.set_local_state({"a": 1})
    assert seen == [[1], [1]]


def test_disconnect_messages() -> None:
    def says(update: bytes) -> bool:
        return is_awareness_disconnect_message(create_awareness_message(update)[1:])

    assert says(update_of((7, 3, None)))
    assert not says(update_of((7, 3, {})))
    assert not says(update_of((7, 3, None), (8, 3, None)))
    assert not says(update_of())
    for bad in (b"", b"\x05\x01", write_message(b""), write_message(b"\x01\x07")):
        with pytest.raises(DecodeError):
            is_awareness_disconnect_message(bad)


@pytest.mark.parametrize(
    "update",
    [
        b"",
        b"\x01",
        b"\x01\x07\x01",
        b"\x01\x07\x01\x04nul",
        b"\x02" + update_of((7, 1, {}))[1:],
        b"\xff\xff\xff\xff\xff\xff\xff\x0f" + update_of((7, 1, {}))[1:],
        b"\xff\xff\xff\xff\xff\xff\xff\xff\x0f",
        b"\x01" + b"\xff\xff\xff\xff\xff\xff\xff\x1f" + b"\x01\x02{}",  # client 2^54 - 1
        b"\x01\x07\x01" + write_message(b'{"a":"\xff"}'),
        update_of((7, 1, "{")),
        update_of((7, 1, "[")),
        update_of((7, 1, "[" * 20_000)),
        update_of((7, 1, '{"a":' * 5_000 + "1" + "}" * 5_000)),
        update_of((7, 1, '{"a":' * 129 + "1" + "}" * 129)),
        update_of((7, 1, '{"a":NaN}')),
        update_of((7, 1, '"' + "a" * 70_000 + '"')),
        update_of((7, 1, {"a": "b" * 70_000})),
        update_of(*((client, 1, {}) for client in range(10, 2000))),
    ],
)
def test_an_update_is_taken_whole_or_refused(update: bytes) -> None:
    heard = Heard()
    good = update_of((6, 1, {}))
    # The good entry stands in front of the bad one: it must not be taken either.
    if update[:1] == b"\x01" and len(update) > 4:
        update = b"\x02" + good[1:] + update[1:]
    with pytest.raises(DecodeError):
        heard.awareness.apply_awareness_update(update, "net")
    assert heard.awareness.states == {1: {}}
    assert list(heard.awareness.meta) == [1]
    assert heard.take() == []


@given(st.binary(max_size=60))
def test_any_bytes_are_an_update_or_a_decode_error(update: bytes) -> None:
    awareness = Awareness(Doc(client_id=1))
    for read in (
        lambda: awareness.apply_awareness_update(update, None),
        lambda: is_awareness_disconnect_message(update),
        lambda: awareness.apply_awareness_update(read_message(update), None),
    ):
        with suppress(DecodeError):
            read()


def test_clients_that_come_and_go_are_forgotten_in_the_end() -> None:
    awareness = Awareness(Doc(client_id=1))
    for first in range(10, 5010, 500):
        clients = range(first, first + 500)
        awareness.apply_awareness_update(update_of(*((c, 1, {}) for c in clients)), "net")
        awareness.remove_awareness_states([*clients], "gone")
    assert len(awareness.meta) <= 1001
    # Nulls about clients that were never here push nobody out.
    last = max(awareness.meta)
    awareness.apply_awareness_update(update_of(*((c, 1, None) for c in range(9000, 12000))), "net")
    assert last in awareness.meta
    assert len(awareness.meta) <= 1001


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_own_state_is_renewed_and_silent_clients_go(backend: str) -> None:
    if backend == "trio":
        pytest.importorskip("trio")
    heard = Heard(outdated_timeout=100)
    one = heard.awareness
    one.apply_awareness_update(update_of((7, 1, {})), "net")
    heard.take()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            await group.start(one.start)
            with pytest.raises(RuntimeError):
                await one.start()
            with anyio.fail_after(5):
                while 7 in one.states:
                    await anyio.sleep(0.01)
            await one.stop()
            with pytest.raises(RuntimeError):
                await one.stop()

    anyio.run(main, backend=backend)
    told = heard.take()
    assert ("change", changes(removed=[7]), "timeout") in told
    assert ("update", changes(updated=[1]), "local") in told
    assert one.get_local_state() == {}


def test_start_that_was_cancelled_can_be_started_again() -> None:
    one = Awareness(Doc())

    async def main() -> None:
        for _ in range(2):
            with anyio.move_on_after(0.01):
                await one.start()
        with pytest.raises(RuntimeError):
            await one.stop()

    anyio.run(main)


def test_an_awareness_that_is_dropped_is_freed() -> None:
    def refer_to(_awareness: Awareness, *_: object) -> None: ...

    one = Awareness(Doc())
    one.observe(partial(refer_to, one))
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None
