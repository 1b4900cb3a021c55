"""The commands of `python -m ropewalk`: inspect, merge, diff and convert for updates in files; those
for documents are in _cli_files.

Exit codes: 0; 1 where something was found damaged; 2 where the arguments, a file or what is in it
were not what they should be.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from . import _cli_files
from ._update import (
    convert_update,
    describe_update,
    get_state,
    get_update,
    inspect_update,
    merge_updates,
)

Buffer = Any  # bytes or mmap


class Failure(Exception):
    """Something that the caller of the command has to put right."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        code = int(options.run(options) or 0)
        sys.stdout.flush()
    except Failure as failure:
        print(f"ropewalk: {failure}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def parser() -> argparse.ArgumentParser:
    commands = argparse.ArgumentParser(
        prog="python -m ropewalk",
        description="Looks into updates and documents in files, and makes new ones.",
    )
    subparsers = commands.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str, *, writes: bool) -> argparse.ArgumentParser:
        made = subparsers.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        made.add_argument(
            "--from",
            dest="format",
            choices=("v1", "v2"),
            help="the format of the files; otherwise it is found out",
        )
        made.add_argument("--json", action="store_true", help="answer in JSON")
        if writes:
            made.add_argument(
                "-o", "--output", metavar="FILE", required=True, help="- is the standard output"
            )
        return made

    made = command("inspect", inspect, "tell what is in updates and documents", writes=False)
    made.add_argument("--structs", action="store_true", help="a line for each struct, too")
    made.add_argument("files", nargs="+", metavar="FILE")

    made = command("merge", merge, "make one update of many", writes=True)
    made.add_argument("--collect", action="store_true", help="forget what is deleted")
    made.add_argument("files", nargs="+", metavar="FILE")

    made = command("diff", diff, "keep what somebody does not know yet", writes=True)
    made.add_argument(
        "--state", action="store_true", help="KNOWN holds a state vector instead of an update"
    )
    made.add_argument("file", metavar="FILE")
    made.add_argument("known", metavar="KNOWN", help="an update with what they know")

    made = command("convert", convert, "write an update in the other format", writes=True)
    made.add_argument("--to", choices=("v1", "v2"), help="otherwise: what it is not")
    made.add_argument("file", metavar="FILE")
    _cli_files.add_commands(subparsers)
    return commands


# -- commands ----------------------------------------------------------------------------------


def inspect(options: argparse.Namespace) -> None:
    several = len(options.files) > 1
    answers = []
    for name in options.files:
        if _cli_files.is_document(name):
            told = _cli_files.inspected(name)
            answers.append(told)
            if not options.json:
                print(f"{name}: {told['text']}" if several else f"  {told['text']}")
            continue
        with opened(name) as data, progress(f"reading {name}"), explained(name):
            v2 = is_v2(data, options.format)
            info = inspect_update(data, v2=v2)
            structs = describe_update(data, v2=v2) if options.structs else None
            size = len(data)
        if options.json:
            answer: dict[str, Any] = {"file": name, "bytes": size, "format": "v2" if v2 else "v1"}
            answer.update(info)
            if structs is not None:
                answer["structs"] = structs.splitlines()
            answers.append(answer)
            continue
        print(f"{name}: {summary(info, v2)}" if several else f"  {summary(info, v2)}")
        if structs:
            print(printable(structs))
    if options.json:
        print(json.dumps(answers if several else answers[0], indent=2))


def merge(options: argparse.Namespace) -> None:
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(opened(name)) for name in options.files]
        size = sum(len(data) for data in files)
        stack.enter_context(progress(f"merging {counted(len(files), 'file')}, {size:,} bytes"))
        formats = []
        for name, data in zip(options.files, files, strict=True):
            with explained(name):
                formats.append(is_v2(data, options.format))
        v2 = formats[0]
        updates = []
        for name, data, format_is_v2 in zip(options.files, files, formats, strict=True):
            with explained(name):
                updates.append(data if format_is_v2 == v2 else convert_update(data, v2=v2))
        try:
            merged = merge_updates(*updates, collect=options.collect, v2=v2)
        except ValueError as error:
            raise Failure(blamed(options.files, updates, v2, error)) from None
        del updates
    write(options, merged, size)


def diff(options: argparse.Namespace) -> None:
    with (
        opened(options.file) as data,
        opened(options.known) as known,
        progress(f"comparing {options.file} with {options.known}"),
    ):
        if options.state:
            state = bytes(known)
        else:
            with explained(options.known):
                state = get_state(known, v2=is_v2(known, options.format))
        with explained(options.file):
            v2 = is_v2(data, options.format)
            inspect_update(data, v2=v2)  # so that the state is what is wrong otherwise
        with explained(options.known):
            rest = get_update(data, state, v2=v2)
        size = len(data)
    write(options, rest, size)


