"""`ropewalk docs import`: updates in files, and the documents of other servers' stores."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ropewalk import merge_updates
from ropewalk._cli import is_v2

from ..ops.documents import BadDocument
from ..rooms.names import BadName
from ..stores.foreign import ForeignStoreError, read_foreign
from ..ops.importers import ImportedDocument
from ..ops.importers import import_documents as import_store
from .backends import Backend, InStore
from .failure import Failure

SCHEMES = ("hocuspocus", "pycrdt-sqlite", "pycrdt-files", "y-leveldb")

Done = dict[str, Any]


async def import_documents(backend: Backend, options: argparse.Namespace) -> int:
    """1 if some could not be imported; those that could are there."""
    if options.name is not None and len(options.source) > 1:
        raise Failure("--as names the document of one file")
    done: list[Done] = []
    for source in options.source:
        if source.partition(":")[0] in SCHEMES:
            if options.name is not None or options.new:
                raise Failure("--as and --new are for updates in files")
            done += await _store(backend, source)
        else:
            done.append(await _file(backend, source, options))
    if options.json:
        print(json.dumps(done, indent=2))
    else:
        for one in done:
            print(_said(one))
    return 1 if any(one["outcome"] == "failed" for one in done) else 0


async def _file(backend: Backend, source: str, options: argparse.Namespace) -> Done:
    path = Path(source)
    try:
        update = path.read_bytes()
    except OSError as error:
        raise Failure(f"{source}: {error.strerror or error}") from None
    # `docs export` writes names that hold what files cannot be called.
    name = options.name or unquote(path.stem)
    try:
        version = await backend.put(name, update, v2=is_v2(update, None), new=options.new)
    except BadDocument as error:
        raise Failure(f"{source}: {error}") from None
    return {"name": name, "outcome": "imported", "version": version}


async def _store(backend: Backend, source: str) -> list[Done]:
    try:
        if isinstance(backend, InStore):
            report = await import_store(source, backend.store, backend.tenant, _progress)
            return [_done(one) for one in report.documents]
        return await _to_server(backend, source)
    except ForeignStoreError as error:
        raise Failure(f"{source}: {error}") from None


async def _to_server(backend: Backend, source: str) -> list[Done]:
    """The server has the store: each document is sent to it, merged here."""
    done: list[Done] = []
    documents = read_foreign(source)
    while (document := await asyncio.to_thread(next, documents, None)) is not None:
        name, updates = document
        try:
            update = await asyncio.to_thread(lambda parts: merge_updates(*parts), updates)
            version = await backend.put(name, update, v2=False, new=False)
        except (ValueError, BadName, Failure) as error:
            done.append({"name": name, "outcome": "failed", "reason": str(error)})
        else:
            done.append({"name": name, "outcome": "imported", "version": version})
    return done


def _done(one: ImportedDocument) -> Done:
    made: Done = {"name": one.name, "outcome": one.outcome}
    return {**made, "reason": one.reason} if one.outcome == "failed" else {**made, "size": one.size}


def _progress(one: ImportedDocument) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{one.name!r}: {one.outcome}", end="", file=sys.stderr)


def _said(one: Done) -> str:
    if "version" in one:
        return f"{one['name']}: version {one['version']['epoch']}.{one['version']['seq']}"
    return f"{one['name']}: {one['outcome']}" + (f": {one['reason']}" if "reason" in one else "")
