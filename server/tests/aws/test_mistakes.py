"""The thirteen mistakes of the designs that this one follows: each has a test that shows that it is not
made here, as far as it lies with the server and its clients. What lies with applications (5, and the
pages of 4, 8, 10 and 11) comes with them."""

import json
import random
from pathlib import Path

import pytest
from aws.conftest import running
from aws.people import Person, equal_within, stored
from aws.test_life import connections, shown
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from ropewalk import Doc, XmlElement, XmlFragment, XmlText
from ropewalk_server.lambdas import edge
from ropewalk_server.protocol.messages import Awareness as Shown
from ropewalk_server.protocol.messages import Update
from ropewalk_server.rooms.snapshots import put_together
from ropewalk_server.stores import open_store

HANDLERS = Path(edge.__file__).parent


async def joined(emulator, *names, **options):
    people = [Person(emulator, name, **options) for name in names]
    for person in people:
        await person.connect()
        await equal_within(emulator, [person], 10)
    return people


async def part(people):
    for person in people:
        await person.leave()


async def test_1_binary_messages_are_refused_and_text_frames_go_through(driven):
    """y-websocket sends binary, which API Gateway closes with 1003. Ours speaks text frames there
    (bindings/wasm/tests/provider/line.test.ts has the change from one to the other)."""
    url = f"ws://127.0.0.1:{driven.port}/{driven.settings.stage}?doc=letter"
    async with connect(url) as client:
        await client.send(b"\x00\x00\x01\x00")
        with pytest.raises(ConnectionClosed) as error:
            await client.recv()
        assert error.value.rcvd.code == 1003
    people = await joined(driven, "ann", "ben")
    people[0].write("in text")
    await equal_within(driven, people, 5)
    assert str(people[1]) == "in text"
    await part(people)


def test_2_a_path_behind_the_stage_becomes_a_query(tmp_path):
    """y-websocket puts the name of the document behind the address, where API Gateway has nothing:
    CloudFront's function makes `?doc=` of it."""
    edge.build(tmp_path, {"stage": "v1", "sockets": "/collab/"})
    edge._settings = json.loads((tmp_path / edge.SETTINGS).read_text())
    try:
        request = {"uri": "/collab/a%20letter%2F1", "querystring": "ticket=x&doc=other", "headers": {}}
        made = edge.handler({"Records": [{"cf": {"request": request}}]})
    finally:
        edge._settings = None
    assert (made["uri"], made["querystring"]) == ("/v1", "ticket=x&doc=a+letter%2F1")


async def test_3_who_speaks_is_answered(driven):
    """y-websocket closes when it hears nothing for 30 seconds, and API Gateway echoes nothing: the
    server sends presence back to whoever says it, and answers each question."""
    (ann,) = await joined(driven, "ann")
    ann.said.clear()
    ann.show(shown(ann, {"user": {"id": "ann"}}))
    await driven.settled()
    assert any(isinstance(said, Shown) for said in ann.said)
    assert not ann.closes
    await part([ann])


async def test_4_what_is_kept_does_not_depend_on_a_name(driven):
    """The design saved `getText('content')` where the editor writes an XmlFragment `default`, so every
    version was empty. Here all of a document is kept, whatever it is called."""
    (ann,) = await joined(driven, "ann")
    fragment = ann.doc.get("default", type=XmlFragment)
    paragraph = fragment.children.append(XmlElement("paragraph"))
    paragraph.children.append(XmlText("Dear Sir"))
    await equal_within(driven, [ann], 10)
    store = open_store(driven.store_url)
    await store.open()
    history = await store.read("main/letter")
    await store.close()
    snapshot = put_together([entry.update for entry in history.entries])
    from ropewalk_server.rooms.snapshots import as_update

    doc = Doc()
    doc.apply_update(as_update(snapshot))
    assert "Dear Sir" in str(doc.get("default", type=XmlFragment))
    await part([ann])


def test_5_the_editor_has_one_history():
    """StarterKit's history beside the CRDT's breaks undo: the example switches it off (what its undo
    takes back: bindings/wasm/tests/web/editor.test.mjs). The letters are to do the same."""
    letter = Path(__file__).parents[3] / "examples" / "web" / "editor" / "src" / "Letter.tsx"
    assert "undoRedo: false" in letter.read_text()


