"""Tickets and revocations of several servers on one store."""

import asyncio
import time

import pytest
from harness import services

from ropewalk_server.auth.identity import Identity, Refused
from ropewalk_server.auth.revocation import Revocations
from ropewalk_server.auth.shared import SharedTickets
from ropewalk_server.auth.tickets import Tickets
from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import StoreError

URLS = {
    "postgresql": lambda: services.postgresql().url(services.postgresql().new_database()),
    "redis": lambda: f"{services.redis().url(services.redis().new_database())}?durable=none",
}


@pytest.fixture(params=URLS)
async def stores(request):
    url = URLS[request.param]()
    stores = [open_store(url) for _ in range(2)]
    for store in stores:
        await store.open()
    yield stores
    for store in stores:
        await store.close()


async def test_a_ticket_is_good_at_any_server_and_once(stores):
    here, there = (Tickets(SharedTickets(store.secrets)) for store in stores)
    ann = Identity("ann", "firm", "Ann", claims={"role": "editor"})
    ticket = await here.issue(ann, "letter")
    tries = [server.redeem(ticket) for server in (here, there) for _ in range(5)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    (redeemed,) = [one for one in outcomes if isinstance(one, Identity)]
    assert (redeemed.user, redeemed.tenant, redeemed.document) == ("ann", "firm", "letter")
    assert all(isinstance(one, Refused) for one in outcomes if one is not redeemed)


async def test_a_ticket_ends(stores):
    tickets = SharedTickets(stores[0].secrets)
    await tickets.put("old", b"x", time.time() - 1)
    await tickets.put("new", b"y", time.time() + 60)
    assert await tickets.take("old") is None
    assert await tickets.take("new") == b"y"


async def test_what_is_revoked_at_one_server_is_revoked_at_all(stores):
    here, there = Revocations(), Revocations()
    for revocations, store in zip((here, there), stores, strict=True):
        revocations.share(store.secrets)
    now = time.time()
    ann = Identity("ann", "firm", claims={"iat": now - 10})
    one = Identity("bob", "firm", claims={"iat": now - 10, "jti": "t*1"})
    other = Identity("bob", "firm", claims={"iat": now - 10, "jti": "t?2"})
    elsewhere = Identity("ann", "other firm", claims={"iat": now - 10})
    here.revoke_user("firm", "ann")
    here.revoke_token("firm", "t*1")
    await here.settle()
    assert not await there.revoked(ann)
    await there.refresh()
    assert [await there.revoked(who) for who in (ann, one, other, elsewhere)] == [
        True,
        True,
        False,
        False,
    ]
    # Also at one that starts later, and not for tokens that were made after.
    late = Revocations()
    late.share(stores[0].secrets)
    await late.refresh()
    assert await late.revoked(ann)
    assert not await late.revoked(Identity("ann", "firm", claims={"iat": now + 10}))


async def test_what_could_not_be_told_is_told_later(stores):
    here, there = Revocations(), Revocations()
    here.share(stores[0].secrets)
    there.share(stores[1].secrets)
    await stores[0].close()
    here.revoke_user("firm", "ann")
    with pytest.raises(StoreError):
        await here.settle()
    await stores[0].open()
    await here.refresh()
    await there.refresh()
    assert await there.revoked(Identity("ann", "firm", claims={"iat": 1}))
