"""Documents in files, and the commands for them."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import ropewalk
from ropewalk import DamagedError, DecodeError, Doc, Text


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.rope"


def write(path: Path, *words: str, **options: Any) -> None:
    with ropewalk.open(path, **options) as file:
        notes = file.doc.get("notes", type=Text)
        for word in words:
            notes += word


def text_of(path: Path, **options: Any) -> str:
    with ropewalk.open(path, create=False, **options) as file:
        return str(file.doc.get("notes", type=Text))


def run(*arguments: Any, code: int = 0) -> str:
    command = [sys.executable, "-m", "ropewalk", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, timeout=300, check=False)
    assert done.returncode == code, done.stderr.decode()
    return (done.stdout or done.stderr).decode()


def test_what_is_written_is_there_again(path: Path) -> None:
    write(path, "one ", "two ")
    assert text_of(path) == "one two "
    write(path, "three", durability="kill")
    assert text_of(path) == "one two three"


def test_every_transaction_is_in_the_file_when_it_is_over(path: Path) -> None:
    file = ropewalk.open(path)
    assert file.report["created"]
    notes = file.doc.get("notes", type=Text)
    notes += "a"
    assert text_of(path, read_only=True) == "a"
    with file.doc.transaction():
        notes += "b"
        notes += "c"
    assert file.sizes["updates"] == 2
    assert text_of(path, read_only=True) == "abc"
    file.close()
    assert file.closed


def test_updates_of_others_are_in_the_file_too(path: Path) -> None:
    other = Doc()
    other["notes"] = Text("from afar")
    with ropewalk.open(path) as file:
        file.doc.apply_update(other.get_update())
    assert text_of(path) == "from afar"


def test_compacting(path: Path) -> None:
    with ropewalk.open(path) as file:
        notes = file.doc.get("notes", type=Text)
        for i in range(300):
            notes.insert(0, str(i % 10))
        del notes[100:]
        before = file.sizes["size"]
        file.compact()
        assert file.sizes["size"] < before / 3
        assert file.sizes["updates"] == 0
        notes += "!"
        shown = str(notes)
    assert text_of(path) == shown
    assert path.with_name("notes.rope.previous").exists()


def test_a_new_epoch(path: Path) -> None:
    with ropewalk.open(path) as file:
        before = file.doc
        notes = before.get("notes", type=Text)
        notes += "Remember the milk"
        away: Doc[Any] = Doc()
        away.apply_update(before.get_update())
        del notes[:9]
        epoch = file.renumber(taken=[7])
        assert (epoch.from_epoch, epoch.to_epoch) == (0, 1)
        assert epoch.old_state() == before.get_state()
        # The document before is of another epoch, and says so.
        assert file.doc is not before
        with pytest.raises(ExceptionGroup) as refused:
            notes += "!"
        assert "new epoch" in str(refused.value.exceptions[0])
        assert str(file.doc.get("notes", type=Text)) == "the milk"
        # Who was away comes over through the map, which is beside the file, too.
        known = away.get_state()
        late = away.get("notes", type=Text)
        late += ", and bread"
        kept = ropewalk.EpochMap.decode(Path(f"{path}.epoch-1").read_bytes())
        file.doc.apply_update(kept.translate_update(away.get_update(known)))
        own: Doc[Any] = Doc(client_id=5)
        file.renumber(doc=own)
        assert file.doc is own
        with own.transaction():
            own.get("notes", type=Text).insert(0, "Not ")
    assert text_of(path) == "Not the milk, and bread"
    assert ropewalk.verify_file(path)["epoch"] == 2


def test_a_new_epoch_that_cannot_begin_changes_nothing(path: Path) -> None:
    write(path, "one ")
    with ropewalk.open(path, read_only=True) as file, pytest.raises(OSError):
        file.renumber()
    file = ropewalk.open(path)
    with pytest.raises(ValueError, match="empty"):
        file.renumber(doc=file.doc)
    with pytest.raises(ValueError, match="53 bits"):
        file.renumber(taken=[1 << 53])
    # Something waits for what is not here.
    other: Doc[Any] = Doc()
    text = other.get("notes", type=Text)
    text += "a"
    known = other.get_state()
    text += "b"
    file.doc.apply_update(other.get_update(known))
    with pytest.raises(ValueError, match="waits"):
        file.renumber()
    notes = file.doc.get("notes", type=Text)
    notes += "two"
    file.doc.apply_update(other.get_update())
    file.close()
    with pytest.raises(ValueError, match="closed"):
        file.renumber()
    assert sorted(text_of(path)) == sorted("one twoab")
    assert ropewalk.verify_file(path)["epoch"] == 0


def test_a_document_of_ones_own(path: Path) -> None:
    doc = Doc({"notes": Text("before ")}, offsets="utf16")
    with ropewalk.open(path, doc=doc) as file:
        assert file.doc is doc
        doc.get("notes", type=Text).insert(7, "after")
    assert text_of(path) == "before after"


def test_there_is_one_writer(path: Path) -> None:
    with ropewalk.open(path):
        with pytest.raises(BlockingIOError) as raised:
            ropewalk.open(path)
        assert raised.value.filename == str(path)
    ropewalk.open(path).close()


def test_a_closed_file_is_not_edited_silently(path: Path) -> None:
    file = ropewalk.open(path)
    notes = file.doc.get("notes", type=Text)
    file.close()
    file.close()
    with pytest.raises(ExceptionGroup) as raised:
        notes += "lost"
    assert "closed" in str(raised.value.exceptions[0])
    with pytest.raises(ValueError, match="closed"):
        file.compact()


def test_reading_only(path: Path) -> None:
    write(path, "kept")
    before = path.read_bytes()
    with ropewalk.open(path, read_only=True) as file:
        notes = file.doc.get("notes", type=Text)
        with pytest.raises(ExceptionGroup) as raised:
            notes += "!"
        assert isinstance(raised.value.exceptions[0], OSError)
        assert raised.value.exceptions[0].errno == errno.EROFS
    assert path.read_bytes() == before


def test_what_cannot_be_opened(path: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ropewalk.open(path, create=False)
    with pytest.raises(FileNotFoundError):
        ropewalk.open(tmp_path / "no" / "folder")
    path.write_bytes(b"something else" * 1000)
    with pytest.raises(DecodeError, match="not written by Ropewalk"):
        ropewalk.open(path)
    with pytest.raises(ValueError, match="power_loss"):
        ropewalk.open(path, durability="fast")  # type: ignore[arg-type]


def test_a_lost_snapshot_is_an_error_and_the_file_before_brings_it_back(path: Path) -> None:
    write(path, "one ", "two ")
    run("compact", path)
    write(path, "three")
    damaged = bytearray(path.read_bytes())
    damaged[4100] ^= 1
    path.write_bytes(damaged)
    previous = path.with_name("notes.rope.previous")
    kept = previous.read_bytes()
    previous.unlink()
    with pytest.raises(DamagedError):
        ropewalk.open(path)
    assert "snapshot" in run("verify", path, code=1)
    previous.write_bytes(kept)
    with ropewalk.open(path) as file:
        assert file.report["from_previous"]
        assert file.report["set_aside"] is not None
        assert Path(file.report["set_aside"]).read_bytes() == bytes(damaged)
        assert str(file.doc.get("notes", type=Text)) == "one two three"
    assert run("verify", path).startswith(f"  {path}: sound")


def test_a_compacted_document_is_read_from_the_file(path: Path) -> None:
    with ropewalk.open(path) as file:
        notes = file.doc.get("notes", type=Text)
        for i in range(50):
            notes.insert(0, str(i % 10))
        shown = str(notes)
        state = file.doc.get_state()
        file.compact()
    with ropewalk.open(path) as file:
        assert file.doc.get_state() == state
        notes = file.doc.get("notes", type=Text)
        assert str(notes) == shown
        file.compact()
        assert str(notes) == shown
        notes += "!"
        assert len(notes) == 51
    assert text_of(path) == shown + "!"


def test_threads_write_side_by_side(path: Path) -> None:
    with ropewalk.open(path, doc=Doc(allow_multithreading=True), durability="kill") as file:
        texts = [file.doc.get(f"t{i}", type=Text) for i in range(4)]

        def typing(text: Text) -> None:
            for _ in range(50):
                with file.doc.new_transaction():
                    text.insert(0, "x")

        threads = [threading.Thread(target=typing, args=(text,)) for text in texts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with ropewalk.open(path) as file:
        assert [len(file.doc.get(f"t{i}", type=Text)) for i in range(4)] == [50] * 4


def test_a_child_opens_it_anew(path: Path) -> None:
    with ropewalk.open(path) as file:
        notes = file.doc.get("notes", type=Text)
        child = os.fork()
        if child == 0:
            try:
                notes += "child"
            except BaseException:  # noqa: BLE001: the exit code is the answer
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        notes += "parent"
    assert text_of(path) == "parent"


def test_kill_loses_nothing_that_was_over(path: Path) -> None:
    program = """
