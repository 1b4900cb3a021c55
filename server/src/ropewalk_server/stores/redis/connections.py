"""Who is connected to which document, and what they show of themselves, as Redis has it for all
processes (and for whoever else looks):

    connection:<id>             hash    userId, letterId, firmId, connectedAt, seen
    letter:{<document>}:connections  set   ids of connections
    presence:{<document>}       hash    user -> JSON: connection, state, seen

Each lives 24 h after it was last touched. Of a process that dies its connections stay behind: what was
not seen for 30 s counts for nothing, and is erased by who looks. Redis may forget everything at any
moment: each process writes anew what is here, every ten seconds. `seen` is by Redis' clock."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from ropewalk_server.stores.arguments import check_name
from ropewalk_server.stores.connected import STALE_SECONDS, Connected
from ropewalk_server.stores.contract import StoreError
from ropewalk_server.stores.keyed.tasks import end
from ropewalk_server.stores.redis import keys
from ropewalk_server.stores.redis.cache import LIFETIME
from ropewalk_server.stores.redis.link import Link

logger = logging.getLogger(__name__)

# What is said in less than this is one call.
_TOGETHER_SECONDS = 0.1
# Connections in one call, so that Redis has time for others.
_AT_ONCE = 1000
_REFRESH_SECONDS = 10.0
# Each document is looked through with every so manyth refresh.
_SWEEPS = 6

# KEYS: a connection. ARGV: seconds to live, fields and values.
_HERE = """
redis.call('HSET', KEYS[1], 'seen', redis.call('TIME')[1], unpack(ARGV, 2))
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""
# KEYS: the presence of a document. ARGV: seconds to live, user, id of the connection, state.
_SHOW = """
local said = {connection = ARGV[3], state = ARGV[4], seen = redis.call('TIME')[1]}
redis.call('HSET', KEYS[1], ARGV[2], cjson.encode(said))
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""
# KEYS: the connections of a document, its presence. ARGV: id, user. Another connection of the same
# person may have said something since.
_LEAVE = """
redis.call('SREM', KEYS[1], ARGV[1])
local said = redis.call('HGET', KEYS[2], ARGV[2])
if said and cjson.decode(said).connection == ARGV[1] then redis.call('HDEL', KEYS[2], ARGV[2]) end
"""


@dataclass(slots=True)
class _Here:
    """Somebody who is connected to this process."""

    doc: str
    user: str
    since: float
    state: bytes | None = None
    is_new: bool = True
    has_shown: bool = False


class RedisConnections:
    """As connected.Connections. Ids are those of this process alone, or have its name in them."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._here: dict[str, _Here] = {}
        self._gone: dict[str, _Here] = {}
        self._touched: set[str] = set()
        self._writing: asyncio.Task[None] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self.calls = 0  # to Redis, for what is told

    def start(self) -> None:
        self._refreshing = asyncio.get_running_loop().create_task(self._refresh_again_and_again())

    async def close(self) -> None:
        if self._refreshing is None:
            return
        await end(self._refreshing)
        self._refreshing = None
        if self._writing is not None:
            await self._writing
        self._gone |= self._here
        self._here.clear()
        await self._write()

    def joined(self, doc: str, id: str, user: str, since: float) -> None:
        self._here[id] = _Here(doc, user, since)
        self._soon()

    def shown(self, doc: str, id: str, state: bytes) -> None:  # noqa: ARG002 - the id says it
        here = self._here.get(id)
        if here is not None:
            here.state, here.has_shown = state, True
            self._soon()

    def touched(self, doc: str) -> None:
        self._touched.add(doc)
        self._soon()

    def left(self, doc: str, id: str) -> None:  # noqa: ARG002 - the id says it
        here = self._here.pop(id, None)
        if here is not None:
            self._gone[id] = here
            self._soon()

    # -- writing -----------------------------------------------------------------------------------

    def _soon(self) -> None:
        if self._writing is None and self._refreshing is not None:
            self._writing = asyncio.get_running_loop().create_task(self._write_soon())

    async def _write_soon(self) -> None:
        await asyncio.sleep(_TOGETHER_SECONDS)
        self._writing = None
        await self._write()

    async def _write(self) -> None:
        """All that is to be said, in one call. What is lost here comes with the next refresh."""
        said = [
            (id, here, here.is_new, here.has_shown)
            for id, here in self._here.items()
            if here.is_new or here.has_shown
        ]
        gone, self._gone = list(self._gone.items()), {}
        touched, self._touched = self._touched, set()
        for _, here, is_new, _ in said:
            here.is_new = here.has_shown = False
            if is_new:
                touched.discard(here.doc)
        late = list(touched)
        while said or gone or late:
            await self._send(said[:_AT_ONCE], gone[:_AT_ONCE], late[:_AT_ONCE])
            del said[:_AT_ONCE], gone[:_AT_ONCE], late[:_AT_ONCE]

    async def _send(
        self,
        said: Sequence[tuple[str, _Here, bool, bool]],
        gone: Sequence[tuple[str, _Here]],
        touched: Sequence[str],
    ) -> None:
        async def write(redis: Any) -> None:
            async with redis.pipeline(transaction=False) as pipeline:
                for id, here, is_new, has_shown in said:
                    if is_new:
                        _add(pipeline, id, here)
                    if has_shown:
                        _show(pipeline, id, here)
                for id, here in gone:
                    name = check_name(here.doc)
                    of = (keys.connections(name), keys.presence(name))
                    pipeline.eval(_LEAVE, 2, *of, id, here.user.encode())
                    pipeline.delete(keys.connection(id))
                for doc in touched:
                    for key in (keys.connections(check_name(doc)), keys.presence(check_name(doc))):
                        pipeline.expire(key, LIFETIME)
                await pipeline.execute()

        self.calls += 1
        try:
            await self._link.do(write, again=False)
        except StoreError as error:
            logger.debug("who is connected was not told: %s", error)

    async def _refresh_again_and_again(self) -> None:
        """What Redis has lost is there again; who was left behind by another process is erased."""
        turn = 0
        while True:
            await asyncio.sleep(_REFRESH_SECONDS)
            turn += 1
            try:
                for here in self._here.values():
                    here.is_new, here.has_shown = True, here.state is not None
                await self._write()
                for doc in {here.doc for here in self._here.values()}:
                    if hash(doc) % _SWEEPS == turn % _SWEEPS:
                        await self.connected(doc)
            except StoreError as error:
                logger.debug("who is connected elsewhere is not known: %s", error)

    # -- reading -----------------------------------------------------------------------------------

    async def connected(self, doc: str) -> Sequence[Connected]:
        name = check_name(doc)
        set_, presence = keys.connections(name), keys.presence(name)

        async def read(redis: Any) -> tuple[float, dict[bytes, Any], dict[bytes, bytes]]:
            now, _ = await redis.time()
            ids = sorted(await redis.smembers(set_))
            async with redis.pipeline(transaction=False) as pipeline:
                for id in ids:
                    pipeline.hgetall(keys.connection(id.decode()))
                pipeline.hgetall(presence)
                *found, shown = await pipeline.execute()
            return now, dict(zip(ids, found, strict=True)), shown

        now, found, shown = await self._link.do(read)
        oldest = now - STALE_SECONDS
        said = {user: _said(value) for user, value in shown.items()}
        stale = [id for id, fields in found.items() if _seen(fields) < oldest]
        silent = [user for user, what in said.items() if what["seen"] < oldest]
        if stale or silent:
            await self._erase(set_, presence, stale, silent)
        people = []
        for id, fields in found.items():
            if id in stale:
                continue
            user = fields.get(b"userId", b"")
            what = None if user in silent else said.get(user)
            people.append(
                Connected(
                    id=id.decode(), user=user.decode(), since=float(fields.get(b"connectedAt", 0)),
                    shown=what and what["state"],
                )
            )  # fmt: skip
        return sorted(people, key=lambda one: (one.since, one.id))

    async def _erase(
        self, set_: bytes, presence: bytes, ids: Sequence[bytes], users: Sequence[bytes]
    ) -> None:
        async def erase(redis: Any) -> None:
            async with redis.pipeline(transaction=False) as pipeline:
                if ids:
                    pipeline.srem(set_, *ids)
                    for id in ids:
                        pipeline.delete(keys.connection(id.decode()))
                if users:
                    pipeline.hdel(presence, *users)
                await pipeline.execute()

        await self._link.do(erase)


def _add(pipeline: Any, id: str, here: _Here) -> None:
    name = check_name(here.doc)
    tenant, _, letter = here.doc.partition("/")
    fields = {
        "userId": here.user,
        "letterId": letter,
        "firmId": unquote(tenant),
        "connectedAt": repr(here.since),
    }
    flat = [part.encode() for pair in fields.items() for part in pair]
    pipeline.eval(_HERE, 1, keys.connection(id), LIFETIME, *flat)
    pipeline.sadd(keys.connections(name), id)
    pipeline.expire(keys.connections(name), LIFETIME)


def _show(pipeline: Any, id: str, here: _Here) -> None:
    presence = keys.presence(check_name(here.doc))
    pipeline.eval(_SHOW, 1, presence, LIFETIME, here.user.encode(), id, here.state)


def _seen(fields: dict[bytes, bytes]) -> float:
    return float(fields.get(b"seen", 0))


def _said(value: bytes) -> dict[str, Any]:
    try:
        said = json.loads(value)
        return {"seen": float(said["seen"]), "state": json.loads(said["state"])}
    except (ValueError, KeyError, TypeError):
        return {"seen": 0.0, "state": None}  # nobody of ours has written this
