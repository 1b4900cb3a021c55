"""Brings the documents of another server into a store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ropewalk import Doc, merge_updates

from ropewalk_server.rooms.names import stored_name
from ropewalk_server.rooms.snapshots import put_together, updates_of
from ropewalk_server.stores.contract import NOTHING, Conflict, History, Store
from ropewalk_server.stores.foreign import Document, ForeignStoreError, read_foreign


@dataclass(frozen=True, slots=True)
class ImportedDocument:
    """What became of one document."""

    name: str  # as the source calls it
    outcome: str  # "new", "merged": it was there and has more now, "unchanged", "failed"
    size: int = 0  # bytes that were written
    reason: str = ""  # why it failed


@dataclass(slots=True)
class ImportReport:
    documents: list[ImportedDocument] = field(default_factory=list)

    def of(self, outcome: str) -> list[ImportedDocument]:
        return [document for document in self.documents if document.outcome == outcome]


async def import_documents(
    source_url: str,
    store: Store,
    tenant: str,
    progress: Callable[[ImportedDocument], None] | None = None,
) -> ImportReport:
    """Imports every document of `source_url` (`hocuspocus:PATH`, `pycrdt-sqlite:PATH`,
    `pycrdt-files:DIRECTORY`, `y-leveldb:DIRECTORY`) as one of the tenant. A document that is there
    already is merged with what comes, so an import may be repeated, and done while people write.
    One that cannot be imported is reported and stops no other; StoreError ends it all, and what was
    imported before stays. `progress` is called after each. ForeignStoreError: the source as a whole
    cannot be read.
    """
    report = ImportReport()
    documents = read_foreign(source_url)
    try:
        while (document := await asyncio.to_thread(_next, documents)) is not None:
            imported = await _import(store, tenant, *document)
            report.documents.append(imported)
            if progress is not None:
                progress(imported)
    finally:
        with suppress(ValueError):  # cancelled while it reads: then it is closed with its thread
            documents.close()
    return report


def _next(documents: Generator[Document]) -> Document | None:
    return next(documents, None)


async def _import(store: Store, tenant: str, name: str, updates: list[bytes]) -> ImportedDocument:
    try:
        doc = stored_name(tenant, name)
        whole = await asyncio.to_thread(_checked, updates)
    except ValueError as error:
        return ImportedDocument(name, "failed", reason=str(error))
    while True:
        history = await store.read(doc)
        fresh = await store.info(doc) is None
        if not fresh and await asyncio.to_thread(_has_all, history, whole):
            return ImportedDocument(name, "unchanged")
        try:
            version = await store.append(doc, [whole], epoch=history.version.epoch)
            if fresh:
                snapshot = await asyncio.to_thread(put_together, [whole])
                await store.compact(doc, version, snapshot)
        except Conflict as conflict:
            if conflict.newest == NOTHING or conflict.newest.epoch == history.version.epoch:
                # Somebody else has put it together meanwhile: nothing is lacking.
                return ImportedDocument(name, "new" if fresh else "merged", len(whole))
            continue  # it was replaced or deleted meanwhile
        return ImportedDocument(name, "new" if fresh else "merged", len(whole))


def _checked(updates: list[bytes]) -> bytes:
    """All of it as one update, which a document has taken whole. ValueError if it is not sound."""
    try:
        whole = merge_updates(*updates)
        doc: Doc[Any] = Doc()
        doc.apply_update(whole)
    except ValueError as error:
        raise ValueError(f"what is stored is no update of Yjs: {error} (compressed?)") from error
    return whole


def _has_all(history: History, whole: bytes) -> bool:
    """Whether a document already has all of an update."""
    doc: Doc[Any] = Doc()
    for update in updates_of(history):
        doc.apply_update(update)
    before = doc.get_update()
    doc.apply_update(whole)
    return bool(doc.get_update() == before)


__all__ = ["ForeignStoreError", "ImportReport", "ImportedDocument", "import_documents"]
