"""Blobs in the table itself, cut into rows."""

from __future__ import annotations

from collections.abc import Sequence

from ropewalk_server.stores.chain.tables import Table
from ropewalk_server.stores.contract import Part


def _key(ref: str, number: int | str) -> str:
    return f"b#{ref}#{number:06}" if isinstance(number, int) else f"b#{ref}#{number}"


class TableBlobs:
    def __init__(self, table: Table) -> None:
        self._table = table

    async def open(self) -> None:
        """The table is opened by who has it."""

    async def close(self) -> None:
        """And closed."""

    async def put(self, doc: str, ref: str, data: bytes) -> None:
        most = self._table.most
        rows = [
            (_key(ref, number), (data[start : start + most],))
            for number, start in enumerate(range(0, len(data), most))
        ]
        await self._table.put(doc, rows)

    async def get(self, doc: str, ref: str) -> bytes | None:
        rows = await self._table.rows(doc, _key(ref, 0), _key(ref, "~"))
        if not rows:
            return None
        return b"".join(row.fields[0] if row.fields else b"" for row in rows)

    async def get_parts(
        self, doc: str, ref: str, size: int, parts: Sequence[Part]
    ) -> list[bytes] | None:
        """Rows that several parts share are read once; how many there are nobody needs to know."""
        most = self._table.most
        needed = sorted(
            {
                number
                for offset, length in parts
                for number in range(offset // most, (offset + length + most - 1) // most)
            }
        )
        found: dict[int, bytes] = {}
        for first, last in _runs(needed):
            rows = await self._table.rows(doc, _key(ref, first), _key(ref, last))
            if len(rows) != last - first + 1:
                return None
            found |= {first + n: row.fields[0] for n, row in enumerate(rows)}
        if not needed and await self._table.get(doc, _key(ref, 0)) is None:
            return None
        return [_cut(found, most, *part) for part in parts]

    async def delete(self, doc: str, refs: Sequence[str]) -> None:
        for ref in refs:
            keys = await self._table.keys(doc, _key(ref, 0), _key(ref, "~"))
            await self._table.delete(doc, keys)

    async def refs(self, doc: str, prefix: str) -> list[str]:
        keys = await self._table.keys(doc, f"b#{prefix}", f"b#{prefix}~")
        return list(dict.fromkeys(key.split("#")[1] for key in keys))


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbours together: first and last of each run."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return runs


def _cut(found: dict[int, bytes], most: int, offset: int, length: int) -> bytes:
    end, pieces = offset + length, []
    while offset < end:
        number, start = divmod(offset, most)
        piece = found[number][start : start + end - offset]
        pieces.append(piece)
        offset += len(piece) or end
    return b"".join(pieces)
