"""The two examples with which the letter editor asks for its merging, through a room."""

from __future__ import annotations

import pytest
from harness.peers import Peer, make_rooms, stored_text
from ropewalk import Text

from ropewalk_server.protocol.messages import Update

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def apart(first: str, *edits: tuple[int, int, str]) -> str:
    """A letter that begins so; each edit (from, to, text) is made by somebody who knows no other."""
    rooms = make_rooms()
    await rooms.start()
    author = await Peer(rooms).hello()
    await author.sync()
    await author.type_numbered(first)
    await rooms.open_rooms["firm/letter"].settled()
    people = []
    for _ in edits:
        person = await Peer(rooms).hello()
        people.append(await person.sync())
    made = []
    for person, (start, end, text) in zip(people, edits, strict=True):
        before = person.doc.get_state()
        letter = person.doc.get("t", type=Text)
        del letter[start:end]
        letter.insert(start, text)
        made.append(person.doc.get_update(before))
    for person, update in zip(people, made, strict=True):
        await person.say(Update(update))
    await rooms.open_rooms["firm/letter"].settled()
    for person in people:
        person.merge()
    texts = {person.text for person in people} | {await stored_text(rooms)}
    await rooms.stop()
    assert len(texts) == 1
    return texts.pop()


async def test_words_at_one_place_both_appear_and_do_not_mix() -> None:
    text = await apart("The party was .", (14, 14, "negligent"), (14, 14, "liable"))
    assert text in ("The party was negligentliable.", "The party was liablenegligent.")


async def test_what_is_inserted_outlives_what_is_deleted_around_it() -> None:
    text = await apart("The old clause stands.", (4, 15, ""), (8, 8, "and valid "))
    assert text == "The and valid stands."
