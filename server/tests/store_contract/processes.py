"""One set of documents, opened by several processes."""

import asyncio
import sys
from pathlib import Path

from .harness import ContractTests, seqs_of, soon, updates_of


class SeveralProcesses(ContractTests):
    """For stores that outlive a process. `url` is how another one opens the documents."""

    url: str

    async def test_several_processes_write_one_document(self, make_store):
        store = await make_store()
        await store.append("a", [b"first"])
        news = store.subscribe("a")
        processes = [
            await asyncio.create_subprocess_exec(
                sys.executable,
                str(Path(__file__).parents[1] / "stores" / "writing_process.py"),
                self.url,
                "a",
                str(number),
                "40",
            )
            for number in range(3)
        ]
        for number in range(40):
            await store.append("a", [f"here:{number}".encode()])
        assert [await soon(process.wait(), 60) for process in processes] == [0, 0, 0]
        history = await store.read("a")
        assert seqs_of(history) == list(range(1, 162))
        for writer in ("here", 0, 1, 2):
            own = [u for u in updates_of(history) if u.startswith(f"{writer}:".encode())]
            assert own == [f"{writer}:{number}".encode() for number in range(40)]
        assert await self.hear(news, history.version) == history.version
        await news.aclose()
