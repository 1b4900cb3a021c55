"""A process that writes until it is killed: victim.py URL SECONDS.

Eight writers append numbered updates to three documents, each going on behind what the store has of
it, and say on standard output what was acknowledged, one line each. Beside them every document is
compacted again and again. After SECONDS, if it still lives, it closes the store in good order.
"""

from __future__ import annotations

import asyncio
import os
import sys

import killing
from numbered import DOCUMENTS, WRITERS, document_of, snapshot_of, state_of, update_of

from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import Conflict, Store, StoreError


async def write(store: Store, writer: int) -> None:
    doc = document_of(writer)
    number = state_of(await store.read(doc)).get(writer, 0)
    while True:
        batch = 1 + number % 3
        updates = [update_of(writer, number + n + 1) for n in range(batch)]
        await store.append(doc, updates)
        number += batch
        # A pipe keeps what was written when the writer dies.
        os.write(1, f"{writer} {number}\n".encode())


async def compact(store: Store, doc: str) -> None:
    while True:
        await asyncio.sleep(0.02)
        history = await store.read(doc)
        if history.entries:
            try:
                await store.compact(doc, history.version, snapshot_of(state_of(history)))
            except Conflict:
                continue


async def main(url: str, seconds: str) -> None:
    killing.install()
    store = open_store(url)
    await store.open()
    os.write(1, b"open\n")
    work = [asyncio.ensure_future(write(store, writer)) for writer in range(WRITERS)]
    work += [asyncio.ensure_future(compact(store, doc)) for doc in DOCUMENTS]
    done, _ = await asyncio.wait(work, timeout=float(seconds), return_when="FIRST_EXCEPTION")
    for task in done:
        task.result()
    await store.close()
    # Writers that were too late for the last group were told so.
    for result in await asyncio.gather(*work, return_exceptions=True):
        if not isinstance(result, StoreError):
            raise RuntimeError(f"a writer ended with {result!r}")
    os.write(1, b"closed\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
