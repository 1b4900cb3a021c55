"""`ropewalk docs`: documents in a store, or at a server that is running."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..stores.sqlite.files import path_of
from .copying import add_copy
from .backends import WRONG, AtServer, Backend, InStore, Page
from .failure import Failure
from .importing import import_documents
from .people import audit, connected
from .remote import add_server, add_token, token_of
from .settings import add_settings, settings_of
from .words import counted, dotted, printable, shown_size, table

PAGE = 200

Command = Callable[[Backend, argparse.Namespace], Awaitable[int]]


def add_to(commands: Any) -> None:
    docs = commands.add_parser(
        "docs",
        help="list, inspect, export, import, copy, verify, compact, renumber, restore, audit, delete",
    )
    subcommands = docs.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Command, text: str, *, creates: bool = False
    ) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = subcommands.add_parser(name, help=text, description=text)
        made.set_defaults(run=lambda options: asyncio.run(_with_backend(run, options, creates)))
        add_settings(made, only=("store.url", "documents.stock", "documents.audit_days"))
        add_server(made, "a server that is running, instead of a store")
        add_token(made)
        made.add_argument("--tenant", help="whose documents (main)")
        made.add_argument("--json", action="store_true", help="answer in JSON")
        return made

    add_copy(subcommands)

    made = command("list", list_documents, "documents in order of their names")
    made.add_argument("prefix", nargs="?", default="", help="only those that begin so")
    made.add_argument("--everywhere", action="store_true", help="of all tenants")

    command("inspect", inspect, "what is known of a document").add_argument("id", metavar="ID")

    made = command("export", export, "write a document, or all, to files")
    made.add_argument("id", metavar="ID", nargs="?", help="else all of them")
    made.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help="- is the standard output; a folder, for all",
    )
    made.add_argument("--format", choices=("update", "update-v2", "json"), default="update")

    made = command(
        "import",
        import_documents,
        "add updates in files, or the documents of another server's store",
        creates=True,
    )
    made.add_argument(
        "source", metavar="FILE", nargs="+", help="an update, or a store of another server"
    )
    made.add_argument(
        "--as",
        dest="name",
        metavar="ID",
        help="the document that one update goes into; else its file's name",
    )
    made.add_argument("--new", action="store_true", help="refuse to add to a document that exists")

    made = command(
        "verify", verify, "read every record of documents and build them; 1 if one is not sound"
    )
    made.add_argument("ids", metavar="ID", nargs="*", help="else all of them")
    made = command("compact", compact, "make one snapshot of the log")
    made.add_argument("ids", metavar="ID", nargs="*", help="else all of them")

    made = command(
        "renumber", renumber, "begin a new epoch, in which nothing is left of what was deleted"
    )
    made.add_argument("ids", metavar="ID", nargs="+")

    made = command("savepoint", savepoint, "keep a document as it is now")
    made.add_argument("id", metavar="ID")
    made.add_argument("--label", default="")
    command("savepoints", savepoints, "what was kept of a document").add_argument(
        "id", metavar="ID"
    )
    made = command("restore", restore, "make a document what it was at a save point")
    made.add_argument("id", metavar="ID")
    made.add_argument(
        "--version", type=int, required=True, metavar="N", help="the number of the save point"
    )
    made = command("audit", audit, "who joined, changed and left a document")
    made.add_argument("id", metavar="ID")
    made.add_argument("--after", type=int, default=0, metavar="N", help="behind the row N")
    command("connected", connected, "who has a document open at any server").add_argument(
        "id", metavar="ID"
    )
    made = command("delete", delete, "erase a document and all of its past")
    made.add_argument("id", metavar="ID")
    made.add_argument("--yes", action="store_true", help="do not ask")


async def _with_backend(run: Command, options: argparse.Namespace, creates: bool) -> int:
    # Where a server is named on the command line it counts more than a store in some file.
    url = options.server or os.environ.get("ROPEWALK_SERVER")
    backend: Backend
    if url:
        backend = AtServer(url, token_of(options), options.tenant)
    else:
        settings = settings_of(options).settings
        store = settings.store.url
        if store == "memory:":
            raise Failure("memory: has nothing in it yet; name another store, or a server")
        file = _file_of(store)
        if not creates and file is not None and not file.exists():
            raise Failure(f"{file}: No such file; name the store with --store")
        try:
            policy = settings.documents.policy()
        except ValueError as error:
            raise Failure(str(error)) from None
        backend = InStore(
            store, options.tenant or "main", policy, audits=settings.documents.audit_days > 0
        )
    await backend.open()
    try:
        return await run(backend, options)
    except WRONG as error:
        raise Failure(str(error)) from None
    finally:
        await backend.close()


def _file_of(url: str) -> Path | None:
    """The file of a store that has one: to look into it must not make it."""
    scheme, _, rest = url.partition(":")
    return Path(path_of(rest.partition("?")[0])) if scheme == "sqlite" else None


# -- many documents --------------------------------------------------------------------------------


async def _all(
    backend: Backend, prefix: str = "", *, everywhere: bool = False
) -> AsyncIterator[Page]:
    after: str | None = ""
    while after is not None:
        page, after = await backend.list(prefix, after, PAGE, everywhere=everywhere)
        for line in page:
            yield line


async def _names(backend: Backend, options: argparse.Namespace) -> list[str]:
    return options.ids or [line["name"] async for line in _all(backend)]


class Progress:
    """`12 of 340  letters/7`, on a terminal and once it takes longer than a moment."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._started = time.monotonic()
        self._shown = 0.0

    def step(self, name: str) -> None:
        self._done += 1
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._started > 1 and now - self._shown > 0.1:
            self._shown = now
            print(
                f"\r\x1b[K{self._done} of {self._total}  {printable(name)}",
                end="",
                file=sys.stderr,
            )

    def end(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr)


