"""The rows of a chain as objects:

    PREFIX/d/DOCUMENT/KEY   a row; DOCUMENT is a hash of its name
    PREFIX/n/NAME           the list of documents: names in base32 that sorts as they do; of one
                            that would be too long for a key the beginning and a hash
    PREFIX/notes/KEY        what was set aside

A row is written on condition: If-None-Match where there is none yet, If-Match where it is to
replace one. On disk, numbers little-endian:

    "RWO" 1 | 16 bytes, others after each write | how many fields, u32 | their lengths, u32 each |
    XXH3-64 of all this | the fields

A buried row has no fields. After a day nobody believes any more that its key is free, and the next
one that buries rows of the document erases it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import struct
import time
from collections.abc import AsyncIterator, Sequence
from os.path import commonprefix
from urllib.parse import quote, unquote

import xxhash

from ropewalk_server.stores.chain.tables import NOTES, Row, Taken
from ropewalk_server.stores.s3.blobs import folder_of
from ropewalk_server.stores.s3.objects import Changed, Object, Objects

_MAGIC = b"RWO\x01"
_FIXED = struct.Struct("<4s16sI")
_HASH = 8
# Enough of a row for its first field.
_BRIEF = 1 << 14
_BURIED_SECONDS = 26 * 3600
# Of a name in base32: with the prefix and the hash it must fit into a key of 1,024 bytes.
_NAME = 640


def frame(fields: Sequence[bytes], token: bytes) -> bytes:
    head = _FIXED.pack(_MAGIC, token, len(fields))
    head += b"".join(struct.pack("<I", len(field)) for field in fields)
    return b"".join((head, xxhash.xxh3_64_digest(head), *fields))


def unframe(data: bytes) -> tuple[Sequence[bytes], bytes]:
    """The fields and the token. Where the beginning is not as it was written all of it is one field,
    and what stands behind the last belongs to that: no reader will take it for what it should be."""
    if len(data) >= _FIXED.size + _HASH and data.startswith(_MAGIC):
        _, token, count = _FIXED.unpack_from(data)
        start = _FIXED.size + 4 * count
        if xxhash.xxh3_64_digest(data[:start]) == data[start : start + _HASH]:
            fields, offset = [], start + _HASH
            for (length,) in struct.iter_unpack("<I", data[_FIXED.size : start]):
                fields.append(data[offset : offset + length])
                offset += length
            if fields and offset < len(data):
                fields[-1] += data[offset:]
            return fields, token
    return (data or b"-",), b""


class S3Table:
    most = 8 << 20

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def open(self) -> None:
        await self._objects.open()

    async def close(self) -> None:
        await self._objects.close()

    async def get(self, doc: str, key: str) -> Row | None:
        found = await self._objects.get(_key(doc, key))
        return None if found is None else _row(key, found)

    async def rows(self, doc: str, first: str, last: str, *, brief: bool = False) -> list[Row]:
        keys = await self.keys(doc, first, last)
        objects = await self._objects.get_all(
            (_key(doc, key) for key in keys), _BRIEF if brief else None
        )
        # One that is gone was erased since it was listed.
        return [
            _row(key, found) for key, found in zip(keys, objects, strict=True) if found is not None
        ]

    async def keys(self, doc: str, first: str, last: str) -> list[str]:
        folder = _folder(doc)
        common = commonprefix((first, last))
        # Behind what is just before the first.
        after = ""
        if first != common:
            after = folder + _quoted(doc, first[:-1]) + chr(ord(first[-1]) - 1) + "~"
        keys = []
        async for entry in self._objects.list(folder + _quoted(doc, common), after=after):
            key = entry.key[len(folder) :] if doc != NOTES else unquote(entry.key[len(folder) :])
            if key > last:
                break
            if key >= first:
                keys.append(key)
        return keys

    async def write(self, doc: str, key: str, fields: Sequence[bytes], old: Row | None) -> Row:
        token = secrets.token_bytes(16)
        condition = {"if-none-match": "*"} if old is None else {"if-match": old.tag}
        try:
            tag = await self._objects.put(_key(doc, key), frame(fields, token), condition)
        except Changed:
            found = await self._objects.get(_key(doc, key))
            if found is None:
                raise Taken(None) from None
            # The answer to an earlier try of this very write may have been lost.
            if unframe(found.data)[1] != token:
                raise Taken(_row(key, found)) from None
            tag = found.tag
        return Row(key, fields, tag)

    async def put(self, doc: str, rows: Sequence[tuple[str, Sequence[bytes]]]) -> None:
        await asyncio.gather(
            *(
                self._objects.put(_key(doc, key), frame(fields, secrets.token_bytes(16)))
                for key, fields in rows
            )
        )

    async def bury(self, doc: str, keys: Sequence[str]) -> None:
        await self.put(doc, [(key, ()) for key in keys])
        empty = len(frame((), bytes(16)))
        before = time.time() - _BURIED_SECONDS
        listed = self._objects.list(_key(doc, "u#"))
        old = [
            entry.key async for entry in listed if entry.size == empty and entry.changed_at < before
        ]
        await self._objects.delete(old)

    async def delete(self, doc: str, keys: Sequence[str]) -> None:
        await self._objects.delete(_key(doc, key) for key in keys)

    async def add_name(self, doc: str) -> None:
        await self._objects.put(f"n/{_encoded(doc)}", doc.encode())

    async def names(self, prefix: str, after: str) -> AsyncIterator[str]:
        """Long names whose beginnings are the same stand in order of their hashes: those are read
        and sorted together."""
        alike: list[str] = []
        beginning = ""
        # A character of base32 has five bits: the last of a name may go on in the next byte.
        common = _base32(prefix)[: len(prefix.encode()) * 8 // 5][:_NAME]
        start = _base32(max(prefix, after))[:_NAME][:-1]
        async for entry in self._objects.list(f"n/{common}", after=f"n/{start}"):
            encoded = entry.key[2:]
            if encoded[:_NAME] != beginning or len(encoded) <= _NAME:
                for name in sorted(alike):
                    yield name
                alike, beginning = [], encoded[:_NAME]
            name = await self._name(encoded)
            if name.startswith(prefix) and name > after:
                alike.append(name)
        for name in sorted(alike):
            yield name

    async def _name(self, encoded: str) -> str:
        if len(encoded) > _NAME:
            found = await self._objects.get(f"n/{encoded}")
            return found.data.decode(errors="replace") if found is not None else ""
        padded = encoded.upper() + "=" * (-len(encoded) % 8)
        return base64.b32hexdecode(padded).decode(errors="replace")


def _base32(name: str) -> str:
    return base64.b32hexencode(name.encode()).decode().rstrip("=").lower()


def _encoded(doc: str) -> str:
    whole = _base32(doc)
    if len(whole) <= _NAME:
        return whole
    return f"{whole[:_NAME]}-{hashlib.sha256(doc.encode()).hexdigest()[:40]}"


def _folder(doc: str) -> str:
    return folder_of(doc) if doc != NOTES else "notes/"


def _quoted(doc: str, key: str) -> str:
    return key if doc != NOTES else quote(key, safe="#~")


def _key(doc: str, key: str) -> str:
    return _folder(doc) + _quoted(doc, key)


def _row(key: str, found: Object) -> Row:
    return Row(key, unframe(found.data)[0], found.tag)
