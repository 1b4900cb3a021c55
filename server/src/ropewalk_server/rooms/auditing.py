"""The audit trail of documents: who came, what they changed, and that they went. A change is one row
for all that somebody has changed in some seconds. Rows are written behind what they tell of: of a
process that is killed the last second of them is lost, and with it how its sessions ended."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from typing import Any

from ..stores.audit import COMMENT, EDIT, JOIN, SESSION_END, AuditRow, AuditTrail
from ..stores.contract import Version
from .attendance import Attendance, Repeating
from .member import Member
from .ports import Clock

logger = logging.getLogger(__name__)

_FLUSH_SECONDS = 1.0
# Changes of one session in less than this are one row.
_EDIT_SECONDS = 10.0
_FORGET_SECONDS = 3600.0
# Rows that wait for a store that does not take them; of more the oldest are lost.
_WAITING = 1 << 16


@dataclass(slots=True)
class _Session:
    """Of one member."""

    began: float
    updates: int = 0
    size: int = 0
    # Since the last row that told of changes.
    since: float = 0.0
    new_updates: int = 0
    new_size: int = 0
    version: Version = Version(0, 0)


class Auditing(Attendance):
    def __init__(self, trail: AuditTrail, clock: Clock, days: float) -> None:
        """`days`: so long rows are kept."""
        self._trail = trail
        self._clock = clock
        self._kept_seconds = days * 86_400
        self._process = secrets.token_urlsafe(9)
        self._sessions: dict[tuple[str, Member], _Session] = {}
        self._waiting: list[AuditRow] = []
        self._forgotten_at = float("-inf")
        self._lost = 0
        self._repeating = Repeating("the audit trail", self._flush, _FLUSH_SECONDS)

    def start(self) -> None:
        self._repeating.start()

    async def close(self) -> None:
        for (doc, member), session in self._sessions.items():
            self._tell_edits(doc, member, session)
        await self._repeating.close()
        if self._waiting:
            logger.error("%d rows of the audit trail were not written", len(self._waiting))

    # -- what happens ------------------------------------------------------------------------------

    def joined(self, doc: str, member: Member, version: Version) -> None:
        self._sessions[doc, member] = _Session(self._clock.now(), version=version)
        self._add(doc, member, JOIN, version, role=member.role.name.lower())

    def changed(
        self, doc: str, member: Member, updates: int, size: int, version: Version
    ) -> None:
        session = self._sessions.get((doc, member))
        if session is None:
            # Gone before it was durable: its end is told already.
            self._add(doc, member, EDIT, version, updates=updates, bytes=size)
            return
        if not session.new_updates:
            session.since = self._clock.now()
        session.updates += updates
        session.size += size
        session.new_updates += updates
        session.new_size += size
        session.version = version

    def commented(self, doc: str, member: Member, version: Version) -> None:
        self._add(doc, member, COMMENT, version)

    def left(self, doc: str, member: Member, version: Version) -> None:
        session = self._sessions.pop((doc, member), None)
        if session is None:
            return
        self._tell_edits(doc, member, session)
        seconds = max(0.0, self._clock.now() - session.began)
        self._add(
            doc, member, SESSION_END, version,
            updates=session.updates, bytes=session.size, seconds=round(seconds, 3),
        )  # fmt: skip

    def _tell_edits(self, doc: str, member: Member, session: _Session) -> None:
        if session.new_updates:
            self._add(
                doc, member, EDIT, session.version,
                updates=session.new_updates, bytes=session.new_size,
            )  # fmt: skip
            session.new_updates = session.new_size = 0

    def _add(self, doc: str, member: Member, kind: str, version: Version, **detail: Any) -> None:
        self._waiting.append(
            AuditRow(
                doc=doc, at=self._clock.now(), kind=kind, user=member.identity.user,
                session=f"{self._process}-{member.session}", version=version, detail=detail,
            )  # fmt: skip
        )
        if len(self._waiting) > _WAITING:
            del self._waiting[0]
            self._lost += 1

    # -- writing -----------------------------------------------------------------------------------

    async def _flush(self) -> None:
        now = self._clock.now()
        for (doc, member), session in self._sessions.items():
            if session.new_updates and now - session.since >= _EDIT_SECONDS:
                self._tell_edits(doc, member, session)
        rows, self._waiting = self._waiting, []
        if rows:
            try:
                await self._trail.record(rows)
            except BaseException:
                self._waiting = rows + self._waiting
                raise
        if self._lost:
            logger.error("%d rows of the audit trail are lost: the store takes none", self._lost)
            self._lost = 0
        if now - self._forgotten_at >= _FORGET_SECONDS:
            self._forgotten_at = now
            await self._trail.forget_audit(now - self._kept_seconds)
