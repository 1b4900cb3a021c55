"""Documents of other servers, from files that those servers' own packages have written: pycrdt's are
made here, Hocuspocus's and y-leveldb's were made by foreign/make.mjs."""

import shutil
import sqlite3
from pathlib import Path

import pycrdt
import pytest
from pycrdt.store import FileYStore, SQLiteYStore
from ropewalk import Doc, Map, Text

from ropewalk_server.rooms.snapshots import as_update
from ropewalk_server.stores.contract import StoreError, Version
from ropewalk_server.stores.faults import Fault, FaultPlan
from ropewalk_server.ops.importers import ForeignStoreError, import_documents
from ropewalk_server.stores.memory import MemoryStore

FOREIGN = Path(__file__).with_name("foreign")
NAMES = ["a/path/ünd so 🧵", "letter", "many updates"]


async def document(store, doc):
    history = await store.read(doc)
    loaded = Doc()
    if history.snapshot is not None:
        loaded.apply_update(as_update(history.snapshot.data))
    for entry in history.entries:
        loaded.apply_update(entry.update)
    assert not loaded.has_pending
    return loaded


async def text(store, doc):
    return str((await document(store, doc)).get("t", type=Text))


def updates_of(name):
    """The same document as in make.mjs, by pycrdt, one update a change."""
    doc = pycrdt.Doc()
    updates = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    doc["t"] = content = pycrdt.Text()
    content += "gone "
    for start in range(0, len(name), 2):
        content += name[start : start + 2]
    del content[0:5]
    doc["m"] = pycrdt.Map({"name": name})
    doc.unobserve(subscription)
    return updates


async def write_pycrdt_files(directory):
    for name in NAMES:
        store = FileYStore(str(directory / name))
        for update in updates_of(name):
            await store.write(update)


async def write_pycrdt_sqlite(path):
    class Store(SQLiteYStore):
        db_path = str(path)
        checkpoint_interval = 5

    for name in NAMES:
        async with Store(name) as store:
            for update in updates_of(name):
                await store.write(update)


@pytest.fixture(params=["hocuspocus", "y-leveldb", "pycrdt-files", "pycrdt-sqlite"])
async def source(request, tmp_path):
    path = tmp_path / "source"
    if request.param == "hocuspocus":
        shutil.copy(FOREIGN / "hocuspocus.sqlite", path)
    elif request.param == "y-leveldb":
        shutil.copytree(FOREIGN / "y-leveldb", path)
    elif request.param == "pycrdt-files":
        await write_pycrdt_files(path)
    else:
        await write_pycrdt_sqlite(path)
    return f"{request.param}:{path}"


def bytes_below(path):
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return {str(file): file.read_bytes() for file in files if file.is_file()}


async def test_every_document_comes_whole_and_the_source_stays_as_it_was(source):
    path = Path(source.partition(":")[2])
    before = bytes_below(path)
    store, told = MemoryStore(), []
    report = await import_documents(source, store, "acme/co", told.append)
    assert told == report.documents == report.of("new")
    assert sorted(imported.name for imported in told) == NAMES
    listed = [info.doc for info in await store.list()]
    assert listed == [f"acme%2Fco/{name}" for name in NAMES]
    for name in NAMES:
        loaded = await document(store, f"acme%2Fco/{name}")
        assert str(loaded.get("t", type=Text)) == name
        assert loaded.get("m", type=Map)["name"] == name
        # One snapshot: nobody has to put it together.
        assert (await store.info(f"acme%2Fco/{name}")).log_entries == 0
    assert bytes_below(path) == before


