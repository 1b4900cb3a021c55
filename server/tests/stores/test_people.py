"""Rooms on real stores: who did what is in the audit trail (S3-19, -31), and who is connected in Redis
(S3-25, -26, -51, -52, -54), for all processes together."""

import asyncio
import json
import random
from collections import Counter

import pytest
from harness import services
from harness.peers import Peer, make_rooms, until

from ropewalk_server.config import ConfigError
from ropewalk_server.http.app import create_app
from ropewalk_server.ops.documents import Documents, NotFound, NotKept
from ropewalk_server.protocol.messages import Event
from ropewalk_server.rooms import auditing
from ropewalk_server.settings import DocumentSettings, Settings, StoreSettings
from ropewalk_server.stores import open_store
from ropewalk_server.stores.audit import COMMENT, EDIT, JOIN, RESTORE, SAVEPOINT, SESSION_END
from ropewalk_server.stores.contract import StoreError, Version

DOC = "firm/letter"
TRAILS = {
    "sqlite": lambda folder: f"sqlite:{folder / 'rooms.db'}",
    "postgresql": lambda _: services.postgresql().url(services.postgresql().new_database()),
}


@pytest.fixture(params=TRAILS)
def url(request, tmp_path):
    return TRAILS[request.param](tmp_path)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(auditing, "_FLUSH_SECONDS", 0.05)


class Serving:
    """Rooms of one process on a store, and an operator beside them."""

    def __init__(self, url, **options):
        self.rooms = make_rooms(open_store(url), **options)
        self.documents = Documents(self.rooms.store, audits="audit_days" in options)

    async def __aenter__(self):
        await self.rooms.start()
        return self

    async def __aexit__(self, *error):
        await self.rooms.stop()

    async def join(self, who):
        return await (await Peer(self.rooms).hello(token=who)).sync()

    async def audit(self):
        try:
            return await self.documents.audit(DOC, 0, 10_000)
        except NotFound:
            return []  # nobody has written, and no row is there yet


async def kinds(serving):
    return [row.kind for row in await serving.audit()]


async def until_audited(serving, condition):
    """The rows, as soon as that is so."""
    end = asyncio.get_running_loop().time() + 20
    while not condition(rows := await serving.audit()):
        assert asyncio.get_running_loop().time() < end, [(r.kind, r.user, r.detail) for r in rows]
        await asyncio.sleep(0.02)
    return rows


async def test_who_came_what_they_did_and_that_they_went(url):
    async with Serving(url, audit_days=30) as here:
        ann, bob = await here.join("ann"), await here.join("bob")
        await ann.type_numbered("Dear ")
        await ann.type_numbered("Sir")
        await until(lambda: ann.acked == ann.number)
        await bob.say(Event({"type": "comment", "text": "Madam?"}))
        await ann.leave()
        rows = await until_audited(here, lambda rows: SESSION_END in [r.kind for r in rows])
        found = [(row.kind, row.user, row.doc) for row in rows]
        assert sorted(found[:2]) == [(JOIN, "ann", DOC), (JOIN, "bob", DOC)]
        assert sorted(found[2:]) == sorted(
            [(COMMENT, "bob", DOC), (EDIT, "ann", DOC), (SESSION_END, "ann", DOC)]
        )
        by_kind = {(row.kind, row.user): row for row in rows}
        edit, end = by_kind[EDIT, "ann"], by_kind[SESSION_END, "ann"]
        assert edit.detail["updates"] == end.detail["updates"] == 2
        assert edit.version == end.version == Version(0, 2)
        assert by_kind[JOIN, "ann"].session == edit.session == end.session
        assert by_kind[JOIN, "ann"].detail == {"role": "editor"}
        assert end.number > edit.number
        # What is said of a text is not in it, only that something was.
        assert "Madam" not in json.dumps([dict(row.detail) for row in rows])
    async with Serving(url, audit_days=30) as here:
        # Whoever was there when the server ended has an end, too.
        assert sorted(await kinds(here)) == sorted([JOIN] * 2 + [EDIT, COMMENT] + [SESSION_END] * 2)


async def test_every_session_has_one_end(url):
    rng = random.Random(7)
    async with Serving(url, audit_days=30) as one, Serving(url, audit_days=30) as two:
        people = []
        for number in range(60):
            if people and rng.random() < 0.4:
                await people.pop(rng.randrange(len(people))).leave()
            peer = await rng.choice((one, two)).join(f"user{number % 7}")
            if rng.random() < 0.3:
                await peer.type_numbered("x")
            if rng.random() < 0.3:  # says hello again, and so leaves and enters
                await (await peer.hello(token=f"user{number % 7}")).sync()
            people.append(peer)
    async with Serving(url) as later:
        rows = await later.audit()
        joins = Counter(row.session for row in rows if row.kind == JOIN)
        ends = Counter(row.session for row in rows if row.kind == SESSION_END)
        assert len(joins) >= 60
        assert set(joins.values()) == set(ends.values()) == {1}
        assert set(joins) == set(ends)


async def test_changes_of_some_seconds_are_one_row(url, monkeypatch):
    async with Serving(url, audit_days=30) as here:
        ann = await here.join("ann")
        for _ in range(50):
            await ann.type_numbered("x")
        await until(lambda: ann.acked == ann.number, 20)
        monkeypatch.setattr(auditing, "_EDIT_SECONDS", 0.0)
        rows = await until_audited(here, lambda rows: EDIT in [r.kind for r in rows])
        assert sum(row.detail["updates"] for row in rows if row.kind == EDIT) == 50
        assert len(rows) == 2