async def test_6_nothing_of_a_document_expires(driven):
    """The design kept the document for 24 hours, and text elsewhere: who came back doubled it. Here
    connections expire, and the log does not; who comes back after days brings nothing twice."""
    ann, ben = await joined(driven, "ann", "ben")
    ann.write("written once")
    await equal_within(driven, [ann, ben], 5)
    await part([ann, ben])
    await driven.clock.skip(3 * 86_400, 3 * 3600)
    await driven.expiry.sweep(driven.connections_table)
    await driven.expiry.sweep(driven.settings.table)
    for person in (ann, ben):
        await person.connect()
    await equal_within(driven, [ann, ben], 10)
    assert str(ann) == str(ben) == (await stored(driven))[0] == "written once"
    await part([ann, ben])


async def test_7_nobody_reads_a_document_to_write_it_back(driven):
    """get, apply, set without comparison loses what came between, and writes all of it for each key.
    Here a key is one row of its own size, on condition that its number is free."""
    people = await joined(driven, "ann", "ben")
    people[0].write("x" * 20_000)
    await equal_within(driven, people, 10)
    for person in people:
        person.write("y")
    await equal_within(driven, people, 10)
    text, history, _ = await stored(driven)
    assert text.count("y") == 2 and max(len(e.update) for e in history.entries[1:]) < 100
    await part(people)


def test_8_nothing_is_locked():
    """SET NX EX without fencing: two may hold it when it has expired. There is no lock in the
    functions, nor a row that says who may write; `holding` of the presence is shown, not enforced."""
    for file in HANDLERS.glob("*.py"):
        code = file.read_text()
        assert not any(word in code for word in ("Lock(", "lease", "acquire(")), file.name


async def test_9_what_is_told_is_counted(driven):
    """The cost of a fan-out was left out: each message of one is a call for every other. Calls are
    counted, and as few as there are people who do not have it yet."""
    people = await joined(driven, "ann", "ben", "carl", "dan")
    driven.trace.clear()
    people[0].write("x")
    await driven.settled()
    posted = [one for one in driven.trace if one.what == "posted"]
    assert len(posted) == 4  # three others, and the acknowledgement
    await part(people)


async def test_10_a_change_is_told_apart_by_what_it_is(driven):
    """An id of the server compared with a temporary one shows the own change twice; a pause that never
    grows, and a token in the URL. Here a change is itself: brought again it changes nothing (pauses:
    server/tests/client/test_transitions.py; the token goes in the first message)."""
    ann, ben = await joined(driven, "ann", "ben")
    update = []
    ann.doc.observe(lambda event: update.append(event.update))
    ann.write("once")
    await equal_within(driven, [ann, ben], 5)
    ann._send(update[0])
    await equal_within(driven, [ann, ben], 5)
    assert str(ben) == "once"
    assert all("token" not in one.query for one in driven.gateway.connections.values())
    await part([ann, ben])


async def test_11_news_do_not_wait_for_the_stream(driven):
    """Through the stream nothing is told in less than its pause; and all errors were tried again, at
    once. Here the writer tells, before any time has passed; who is gone is not tried again."""
    ann, ben = await joined(driven, "ann", "ben")
    gone = ben.connection
    ann.write("now")
    await driven.settled()
    assert str(ben) == "now"
    driven.gateway.connections.pop(gone.id)
    driven.trace.clear()
    ann.write("!")
    await driven.settled()
    assert not any(one.what == "posted" and one.fields["connection"] == gone.id for one in driven.trace)
    assert ann.state == "synced" and driven.metrics["gone"] == 1
    assert await connections(driven).get(gone.id) is None
    await part([ann, ben])


async def test_12_only_what_has_changed_travels_and_conflicts_fail_nobody():
    """States were pushed where diffs were promised, and one conflict after another meant failure.
    Here a key is some bytes in a large document, and many who conflict are all taken."""
    async with running(driven=True) as emulator:
        people = await joined(emulator, "ann", "ben", "carl", "dan")
        people[0].write("x" * 10_000)
        await equal_within(emulator, people, 10)
        for person in people:
            person.said.clear()
        rng = random.Random(1)
        for _ in range(3):
            for person in people:
                person.write("k", rng.randrange(10_000))
            await equal_within(emulator, people, 10)
        updates = [said for one in people for said in one.said if isinstance(said, Update)]
        assert updates and max(len(said.update) for said in updates) < 300
        assert all(person.state == "synced" and not person.refused for person in people)
        await part(people)


def test_13_one_way_for_each_of_what_they_disagreed_about():
    """Where the token goes, what the stream is for, which language: decided, and written down."""
    decision = Path(__file__).parents[3] / "docs" / "decisions" / "021-functions.md"
    text = decision.read_text()
    for word in ("token", "stream", "Python"):
        assert word in text



