"""What is in a file outlives the process, however that has ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from ropewalk.client import FileOutbox, Outbox


def test_entries_are_numbered_and_dropped_in_order() -> None:
    outbox = Outbox()
    assert (outbox.first, outbox.last) == (1, 0)
    assert [outbox.add(b"a"), outbox.add(b"b"), outbox.add(b"c")] == [1, 2, 3]
    outbox.drop_through(2)
    assert list(outbox) == [b"c"] and (outbox.first, outbox.last) == (3, 3)
    outbox.drop_through(3)
    assert outbox.first == 4


@pytest.mark.parametrize("sync", [False, True])
def test_a_file_gives_back_what_was_not_acknowledged(tmp_path: Path, sync: bool) -> None:
    path = tmp_path / "letter.outbox"
    outbox = FileOutbox(path, sync=sync)
    outbox.welcome(3)
    outbox.add(b"first")
    outbox.add(b"second")
    # Not closed: as after a kill.
    again = FileOutbox(path)
    assert list(again) == [b"first", b"second"] and again.epoch == 3
    again.drop_through(2)
    assert list(FileOutbox(path)) == []


def test_whatever_is_cut_off_the_end_a_prefix_is_read(tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    outbox = FileOutbox(path)
    whole = [b"one", b"two" * 100, b"three"]
    for update in whole:
        outbox.add(update)
    outbox.close()
    data = path.read_bytes()
    for size in range(len(data)):
        path.write_bytes(data[:size])
        if size < len(b"ropewalk outbox 1\n"):
            with pytest.raises(ValueError, match="not an outbox"):
                FileOutbox(path)
            continue
        found = FileOutbox(path)
        assert list(found) == whole[: len(found)]
        found.close()
    for place in range(len(b"ropewalk outbox 1\n") + 1, len(data)):
        path.write_bytes(data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :])
        found = FileOutbox(path)
        assert list(found) == whole[: len(found)] and len(found) < 3
        found.close()


def test_what_belongs_to_an_old_epoch_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    outbox = FileOutbox(path)
    outbox.welcome(0)
    outbox.add(b"late")
    assert outbox.set_aside(1) == [b"late"]
    assert list(FileOutbox(tmp_path / "outbox.epoch-0")) == [b"late"]
    outbox.add(b"new")
    again = FileOutbox(path)
    assert list(again) == [b"new"] and again.epoch == 1