async def test_what_is_erased_leaves_no_trace(url):
    async with Serving(url, audit_days=30) as here, Serving(url, audit_days=30) as other:
        ann, bob = await here.join("ann"), await other.join("bob")
        await ann.type_numbered("secret")
        await until(lambda: ann.acked == ann.number)
        await until_audited(here, lambda rows: len(rows) >= 2)
        await here.documents.delete(DOC)
        # All hear of it, and their sessions end.
        await until(lambda: not here.rooms.open_rooms and not other.rooms.open_rooms, 20)
        await ann.leave()
        await bob.leave()
    async with Serving(url) as later:
        with pytest.raises(NotFound):
            await later.documents.audit(DOC)


async def test_what_operators_do_is_noted_too(url):
    async with Serving(url, audit_days=30) as here:
        ann = await here.join("ann")
        await ann.type_numbered("first")
        await until(lambda: ann.acked == ann.number)
        await here.documents.savepoint(DOC, author="root")
        await here.documents.restore(DOC, 1, author="root")
        rows = [row for row in await here.audit() if row.user == "root"]
        assert [(row.kind, dict(row.detail)) for row in rows] == [
            (SAVEPOINT, {"savepoint": 1}),
            (SAVEPOINT, {"savepoint": 2}),
            (RESTORE, {"savepoint": 1, "kept": 2}),
        ]
        await ann.leave()
        # The epoch has ended, the document has not: its sessions are in the trail.
        await until_audited(here, lambda rows: SESSION_END in [r.kind for r in rows])


async def test_a_store_that_takes_nothing_gets_the_rows_later(url, monkeypatch):
    async with Serving(url, audit_days=30) as here:
        trail = here.rooms.store.audit_trail
        record, refused = trail.record, []

        async def refuse(rows):
            refused.append(len(rows))
            raise StoreError("not now")

        monkeypatch.setattr(trail, "record", refuse)
        ann = await here.join("ann")
        await until(lambda: len(refused) >= 3)
        await ann.leave()
        monkeypatch.setattr(trail, "record", record)
        rows = await until_audited(here, lambda rows: len(rows) >= 2)
        assert [row.kind for row in rows] == [JOIN, SESSION_END]


async def test_old_rows_go(url):
    async with Serving(url, audit_days=30) as here:
        await (await here.join("ann")).leave()
        await until_audited(here, lambda rows: len(rows) == 2)

    class Later:
        """A month from now."""

        def now(self):
            import time

            return time.time() + 31 * 86_400

    async with Serving(url, audit_days=30, clock=Later()) as here:
        await (await here.join("bob")).leave()
        rows = await until_audited(here, lambda rows: {r.user for r in rows} == {"bob"})
        assert [row.kind for row in rows] == [JOIN, SESSION_END]


async def test_nothing_is_noted_unasked(url):
    async with Serving(url) as here:
        ann = await here.join("ann")
        await ann.type_numbered("x")
        await until(lambda: ann.acked == ann.number)
        await ann.leave()
    async with Serving(url) as later:
        assert await later.audit() == []


async def test_a_store_without_a_trail_says_so():
    with pytest.raises(ConfigError, match="audit_days: this store keeps no audit trail"):
        create_app(
            Settings(
                store=StoreSettings(url="memory:"), documents=DocumentSettings(audit_days=1.0)
            )
        )
    async with Serving("memory:") as here:
        with pytest.raises(NotKept):
            await here.audit()
        with pytest.raises(NotKept):
            await here.documents.connected(DOC)


def with_redis():
    redis = services.redis().url(services.redis().new_database())
    postgresql = services.postgresql().url(services.postgresql().new_database())
    return {"redis": f"{redis}?durable=none", "both": f"redis+{postgresql}?redis={redis}"}


@pytest.mark.parametrize("kind", ["redis", "both"])
async def test_who_is_connected_to_any_process(kind):
    url = with_redis()[kind]
    rng = random.Random(5)
    async with Serving(url) as one, Serving(url) as two:

        async def are(*users):
            end = asyncio.get_running_loop().time() + 20
            while True:
                found = sorted(c.user for c in await one.documents.connected(DOC))
                if found == sorted(users):
                    return await two.documents.connected(DOC)
                assert asyncio.get_running_loop().time() < end, (found, users)
                await asyncio.sleep(0.02)

        ann, bob = await one.join("ann"), await two.join("bob")
        await ann.show(b'{"cursor": 4}')
        await are("ann", "bob")

        async def shows():
            return {c.user: c.shown for c in await two.documents.connected(DOC)}

        end = asyncio.get_running_loop().time() + 20
        while await shows() != {"ann": {"cursor": 4}, "bob": None}:
            assert asyncio.get_running_loop().time() < end, await shows()
            await asyncio.sleep(0.02)
        await ann.leave()
        await are("bob")
        # The set is that of the live sockets, whoever comes and goes.
        people = [("bob", bob)]
        for number in range(40):
            if people and rng.random() < 0.5:
                await people.pop(rng.randrange(len(people)))[1].leave()
            who = f"user{number % 5}"
            people.append((who, await rng.choice((one, two)).join(who)))
        found = await are(*(who for who, _ in people))
        assert len({c.id for c in found}) == len(people)
    async with Serving(url) as later:
        assert await later.documents.connected(DOC) == []