# -- commands --------------------------------------------------------------------------------------


async def list_documents(backend: Backend, options: argparse.Namespace) -> int:
    lines = _all(backend, options.prefix, everywhere=options.everywhere)
    if options.json:
        print(json.dumps([line async for line in lines], indent=2))
        return 0
    rows = [
        (
            *([printable(line["tenant"])] if options.everywhere else []),
            printable(line["name"]),
            dotted(line["version"]),
            shown_size(line["snapshot_size"] + line["log_size"]),
            time.strftime("%Y-%m-%d %H:%M", time.localtime(line["changed_at"])),
        )
        async for line in lines
    ]
    tenant = ("tenant",) if options.everywhere else ()
    table((*tenant, "name", "version", "size", "changed"), rows)
    return 0


async def inspect(backend: Backend, options: argparse.Namespace) -> int:
    page = await backend.inspect(options.id)
    if options.json:
        print(json.dumps(page, indent=2))
        return 0
    line = page["document"]
    roots = ", ".join(
        f"{printable(n)} ({k or 'unknown'})" for n, k in sorted(page["roots"].items())
    )
    deleted = round(100 * page["deleted_units"] / page["units"]) if page["units"] else 0
    rows: list[tuple[str, str]] = [
        ("version", dotted(line["version"])),
        ("snapshot", _snapshot(line, page)),
        ("log", f"{counted(line['log_entries'], 'entry', 'entries')}, {shown_size(line['log_size'])}"),
        ("roots", roots or "none"),
        (
            "content",
            f"{counted(page['units'], 'unit')} of {counted(page['clients'], 'client')}, {deleted} % deleted",
        ),
        ("save points", str(page["savepoints"])),
    ]
    if page["missing_units"]:
        rows.append(("missing", counted(page["missing_units"], "unit")))
    if "members" in page:
        rows.append(
            (
                "open",
                counted(page["members"], "member") + (", not stored" if page["unsynced"] else ""),
            )
        )
    rows += [("damaged", f"{d['where']}: {d['reason']}") for d in page["damaged"]]
    for name, value in rows:
        print(f"  {name:12} {printable(value)}")
    return 0


def _snapshot(line: Page, page: Page) -> str:
    if page["snapshot"] == "none":
        return "none"
    return f"{dotted(line['snapshot'])}, {shown_size(line['snapshot_size'])}, {_FORMS[page['snapshot']]}"


_FORMS = {"container": "a container", "update": "an update: a container after the next compaction"}


