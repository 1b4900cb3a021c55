"""Tells a store that keeps it who is connected to which document."""

from __future__ import annotations

import secrets

from ..stores.connected import Connections
from ..stores.contract import Version
from .attendance import Attendance
from .member import Member
from .ports import Clock


class Whereabouts(Attendance):
    def __init__(self, connections: Connections, clock: Clock) -> None:
        self._connections = connections
        self._clock = clock
        self._process = secrets.token_urlsafe(9)

    def start(self) -> None:
        self._connections.start()

    async def close(self) -> None:
        await self._connections.close()

    def joined(self, doc: str, member: Member, version: Version) -> None:  # noqa: ARG002
        user = member.identity.user
        self._connections.joined(doc, self._id(member), user, self._clock.now())

    def changed(
        self, doc: str, member: Member, updates: int, size: int, version: Version  # noqa: ARG002
    ) -> None:
        self._connections.touched(doc)

    def shown(self, doc: str, member: Member, state: bytes) -> None:
        self._connections.shown(doc, self._id(member), state)

    def left(self, doc: str, member: Member, version: Version) -> None:  # noqa: ARG002
        self._connections.left(doc, self._id(member))

    def _id(self, member: Member) -> str:
        return f"{self._process}-{member.session}"
