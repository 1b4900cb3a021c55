"""What stores/keyed asks of a database, in SQL: each call is one statement, and one round trip."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any

from ropewalk_server.stores.contract import Part, Version
from ropewalk_server.stores.heads import decode_head
from ropewalk_server.stores.keyed.database import Change, Found, Key, Listener, SetAside
from ropewalk_server.stores.postgres import schema
from ropewalk_server.stores.postgres.letters import Letters, cut_letter
from ropewalk_server.stores.postgres.link import Link, Settings
from ropewalk_server.stores.records import Kind

CHANNEL = "ropewalk"
LETTERS = "ropewalk_letters"


class PostgresDatabase:
    def __init__(self, settings: Settings) -> None:
        self.link = Link(settings)
        self._letters = Letters()

    async def open(self, listener: Listener) -> None:
        def heard(payload: str) -> None:
            with suppress(ValueError):  # what others say on our channel is not for us
                epoch, seq, name = payload.split(" ")
                listener.hear(b64decode(name), Version(int(epoch), int(seq)))

        def received(payload: str) -> None:
            with suppress(ValueError):
                topic, id, number, last, data = payload.split(" ")
                message = self._letters.add(id, int(number), int(last), b64decode(data))
                if message is not None:
                    listener.receive(topic, message)

        channels = {CHANNEL: heard, LETTERS: received}
        await self.link.open(channels, listener.missed)

    async def close(self) -> None:
        await self.link.close()

    async def change(
        self, name: bytes, expected: bytes | None, head: bytes, change: Change
    ) -> bytes | None:
        keys = [key for key, _ in change.puts]
        drops, aside = change.drops, change.set_aside
        query: str = schema.CHANGE
        epoch: tuple[int, ...] = ()
        if change.forgets:
            query, epoch = schema.DELETE, (decode_head(name.decode(), head).version.epoch,)
        there: bytes | None = await self.link.execute(
            query,
            *(name, expected, head),
            *([int(key.kind) for key in keys], [key.epoch for key in keys]),
            *([key.seq for key in keys], [record for _, record in change.puts]),
            [int(drop.kind) for drop in drops],
            *([drop.first.epoch for drop in drops], [drop.first.seq for drop in drops]),
            *([drop.last.epoch for drop in drops], [drop.last.seq for drop in drops]),
            *([one.place for one in aside], [one.reason for one in aside]),
            *([one.found_at for one in aside], [one.record for one in aside]),
            change.forgets,
            *epoch,
        )
        return there

    async def confirm(self, name: bytes) -> None:
        """PostgreSQL shows nobody what it has not committed."""

    async def recent(self, name: bytes, since: Version, whole: int | None = None) -> Found:
        return _found(await self.link.fetch(schema.RECENT, name, *since, whole))

    async def everything(self, name: bytes, kinds: Collection[Kind]) -> Found:
        return _found(await self.link.fetch(schema.EVERYTHING, name, [int(k) for k in kinds]))

    async def heads(self, names: Sequence[bytes]) -> dict[bytes, bytes]:
        return {row[0]: row[1] for row in await self.link.fetch(schema.HEADS, names)}

    async def row(self, name: bytes, key: Key) -> bytes | None:
        rows = await self.link.fetch(schema.ROW, name, *map(int, key))
        return rows[0][0] if rows else None

    async def parts(
        self, name: bytes, key: Key, parts: Sequence[Part]
    ) -> tuple[int, list[bytes]] | None:
        firsts, sizes = [part.offset + 1 for part in parts], [part.size for part in parts]
        rows = await self.link.fetch(schema.PARTS, name, *map(int, key), firsts, sizes)
        return (rows[0][0], rows[0][1] or []) if rows else None

    async def sizes(self, name: bytes, kind: Kind, after: Version) -> list[tuple[Key, int]]:
        rows = await self.link.fetch(schema.SIZES, name, int(kind), *after)
        return [(Key(kind, epoch, seq), size) for epoch, seq, size in rows]

    async def page(self, prefix: bytes, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        rows = await self.link.fetch(schema.PAGE, after, prefix, _behind(prefix), limit)
        return [(row[0], row[1]) for row in rows]

    async def set_aside(self, name: bytes | None) -> list[tuple[bytes, SetAside]]:
        rows = await self.link.fetch(schema.SET_ASIDE, name)
        return [(row[0], SetAside(row[1], row[2], row[3], None)) for row in rows]

    async def tell(self, news: Sequence[tuple[bytes, Version]]) -> None:
        payloads = [f"{v.epoch} {v.seq} {b64encode(name).decode()}" for name, v in news]
        await self.link.fetch(schema.TELL, CHANNEL, payloads)

    async def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        payloads = [part for topic, message in messages for part in cut_letter(topic, message)]
        await self.link.fetch(schema.TELL, LETTERS, payloads)

    async def put_secret(self, key: str, value: bytes, ends_at: float) -> None:
        await self.link.fetch(schema.PUT_SECRET, key, value, ends_at)

    async def take_secret(self, key: str) -> bytes | None:
        value: bytes | None = await self.link.execute(schema.TAKE_SECRET, key)
        return value

    async def secrets(self, prefix: str) -> list[tuple[str, bytes]]:
        rows = await self.link.fetch(schema.SECRETS, prefix)
        return [(row[0], row[1]) for row in rows]


def _found(rows: Iterable[Any]) -> Found:
    """The head comes first, as kind 0."""
    found = Found(None, [])
    for kind, epoch, seq, record, size in rows:
        if kind == 0:
            found.head = record
        elif record is None:
            found.place, found.size = Key(Kind(kind), epoch, seq), size
        else:
            found.rows.append((Key(Kind(kind), epoch, seq), record))
    return found


def _behind(prefix: bytes) -> bytes | None:
    """The first name behind all that begin so; None: there is none."""
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else None
