"""Tickets for URLs, and, for development, tokens for whoever asks."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from ..auth.authenticate import Door
from ..auth.development import MAX_TOKEN_SECONDS, TOKEN_SECONDS, DevelopmentIssuer
from ..auth.identity import Authorizer, Refused
from ..auth.roles import role_named
from ..auth.tickets import TICKET_SECONDS
from ..rooms.names import stored_name
from .doors import bearer
from .problems import responses


class WantedTicket(BaseModel):
    document: str = Field(min_length=1, max_length=1024)


class Ticket(BaseModel):
    ticket: str
    expires_in: float


def ticket_router(door: Door, authorizer: Authorizer) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["tickets"], responses=responses(401, 403, 422, 503))

    @router.post("/tickets", status_code=201, summary="A ticket for a URL, in exchange for a token")
    async def ticket(body: WantedTicket, request: Request) -> Ticket:
        token = bearer(request)
        if token is None:
            raise Refused("a token is needed in the Authorization header")
        identity = await door.authenticate(token)
        stored_name(identity.tenant, body.document)
        if await authorizer.role(identity, body.document) is None:
            raise Refused("no right to this document", "forbidden")
        return Ticket(
            ticket=await door.tickets.issue(identity, body.document), expires_in=TICKET_SECONDS
        )

    return router


class WantedToken(BaseModel):
    user: str = Field(min_length=1, max_length=256, pattern=r"\S")
    name: str = Field("", max_length=256)
    tenant: str = Field("main", min_length=1, max_length=256, pattern=r"\S")
    role: str = Field("owner", pattern="^(owner|editor|commenter|reader|none)$")
    seconds: float = Field(TOKEN_SECONDS, gt=0, le=MAX_TOKEN_SECONDS)


class Token(BaseModel):
    token: str
    expires_in: float


def development_router(issuer: DevelopmentIssuer) -> APIRouter:
    router = APIRouter(prefix="/api/dev", tags=["development"], responses=responses(422))

    @router.post("/token", status_code=201, summary="A token for anybody one likes to be")
    async def token(body: WantedToken) -> Token:
        signed = issuer.token(
            body.user,
            tenant=body.tenant,
            name=body.name,
            role=role_named(body.role),
            seconds=body.seconds,
        )
        return Token(token=signed, expires_in=body.seconds)

    return router
