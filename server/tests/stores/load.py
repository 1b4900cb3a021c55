"""Writers in this process, whose store fails under them: they try again as rooms do, and keep a
journal of what was acknowledged. What is tried again may be there twice, which merging does not mind;
what was acknowledged must be there, and of each writer nothing may be missing in between."""

from __future__ import annotations

import asyncio

from ropewalk_server.stores.contract import Store, StoreError

DOCUMENTS = ("load/one", "load/two")
WRITERS = 6


class Load:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.acked = dict.fromkeys(range(WRITERS), 0)
        self.errors: list[StoreError] = []
        self._writing = True
        self._tasks = [asyncio.ensure_future(self._write(writer)) for writer in range(WRITERS)]

    async def _write(self, writer: int) -> None:
        number = self.acked[writer] + 1
        while self._writing:
            try:
                update = f"{writer} {number}".encode()
                await self.store.append(DOCUMENTS[writer % 2], [update])
            except StoreError as error:
                self.errors.append(error)
                assert error.transient, error
                assert len(str(error)) > 20, "an error that says nothing"
                await asyncio.sleep(0.02)
            else:
                self.acked[writer] = number
                number += 1

    @property
    def total(self) -> int:
        return sum(self.acked.values())

    async def goes_on(self, writes: int = 20, seconds: float = 60.0) -> float:
        """Waits until every writer has had something acknowledged that was not before, and so many
        in all; how long that took."""
        loop = asyncio.get_running_loop()
        began, before, total = loop.time(), dict(self.acked), self.total
        while not (
            all(self.acked[writer] > before[writer] for writer in before)
            and self.total >= total + writes
        ):
            assert loop.time() - began < seconds, f"nothing is written: {self.errors[-1:]}"
            for task in self._tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.005)
        return loop.time() - began

    async def fails(self, seconds: float = 60.0) -> None:
        """Waits until an error was shown that was not before."""
        loop = asyncio.get_running_loop()
        began, before = loop.time(), len(self.errors)
        while len(self.errors) == before:
            assert loop.time() - began < seconds, "nobody was told"
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        self._writing = False
        await asyncio.gather(*self._tasks)

    async def check(self, store: Store) -> None:
        """What another store says is there."""
        numbers: dict[int, list[int]] = {writer: [] for writer in self.acked}
        for doc in DOCUMENTS:
            history = await store.read(doc)
            assert not history.damaged
            assert [e.version.seq for e in history.entries] == list(
                range(1, len(history.entries) + 1)
            )
            for entry in history.entries:
                writer, number = map(int, entry.update.split())
                numbers[writer].append(number)
        for writer, acked in self.acked.items():
            there = sorted(set(numbers[writer]))
            assert there == list(range(1, len(there) + 1)), f"writer {writer} has a hole: {there}"
            assert len(there) >= acked, f"writer {writer}: {acked} acknowledged, {len(there)} there"
