"""What a store that keeps a trail of who did what has beside the contract: rows that are only ever
added, and erased with their document or when they are old. PostgreSQL and SQLite have one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ropewalk_server.stores.contract import NOTHING, Version

# What a row may tell of.
JOIN, EDIT, COMMENT, SESSION_END = "join", "edit", "comment", "session-end"
SAVEPOINT, RESTORE = "savepoint", "restore"


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Something that somebody has done to a document."""

    doc: str
    at: float  # seconds since 1970
    kind: str
    user: str
    session: str = ""  # that of a join is that of its end; empty: no session did it
    version: Version = NOTHING  # of the document, then
    detail: Mapping[str, Any] = field(default_factory=dict)  # as JSON has it
    number: int = 0  # given by the store, and counts up


class AuditTrail(Protocol):
    async def record(self, rows: Sequence[AuditRow]) -> None:
        """Adds them, all or none; but none of an epoch that has ended when the document was erased,
        and of a session one end, whoever tells of it again."""
        ...

    async def audit(self, doc: str, after: int = 0, limit: int = 100) -> Sequence[AuditRow]:
        """Rows of a document behind a number, the oldest first."""
        ...

    async def forget_audit(self, before: float) -> int:
        """Erases what is older; how many rows that was."""
        ...


def trail_of(store: object) -> AuditTrail | None:
    """That of a store, if it keeps one."""
    trail: AuditTrail | None = getattr(store, "audit_trail", None)
    return trail
