"""A connection's life beyond one process: large documents in small frames and over cuts, another
connection before two hours, tokens, who is there, and what is cleaned up when nobody says goodbye."""

import asyncio
import json
import os

import httpx
import pytest
from aws.conftest import running
from aws.people import Person, equal_within, stored
from harness.cloud import s3

from ropewalk import Awareness, Doc, Text
from ropewalk.client import connect, snapshot_from
from ropewalk_server.lambdas.connections import Connections
from ropewalk_server.protocol.messages import Awareness as Shown
from ropewalk_server.protocol.messages import Event, Refusal, Welcome
from ropewalk_server.rooms.snapshots import put_together
from ropewalk_server.stores import open_store

SOAK = os.environ.get("ROPEWALK_SOAK") == "1"
# Of the document that is joined over cuts.
MEGABYTES = float(os.environ.get("ROPEWALK_MEGABYTES", "10" if SOAK else "1.5"))
CUTS = 10


def random_text(size):
    """Text that nothing makes shorter."""
    return os.urandom(size // 2).hex()


async def seed(emulator, doc, *, document="main/letter", snapshot=False):
    store = open_store(emulator.store_url)
    await store.open()
    version = await store.append(document, [doc.get_update()])
    if snapshot:
        await store.compact(document, version, put_together([doc.get_update()]))
    await store.close()


def connections(emulator):
    return Connections(emulator._calls(), emulator.connections_table)


@pytest.mark.parametrize("snapshot", [False, True])
async def test_a_large_document_joins_over_ten_cuts(snapshot):
    """It goes on where it was cut: no part comes twice, but what was on its way."""
    async with running(driven=True) as emulator:
        large = Doc()
        large.get("text", type=Text).insert(0, random_text(int(MEGABYTES * 1e6)))
        await seed(emulator, large, snapshot=snapshot)
        ann = Person(emulator, "ann")
        frames = int(MEGABYTES * 1e6 / 24_000)
        got = 0
        take = ann._heard

        def heard(text):
            nonlocal got
            got += len(text)
            take(text)

        ann._heard = heard
        ann.cut_every, ann.cuts_left = max(3, frames // (CUTS + 2)), CUTS
        await ann.connect()
        for _ in range(100 * CUTS):
            if ann.connects > CUTS:
                break
            await emulator.clock.advance(0.5)
        assert ann.connects == CUTS + 1
        await equal_within(emulator, [ann], 120, 1.0)
        assert ann.doc.get_state() == large.get_state() and str(ann) == str(
            large.get("text", type=Text)
        )
        # base64 makes 4/3 of it; of each cut the window may be lost.
        assert got < 4 / 3 * (MEGABYTES * 1e6 + (CUTS + 1) * 120_000) * 1.1
        await ann.leave()


async def test_a_long_change_goes_up_in_parts(driven):
    ann, ben = Person(driven, "ann"), Person(driven, "ben")
    for person in (ann, ben):
        await person.connect()
    await equal_within(driven, [ann, ben], 10)
    ann.write(random_text(400_000))
    await equal_within(driven, [ann, ben], 30)
    assert len(str(ben)) == 400_000
    for person in (ann, ben):
        await person.leave()


async def test_another_connection_takes_over_before_two_hours():
    async with running(driven=True) as emulator:
        ann, ben = Person(emulator, "ann"), Person(emulator, "ben")
        for person in (ann, ben):
            await person.connect()
        await equal_within(emulator, [ann, ben], 10)
        first = ann.connection.id
        for minute in range(0, 120, 8):
            ann.write(f"{minute} ")
            await emulator.clock.skip(8 * 60, 60)
        await equal_within(emulator, [ann, ben], 20)
        # Told to take another one, and not closed by API Gateway.
        assert ann.connection.id != first and 1001 in ann.closes
        assert not any(s.what == "two hours are over" for s in emulator.trace)
        for minute in range(120, 136, 8):
            ann.write(f"{minute} ")
            await emulator.clock.skip(8 * 60, 60)
        await equal_within(emulator, [ann, ben], 20)
        assert str(ben).split() == [str(minute) for minute in range(0, 136, 8)]
        for person in (ann, ben):
            await person.leave()


async def test_a_token_is_renewed_in_place_and_ends_the_connection_if_not(driven):
    ann = Person(driven, "ann", seconds=300)
    ben = Person(driven, "ben", seconds=300)
    for person in (ann, ben):
        await person.connect()
    await equal_within(driven, [ann, ben], 10)
    await driven.clock.skip(200)
    ann.send_token(driven.issuer.token("ann", seconds=900))
    await driven.settled()
    assert sum(isinstance(said, Welcome) for said in ann.said) == 2
    await driven.clock.skip(200)
    ann.write("still here")
    await equal_within(driven, [ann, ben], 30)
    # Ben's first connection has ended with his token; he came back with another.
    assert 4401 in ben.closes and ben.connects == 2 and ann.connects == 1
    # The token of somebody else is none of hers.
    ann.send_token(driven.issuer.token("ben"))
    await driven.settled()
    assert 4401 in ann.closes
    for person in (ann, ben):
        await person.leave()


async def test_roles_are_those_of_tokens(driven):
    from ropewalk_server.auth.identity import Role

    ann = Person(driven, "ann")
    reader = Person(driven, "reader", role=Role.READER)
    nobody = Person(driven, "nobody", role=None)
    nobody.emulator = driven
    for person in (ann, reader):
        await person.connect()
    await equal_within(driven, [ann, reader], 10)
    ann.write("read this")
    await driven.settled()
    assert str(reader) == "read this" and reader.welcome["role"] == "reader"
    reader.write("mine")
    await driven.settled()
    assert any(isinstance(said, Refusal) and said.code == "forbidden" for said in reader.said)
    assert str(ann) == "read this"
    for person in (ann, reader):
        await person.leave()


def shown(person, state):
    awareness = Awareness(person.doc)
    awareness.set_local_state(state)
    return awareness.encode_awareness_update([awareness.client_id])


async def test_who_is_there_is_shown_and_goes_with_the_connection(driven):
    ann, ben = Person(driven, "ann"), Person(driven, "ben")
    for person in (ann, ben):
        await person.connect()
        await equal_within(driven, [person], 10)
    assert any(
        isinstance(said, Event) and said.fields["type"] == "user-joined" for said in ann.said
    )
    ann.show(shown(ann, {"user": {"id": "ann"}, "cursor": 3}))
    await driven.settled()
    # Her own word comes back, for clients that take silence for a dead connection.
    for person in (ann, ben):
        assert any(isinstance(said, Shown) and b"cursor" in said.update for said in person.said)
    carl = Person(driven, "carl")
    await carl.connect()
    await equal_within(driven, [carl], 10)
    assert any(isinstance(said, Shown) and b"cursor" in said.update for said in carl.said)
    ben.said.clear()
    await ann.leave()
    await driven.gateway.gone(next(iter(driven.gateway.connections.values())))
    await driven.settled()
    gone = [said for said in ben.said if isinstance(said, Shown)]
    assert gone and b"null" in gone[-1].update
    assert any(isinstance(s, Event) and s.fields["type"] == "user-left" for s in ben.said)
    for person in (ben, carl):
        await person.leave()


async def test_rows_are_as_the_table_of_connections_says(driven):
    """S2-19: who, which connection, since when; and by whom, through the index."""
    ann = Person(driven, "ann")
    await ann.connect()
    await equal_within(driven, [ann], 10)
    rows = connections(driven)
    item = await rows._get(f"c#{ann.connection.id}", "-")
    assert item["connectionId"]["S"] == ann.connection.id and item["userId"]["S"] == "ann"
    assert abs(float(item["connectedAt"]["N"]) - driven.clock.now()) < 60
    assert int(item["ttl"]["N"]) > driven.clock.now() + 7200
    assert await rows.of_user("ann") == [ann.connection.id]
    (seat,) = await rows.seats("main/letter")
    assert (seat.connection, seat.user) == (ann.connection.id, "ann")
    described = (await driven._calls()("DescribeTable", TableName=rows.table))["Table"]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    (index,) = described["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "userId-index"
    assert index["Projection"]["ProjectionType"] == "ALL"
    connection = ann.connection
    await ann.leave()
    await driven.gateway.gone(connection, 1000)
    assert await rows.get(connection.id) is None and await rows.seats("main/letter") == []


async def test_who_says_no_goodbye_is_cleaned_up(driven):
    """$disconnect may not come; then 410 does it at the next word, or the clock, and twice does no harm."""
    ann, ben, carl = (Person(driven, name) for name in ("ann", "ben", "carl"))
    for person in (ann, ben, carl):
        await person.connect()
    await equal_within(driven, [ann, ben, carl], 10)
    driven.gateway.tells_disconnect = lambda _: False
    ids = [person.connection.id for person in (ann, ben)]
    for person in (ann, ben):
        connection = person.connection
        await person.leave()
        await driven.gateway.gone(connection)
    rows = connections(driven)
    assert len(await rows.seats("main/letter")) == 3
    carl.write("is anybody there?")
    await driven.settled()
    assert carl.state == "synced"  # who is gone fails nothing
    assert [seat.connection for seat in await rows.seats("main/letter")] == [carl.connection.id]
    assert [await rows.get(id) for id in ids] == [None, None]
    # Nobody writes: the clock does it.
    dan = Person(driven, "dan")
    await dan.connect()
    await equal_within(driven, [dan], 10)
    connection = dan.connection
    await dan.leave()
    await driven.gateway.gone(connection)
    await driven.clock.skip(130)
    assert await rows.get(connection.id) is None
    done = [await driven.functions.invoke("cleanup", {}) for _ in range(2)]
    assert all(set(one.values()) == {0} for one in done)
    await carl.leave()


async def test_a_seat_without_a_connection_and_an_old_row_go(driven):
    from ropewalk_server.lambdas.connections import Seat

    rows = connections(driven)
    await rows.take_seat("main/letter", Seat("nobody", "x", "main", "", True))
    await rows.put_secret("old", b"ticket", driven.clock.now() + 1)
    await driven.clock.skip(20, 5)
    done = await driven.functions.invoke("cleanup", {})
    assert done["orphans"] == 1 and done["expired"] == 1
    assert await rows.seats("main/letter") == []
    again = await driven.functions.invoke("cleanup", {})
    assert set(again.values()) == {0}


async def test_a_long_log_is_put_together_by_the_clock(driven):
    ann = Person(driven, "ann")
    await ann.connect()
    await equal_within(driven, [ann], 10)
    store = open_store(driven.store_url)
    await store.open()
    doc = Doc()
    text = doc.get("text", type=Text)
    updates = []
    doc.observe(lambda event: updates.append(event.update))
    for n in range(2_100):
        text.insert(len(text), str(n % 10))
    for start in range(0, len(updates), 300):
        await store.append("main/letter", updates[start : start + 300])
    done = await driven.functions.invoke("cleanup", {})
    assert done["compacted"] == 1
    info = await store.info("main/letter")
    assert info.log_entries == 0 and info.snapshot_size > 0
    await store.close()
    # Who was there, and who comes now, have it all.
    ben = Person(driven, "ben")
    await ben.connect()
    await equal_within(driven, [ann, ben], 20)
    assert str(ben) == str(text)
    for person in (ann, ben):
        await person.leave()


async def test_a_document_that_was_replaced_is_told(driven):
    """A new epoch: who is there drops the copy, and says hello again."""
    from ropewalk_server.protocol.messages import Epoch

    ann = Person(driven, "ann")
    await ann.connect()
    ann.write("old")
    await equal_within(driven, [ann], 10)
    store = open_store(driven.store_url)
    await store.open()
    new = Doc()
    new.get("text", type=Text).insert(0, "new")
    version = (await store.info("main/letter")).version
    await store.seal("main/letter", version, put_together([new.get_update()]))
    await store.close()
    await driven.clock.advance(1)
    assert [said.epoch for said in ann.said if isinstance(said, Epoch)] == [1]
    ann.write("too late")
    await driven.settled()
    assert (await stored(driven))[0] == "new"
    await ann.leave()


async def test_large_documents_by_url_and_what_came_since_by_frames():
    async with running(driven=True, s3=f"http://127.0.0.1:{s3()}") as emulator:
        large = Doc()
        large.get("text", type=Text).insert(0, random_text(300_000))
        await seed(emulator, large, snapshot=True)
        token = emulator.issuer.token("ann")
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient() as http:
            url = f"{emulator.address}/api/documents/letter/snapshot"
            assert (await http.get(url)).status_code == 401
            answer = (await http.get(url, headers=headers, timeout=30)).json()
            data = (await http.get(answer["url"])).content
        assert answer["size"] == len(data) and (answer["epoch"], answer["seq"]) == (0, 1)
        ann = Person(emulator, "ann")
        ann._remote = True
        ann.doc.apply_update(data)
        ann._remote = False
        ben = Person(emulator, "ben")
        await ben.connect()
        await equal_within(emulator, [ben], 60)
        ben.write("the tail")
        await equal_within(emulator, [ben], 10)
        posted = sum(s.fields["size"] for s in emulator.trace if s.what == "posted")
        await ann.connect()
        await equal_within(emulator, [ann, ben], 10)
        assert str(ann).endswith("the tail")
        more = sum(s.fields["size"] for s in emulator.trace if s.what == "posted") - posted
        assert more < 20_000  # not the document again
        for person in (ann, ben):
            await person.leave()


async def test_the_client_begins_with_the_snapshot():
    async with running(s3=f"http://127.0.0.1:{s3()}") as emulator:
        large = Doc()
        large.get("text", type=Text).insert(0, random_text(400_000))
        await seed(emulator, large, snapshot=True)
        token = emulator.issuer.token("ann")
        joined = connect(
            f"ws://127.0.0.1:{emulator.port}/{emulator.settings.stage}?doc=letter",
            "letter",
            token=token,
            text_frames=True,
            snapshot=snapshot_from(f"{emulator.address}/api", token=token),
        )
        async with asyncio.timeout(60), joined as letter:
            text = letter.doc.get("text", type=Text)
            assert len(text) == 400_000
            await letter.synced()
            text += "the end"
            await letter.durable()
        posted = sum(s.fields["size"] for s in emulator.trace if s.what == "posted")
        assert posted < 20_000  # nothing of the document
        assert (await stored(emulator))[0].endswith("the end")


async def test_the_http_api(emulator):
    large = Doc()
    large.get("text", type=Text).insert(0, "hello")
    await seed(emulator, large, document="main/some/letter")
    headers = {"authorization": f"Bearer {emulator.issuer.token('ann')}"}
    async with httpx.AsyncClient(base_url=emulator.address, timeout=60) as http:
        assert (await http.get("/health")).json() == {"status": "ok"}
        assert (await http.get("/api/documents")).status_code == 401
        listed = (await http.get("/api/documents", headers=headers)).json()
        assert [one["name"] for one in listed["documents"]] == ["some/letter"]
        one = await http.get("/api/documents/some%2Fletter", headers=headers)
        assert one.json()["seq"] == 1 and one.json()["role"] == "owner"
        assert (await http.get("/api/documents/none", headers=headers)).status_code == 404
        assert (await http.get("/api/nothing", headers=headers)).status_code == 404
        assert (await http.get("/api/documents?limit=x", headers=headers)).status_code == 422
        bad = await http.post("/api/tickets", headers=headers, content="{")
        assert bad.status_code == 400
        given = await http.post("/api/tickets", headers=headers, json={"document": "letter"})
        assert given.status_code == 201
    ticket = given.json()["ticket"]

    async def come():
        return await emulator.gateway.connect(
            {"doc": "letter", "ticket": ticket}, {}, "::1", lambda _: None, lambda *_: None
        )

    first, second = await come(), await come()
    assert (first[1], second[1]) == (101, 401)  # it works once


async def test_metrics_and_logs_are_what_cloudwatch_reads(driven):
    ann = Person(driven, "ann")
    await ann.connect()
    ann.write("x")
    await equal_within(driven, [ann], 10)
    async with asyncio.timeout(30):
        while not any('"function":"default"' in line for line in driven.log_lines):
            await asyncio.sleep(0.01)
    lines = [json.loads(line) for line in driven.log_lines]
    emf = [line for line in lines if "_aws" in line]
    assert emf and all(
        metric["Name"] in line
        for line in emf
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    )
    one = next(line for line in emf if line["function"] == "default")
    assert one["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Ropewalk"
    assert one["request"] and one["connection"] == ann.connection.id
    assert all({"level", "message"} <= set(line) for line in lines if "_aws" not in line)
    assert driven.issuer.token("ann")[:20] not in "\n".join(driven.log_lines)
    await ann.leave()


