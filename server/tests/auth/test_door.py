"""Tickets, revocation, guests, the development issuer."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from ropewalk_server.auth import Door, Identity, Refused, Role, Tickets
from ropewalk_server.auth.development import DevelopmentIssuer
from ropewalk_server.auth.revocation import CallbackRevocation, Revocations
from ropewalk_server.auth.tickets import TICKET_SECONDS, MemoryTickets

from .forge import claims, make, world

ALICE = Identity(
    "alice", "acme", "Alice", 5000.0, claims={"role": "editor", "iat": 900, "jti": "t1"}
)


class Clock:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


async def refusal(door: Door, token: str | None = None, ticket: str | None = None) -> str:
    with pytest.raises(Refused) as refused:
        await door.authenticate(token, ticket=ticket)
    return refused.value.code


async def test_a_ticket_is_for_one_person_one_document_and_one_time() -> None:
    tickets = Tickets(now=Clock())
    ticket = await tickets.issue(ALICE, "letters/1")
    door = Door(None, tickets=tickets)
    found = await door.authenticate(None, ticket=ticket)
    assert found == Identity("alice", "acme", "Alice", 5000.0, "letters/1", ALICE.claims)
    assert await refusal(door, ticket=ticket) == "unauthorized"


async def test_of_many_who_show_one_ticket_at_once_one_comes_in() -> None:
    door = Door(None, tickets=Tickets(now=Clock()))
    ticket = await door.tickets.issue(ALICE, "a")
    shown = (door.authenticate(None, ticket=ticket) for _ in range(100))
    results = await asyncio.gather(*shown, return_exceptions=True)
    assert sum(isinstance(result, Identity) for result in results) == 1


async def test_a_ticket_lasts_thirty_seconds() -> None:
    clock = Clock()
    door = Door(None, tickets=Tickets(now=clock))
    in_time, late = [await door.tickets.issue(ALICE, "a") for _ in range(2)]
    clock.now += TICKET_SECONDS - 0.1
    await door.authenticate(None, ticket=in_time)
    clock.now += 0.1
    assert await refusal(door, ticket=late) == "unauthorized"


async def test_a_ticket_does_not_outlive_the_token_behind_it() -> None:
    clock = Clock(4999.0)
    door = Door(None, tickets=Tickets(now=clock))
    ticket = await door.tickets.issue(ALICE, "a")
    clock.now = 5000.0
    assert await refusal(door, ticket=ticket) == "expired"


@pytest.mark.parametrize(
    "ticket", ["", "x", "rwt_", "rwt_" + "A" * 43, "rwt_" + "A" * 500, "rwt_\ud800"]
)
async def test_what_is_no_ticket_is_refused(ticket: str) -> None:
    assert await refusal(Door(None), ticket=ticket) == "unauthorized"


async def test_a_bad_ticket_beside_a_good_token_is_refused() -> None:
    assert await refusal(Door(world().verifier), make(), "rwt_x") == "unauthorized"


async def test_tickets_take_bounded_memory_and_the_store_has_only_hashes() -> None:
    clock = Clock()
    store = MemoryTickets(now=clock, capacity=10)
    tickets = Tickets(store, now=clock)
    given = [await tickets.issue(ALICE, "a") for _ in range(30)]
    assert len(store) == 10
    assert not any(ticket[4:] in key for ticket in given for key in store._values)
    clock.now += 31
    last = await tickets.issue(ALICE, "a")
    assert len(store) == 1
    await tickets.redeem(last)


async def test_who_shows_nothing_is_a_guest_only_where_guests_are_taken() -> None:
    assert await refusal(Door(world().verifier)) == "unauthorized"
    assert await refusal(Door(None), "anything") == "unauthorized"
    door = Door(None, guests="main")
    users = {(await door.authenticate(None)).user for _ in range(20)}
    assert len(users) == 20
    assert (await door.authenticate(None)).tenant == "main"


async def test_a_bad_token_is_refused_where_guests_are_taken() -> None:
    assert await refusal(Door(world().verifier, guests="main"), make() + "x") == "unauthorized"


async def test_revoked_tokens_no_longer_count() -> None:
    clock = Clock()
    revocations = Revocations(now=clock)
    door = Door(world().verifier, revocation=revocations)
    good = make(claims(iat=900, jti="t1"))
    await door.authenticate(good)
    revocations.revoke_token("umbrella", "t1")
    revocations.revoke_user("acme", "bob")
    await door.authenticate(good)
    revocations.revoke_token("acme", "t1")
    assert await refusal(door, good) == "expired"
    other = make(claims(iat=900, jti="t2"))
    identity = await door.authenticate(other)
    revocations.revoke_user("acme", "alice")
    assert await refusal(door, other) == "expired"
    assert await door.revoked(identity)
    assert await refusal(door, make(claims(iat=...))) == "expired"
    await door.authenticate(make(claims(iat=1001)))


async def test_a_revoked_ticket_no_longer_counts() -> None:
    revocations = Revocations(now=Clock())
    door = Door(None, tickets=Tickets(now=Clock()), revocation=revocations)
    ticket = await door.tickets.issue(ALICE, "a")
    revocations.revoke_user("acme", "alice")
    assert await refusal(door, ticket=ticket) == "expired"


async def test_a_service_may_be_asked_what_is_revoked() -> None:
    async def ask(identity: Identity) -> bool:
        return identity.user == "alice"

    door = Door(world().verifier, revocation=CallbackRevocation(ask))
    assert await refusal(door, make()) == "expired"
    await door.authenticate(make(claims(sub="bob")))


async def test_revocations_end_with_the_longest_token_and_are_never_forgotten_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ropewalk_server.auth.revocation.MAX_REVOCATIONS", 10)
    clock = Clock()
    revocations = Revocations(now=clock, longest_token=100)
    for n in range(5):
        revocations.revoke_user("acme", f"user{n}")
        revocations.revoke_token("acme", f"token{n}")
    with pytest.raises(OverflowError):
        revocations.revoke_user("acme", "one more")
    clock.now += 101
    revocations.revoke_user("acme", "one more")
    assert len(revocations) == 1


async def test_the_development_issuer_knows_its_own_tokens_alone() -> None:
    clock = Clock()
    one, two = DevelopmentIssuer(now=clock), DevelopmentIssuer(now=clock)
    token = one.token("alice", role=Role.COMMENTER, seconds=60, claims={"sub": "root", "team": 1})
    identity = await one.verify(token)
    assert (identity.user, identity.tenant, identity.name) == ("alice", "main", "alice")
    assert identity.claims["role"] == "commenter"
    assert identity.claims["team"] == 1
    with pytest.raises(Refused):
        await two.verify(token)
    clock.now += 90
    with pytest.raises(Refused):
        await one.verify(token)
    assert one.token("a") != one.token("a")
    with pytest.raises(ValueError, match="at most"):
        one.token("alice", seconds=10**9)


def test_tickets_do_not_repeat() -> None:
    async def many() -> list[str]:
        tickets = Tickets()
        return [await tickets.issue(ALICE, "a") for _ in range(200)]

    given = asyncio.run(many())
    assert all(a != b for a, b in itertools.combinations(given, 2))
