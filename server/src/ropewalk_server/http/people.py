"""The part of the admin API that is about people: who has a document open, and who did what."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from ..stores.audit import AuditRow
from ..stores.connected import Connected
from .admin import PREFIX, Administration, Name, Tenant, VersionPage
from .doors import Administrator
from .problems import responses


class AuditLine(BaseModel):
    number: int = Field(description="counts up; the `after` of the next page")
    at: float
    kind: str = Field(description="join, edit, comment, session-end, savepoint, restore")
    user: str
    session: str = Field(description="empty: no session did it")
    version: VersionPage = Field(description="of the document, then")
    detail: dict[str, Any]

    @classmethod
    def of(cls, row: AuditRow) -> AuditLine:
        return cls(
            number=row.number, at=row.at, kind=row.kind, user=row.user, session=row.session,
            version=VersionPage.of(row.version), detail=dict(row.detail),
        )  # fmt: skip


class ConnectedPage(BaseModel):
    id: str
    user: str
    since: float
    shown: Any = Field(description="what the person shows of themselves; null: nothing")

    @classmethod
    def of(cls, one: Connected) -> ConnectedPage:
        return cls(id=one.id, user=one.user, since=one.since, shown=one.shown)


def people_router(admin: Administration) -> APIRouter:
    errors = responses(401, 403, 404, 409, 422, 503)
    router = APIRouter(prefix=PREFIX, tags=["admin"], responses=errors)
    documents = admin.documents
    asking = Depends(admin.door)

    @router.get("/document/audit", summary="Who did what to a document, the oldest first")
    async def audit(
        name: Name,
        tenant: Tenant = None,
        after: Annotated[int, Query(ge=0, le=2**53, description="behind this number")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        who: Administrator = asking,
    ) -> list[AuditLine]:
        rows = await documents.audit(await who.owned(tenant, name), after, limit)
        return [AuditLine.of(row) for row in rows]

    @router.get("/document/connected", summary="Who has a document open, at any server")
    async def connected(
        name: Name, tenant: Tenant = None, who: Administrator = asking
    ) -> list[ConnectedPage]:
        found = await documents.connected(await who.owned(tenant, name))
        return [ConnectedPage.of(one) for one in found]

    return router
