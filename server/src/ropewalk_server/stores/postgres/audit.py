"""The audit trail, in the table `collaboration`."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ropewalk_server.stores.arguments import check_name
from ropewalk_server.stores.audit import AuditRow
from ropewalk_server.stores.contract import Version
from ropewalk_server.stores.postgres.link import Link

_RECORD = """
    INSERT INTO ropewalk.collaboration (name, at, kind, person, session, epoch, seq, detail)
    SELECT r.* FROM unnest($1::bytea[], $2::double precision[], $3::text[], $4::bytea[],
        $5::text[], $6::bigint[], $7::bigint[], $8::text[])
        AS r (name, at, kind, person, session, epoch, seq, detail)
    WHERE NOT EXISTS (
        SELECT FROM ropewalk.erased e WHERE e.name = r.name AND e.epoch > r.epoch)
    ON CONFLICT (session, name) WHERE kind = 'session-end' DO NOTHING"""

_AUDIT = """
    SELECT number, at, kind, person, session, epoch, seq, detail FROM ropewalk.collaboration
    WHERE name = $1 AND number > $2 ORDER BY number LIMIT $3"""

_FORGET = """
    WITH gone AS (DELETE FROM ropewalk.collaboration WHERE at < $1 RETURNING 1)
    SELECT count(*) FROM gone"""


class PostgresAudit:
    """Names and people are bytes: text of PostgreSQL cannot hold every character."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def record(self, rows: Sequence[AuditRow]) -> None:
        if rows:
            await self._link.execute(
                _RECORD,
                *([check_name(row.doc) for row in rows], [row.at for row in rows]),
                *([row.kind for row in rows], [row.user.encode() for row in rows]),
                [row.session for row in rows],
                *([row.version.epoch for row in rows], [row.version.seq for row in rows]),
                [json.dumps(dict(row.detail)) for row in rows],
            )

    async def audit(self, doc: str, after: int = 0, limit: int = 100) -> list[AuditRow]:
        found = await self._link.fetch(_AUDIT, check_name(doc), after, limit)
        return [
            AuditRow(
                doc=doc, at=at, kind=kind, user=person.decode(), session=session,
                version=Version(epoch, seq), detail=json.loads(detail), number=number,
            )
            for number, at, kind, person, session, epoch, seq, detail in found
        ]  # fmt: skip

    async def forget_audit(self, before: float) -> int:
        gone: int = await self._link.execute(_FORGET, before)
        return gone
