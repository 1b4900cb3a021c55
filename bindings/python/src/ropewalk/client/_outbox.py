"""Changes that were made here and are not known to be durable at the server."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

from .._core import DecodeError
from .._sync import Decoder, write_message, write_var_uint

_MAGIC = b"ropewalk outbox 1\n"
# A record in a file: 4 bytes CRC-32 of the rest, bytes update.
_CHECKSUM = 4


class Outbox:
    """In memory: what is in it lives as long as the process. Entries are numbered from 1."""

    def __init__(self) -> None:
        self._entries: OrderedDict[int, bytes] = OrderedDict()
        self.last = 0
        self.epoch: int | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._entries.values())

    @property
    def first(self) -> int:
        """The number of the oldest entry; one more than the last, if there is none."""
        return next(iter(self._entries), self.last + 1)

    def add(self, update: bytes) -> int:
        """Keeps a change; its number. An empty one stands for what was in the document before."""
        self.last += 1
        self._entries[self.last] = update
        return self.last

    def drop_through(self, number: int) -> None:
        """All up to this one are durable, or will never be."""
        while self._entries and next(iter(self._entries)) <= number:
            self._entries.popitem(last=False)

    def set_aside(self, epoch: int | None) -> list[bytes]:
        """The document was replaced: empties the outbox, for this epoch. What was in it."""
        updates = [update for update in self if update]
        self._entries.clear()
        self.epoch = epoch
        return updates

    def welcome(self, epoch: int) -> None:
        """The entries are of this epoch."""
        self.epoch = epoch

    def close(self) -> None:
        """Nothing more is written."""


class FileOutbox(Outbox):
    """In a file too: what was written and not acknowledged is offered after a restart.

    One process at a time. Records that are damaged, as the last may be after a loss of power, end
    what is read; what is behind them is dropped.
    """

    def __init__(self, path: str | os.PathLike[str], *, sync: bool = False) -> None:
        """`sync`: each change waits for the disk, and survives a loss of power too."""
        super().__init__()
        self._path = Path(path)
        self._sync = sync
        for update in self._read():
            super().add(update)
        self._file: BinaryIO
        self._rewrite()

    def add(self, update: bytes) -> int:
        number = super().add(update)
        if update:
            self._file.write(_record(update))
            self._flush()
        return number

    def drop_through(self, number: int) -> None:
        had = len(self)
        super().drop_through(number)
        if had and not len(self):
            self._rewrite()

    def set_aside(self, epoch: int | None) -> list[bytes]:
        """As for one in memory; the file is kept under another name."""
        if any(self):
            os.replace(self._path, self._path.with_name(f"{self._path.name}.epoch-{self.epoch}"))
        updates = super().set_aside(epoch)
        self._rewrite()
        return updates

    def welcome(self, epoch: int) -> None:
        if epoch != self.epoch:
            self.epoch = epoch
            self._rewrite()

    def close(self) -> None:
        self._file.close()

    def _rewrite(self) -> None:
        """A file with what is to be kept, in one step."""
        if hasattr(self, "_file"):
            self._file.close()
        fresh = self._path.with_name(self._path.name + ".new")
        self._file = fresh.open("wb")
        epoch = 0 if self.epoch is None else self.epoch + 1
        self._file.write(_MAGIC + write_var_uint(epoch))
        for update in self:
            if update:
                self._file.write(_record(update))
        self._flush()
        os.replace(fresh, self._path)

    def _flush(self) -> None:
        self._file.flush()
        if self._sync:
            os.fsync(self._file.fileno())

    def _read(self) -> list[bytes]:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return []
        if not data.startswith(_MAGIC):
            raise ValueError(f"{self._path} is not an outbox")
        decoder = Decoder(data[len(_MAGIC) :])
        updates = []
        try:
            epoch = decoder.read_var_uint()
            self.epoch = epoch - 1 if epoch else None
            while decoder.length > _CHECKSUM:
                start = decoder.i0
                checksum = bytes(decoder.stream[start : start + _CHECKSUM])
                decoder.i0 += _CHECKSUM
                decoder.length -= _CHECKSUM
                update = decoder.read_message()
                if update is None or checksum != _checksum(update):
                    break
                updates.append(update)
        except DecodeError:
            pass  # cut in the middle of a record
        return updates


def _record(update: bytes) -> bytes:
    return _checksum(update) + write_message(update)


def _checksum(update: bytes) -> bytes:
    return crc32(update).to_bytes(_CHECKSUM, "little")
