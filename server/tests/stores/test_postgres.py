"""The store in PostgreSQL, by the contract of all stores."""

import asyncio
from contextlib import asynccontextmanager

import asyncpg
import pytest
from harness.peers import Peer, make_rooms, stored_text, until
from harness.services import postgresql
from store_contract import Auditing, SeveralProcesses, StoreContract, opening

from ropewalk_server.limits import Limits
from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import Version

# Of a disk without room PostgreSQL says this.
FULL = """
    CREATE FUNCTION ropewalk.full() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER is_full BEFORE INSERT ON ropewalk.records
    FOR EACH STATEMENT EXECUTE FUNCTION ropewalk.full()"""


async def query(url, statement, *arguments):
    """Past the store."""
    connection = await asyncpg.connect(url)
    try:
        if arguments:
            return await connection.fetch(statement, *arguments)
        return await connection.execute(statement)
    finally:
        await connection.close()


class TestPostgres(StoreContract, SeveralProcesses, Auditing):
    @pytest.fixture
    async def make_store(self):
        self.url = postgresql().empty_database()
        async with opening(self.url) as make:
            yield make

    async def change_audit(self):
        await query(self.url, "UPDATE ropewalk.collaboration SET person = 'somebody else'")

    async def spoil(self, store, doc, seq):
        """Flips a bit in the record of an entry, or of a snapshot if there is no such entry."""
        for kind in (1, 2):
            rows = await query(
                self.url,
                "SELECT record FROM ropewalk.records WHERE name = $1 AND kind = $2 AND seq = $3",
                *(doc.encode(), kind, seq),
            )
            if rows:
                break
        record = rows[0][0]
        await query(
            self.url,
            "UPDATE ropewalk.records SET record = $4 WHERE name = $1 AND kind = $2 AND seq = $3",
            *(doc.encode(), kind, seq, record[:-20] + bytes([record[-20] ^ 4]) + record[-19:]),
        )

    @asynccontextmanager
    async def fail(self, store):
        await query(self.url, FULL)
        yield
        await query(self.url, "DROP FUNCTION ropewalk.full CASCADE")


@pytest.mark.anyio
async def test_servers_that_start_at_once_make_the_tables_once():
    server = postgresql()
    for _ in range(5):
        url = server.url(server.new_database())
        stores = [open_store(url) for _ in range(4)]
        await asyncio.gather(*(store.open() for store in stores))
        await stores[0].append("a", [b"of a"])
        assert [(await store.info("a")).log_entries for store in stores] == [1] * 4
        for store in stores:
            await store.close()


async def test_a_room_is_put_together_by_the_clock():
    """Of what is written in a room a snapshot comes to be in PostgreSQL, though nothing is large and
    nobody leaves."""
    url = postgresql().url(postgresql().new_database())
    rooms = make_rooms(open_store(url), limits=Limits(compact_seconds=0.2))
    await rooms.start()
    ann = await (await Peer(rooms).hello(token="ann")).sync()
    for word in ("Dear ", "Sir"):
        await ann.type_numbered(word)
    await until(lambda: ann.acked == ann.number, 20)
    while (await rooms.store.info("firm/letter")).snapshot != Version(0, 2):
        await asyncio.sleep(0.02)
    assert await stored_text(rooms) == "Dear Sir"
    await rooms.stop()
