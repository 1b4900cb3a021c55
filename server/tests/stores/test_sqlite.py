"""The store in SQLite, by the contract of all stores."""

import sqlite3
from contextlib import asynccontextmanager

import pytest
from store_contract import SeveralProcesses, StoreContract

from ropewalk_server.stores import open_store


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


class TestSqliteFull(StoreContract, SeveralProcesses):
    sync = "full"

    @pytest.fixture
    async def make_store(self, path):
        self.path = path
        self.url = f"sqlite:{path}?sync={self.sync}"
        stores = []

        async def make():
            store = open_store(self.url)
            await store.open()
            stores.append(store)
            return store

        yield make
        for store in stores:
            await store.close()

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
