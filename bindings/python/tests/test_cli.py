"""`python -m ropewalk`, as a shell calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ropewalk import Array, Doc, Map, Text, convert_update, get_state, merge_updates


def run(*arguments: Any, code: int = 0, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "ropewalk", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, timeout=300, check=False, **options)
    assert done.returncode == code, done.stderr.decode()
    return done


@pytest.fixture
def doc() -> Doc:
    doc = Doc(client_id=1)
    letter = doc.get("letter", type=Text)
    letter += "Dear Sir or Madam"
    del letter[4:8]
    doc.get("settings", type=Map)["size"] = 12
    doc.get("list", type=Array).append(1)
    return doc


@pytest.fixture
def room(doc: Doc, tmp_path: Path) -> Path:
    path = tmp_path / "room.bin"
    path.write_bytes(doc.get_update())
    return path


def test_inspecting(room: Path) -> None:
    said = run("inspect", room).stdout.decode()
    assert said == (
        "  1 client, 19 units, 21 % deleted, format V1; "
        "roots: letter (text), list (array), settings (map)\n"
    )
    told = json.loads(run("inspect", "--json", room).stdout)
    assert told["roots"] == {"letter": "text", "list": "array", "settings": "map"}
    assert (told["units"], told["deleted_units"], told["format"]) == (19, 4, "v1")
    assert told["clients"] == {"1": [0, 19]}
    assert "Dear" in run("inspect", "--structs", room).stdout.decode()
    assert isinstance(json.loads(run("inspect", "--json", "--structs", room).stdout)["structs"], list)


def test_inspecting_several_in_either_format(room: Path, tmp_path: Path) -> None:
    second = tmp_path / "second.bin"
    second.write_bytes(convert_update(room.read_bytes(), v2=True))
    lines = run("inspect", room, second).stdout.decode().splitlines()
    assert lines[0].startswith(f"{room}: 1 client") and "format V1" in lines[0]
    assert lines[1].startswith(f"{second}: 1 client") and "format V2" in lines[1]
    assert [one["format"] for one in json.loads(run("inspect", "--json", room, second).stdout)] == [
        "v1",
        "v2",
    ]


def test_updates_that_hold_deletions_only_are_in_v1(tmp_path: Path) -> None:
    path = tmp_path / "deletions.bin"
    path.write_bytes(b"\x00\x01\x01\x01\x00\x01")
    assert "format V1" in run("inspect", path).stdout.decode()
    path.write_bytes(b"\x00\x00")
    assert "0 units, 0 % deleted, format V1" in run("inspect", path).stdout.decode()


def test_merging(doc: Doc, tmp_path: Path) -> None:
    updates: list[bytes] = [doc.get_update()]
    doc.observe(lambda event: updates.append(event.update))
    letter = doc.get("letter", type=Text)
    for word in (" you", " all"):
        letter += word
    paths = []
    for i, update in enumerate(updates):
        paths.append(tmp_path / f"{i}.bin")
        # One is in the other format.
        paths[-1].write_bytes(convert_update(update, v2=True) if i == 1 else update)
    out = tmp_path / "all.bin"
    said = run("merge", *paths, "-o", out).stdout.decode()
    assert out.read_bytes() == merge_updates(*updates)
    assert said.startswith(f"  {out}: {out.stat().st_size:,} bytes, of ")
    piped = run("merge", *paths, "-o", "-", "--collect").stdout
    assert piped == merge_updates(*updates, collect=True)
    told = json.loads(run("merge", *paths, "-o", out, "--json").stdout)
    assert told["bytes"] == out.stat().st_size
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.bin", "1.bin", "2.bin", "all.bin"]


def test_what_somebody_lacks(doc: Doc, room: Path, tmp_path: Path) -> None:
    before = tmp_path / "before.bin"
    before.write_bytes(room.read_bytes())
    letter = doc.get("letter", type=Text)
    letter += "!"
    room.write_bytes(doc.get_update())
    rest = run("diff", room, before, "-o", "-").stdout
    other = Doc()
    other.apply_update(before.read_bytes())
    other.apply_update(rest)
    assert str(other.get("letter", type=Text)) == str(letter)
    state = tmp_path / "state.bin"
    state.write_bytes(get_state(before.read_bytes()))
    assert run("diff", "--state", room, state, "-o", "-").stdout == rest


def test_converting(room: Path, tmp_path: Path) -> None:
    second, again = tmp_path / "second.bin", tmp_path / "again.bin"
    run("convert", room, "-o", second)
    assert second.read_bytes() == convert_update(room.read_bytes(), v2=True)
    run("convert", second, "-o", again)
    assert again.read_bytes() == convert_update(second.read_bytes(), v2=False)
    run("convert", room, "--to", "v1", "-o", again)
    assert again.read_bytes() == room.read_bytes()
    piped = run("convert", "-", "-o", "-", input=room.read_bytes()).stdout
    assert piped == second.read_bytes()


def test_a_file_is_replaced_by_itself(room: Path) -> None:
    room.chmod(0o640)
    content = room.read_bytes()
    run("merge", room, room, "-o", room)
    assert room.read_bytes() == merge_updates(content, content)
    assert room.stat().st_mode & 0o777 == 0o640


def test_what_is_wrong_is_said_with_the_name_of_the_file(room: Path, tmp_path: Path) -> None:
    bad, out = tmp_path / "bad.bin", tmp_path / "out.bin"
    bad.write_bytes(room.read_bytes()[:10])
    for command in (
        ["inspect", bad],
        ["merge", room, bad, "-o", out],
        ["merge", bad, "-o", out, "--collect"],
        ["diff", bad, room, "-o", out],
        ["diff", room, bad, "-o", out],
        ["convert", bad, "-o", out],
    ):
        said = run(*command, code=2).stderr.decode()
        assert said.startswith(f"ropewalk: {bad}: ") and "byte" in said, said
        assert "Traceback" not in said
    assert not out.exists()
    missing = tmp_path / "missing.bin"
    assert run("inspect", missing, code=2).stderr.decode() == (
        f"ropewalk: {missing}: No such file or directory\n"
    )
    empty = tmp_path / "empty.bin"
    empty.touch()
    assert str(empty) in run("inspect", empty, code=2).stderr.decode()
    run("merge", room, "-o", tmp_path / "no" / "folder", code=2)
    run("inspect", tmp_path, code=2)


def test_arguments_that_are_none() -> None:
    for arguments in ([], ["unknown"], ["merge", "file"], ["inspect"], ["convert", "a", "b"]):
        assert b"usage" in run(*arguments, code=2).stderr
    assert b"inspect" in run("--help").stdout


def test_names_that_would_command_a_terminal_do_not(tmp_path: Path) -> None:
    doc = Doc()
    text = doc.get("\x1b[2Jroot", type=Text)
    text += "x"
    path = tmp_path / "file.bin"
    path.write_bytes(doc.get_update())
    assert b"\\x1b[2Jroot (text)" in run("inspect", path).stdout


def test_what_takes_long_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from time import sleep

    from ropewalk import _cli

    with _cli.progress("waiting"):
        pass
    assert capsys.readouterr().err == ""
    with _cli.progress("waiting"):
        sleep(1.2)
    assert capsys.readouterr().err == "waiting: 1 s\n"