def convert(options: argparse.Namespace) -> None:
    with (
        opened(options.file) as data,
        progress(f"converting {options.file}"),
        explained(options.file),
    ):
        v2 = is_v2(data, options.format)
        to_v2 = not v2 if options.to is None else options.to == "v2"
        if v2 == to_v2:
            inspect_update(data, v2=v2)
            made = bytes(data)
        else:
            made = convert_update(data, v2=to_v2)
        size = len(data)
    write(options, made, size)


# -- files -------------------------------------------------------------------------------------


@contextlib.contextmanager
def opened(name: str) -> Iterator[Buffer]:
    """The content of a file, not copied where it can be mapped."""
    from mmap import ACCESS_READ, mmap

    try:
        if name == "-":
            yield sys.stdin.buffer.read()
            return
        with Path(name).open("rb") as file:
            try:
                data: Buffer = mmap(file.fileno(), 0, access=ACCESS_READ)
            except (ValueError, OSError):  # empty, or a pipe
                yield file.read()
                return
    except OSError as error:
        raise Failure(f"{name}: {error.strerror}") from None
    with data:
        yield data


def write(options: argparse.Namespace, data: bytes, read: int) -> None:
    """Writes the result, as a whole or not at all."""
    target = options.output
    if target == "-":
        sys.stdout.buffer.write(data)
        return
    path = Path(target)
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(handle, "wb") as file:
                file.write(data)
            os.chmod(beside, path.stat().st_mode if path.exists() else 0o666 & ~umask())
            os.replace(beside, path)
        except BaseException:
            os.unlink(beside)
            raise
    except OSError as error:
        raise Failure(f"{target}: {error.strerror}") from None
    if options.json:
        print(json.dumps({"file": target, "bytes": len(data), "bytes_read": read}))
    else:
        print(f"  {target}: {len(data):,} bytes, of {read:,} that were read")


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def is_v2(data: Buffer, wanted: str | None) -> bool:
    """Whether an update is in format V2. It starts with a 0 then, as few in V1 do: those that hold
    deletions only, and these are no updates in V2."""
    if wanted is not None:
        return wanted == "v2"
    if data[:1] != b"\0":
        return False
    try:
        inspect_update(data, v2=True)
    except ValueError:
        return False
    return True


# -- words -------------------------------------------------------------------------------------


@contextlib.contextmanager
def explained(name: str) -> Iterator[None]:
    """Bytes that are no update are the caller's failure, of this file."""
    try:
        yield
    except ValueError as error:
        raise Failure(f"{name}: {error}") from None
    except OSError as error:
        raise Failure(f"{name}: {error.strerror}") from None


def blamed(names: Sequence[str], updates: Sequence[Buffer], v2: bool, error: ValueError) -> str:
    for name, data in zip(names, updates, strict=True):
        try:
            inspect_update(data, v2=v2)
        except ValueError as own:
            return f"{name}: {own}"
    return str(error)


def counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def summary(info: Any, v2: bool) -> str:
    deleted = round(100 * info["deleted_units"] / info["units"]) if info["units"] else 0
    parts = [
        counted(len(info["clients"]), "client"),
        counted(info["units"], "unit"),
        f"{deleted} % deleted",
    ]
    if info["skipped_units"]:
        parts.append(f"{info['skipped_units']:,} lacking")
    parts.append(f"format {'V2' if v2 else 'V1'}")
    text = ", ".join(parts)
    if info["roots"]:
        roots = (f"{name} ({kind or 'unknown'})" for name, kind in info["roots"].items())
        text += f"; roots: {printable(', '.join(roots))}"
    return text


def printable(text: str) -> str:
    """Without what a terminal would take for a command."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


@contextlib.contextmanager
def progress(text: str, watched: Any = None) -> Iterator[None]:
    """Says on the standard error what is going on, once it takes longer than a second; and how far
    it is, if there is a FileProgress to be watched."""
    over = threading.Event()
    started = monotonic()

    def tell() -> None:
        terminal = sys.stderr.isatty()
        told = over.wait(1)
        if told:
            return
        while True:
            line = f"{text}: {monotonic() - started:.0f} s"
            if watched is not None and watched.of:
                line += f", {100 * watched.done // watched.of} %"
            print(f"\r{line}" if terminal else line, end="" if terminal else "\n", file=sys.stderr)
            sys.stderr.flush()
            if over.wait(1 if terminal else 10):
                break
        if terminal:
            print(file=sys.stderr)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
