"""Large things as objects: d/DOCUMENT/b#REF, DOCUMENT a hash of its name."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

from ropewalk_server.stores.contract import Part
from ropewalk_server.stores.s3.objects import Objects


def folder_of(doc: str) -> str:
    return f"d/{hashlib.sha256(doc.encode()).hexdigest()[:40]}/"


class S3Blobs:
    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    async def open(self) -> None:
        await self.objects.open()

    async def close(self) -> None:
        await self.objects.close()

    async def put(self, doc: str, ref: str, data: bytes) -> None:
        await self.objects.put(_key(doc, ref), data)

    async def get(self, doc: str, ref: str) -> bytes | None:
        found = await self.objects.get(_key(doc, ref))
        return None if found is None else found.data

    async def get_parts(
        self, doc: str, ref: str, size: int, parts: Sequence[Part]
    ) -> list[bytes] | None:
        key = _key(doc, ref)

        async def get(part: Part) -> bytes | None:
            if part.size == 0:
                return b""
            found = await self.objects.get(key, offset=part.offset, size=part.size)
            return None if found is None or len(found.data) != part.size else found.data

        if not any(part.size for part in parts) and await self.objects.get(key, size=1) is None:
            return None
        found = await asyncio.gather(*map(get, parts))
        return None if None in found else [data for data in found if data is not None]

    async def delete(self, doc: str, refs: Sequence[str]) -> None:
        await self.objects.delete(_key(doc, ref) for ref in refs)

    async def refs(self, doc: str, prefix: str) -> list[str]:
        listed = self.objects.list(_key(doc, prefix))
        return [entry.key.partition("#")[2] async for entry in listed]


def _key(doc: str, ref: str) -> str:
    return f"{folder_of(doc)}b#{ref}"