async def test_an_import_may_be_repeated_and_merges_with_what_was_written_meanwhile(source):
    store = MemoryStore()
    await import_documents(source, store, "acme")
    report = await import_documents(source, store, "acme")
    assert len(report.of("unchanged")) == 3
    assert (await store.info("acme/letter")).version == Version(0, 1)
    # Somebody has written the document in between, and another one is there before its import.
    doc = await document(store, "acme/letter")
    state = doc.get_state()
    doc.get("t", type=Text).insert(0, "My ")
    await store.append("acme/letter", [doc.get_update(state)])
    other = Doc()
    other.get("t", type=Text).insert(0, "Early. ")
    fresh = MemoryStore()
    await fresh.append("acme/letter", [other.get_update()])
    await import_documents(source, store, "acme")
    report = await import_documents(source, fresh, "acme")
    assert await text(store, "acme/letter") == "My letter"
    assert [imported.name for imported in report.of("merged")] == ["letter"]
    assert sorted(await text(fresh, "acme/letter")) == sorted("Early. letter")


async def test_a_document_that_was_deleted_is_imported_into_its_new_epoch(source):
    store = MemoryStore()
    await import_documents(source, store, "acme")
    await store.delete("acme/letter")
    report = await import_documents(source, store, "acme")
    assert [imported.name for imported in report.of("new")] == ["letter"]
    assert (await store.info("acme/letter")).version == Version(1, 1)
    assert await text(store, "acme/letter") == "letter"


async def test_what_is_no_document_is_reported_and_stops_no_other(tmp_path):
    path = tmp_path / "hocuspocus.sqlite"
    shutil.copy(FOREIGN / "hocuspocus.sqlite", path)
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO documents VALUES ('broken', x'01020304ff')")
        database.execute("INSERT INTO documents VALUES ('', x'0000')")
        database.execute("UPDATE documents SET data = substr(data, 1, 30) WHERE name = 'letter'")
    database.close()
    store = MemoryStore()
    report = await import_documents(f"hocuspocus:{path}", store, "acme")
    assert sorted(imported.name for imported in report.of("failed")) == ["", "broken", "letter"]
    assert all(imported.reason for imported in report.of("failed"))
    assert len(report.of("new")) == 2
    assert [info.doc for info in await store.list()] == [f"acme/{NAMES[0]}", f"acme/{NAMES[2]}"]


async def test_a_store_that_fails_ends_the_import_and_keeps_what_was_done():
    store = MemoryStore(FaultPlan([Fault("append", 2, "fail")]))
    with pytest.raises(StoreError):
        await import_documents(f"hocuspocus:{FOREIGN / 'hocuspocus.sqlite'}", store, "acme")
    assert len(await store.list()) == 1
    report = await import_documents(f"hocuspocus:{FOREIGN / 'hocuspocus.sqlite'}", store, "acme")
    assert (len(report.of("unchanged")), len(report.of("new"))) == (1, 2)


@pytest.mark.parametrize(
    ("make", "url", "reason"),
    [
        (None, "mongodb:x", "known are hocuspocus:PATH, pycrdt-sqlite:PATH"),
        (None, "hocuspocus:", "there is no"),
        (None, "hocuspocus:nowhere.db", "there is no 'nowhere.db'"),
        (b"no database, but a long enough text to be taken for one" * 20, "hocuspocus:{}", "not a"),
        (b"", "hocuspocus:{}", "no table 'documents' with data, name"),
        (b"", "pycrdt-sqlite:{}", "no table 'yupdates'"),
        (b"VERSION:1\n", "pycrdt-files:{}", "is no file of pycrdt's"),
        (b"VERSION:2\n\x05ab", "pycrdt-files:{}", "ends inside a string"),
        (b"VERSION:2\n\xff", "pycrdt-files:{}", "no number at byte 1"),
        (b"VERSION:2\n\x02ab", "pycrdt-files:{}", "ends inside an entry"),
        (b"a file", "y-leveldb:{}", "is no LevelDB"),
    ],
)
async def test_a_source_that_is_none_says_why(tmp_path, make, url, reason):
    path = tmp_path / "source"
    if make is not None:
        path.write_bytes(make)
    with pytest.raises(ForeignStoreError, match=reason):
        await import_documents(url.format(path), MemoryStore(), "acme")
