"""The store in SQLite, by the contract of all stores."""

import sqlite3
from contextlib import asynccontextmanager

import pytest
from store_contract import Auditing, SeveralProcesses, StoreContract, opening

from ropewalk_server.stores.contract import Version
from ropewalk_server.stores.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rooms.db"


def spoil(path, doc, seq):
    """Flips a bit in the record of an entry, or of a snapshot if there is no such entry."""
    with sqlite3.connect(path) as database:
        for table in ("entries", "snapshots"):
            row = database.execute(
                f"SELECT r.document, r.epoch, r.record FROM {table} r"
                " JOIN documents d ON d.id = r.document WHERE d.name = ? AND r.seq = ?"
                " ORDER BY r.epoch DESC",
                (doc.encode(), seq),
            ).fetchone()
            if row is not None:
                break
        document, epoch, record = row
        record = record[:-20] + bytes([record[-20] ^ 4]) + record[-19:]
        database.execute(
            f"UPDATE {table} SET record = ? WHERE document = ? AND epoch = ? AND seq = ?",
            (record, document, epoch, seq),
        )
    database.close()


class TestSqliteFull(StoreContract, SeveralProcesses, Auditing):
    sync = "full"

    @pytest.fixture
    async def make_store(self, path):
        self.path = path
        self.url = f"sqlite:{path}?sync={self.sync}"
        async with opening(self.url) as make:
            yield make

    async def change_audit(self):
        database = sqlite3.connect(self.path)
        try:
            database.execute("UPDATE collaboration SET person = x'00'")
        finally:
            database.close()

    async def spoil(self, store, doc, seq):
        spoil(self.path, doc, seq)

    @asynccontextmanager
    async def fail(self, store):
        """The disk is full: SQLite itself says so beyond a number of pages."""
        connection = store._writer._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")
        yield
        connection.execute(f"PRAGMA max_page_count = {1 << 30}")


class TestSqliteNormal(TestSqliteFull):
    sync = "normal"


async def test_a_file_from_before_epochs_were_kept_opens(tmp_path):
    path = tmp_path / "rooms.db"
    store = SqliteStore(str(path))
    await store.open()
    await store.append("a", [b"1"])
    await store.close()
    with sqlite3.connect(path) as database:  # what the first schema had
        for later in ("epochs", "pieces", "collaboration", "erased"):
            database.execute(f"DROP TABLE {later}")
        database.execute("PRAGMA user_version = 1")
    database.close()
    await store.open()
    assert list(await store.epochs("a")) == []
    await store.seal("a", Version(0, 1), b"new", map=b"map")
    assert await store.read_map("a", 0) == b"map"
    await store.close()
