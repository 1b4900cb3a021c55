"""What a SQLite file meets in its life: locks, other programs, newer versions, half-made schemas,
disks that are full; and how its writer groups, waits and bounds what waits."""

import asyncio
import sqlite3
import subprocess
import sys
import time

import pytest
from store_contract import soon, updates_of

from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import StoreError, Version
from ropewalk_server.stores.sqlite import SqliteStore, files, writer
from ropewalk_server.stores.sqlite.changes import Transaction


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rooms.db"


@pytest.fixture
async def store(path):
    store = open_store(f"sqlite:{path}")
    await store.open()
    yield store
    await store.close()


def quickly(path, **settings):
    """A store that does not wait long for locks."""
    return SqliteStore(str(path), settings=files.Settings("", busy_seconds=0.2, **settings))


async def refused(path, reason):
    store = quickly(path)
    with pytest.raises(StoreError, match=reason) as caught:
        await store.open()
    assert str(path) in str(caught.value)
    # And it is not open in any way.
    with pytest.raises(StoreError, match="not open"):
        await store.read("a")
    with pytest.raises(StoreError, match="not open"):
        await store.append("a", [b"1"])
    return caught.value


def test_urls_and_their_settings():
    for url, path, sync in [
        ("sqlite:rooms.db", "rooms.db", "full"),
        ("sqlite:rooms.db?sync=normal", "rooms.db", "normal"),
        ("sqlite:./a/b.db?sync=full", "a/b.db", "full"),
        ("sqlite:/var/lib/rooms.db", "/var/lib/rooms.db", "full"),
        ("sqlite:///var/lib/rooms.db", "/var/lib/rooms.db", "full"),
    ]:
        settings = open_store(url)._settings
        assert (settings.path, settings.synchronous) == (path, sync)


@pytest.mark.parametrize(("sync", "level"), [("full", 2), ("normal", 1)])
async def test_the_file_has_the_settings_that_the_promises_rest_on(path, sync, level):
    store = open_store(f"sqlite:{path}?sync={sync}")
    await store.open()
    pragma = store._writer._connection.execute
    assert pragma("PRAGMA synchronous").fetchone()[0] == level
    assert pragma("PRAGMA journal_mode").fetchone()[0] == "wal"
    await store.close()
    # After a good end the log is in the file, and nothing lies beside it.
    assert [item.name for item in path.parent.iterdir()] == ["rooms.db"]


# -- locks and errors --------------------------------------------------------------------------------


async def test_a_lock_is_waited_for(store, path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(store.append("a", [b"1"]))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    assert (await store.read("a")).version == Version(0, 0)  # readers do not wait
    other.execute("COMMIT")
    other.close()
    assert await soon(waiting) == Version(0, 1)


async def test_a_lock_that_stays_is_an_error_that_says_so_and_loses_nothing(path):
    store = quickly(path)
    await store.open()
    await store.append("a", [b"1"])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = [store.append("a", [b"2"]), store.append("b", [b"2"])]
    for result in await soon(asyncio.gather(*waiting, return_exceptions=True)):
        assert isinstance(result, StoreError)
        assert result.transient
        assert "another program keeps" in str(result)
        assert str(path) in str(result)
    other.close()
    assert await store.append("a", [b"3"]) == Version(0, 2)
    assert updates_of(await store.read("a")) == [b"1", b"3"]
    await store.close()


async def test_a_full_disk_says_what_to_do(store, path):
    connection = store._writer._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="is full: free some space") as caught:
        await store.append("a", [bytes(100_000)])
    assert caught.value.transient
    connection.execute("PRAGMA max_page_count = 1000000")
    assert await store.append("a", [bytes(100_000)]) == Version(0, 1)


