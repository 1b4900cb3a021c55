"""What stores/keyed asks of a database, in commands and scripts of Redis."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Sequence
from typing import Any

from ropewalk_server.stores.contract import Part, StoreError, Version
from ropewalk_server.stores.keyed.database import (
    LAST,
    Change,
    Found,
    Key,
    Listener,
    Occupied,
    SetAside,
)
from ropewalk_server.stores.records import Kind
from ropewalk_server.stores.redis import keys, scripts
from ropewalk_server.stores.redis.link import NEWS_KEPT, Link
from ropewalk_server.stores.redis.settings import Settings

_ZERO = Version(0, 0)


class RedisDatabase:
    def __init__(self, settings: Settings) -> None:
        self.link = Link(settings)

    async def open(self, listener: Listener) -> None:
        def heard(fields: dict[bytes, bytes]) -> None:
            if b"t" in fields:
                listener.receive(fields[b"t"].decode(), fields[b"m"])
            elif b"n" in fields:
                listener.hear(fields[b"n"], _version(fields[b"v"]))

        await self.link.open(heard, listener.missed)

    async def close(self) -> None:
        await self.link.close()

    # -- documents ---------------------------------------------------------------------------------

    async def change(
        self, name: bytes, expected: bytes | None, head: bytes, change: Change
    ) -> bytes | None:
        if expected is None:
            # A name without a head does no harm; a head without a name would not be listed.
            await self.link.do(lambda redis: redis.zadd(keys.NAMES, {name: 0}))
        if change.set_aside:
            await self.link.do(lambda redis: redis.sadd(keys.DAMAGED, name))
        answer, have = await self.link.script_and_wait(
            scripts.CHANGE,
            keys.of_document(name),
            *(int(expected is not None), expected or b"", head, int(change.forgets)),
            *_changes(change),
        )
        if answer[0] == b"occupied":
            raise Occupied
        there: bytes | None = answer[1] if len(answer) > 1 else None
        if there == head:
            self._check_replicas(have)
        return there

    async def confirm(self, name: bytes) -> None:
        # What replicas have of this connection they have of all that was written before.
        if self.link.settings.replicas:
            _, have = await self.link.script_and_wait(
                scripts.NOTHING, keys.of_document(name)[:1]
            )
            self._check_replicas(have)

    def _check_replicas(self, have: int) -> None:
        settings = self.link.settings
        if have < settings.replicas:
            raise StoreError(
                f"{settings.where} has written it, and {have} of {settings.replicas} replicas have"
                " it; it is not acknowledged"
            )

    async def recent(self, name: bytes, since: Version, whole: int | None = None) -> Found:
        begin = b"" if since < _ZERO else _id(since)
        longest = b"" if whole is None else str(whole)
        head, place, record, size, entries = await self.link.script(
            scripts.RECENT, keys.of_document(name), begin, longest
        )
        found = Found(head, [])
        if place:
            key = Key(Kind.SNAPSHOT, *_version(place))
            if record or size == 0:
                found.rows.append((key, record or b""))
            else:
                found.place, found.size = key, size
        found.rows += _entries(entries)
        return found

    async def everything(self, name: bytes, kinds: Collection[Kind]) -> Found:
        head, entries, rows, snapshots = await self.link.script(
            scripts.EVERYTHING, keys.of_document(name)
        )
        found = _entries(entries)
        found += [(_key(field), record) for field, record in _pairs(rows)]
        for version, record in _pairs(snapshots):
            found.append((Key(Kind.SNAPSHOT, *_version(version)), record))
        return Found(head, sorted(row for row in found if row[0].kind in kinds))

    async def heads(self, names: Sequence[bytes]) -> dict[bytes, bytes]:
        if not names:
            return {}

        async def read(redis: Any) -> list[bytes | None]:
            # Not MGET: in a cluster they may lie in different slots.
            async with redis.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.get(keys.of_document(name)[0])
                found: list[bytes | None] = await pipeline.execute()
                return found

        found = await self.link.do(read)
        return {name: head for name, head in zip(names, found, strict=True) if head is not None}

    async def row(self, name: bytes, key: Key) -> bytes | None:
        _, log, rows, snapshots, _ = keys.of_document(name)
        if key.kind is Kind.UPDATE:
            id = _id(key.version)
            found = await self.link.do(lambda redis: redis.xrange(log, id, id))
            return _entries(found)[0][1] if found else None
        record: bytes | None
        if key.kind is Kind.SNAPSHOT:
            place = snapshots + b":" + _id(key.version)
            record = await self.link.do(lambda redis: redis.get(place))
        else:
            record = await self.link.do(lambda redis: redis.hget(rows, _field(key)))
        return record

    async def parts(
        self, name: bytes, key: Key, parts: Sequence[Part]
    ) -> tuple[int, list[bytes]] | None:
        place = keys.of_document(name)[3] + b":" + _id(key.version)

        async def read(redis: Any) -> list[Any]:
            async with redis.pipeline(transaction=True) as pipeline:
                pipeline.strlen(place)
                for offset, size in parts:
                    if size:
                        pipeline.getrange(place, offset, offset + size - 1)
                found: list[Any] = await pipeline.execute()
                return found

        size, *pieces = await self.link.do(read)
        if size == 0:
            return None
        there = iter(pieces)
        return size, [next(there) if part.size else b"" for part in parts]

    async def sizes(self, name: bytes, kind: Kind, after: Version) -> list[tuple[Key, int]]:
        found = await self.everything(name, [kind])
        return [(key, len(record)) for key, record in found.rows if key.version > after]

    async def page(self, prefix: bytes, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        first = b"(" + after if after and after >= prefix else b"[" + prefix
        page: list[tuple[bytes, bytes]] = []
        while len(page) < limit:
            asked = limit - len(page)
            names = await self._names_behind(first, asked)
            named = [name for name in names if name.startswith(prefix)]
            heads = await self.heads(named)
            page += [(name, heads[name]) for name in named if name in heads]
            if len(named) < asked:
                break
            first = b"(" + named[-1]
        return page

    async def _names_behind(self, first: bytes, limit: int) -> list[bytes]:
        names: list[bytes] = await self.link.do(
            lambda redis: redis.zrangebylex(keys.NAMES, first, b"+", 0, limit)
        )
        return names

    async def set_aside(self, name: bytes | None) -> list[tuple[bytes, SetAside]]:
        if name is None:
            names = sorted(await self.link.do(lambda redis: redis.smembers(keys.DAMAGED)))
        else:
            names = [name]
        found = []
        for one in names:
            key = keys.of_document(one)[4]
            for text in await self._all_of_list(key):
                about, _, _ = text.partition(b"\n")
                place, reason, found_at = json.loads(about)
                found.append((one, SetAside(place, reason, found_at, None)))
        return sorted(found, key=lambda row: row[1].found_at)

    async def _all_of_list(self, key: bytes) -> list[bytes]:
        texts: list[bytes] = await self.link.do(lambda redis: redis.lrange(key, 0, -1))
        return texts

    # -- what processes tell each other ------------------------------------------------------------

    async def tell(self, news: Sequence[tuple[bytes, Version]]) -> None:
        await self._add_news([{b"n": name, b"v": _id(version)} for name, version in news])

    async def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        await self._add_news([{b"t": topic.encode(), b"m": message} for topic, message in messages])

    async def _add_news(self, items: Sequence[dict[bytes, bytes]]) -> None:
        async def add(redis: Any) -> None:
            async with redis.pipeline(transaction=False) as pipeline:
                for fields in items:
                    pipeline.xadd(keys.NEWS, fields, maxlen=NEWS_KEPT, approximate=True)
                await pipeline.execute()

        await self.link.do(add)

    async def put_secret(self, key: str, value: bytes, ends_at: float) -> None:
        place, ends = keys.SECRET + key.encode(), int(ends_at * 1000)
        if ends_at > time.time():
            await self.link.do(lambda redis: redis.set(place, value, pxat=ends))

    async def take_secret(self, key: str) -> bytes | None:
        place = keys.SECRET + key.encode()
        value: bytes | None = await self.link.do(lambda redis: redis.getdel(place), again=False)
        return value

    async def secrets(self, prefix: str) -> list[tuple[str, bytes]]:
        async def read(redis: Any) -> list[tuple[str, bytes]]:
            found = []
            pattern = keys.SECRET + _literal(prefix.encode()) + b"*"
            async for place in redis.scan_iter(match=pattern, count=1000):
                value = await redis.get(place)
                if value is not None:
                    found.append((place[len(keys.SECRET) :].decode(), value))
            return found

        secrets: list[tuple[str, bytes]] = await self.link.do(read)
        return secrets


def _id(version: Version) -> bytes:
    return b"%d-%d" % version


def _version(text: bytes) -> Version:
    epoch, _, seq = text.partition(b"-")
    return Version(int(epoch), int(seq))


def _field(key: Key) -> bytes:
    return b"%d:%d-%d" % key


def _key(field: bytes) -> Key:
    kind, _, version = field.partition(b":")
    return Key(Kind(int(kind)), *_version(version))


def _pairs(flat: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _entries(found: Sequence[Any]) -> list[tuple[Key, bytes]]:
    """Something else under our field is a record that is none."""
    rows = []
    for id, fields in found:
        pairs = fields if isinstance(fields, dict) else dict(_pairs(fields))
        record = pairs.get(b"r", b"")
        rows.append((Key(Kind.UPDATE, *_version(id)), record))
    return rows


def _literal(text: bytes) -> bytes:
    return b"".join(b"\\" + bytes([c]) if c in b"*?[]^\\" else bytes([c]) for c in text)


def _changes(change: Change) -> list[bytes | int]:
    """As the script takes them."""
    entries: list[bytes] = []
    others: list[bytes] = []
    bases: list[bytes] = []
    for key, record in change.puts:
        if key.kind is Kind.UPDATE:
            entries += (_id(key.version), record)
        elif key.kind is Kind.SNAPSHOT:
            bases += (_id(key.version), record)
        else:
            others += (_field(key), record)
    cuts: list[bytes] = []
    ids: list[bytes] = []
    fields: list[bytes] = []
    gone: list[bytes] = []
    all_log = all_snapshots = 0
    prefixes: list[bytes] = []
    for kind, first, last in change.drops:
        if (first, last) == (_ZERO, LAST):
            if kind is Kind.UPDATE:
                all_log = 1
            elif kind is Kind.SNAPSHOT:
                all_snapshots = 1
            else:
                prefixes.append(b"%d:" % kind)
        elif kind is Kind.UPDATE:
            if first == last:
                ids.append(_id(first))
            else:
                cuts.append(_id(Version(last.epoch, last.seq + 1)))
        elif kind is Kind.SNAPSHOT:
            gone += [_id(Version(first.epoch, seq)) for seq in range(first.seq, last.seq + 1)]
        else:
            fields.append(_field(Key(kind, *first)))
    aside = [
        json.dumps([one.place, one.reason, one.found_at]).encode() + b"\n" + (one.record or b"")
        for one in change.set_aside
    ]
    flat: list[bytes | int] = []
    for width, items in ((2, entries), (2, others), (2, bases), (1, cuts), (1, ids), (1, fields)):
        flat += [len(items) // width, *items]
    flat += [len(gone), *gone, 1, all_log, len(prefixes), *prefixes, 1, all_snapshots]
    return [*flat, len(aside), *aside]


def check_options(settings: Settings, options: dict[str, str]) -> None:
    """Where Redis is the only copy it must keep what it acknowledges. StoreError says what to set."""
    wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
    wrong = [
        f"{name} {value}" for name, value in wanted.items() if options.get(name, value) != value
    ]
    if wrong:
        raise StoreError(
            f"{settings.where} is to be the only copy of documents, and would lose what it has "
            f"acknowledged: set {', '.join(wrong)}; or keep documents elsewhere "
            "(redis+postgresql:), or say ?durable=none in the URL if that does not matter",
            transient=False,
        )


async def read_options(link: Link) -> dict[str, str]:
    """Those that say what outlives a crash."""

    async def read(redis: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in ("appendonly", "appendfsync", "maxmemory-policy"):
            for key, value in (await redis.config_get(name)).items():
                found[_text(key)] = _text(value)
        return found

    options: dict[str, str] = await link.do(read)
    return options


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