import sys, ropewalk
file = ropewalk.open(sys.argv[1], durability="kill")
notes = file.doc.get("notes", type=ropewalk.Text)
while True:
    notes += "x"
    print(len(notes), flush=True)
"""
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE
        ) as victim:
            assert victim.stdout is not None
            for _ in range(200):
                victim.stdout.readline()
            victim.send_signal(signal.SIGKILL)
            told = [line for line in victim.stdout.read().split(b"\n") if line]
        length = len(text_of(path))
        assert not told or length >= int(told[-1])


def test_inspecting_verifying_and_compacting(path: Path) -> None:
    write(path, "Remember", " the milk")
    said = run("inspect", path)
    assert said.startswith("  document, ") and "2 updates since" in said
    assert "roots: notes (text)" in said
    told = json.loads(run("inspect", "--json", path))
    assert (told["updates"], told["closed"], told["units"]) == (2, True, 17)
    assert "sound; 2 updates behind a snapshot" in run("verify", path)
    assert json.loads(run("verify", "--json", path))["findings"] == []
    assert " bytes, of " in run("compact", path)
    assert json.loads(run("verify", "--json", path))["generation"] == 2
    assert text_of(path) == "Remember the milk"
    assert "in use" not in run("inspect", path)


def test_repairing(path: Path) -> None:
    write(path, "one ", "two ", "three ")
    assert "nothing was done" in run("repair", path)
    hurt = bytearray(path.read_bytes())
    hurt[-30] ^= 1
    path.write_bytes(hurt)
    assert "damaged" in run("verify", path, code=1)
    assert "`repair`" in run("compact", path, code=2)
    said = run("repair", path)
    assert "all sound updates are kept" in said
    assert path.with_name("notes.rope.damaged-1").exists()
    run("verify", path)
    assert text_of(path) == "one two "


def test_commands_say_what_cannot_be_read(path: Path) -> None:
    for command in ("verify", "compact", "repair"):
        assert "no such file" in run(command, path, code=2).lower()
    path.write_bytes(b"something else" * 1000)
    for command in ("verify", "compact", "repair"):
        assert "not written by Ropewalk" in run(command, path, code=2)
