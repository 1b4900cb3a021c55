"""The rows of a log, understood, and a document as it is at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ropewalk_server.stores.chain.forms import EMPTY, Control, Head, decode_control, version_of
from ropewalk_server.stores.chain.tables import Row
from ropewalk_server.stores.contract import NOTHING, DocumentInfo, Version
from ropewalk_server.stores.records import BadRecord


@dataclass(slots=True)
class Link:
    """A row of the log. `control` is None if it cannot be read; `count` is then a guess."""

    first: int
    count: int
    control: Control | None
    row: Row
    reason: str = ""

    @property
    def last(self) -> int:
        return self.first + self.count - 1


@dataclass(slots=True)
class State:
    row: Row | None  # of the head; None: there is none
    head: Head
    links: list[Link] = field(default_factory=list)
    newest: Version = NOTHING

    @property
    def live(self) -> bool:
        return self.head.live or self.newest.seq > 0

    def start_behind(self, seq: int) -> int:
        """The first number of the row that has what follows `seq`."""
        for link in self.links:
            if link.first <= seq + 1 <= link.last:
                return link.first
        return seq + 1

    def info(self, doc: str) -> DocumentInfo:
        head, base = self.head, max(self.head.base.seq, 0)
        controls = [link.control for link in self.links if link.control is not None]
        sizes = sum(
            sum(link.control.l[max(base + 1 - link.first, 0) :])
            for link in self.links
            if link.control is not None
        )
        return DocumentInfo(
            doc=doc,
            version=self.newest,
            snapshot=head.base_version if head.base.seq != EMPTY else NOTHING,
            snapshot_size=head.base.size,
            log_size=sizes,
            log_entries=self.newest.seq - base,
            changed_at=max([head.changed_at, *(control.t for control in controls)]),
        )


def links_of(doc: str, rows: Sequence[Row]) -> list[Link]:
    """Buried rows are none."""
    links: list[Link] = []
    rows = [row for row in rows if row.fields]
    for number, row in enumerate(rows):
        version = version_of(row.key)
        try:
            control = decode_control(doc, version, row.fields[0])
            count = len(control.l) or int(control.head is not None)
            links.append(Link(version.seq, count, control, row))
        except BadRecord as error:
            if number + 1 < len(rows):
                count = version_of(rows[number + 1].key).seq - version.seq
            else:
                count = max(len(row.fields) - 1, 1)
            links.append(Link(version.seq, count, None, row, error.reason))
    return links
