"""Another process that appends to a document: writing_process.py URL DOC NAME COUNT."""

import asyncio
import sys

from ropewalk_server.stores import open_store


async def main(url: str, doc: str, name: str, count: str) -> None:
    store = open_store(url)
    await store.open()
    for number in range(int(count)):
        await store.append(doc, [f"{name}:{number}".encode()])
    await store.close()


asyncio.run(main(*sys.argv[1:]))
