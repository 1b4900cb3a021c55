"""What sessions ask for beside a document, for the length of one event: rights, rows, and a way to
tell others later."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from ..auth.identity import Identity, Refused, Role
from ..limits import Limits
from ..protocol.messages import Awareness, Message
from ..rooms.deadlines import Deadline, Deadlines
from ..rooms.ports import Metrics, Surroundings, at_once
from ..rooms.room import Room
from ..rooms.rooms import Rooms
from ..stores.chain.store import ChainStore
from ..stores.contract import Version
from . import clock
from .connections import Connections, Seat
from .copies import Copies
from .fanout import Fanout
from .frozen import Joined
from .place import Place

if TYPE_CHECKING:
    from ..auth.identity import Authenticator, Authorizer
    from ..sessions.session import Session


class NoDeadlines(Deadlines):
    """Nobody is here when they would come: what is due is looked at with the next event."""

    def after(self, seconds: float, action: Callable[[], None]) -> Deadline:
        return Deadline(seconds, action)


class Entrance:
    """Who comes in. What checks tokens is imported when the first one comes."""

    def __init__(self, make: Callable[[], tuple[Authenticator, Authorizer]]) -> None:
        self._make = make
        self._made: tuple[Authenticator, Authorizer] | None = None

    def _get(self) -> tuple[Authenticator, Authorizer]:
        if self._made is None:
            self._made = self._make()
        return self._made

    async def authenticate(self, token: str | None, *, ticket: str | None = None) -> Identity:
        return await self._get()[0].authenticate(token, ticket=ticket)

    async def role(self, identity: Identity, doc: str) -> Role | None:
        return await self._get()[1].role(identity, doc)


class Hall(Rooms):
    """The Rooms of a process that keeps none: each event is a Visit."""

    def __init__(
        self, store: ChainStore, entrance: Entrance, limits: Limits, metrics: Metrics
    ) -> None:
        super().__init__(
            store,
            authenticate=entrance,
            authorize=entrance,
            limits=limits,
            metrics=metrics,
            clock=clock.Clock(),
            offload=at_once,
        )
        self.deadlines = self._around.deadlines = NoDeadlines()
        self.chain = store
        self.visit: Visit | None = None

    @property
    def around(self) -> Surroundings:
        return self._around

    async def authenticate(self, token: str | None, ticket: str | None) -> Identity:
        known = None if self.visit is None else self.visit.identity
        if token is None and ticket is None and known is not None:
            # They have shown it with the URL.
            if known.expires is not None and known.expires <= clock.now():
                raise Refused("the token has expired", "expired")
            return known
        return await super().authenticate(token, ticket)

    async def room(self, name: str) -> Room:
        assert self.visit is not None
        # It has all that a session asks of a room.
        return cast("Room", await self.visit.enter(name))


class Visit:
    """One event of one connection."""

    def __init__(
        self,
        id: str,
        hall: Hall,
        connections: Connections,
        copies: Copies,
        fanout: Fanout,
        written: dict[tuple[str, bytes], Version],
        identity: Identity | None,
    ) -> None:
        """`written`: what was appended, should the event be handled again."""
        self.id = id
        self.around = hall.around
        self.connections = connections
        self.copies = copies
        self.fanout = fanout
        self.written = written
        self.identity = identity
        self.session: Session | None = None
        self.places: dict[str, Place] = {}
        self.later: list[tuple[Place, Message, bool]] = []
        self._store = hall.chain
        hall.visit = self

    async def enter(self, name: str) -> Place:
        """For somebody who joins."""
        place = self.places[name] = Place(self, name, None)
        await place.open()
        return place

    async def restore(self, joined: Joined, *, looks: bool) -> Place:
        """A document that the connection is in; `looks`: something will be said about it."""
        place = self.places[joined.stored] = Place(self, joined.stored, joined)
        if looks:
            await place.look_around()
            if joined.epoch:
                await place.epochs.load(joined.epoch)
        return place

    async def commit(self) -> None:
        """What was taken in this event."""
        for place in list(self.places.values()):
            await place.commit()

    async def append(self, name: str, updates: list[bytes], epoch: int) -> Version:
        store, metrics = self._store, self.around.metrics
        offered, taken = store.tries
        try:
            return await store.append(name, updates, epoch=epoch)
        finally:
            again = store.tries[0] - offered - (store.tries[1] - taken)
            metrics.count("appends", store.tries[1] - taken)
            if again:
                metrics.count("append_conflicts", again)

    async def take_seat(self, name: str, shown: tuple[int, int, bytes] | None) -> None:
        opened = None if self.session is None else self.session.opened
        who = opened.identity if opened is not None else self.identity
        assert who is not None
        seat = Seat(
            connection=self.id,
            user=who.user,
            tenant=who.tenant,
            name=who.name,
            extended=opened is not None and opened.extended,
            heard=clock.now(),
        )
        if shown is not None:
            client, at, state = shown
            seat = Seat(
                seat.connection,
                seat.user,
                seat.tenant,
                seat.name,
                seat.extended,
                client,
                at,
                state,
                seat.heard,
            )
        await self.connections.take_seat(name, seat)

    def echo(self, place: Place, message: Awareness) -> None:
        """Who speaks hears that it was heard: clients take silence for a dead connection."""
        opened = None if self.session is None else self.session.opened
        for joined in () if opened is None else opened.documents.values():
            if cast("Place", joined.room) is place and not joined.member.gone:
                joined.member.tell(message)


