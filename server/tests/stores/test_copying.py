"""`ropewalk docs copy`: what is in one store is in the other, whichever stores they are."""

import pytest
from harness import services

from ropewalk_server.cli import main
from ropewalk_server.ops.copying import copy_documents
from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import NOTHING, Version
from ropewalk_server.stores.memory import MemoryStore


async def fill(store):
    await store.append("t/log", [b"1", b"2", b"3"])
    await store.append("t/snapshot", [b"1", b"2"])
    await store.compact("t/snapshot", Version(0, 2), b"12")
    await store.append("t/snapshot", [b"3"])
    await store.seal("t/epochs", NOTHING, b"one", state=b"state 0", map=b"map 0")
    await store.seal("t/epochs", Version(1, 0), b"two", state=b"state 1", map=b"map 1")
    await store.append("t/epochs", [b"4"], epoch=2)
    for number in range(3):
        await store.savepoint("t/epochs", Version(2, 1), b"%d" % number, label=f"l{number}")
    await store.delete_savepoint("t/epochs", 2)
    await store.append("t/again", [b"old"])
    await store.delete("t/again")
    await store.append("t/again", [b"new"], epoch=1)
    await store.append("other/doc", [b"x"])


async def contents(store):
    found = {}
    for info in await store.list():
        history = await store.read(info.doc)
        points = await store.savepoints(info.doc)
        found[info.doc] = (
            history.version.epoch,
            [entry.update for entry in history.entries],
            [(p.id, p.label, await store.read_savepoint(info.doc, p.id)) for p in points],
            [(one.epoch, one.state, one.map_size) for one in await store.epochs(info.doc)],
        )
    return found


URLS = {
    "sqlite": lambda tmp_path: f"sqlite:{tmp_path / 'copy.db'}",
    "postgresql": lambda _: services.postgresql().url(services.postgresql().new_database()),
    "redis": lambda _: f"{services.redis().url(services.redis().new_database())}?durable=none",
}


@pytest.mark.parametrize("kind", URLS)
async def test_everything_is_copied_compared_and_copied_on(tmp_path, kind):
    source, target = MemoryStore(), open_store(URLS[kind](tmp_path))
    await fill(source)
    await target.open()
    done = [one async for one in copy_documents(source, target)]
    assert {one.outcome for one in done} == {"copied"}, done
    expected, got = await contents(source), await contents(target)
    # Of an epoch that a deletion ended a store keeps nothing; the copy has to begin it with a seal.
    assert expected.pop("t/again")[:3] == got.pop("t/again")[:3]
    assert got == expected
    assert (await target.read("t/snapshot")).snapshot.data == b"12"
    assert (await target.read("t/epochs")).snapshot.data == b"two"
    await source.append("t/log", [b"4"])
    done = {one.doc: one async for one in copy_documents(source, target)}
    assert (await contents(target))["t/log"][1] == [b"1", b"2", b"3", b"4"]
    # Who has written to the copy has another document.
    await target.append("t/log", [b"mine"])
    await source.append("t/log", [b"5"])
    done = {one.doc: one async for one in copy_documents(source, target, "t/")}
    assert done["t/log"].outcome == "failed"
    assert "another document" in done["t/log"].reason
    assert "other/doc" not in done
    await target.close()


async def test_a_damaged_document_stays_where_it_is(tmp_path):
    source, target = MemoryStore(), MemoryStore()
    await fill(source)
    source.spoil("t/log", 2)
    done = {one.doc: one async for one in copy_documents(source, target)}
    assert done["t/log"].outcome == "failed"
    assert "entry (0, 2)" in done["t/log"].reason
    assert await target.info("t/log") is None
    assert done["t/snapshot"].outcome == "copied"


def test_the_command(tmp_path, capsys):
    one, two = f"sqlite:{tmp_path / 'one.db'}", f"sqlite:{tmp_path / 'two.db'}"

    async def make():
        store = open_store(one)
        await store.open()
        await fill(store)
        await store.close()

    import asyncio

    asyncio.run(make())
    assert main(["docs", "copy", "--from", one, "--to", two, "--prefix", "t/"]) == 0
    assert "t/log: copied" in capsys.readouterr().out
    assert main(["docs", "copy", "--from", one, "--to", one]) != 0
