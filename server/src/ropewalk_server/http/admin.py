"""The admin API: what an operator does with documents while the server runs.

A document is named by the query (`?name=letters/1`), since its name may have slashes. By a token one
sees and changes what one owns, in one's own tenant; by the admin key everything, in any.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from ..auth.revocation import Revocations
from ..ops.documents import Documents
from ..rooms.names import split_name, tenant_prefix
from ..rooms.rooms import Rooms
from ..stores.contract import MAX_NAME, Damage, DocumentInfo, SavePoint, Version
from .doors import AdminDoor, Administrator
from .problems import Problem, responses

CHUNK = 64 * 1024

PREFIX = "/api/admin"
# Its bodies are documents; all others are small.
CONTENT_PATH = f"{PREFIX}/document/content"

Name = Annotated[str, Query(min_length=1, max_length=MAX_NAME, description="the document's name")]
Tenant = Annotated[
    str | None, Query(min_length=1, max_length=256, description="whose, if not one's own")
]


class VersionPage(BaseModel):
    epoch: int
    seq: int

    @classmethod
    def of(cls, version: Version) -> VersionPage:
        return cls(epoch=version.epoch, seq=version.seq)


class DocumentLine(BaseModel):
    tenant: str
    name: str
    version: VersionPage
    snapshot: VersionPage
    snapshot_size: int
    log_size: int
    log_entries: int
    changed_at: float

    @classmethod
    def of(cls, info: DocumentInfo) -> DocumentLine:
        tenant, name = split_name(info.doc)
        return cls(
            tenant=tenant,
            name=name,
            version=VersionPage.of(info.version),
            snapshot=VersionPage.of(info.snapshot),
            snapshot_size=info.snapshot_size,
            log_size=info.log_size,
            log_entries=info.log_entries,
            changed_at=info.changed_at,
        )


class DocumentList(BaseModel):
    documents: list[DocumentLine]
    next: str | None = Field(description="the `after` of the next page; null: there is none")


class DamagePage(BaseModel):
    where: str
    reason: str
    found_at: float

    @classmethod
    def of(cls, damage: Damage) -> DamagePage:
        return cls(where=damage.where, reason=damage.reason, found_at=damage.found_at)


class InspectionPage(BaseModel):
    document: DocumentLine
    roots: dict[str, str | None]
    clients: int
    units: int
    deleted_units: int
    missing_units: int
    savepoints: int
    snapshot: Literal["none", "container", "update"] = Field(
        description="its form; updates are of servers that wrote no containers"
    )
    damaged: list[DamagePage]
    members: int = Field(description="who has it open on this server")
    unsynced: bool = Field(description="whether the store has refused its changes for long")


class VerdictPage(BaseModel):
    sound: bool
    entries: int
    damaged: list[DamagePage]
    problems: list[str]


class SavePointPage(BaseModel):
    id: int
    version: VersionPage
    label: str
    author: str
    created_at: float
    size: int

    @classmethod
    def of(cls, one: SavePoint) -> SavePointPage:
        return cls(
            id=one.id, version=VersionPage.of(one.version), label=one.label, author=one.author,
            created_at=one.created_at, size=one.size,
        )  # fmt: skip


class NewSavePoint(BaseModel):
    label: str = Field("", max_length=200)


class Restore(BaseModel):
    savepoint: int = Field(ge=1, le=2**53)


class Restored(BaseModel):
    version: VersionPage
    kept: SavePointPage = Field(description="what the document was before")


class RenumberedPage(BaseModel):
    version: VersionPage
    before: int = Field(description="bytes of all of it before")
    after: int = Field(description="and after")


class Revoke(BaseModel):
    user: str | None = Field(None, min_length=1, max_length=256, description="all tokens of a user")
    token: str | None = Field(
        None, min_length=1, max_length=256, description="the `jti` of one token"
    )


class Revoked(BaseModel):
    closed: int = Field(description="connections that were ended by it")


@dataclass(frozen=True, slots=True)
class Administration:
    """What the routes work on."""

    door: AdminDoor
    documents: Documents
    rooms: Rooms
    revocations: Revocations


def admin_router(admin: Administration) -> APIRouter:
    errors = responses(401, 403, 404, 409, 422, 503)
    router = APIRouter(prefix=PREFIX, tags=["admin"], responses=errors)
    documents = admin.documents
    asking = Depends(admin.door)

    @router.get("/documents", summary="Documents in order of their names, page by page")
    async def list_documents(
        tenant: Tenant = None,
        prefix: Annotated[str, Query(max_length=MAX_NAME)] = "",
        after: Annotated[str, Query(max_length=2 * MAX_NAME)] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        everywhere: Annotated[
            bool, Query(description="of all tenants, with the admin key")
        ] = False,
        who: Administrator = asking,
    ) -> DocumentList:
        if everywhere and not who.is_admin:
            raise Problem(403, "forbidden", "all tenants are listed with the admin key")
        full = "" if everywhere else tenant_prefix(who.tenant(tenant)) + prefix
        if len(full.encode()) > MAX_NAME or len(after.encode()) > MAX_NAME:
            raise Problem(422, "invalid", f"names have at most {MAX_NAME} bytes")
        found = await documents.list(full, after, limit)
        shown = [DocumentLine.of(info) for info in found if await who.owns(info.doc)]
        return DocumentList(documents=shown, next=found[-1].doc if len(found) == limit else None)

    @router.get("/document", summary="What is known of a document")
    async def inspect(
        name: Name, tenant: Tenant = None, who: Administrator = asking
    ) -> InspectionPage:
        stored = await who.owned(tenant, name)
        found = await documents.inspect(stored)
        room = admin.rooms.open_rooms.get(stored)
        return InspectionPage(
            document=DocumentLine.of(found.info),
            roots=found.roots,
            clients=found.clients,
            units=found.units,
            deleted_units=found.deleted_units,
            missing_units=found.missing_units,
            savepoints=found.savepoints,
            snapshot=found.snapshot,
            damaged=[DamagePage.of(one) for one in found.damaged],
            members=0 if room is None else len(room.members),
            unsynced=room is not None and room.unsynced,
        )

    @router.get(
        "/document/content",
        summary="The document itself",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/octet-stream": {}, "application/json": {}}}},
    )
    async def export(
        name: Name,
        tenant: Tenant = None,
        format: Literal["update", "update-v2", "json"] = "update",
        who: Administrator = asking,
    ) -> Response:
        content = await documents.export(await who.owned(tenant, name), format)
        return _streamed(content, "application/json" if format == "json" else None)

    @router.put(
        "/document/content",
        summary="Adds an update to a document, or makes a new one of it",
        responses=responses(413),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
                },
            }
        },
    )
    async def put(
        name: Name,
        request: Request,
        tenant: Tenant = None,
        format: Literal["update", "update-v2"] = "update",
        new: Annotated[bool, Query(description="409 if there is a document of this name")] = False,
        who: Administrator = asking,
    ) -> VersionPage:
        stored = await who.owned(tenant, name)
        update = await _body(request, admin.rooms.limits.document_bytes)
        return VersionPage.of(
            await documents.put(stored, update, v2=format == "update-v2", new=new)
        )

    @router.post("/document/compact", summary="Makes one snapshot of the log")
    async def compact(
        name: Name, tenant: Tenant = None, who: Administrator = asking
    ) -> DocumentLine:
        return DocumentLine.of(await documents.compact(await who.owned(tenant, name)))

    @router.post(
        "/document/renumber",
        summary="Begins a new epoch, in which nothing is left of what was deleted",
    )
    async def renumber(
        name: Name, tenant: Tenant = None, who: Administrator = asking
    ) -> RenumberedPage:
        done = await documents.renumber(await who.owned(tenant, name))
        if done is None:
            raise Problem(409, "empty", "there is nothing in this document")
        return RenumberedPage(
            version=VersionPage.of(done.version), before=done.before, after=done.after
        )

    @router.post("/document/verify", summary="Reads every record and builds the document of them")
    async def verify(name: Name, tenant: Tenant = None, who: Administrator = asking) -> VerdictPage:
        verdict = await documents.verify(await who.owned(tenant, name))
        return VerdictPage(
            sound=verdict.sound,
            entries=verdict.entries,
            damaged=[DamagePage.of(one) for one in verdict.damaged],
            problems=list(verdict.problems),
        )

    @router.get("/document/savepoints", summary="All save points, the oldest first")
    async def savepoints(
        name: Name, tenant: Tenant = None, who: Administrator = asking
    ) -> list[SavePointPage]:
        found = await documents.savepoints(await who.owned(tenant, name))
        return [SavePointPage.of(one) for one in found]

    @router.post("/document/savepoints", status_code=201, summary="Keeps the document as it is now")
    async def savepoint(
        name: Name,
        body: NewSavePoint,
        tenant: Tenant = None,
        who: Administrator = asking,
    ) -> SavePointPage:
        stored = await who.owned(tenant, name)
        return SavePointPage.of(
            await documents.savepoint(stored, label=body.label, author=who.name)
        )

    @router.get(
        "/document/savepoints/{id}/content",
        summary="The document as it was",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/octet-stream": {}}}},
    )
    async def savepoint_content(
        id: Annotated[int, Field(ge=1, le=2**53)],
        name: Name,
        tenant: Tenant = None,
        who: Administrator = asking,
    ) -> Response:
        return _streamed(await documents.read_savepoint(await who.owned(tenant, name), id), None)

    @router.post("/document/restore", summary="Makes the document what it was at a save point")
    async def restore(
        name: Name, body: Restore, tenant: Tenant = None, who: Administrator = asking
    ) -> Restored:
        stored = await who.owned(tenant, name)
        version, kept = await documents.restore(stored, body.savepoint, author=who.name)
        return Restored(version=VersionPage.of(version), kept=SavePointPage.of(kept))

    @router.delete("/document", status_code=204, summary="Erases a document and all of its past")
    async def delete(name: Name, tenant: Tenant = None, who: Administrator = asking) -> None:
        await documents.delete(await who.owned(tenant, name))

    @router.post("/revocations", summary="Makes tokens worthless and ends their connections")
    async def revoke(
        body: Revoke,
        tenant: Annotated[str, Query(min_length=1, max_length=256)] = "main",
        who: Administrator = asking,
    ) -> Revoked:
        if not who.is_admin:
            raise Problem(403, "forbidden", "tokens are revoked with the admin key")
        return Revoked(closed=await _revoke(admin, tenant, body))

    return router


async def _revoke(admin: Administration, tenant: str, body: Revoke) -> int:
    if (body.user is None) == (body.token is None):
        raise Problem(422, "invalid", "either a user or a token is revoked")
    try:
        if body.user is not None:
            admin.revocations.revoke_user(tenant, body.user)
        else:
            admin.revocations.revoke_token(tenant, str(body.token))
    except OverflowError as error:
        raise Problem(409, "full", str(error)) from None
    closed = 0
    if body.user is not None:
        closed = await admin.rooms.revoke(tenant=tenant, user=body.user)
    # Here it counts from now on; an error says that other servers may not know yet.
    await admin.revocations.settle()
    # The connection of one token is found when all are looked at (http/app.py).
    return closed


async def _body(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Problem(
                413, "too-large", f"a document has at most {limit} bytes (limits.document_bytes)"
            )
    return bytes(body)


def _streamed(content: bytes, media: str | None) -> Response:
    async def chunks() -> AsyncIterator[Any]:
        view = memoryview(content)
        for start in range(0, len(view), CHUNK):
            yield bytes(view[start : start + CHUNK])

    headers = {"Content-Length": str(len(content)), "Cache-Control": "no-store"}
    return StreamingResponse(
        chunks(), media_type=media or "application/octet-stream", headers=headers
    )