async def export(backend: Backend, options: argparse.Namespace) -> int:
    if options.id is not None:
        _write(options.output, await backend.export(options.id, options.format))
        return 0
    folder = Path(options.output)
    if options.output == "-":
        raise Failure("all documents do not fit into one output: name a folder, or a document")
    folder.mkdir(parents=True, exist_ok=True)
    names = [line["name"] async for line in _all(backend)]
    progress = Progress(len(names))
    suffix = "json" if options.format == "json" else "bin"
    for name in names:
        progress.step(name)
        # What `docs import` makes the name of again.
        _write(
            str(folder / f"{quote(name, safe='')}.{suffix}"),
            await backend.export(name, options.format),
        )
    progress.end()
    print(f"{counted(len(names), 'document')} in {folder}")
    return 0


def _write(name: str, content: bytes) -> None:
    if name == "-":
        sys.stdout.buffer.write(content)
        return
    path = Path(name)
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Failure(f"{name}: {error.strerror or error}") from None


async def verify(backend: Backend, options: argparse.Namespace) -> int:
    names = await _names(backend, options)
    progress = Progress(len(names))
    verdicts = {}
    for name in names:
        progress.step(name)
        verdicts[name] = await backend.verify(name)
    progress.end()
    bad = {name: verdict for name, verdict in verdicts.items() if not verdict["sound"]}
    if options.json:
        print(json.dumps(verdicts, indent=2))
    else:
        for name, verdict in bad.items():
            found = [f"{d['where']}: {d['reason']}" for d in verdict["damaged"]] + verdict[
                "problems"
            ]
            for line in found:
                print(f"  {printable(name)}: {printable(line)}")
        print(f"{counted(len(names), 'document')} verified, {len(bad)} not sound")
    return 1 if bad else 0


async def compact(backend: Backend, options: argparse.Namespace) -> int:
    names = await _names(backend, options)
    progress = Progress(len(names))
    lines = []
    for name in names:
        progress.step(name)
        lines.append(await backend.compact(name))
    progress.end()
    if options.json:
        print(json.dumps(lines, indent=2))
    else:
        size = sum(line["snapshot_size"] + line["log_size"] for line in lines)
        print(f"{counted(len(names), 'document')} compacted, {shown_size(size)} now")
    return 0


async def renumber(backend: Backend, options: argparse.Namespace) -> int:
    progress = Progress(len(options.ids))
    pages = {}
    for name in options.ids:
        progress.step(name)
        pages[name] = await backend.renumber(name)
    progress.end()
    if options.json:
        print(json.dumps(pages, indent=2))
        return 0
    for name, page in pages.items():
        sizes = f"{shown_size(page['before'])} before, {shown_size(page['after'])} now"
        print(f"{printable(name)} is in epoch {page['version']['epoch']}: {sizes}")
    return 0


async def savepoint(backend: Backend, options: argparse.Namespace) -> int:
    made = await backend.savepoint(options.id, options.label)
    print(json.dumps(made, indent=2) if options.json else f"save point {made['id']}")
    return 0


async def savepoints(backend: Backend, options: argparse.Namespace) -> int:
    found = await backend.savepoints(options.id)
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    rows = [
        (
            str(one["id"]),
            dotted(one["version"]),
            shown_size(one["size"]),
            time.strftime("%Y-%m-%d %H:%M", time.localtime(one["created_at"])),
            printable(one["author"]),
            printable(one["label"]),
        )
        for one in found
    ]
    table(("number", "version", "size", "made", "by", "label"), rows)
    return 0


async def restore(backend: Backend, options: argparse.Namespace) -> int:
    page = await backend.restore(options.id, options.version)
    if options.json:
        print(json.dumps(page, indent=2))
    else:
        print(
            f"restored as version {dotted(page['version'])}; what it was is save point {page['kept']['id']}"
        )
    return 0


async def delete(backend: Backend, options: argparse.Namespace) -> int:
    if not options.yes:
        if not sys.stdin.isatty():
            raise Failure("say --yes to erase the document and all of its past")
        if (
            input(f"Erase {printable(options.id)} and all of its past? [y/N] ").strip().lower()
            != "y"
        ):
            raise Failure("nothing was erased")
    await backend.delete(options.id)
    return 0
