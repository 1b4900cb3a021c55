"""Many people at one letter, who all write and erase at once, leave and come back."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from harness.peers import Peer, make_rooms, stored_doc, until
from ropewalk import Doc, Map, Text
from ropewalk_server.protocol.messages import Numbered, Step1, Update

pytestmark = pytest.mark.anyio


class Editor(Peer):
    """Merges what comes as it comes."""

    def send(self, message: bytes | str) -> None:
        super().send(message)
        self.merge()
        self.received = [pair for pair in self.received if not isinstance(pair[1], Update)]

    async def edit(self, random: Random) -> None:
        updates: list[bytes] = []
        watching = self.doc.observe(lambda event: updates.append(event.update))
        root = self.doc.get("t", type=Text)
        if len(root) > 20 and random.random() < 0.3:
            at = random.randrange(len(root) - 3)
            del root[at : at + random.randint(1, 3)]
        else:
            root.insert(random.randint(0, len(root)), random.choice(["word ", "x", "line\n"]))
        self.doc.unobserve(watching)
        for update in updates:
            self.number += 1
            await self.say(Numbered(self.number, Update(update)))


@pytest.mark.parametrize("count", [10, 25, 50])
async def test_many_editors_end_with_the_same_bytes(count: int) -> None:
    random = Random(count)
    rooms = make_rooms()
    await rooms.start()

    async def come(number: int, doc: Doc[Any] | None = None) -> Editor:
        editor = Editor(rooms, token=f"editor:u{number}@firm", doc=doc)
        await editor.hello()
        return await editor.sync()  # type: ignore[return-value]

    editors = [await come(number) for number in range(count)]

    async def work(number: int) -> None:
        for turn in range(12):
            await editors[number].edit(random)
            await asyncio.sleep(0)
            if turn == 5 and number % 5 == 0:
                # Writes while away, and offers it when back.
                away = editors[number]
                await away.leave()
                away.doc.get("away", type=Map)[str(number)] = True
                back = editors[number] = await come(number, away.doc)
                back.number += 1
                asked = back.last(Step1).state
                await back.say(Numbered(back.number, Update(back.doc.get_update(asked))))

    await asyncio.gather(*map(work, range(count)))
    await until(lambda: all(editor.acked == editor.number for editor in editors), 20)
    documents = [editor.doc for editor in editors] + [await stored_doc(rooms)]
    assert len({str(doc.get("t", type=Text)) for doc in documents}) == 1
    assert len({fresh(doc) for doc in documents}) == 1
    # What was written while away is there, too.
    returned = documents[-1].get("away", type=Map).to_py()
    assert returned == {str(number): True for number in range(0, count, 5)}
    await rooms.stop()


def fresh(doc: Doc[Any]) -> bytes:
    """The whole document, as somebody gets it who has nothing."""
    copy: Doc[Any] = Doc()
    copy.apply_update(doc.get_update())
    return copy.get_update()
