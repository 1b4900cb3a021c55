"""Processes that append to one document at once: contending.py URL DOC FIRST LAST COUNT.

Writers FIRST to LAST - 1 are each a store of its own, as a process each would be; each appends COUNT
updates one after another, again if it is told that there was no turn. Begins when a line comes on
standard input; prints how many rows were offered."""

import asyncio
import sys

from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import StoreError


async def write(store, doc, writer, count):
    again = 0
    for number in range(count):
        while True:
            try:
                await store.append(doc, [f"{writer}:{number}".encode()])
                break
            except StoreError as error:
                if not error.transient:
                    raise
                again += 1
    return again


async def main(url, doc, first, last, count):
    stores = [open_store(url) for _ in range(int(first), int(last))]
    for store in stores:
        await store.open()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    again = await asyncio.gather(
        *(write(store, doc, int(first) + n, int(count)) for n, store in enumerate(stores))
    )
    print(sum(store._writer.attempts for store in stores), sum(again), flush=True)
    for store in stores:
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