async def test_a_limit_of_the_system_on_the_file_is_an_error_that_loses_nothing(path):
    """A real write that fails: the process may not write beyond a size."""
    script = """
import asyncio, resource, signal, sys
from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import StoreError

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = open_store("sqlite:" + sys.argv[1])
    await store.open()
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    acked, failed = 0, None
    while failed is None:
        try:
            await store.append("a", [b"x" * 10_000])
            acked += 1
        except StoreError as error:
            failed = error
    assert failed.transient, failed
    assert len((await store.read("a")).entries) == acked
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await store.append("a", [b"after"])
    print(acked, failed)
    await store.close()

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    acked = int(done.stdout.split()[0])
    assert acked > 5
    store = quickly(path)
    await store.open()
    updates = updates_of(await store.read("a"))
    assert len(updates) == acked + 1
    assert updates[-1] == b"after"
    await store.close()


async def test_a_file_that_is_taken_away_is_noticed_before_anything_is_acknowledged(store, path):
    await store.append("a", [b"1"])
    elsewhere = path.with_name("moved.db")
    path.rename(elsewhere)
    calls = [store.append("a", [b"2"]) for _ in range(3)]
    for result in await soon(asyncio.gather(*calls, return_exceptions=True)):
        assert isinstance(result, StoreError)
        assert "moved, removed or replaced" in str(result)
    path.write_bytes(elsewhere.read_bytes())  # a copy is not it
    with pytest.raises(StoreError, match="restart the server"):
        await store.append("a", [b"2"])
    elsewhere.rename(path)
    assert await store.append("a", [b"3"]) == Version(0, 2)
    assert updates_of(await store.read("a")) == [b"1", b"3"]


async def test_what_cannot_be_opened_says_why(path, tmp_path):
    error = await refused(tmp_path / "no" / "such" / "rooms.db", "is there such a directory")
    assert not error.transient
    path.write_bytes(b"This is a letter to my aunt, and no database. " * 100)
    await refused(path, "is no SQLite database")
    assert path.read_bytes().startswith(b"This is a letter")


async def test_another_programs_database_is_left_alone(path):
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.commit()
    before = path.read_bytes()
    await refused(path, "of another program")
    assert path.read_bytes() == before
    other.close()


async def test_a_newer_schema_is_left_alone(path):
    store = quickly(path)
    await store.open()
    await store.append("a", [b"1"])
    await store.close()
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {len(files.MIGRATIONS) + 3}")
    database.close()
    await refused(path, "newer version of the server .*update the server")


async def test_pages_that_are_damaged_are_noticed_at_opening(path):
    store = quickly(path)
    await store.open()
    for number in range(300):
        await store.append(f"doc-{number}", [bytes(200)])
    await store.close()
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 8] = b"\x7f" * 8
    path.write_bytes(data)
    error = await refused(path, "is damaged.*recover")
    assert not error.transient


async def test_calls_before_opening_and_after_closing_are_errors(path):
    store = quickly(path)
    with pytest.raises(StoreError, match="not open"):
        await store.append("a", [b"1"])
    await store.open()
    await store.open()  # once more changes nothing
    await store.append("a", [b"1"])
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="not open"):
        await store.read("a")
    await store.open()
    assert updates_of(await store.read("a")) == [b"1"]
    await store.close()


# -- migrations --------------------------------------------------------------------------------------

STEPS = (
    "CREATE TABLE one (x);\nINSERT INTO one VALUES (1);",
    "ALTER TABLE one ADD COLUMN y;\nUPDATE one SET y = x + 1;\nCREATE TABLE two (z);",
    "INSERT INTO two SELECT x + y FROM one;\nDROP TABLE one;",
)


class Stops(sqlite3.Connection):
    """Fails at its n-th statement that changes something, and then at every other."""

    left = 0

    def execute(self, sql, *arguments):
        if not sql.startswith(("PRAGMA user_version;", "ROLLBACK", "SELECT")):
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("stopped")
        return super().execute(sql, *arguments)


def test_a_migration_that_stops_anywhere_is_as_before_or_done_and_goes_on(path):
    stops = 0
    while True:
        path.unlink(missing_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, factory=Stops)
        connection.left = stops
        try:
            files.migrate(connection, str(path), STEPS)
            finished = True
        except RuntimeError:
            finished = False
        connection.close()
        with sqlite3.connect(path) as look:
            version = look.execute("PRAGMA user_version").fetchone()[0]
            tables = {row[0] for row in look.execute("SELECT name FROM sqlite_schema")}
            assert tables == [set(), {"one"}, {"one", "two"}, {"two"}][version]
            if version == 1:
                assert [len(look.execute("SELECT * FROM one").fetchone())] == [1]
        look.close()
        connection = sqlite3.connect(path, isolation_level=None)
        files.migrate(connection, str(path), STEPS)
        assert connection.execute("SELECT z FROM two").fetchall() == [(3,)]
        connection.close()
        if finished:
            break
        stops += 1
    assert stops > 10


async def test_many_processes_may_make_and_open_one_file_at_once(path):
    stores = [SqliteStore(str(path)) for _ in range(8)]
    await soon(asyncio.gather(*(store.open() for store in stores)), 60)
    await asyncio.gather(*(store.append("a", [b"x"]) for store in stores))
    assert len(updates_of(await stores[0].read("a"))) == 8
    for store in stores:
        await store.close()


# -- the writer --------------------------------------------------------------------------------------


async def test_what_waits_goes_into_one_transaction(store):
    commits = []
    store._writer._connection.set_trace_callback(
        lambda sql: commits.append(sql) if sql == "COMMIT" else None
    )
    await asyncio.gather(*(store.append(f"doc-{n % 20}", [b"x"]) for n in range(500)))
    assert len(commits) <= 3  # the first may go alone, and then everything that has gathered
    assert sum([info.version.seq for info in await store.list()]) == 500


async def test_one_append_alone_does_not_wait_for_company(store):
    await store.append("a", [b"x"])
    fastest = 1.0
    for _ in range(20):
        start = time.perf_counter()
        await store.append("a", [b"x"])
        fastest = min(fastest, time.perf_counter() - start)
    # A commit and no timer behind it; the bound is of a slow disk.
    assert fastest < 0.02


async def test_too_much_that_waits_makes_who_appends_wait(path):
    store = quickly(path, waiting_bytes=100_000)
    await store.open()
    most = 0

    async def write(number):
        nonlocal most
        await store.append("a", [bytes([number]) * 30_000])
        most = max(most, store._writer._waiting_bytes)

    tasks = [asyncio.ensure_future(write(number)) for number in range(1, 60)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert store._writer._waiting_bytes <= 100_000
    await soon(asyncio.gather(*tasks), 60)
    assert most <= 100_000
    assert store._writer._waiting_bytes == 0
    # One that is larger than the bound goes alone, and is not refused.
    await store.append("a", [bytes(300_000)])
    assert (await store.read("a")).version == Version(0, 60)
    await store.close()


async def test_an_operation_that_breaks_takes_no_other_with_it(store):
    """A fault of our own in one operation of a group: the others are written all the same."""

    def breaks(tx: Transaction):
        tx.head("a")
        tx.connection.execute("INSERT INTO entries VALUES (99, 0, 1, x'00')")
        raise RuntimeError("a bug")

    def fails_in_sqlite(tx: Transaction):
        tx.connection.execute("INSERT INTO entries VALUES (99, 0, 1, NULL)")

    results = await asyncio.gather(
        store.append("a", [b"1"]),
        store._writer.do(breaks),
        store.append("b", [b"1"]),
        store._writer.do(fails_in_sqlite),
        store.append("a", [b"2"]),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [
        Version,
        RuntimeError,
        Version,
        StoreError,
        Version,
    ]
    assert updates_of(await store.read("a")) == [b"1", b"2"]
    # And where one fails inside SQLite, and no other does.
    results = await asyncio.gather(
        store.append("a", [b"3"]),
        store._writer.do(fails_in_sqlite),
        store.append("b", [b"2"]),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [Version, StoreError, Version]
    assert updates_of(await store.read("a")) == [b"1", b"2", b"3"]
    rows = "SELECT count(*) FROM entries WHERE document = 99"
    assert store._writer._connection.execute(rows).fetchone() == (0,)


async def test_a_writer_that_ends_by_a_fault_of_ours_leaves_nobody_waiting(
    path, monkeypatch, caplog
):
    """And a store that is closed and opened again goes on."""
    take, broken = writer.Writer._take, False

    def breaks(self):
        jobs, last = take(self)
        if jobs and broken:
            for job in jobs:
                self._jobs.put(job)
            raise RuntimeError("a bug")
        return jobs, last

    monkeypatch.setattr(writer.Writer, "_take", breaks)
    store = quickly(path)
    await store.open()
    await store.append("a", [b"1"])
    broken = True
    calls = [store.append("a", [b"2"]) for _ in range(5)]
    results = await soon(asyncio.gather(*calls, return_exceptions=True))
    assert {type(result) for result in results} == {StoreError}
    with pytest.raises(StoreError, match="closed"):
        await soon(store.append("a", [b"3"]))
    broken = False
    assert "restart the server" in caplog.text
    assert updates_of(await store.read("a")) == [b"1"]
    await soon(store.close())
    await store.open()
    assert await store.append("a", [b"4"]) == Version(0, 2)
    await store.close()


async def test_thousands_of_lost_entries_are_named_quickly_and_logged_in_one_line(path, caplog):
    store = quickly(path, synchronous="normal")
    await store.open()
    await store.append("a", [b"x"] * 9_000)
    await store.close()
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM entries WHERE seq BETWEEN 5 AND 8000")
    database.close()
    await store.open()
    for _ in range(2):  # the second time nothing is set aside, and nothing logged
        history = await soon(store.read("a"))
        assert (len(history.damaged), len(history.entries)) == (7_996, 1_004)
    assert len(await store.damaged("a")) == 7_996
    (line,) = [record.getMessage() for record in caplog.records if "damaged" in record.message]
    assert "7996 records are damaged: entry (0, 5) (is gone)" in line
    assert len(line) < 200
    await store.close()


async def test_the_log_does_not_grow_for_ever(path):
    store = open_store(f"sqlite:{path}?sync=normal")
    await store.open()
    for _ in range(60):
        await store.append("a", [bytes(500_000)])
        await store.append("b", [bytes(100)])
    log = path.with_name("rooms.db-wal").stat().st_size
    assert log < 12 << 20, log
    await store.close()


async def test_a_reader_that_stays_does_not_let_the_log_grow_for_ever(path, monkeypatch):
    """It pins the log; when it is gone the log begins anew, and it was waited for meanwhile."""
    monkeypatch.setattr(writer, "_LONG_LOG_BYTES", 1 << 20)
    store = SqliteStore(str(path), settings=files.Settings("", synchronous="normal"))
    await store.open()
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entries").fetchone()
    for _ in range(10):
        await store.append("a", [bytes(500_000)])
    log = path.with_name("rooms.db-wal")
    pinned = log.stat().st_size
    assert pinned > 4 << 20
    asyncio.get_running_loop().call_later(0.2, reader.close)
    for _ in range(40):
        await store.append("a", [bytes(500_000)])
    assert log.stat().st_size < pinned + (8 << 20)
    await store.close()


async def test_only_its_owner_reads_the_file(path):
    store = quickly(path)
    await store.open()
    await store.append("a", [b"1"])
    modes = {item.name: item.stat().st_mode & 0o777 for item in path.parent.iterdir()}
    assert modes == dict.fromkeys(("rooms.db", "rooms.db-wal", "rooms.db-shm"), 0o600)
    await store.close()
    # Rights that somebody has given stay.
    path.chmod(0o640)
    await store.open()
    await store.append("a", [b"1"])
    assert path.with_name("rooms.db-wal").stat().st_mode & 0o777 == 0o640
    await store.close()


async def test_news_of_other_processes_also_after_more_than_are_kept(path, monkeypatch):
    """A listener that has missed more changes than are kept still hears of the newest."""
    monkeypatch.setattr(writer, "_CHANGES_KEPT", 3)
    store, other = quickly(path, poll_seconds=0.2), open_store(f"sqlite:{path}?sync=normal")
    await store.open()
    await other.open()
    news = store.subscribe("a")
    await other.append("a", [b"1"])
    for _ in range(10):
        await other.append("b", [b"1"])
    assert await soon(anext(news)) == Version(0, 1)
    await news.aclose()
    await store.close()
    await other.close()


async def test_news_of_other_processes_after_nobody_has_listened(path):
    store, other = open_store(f"sqlite:{path}"), open_store(f"sqlite:{path}?sync=normal")
    await store.open()
    await other.open()
    news = store.subscribe("a")
    await other.append("a", [b"1"])
    assert await soon(anext(news)) == Version(0, 1)
    await news.aclose()
    # Nobody listens for a while, then somebody does.
    for _ in range(50):
        await other.append("a", [b"1"])
    news = store.subscribe("a")
    await other.append("a", [b"1"])
    while (await soon(anext(news))).seq < 52:
        pass
    await news.aclose()
    await store.close()
    await other.close()
