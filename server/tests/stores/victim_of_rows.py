"""A process that writes to a store on rows until it is killed: victim_of_rows.py URL SECONDS.

As victim.py, with large updates among the others, and one document that begins a new epoch now and
then."""

from __future__ import annotations

import asyncio
import os
import sys

import killing_rows
from numbered import DOCUMENTS, WRITERS, document_of, snapshot_of, state_of, update_of

from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import Conflict, Store, StoreError

SEALED = DOCUMENTS[2]
# Numbers are read as int(), which does not mind blanks behind them.
LARGE = b" " * 400_000
# Writers wait while an epoch is ended, as a room keeps them: else the seal would always come late.
may_write = {doc: asyncio.Event() for doc in DOCUMENTS}


async def write(store: Store, writer: int) -> None:
    """A service that is slow on a busy machine is not what is tested here: what it was too late for
    is asked of it."""
    while True:
        try:
            await write_on(store, writer)
        except StoreError as error:
            if not error.transient:
                raise


async def write_on(store: Store, writer: int) -> None:
    doc = document_of(writer)
    history = await store.read(doc)
    epoch, number = history.version.epoch, state_of(history).get(writer, 0)
    while True:
        await may_write[doc].wait()
        batch = 1 + number % 3
        updates = [update_of(writer, number + n + 1) for n in range(batch)]
        if writer == 0 and number % 16 == 1:
            updates[0] += LARGE
        try:
            await store.append(doc, updates, epoch=epoch)
        except Conflict as conflict:
            epoch = conflict.newest.epoch
            continue
        number += batch
        os.write(1, f"{writer} {number}\n".encode())


async def compact(store: Store, doc: str) -> None:
    rounds = 0
    while True:
        await asyncio.sleep(0.03)
        rounds += 1
        if doc == SEALED and rounds % 3 == 0:
            may_write[doc].clear()
            await asyncio.sleep(0.05)
        try:
            history = await store.read(doc)
            state = snapshot_of(state_of(history))
            if doc == SEALED and rounds % 3 == 0:
                await store.seal(doc, history.version, state, map=b"map")
            else:
                await store.compact(doc, history.version, state)
        except StoreError as error:
            if not error.transient and not isinstance(error, Conflict):
                raise
        may_write[doc].set()


async def main(url: str, seconds: str) -> None:
    killing_rows.install()
    store = open_store(url)
    await store.open()
    os.write(1, b"open\n")
    for event in may_write.values():
        event.set()
    work = [asyncio.ensure_future(write(store, writer)) for writer in range(WRITERS)]
    work += [asyncio.ensure_future(compact(store, doc)) for doc in DOCUMENTS]
    done, _ = await asyncio.wait(work, timeout=float(seconds), return_when="FIRST_EXCEPTION")
    for task in done:
        task.result()
    await store.close()
    for event in may_write.values():
        event.set()
    for result in await asyncio.gather(*work, return_exceptions=True):
        if not isinstance(result, StoreError):
            raise RuntimeError(f"a writer ended with {result!r}")
    os.write(1, b"closed\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
