"""Containers: documents in bytes that are read without being opened.

packed = Container.pack(doc.get_update())
Container(packed).text("notes")                  # the text alone is read
Container(packed).get_update(other.get_state())  # what another replica lacks
"""

from __future__ import annotations

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypedDict

    from typing_extensions import Buffer

    from ._core import IdSet

    class ContainerInfo(TypedDict):
        """What Container.describe() tells."""

        units: int
        """All that was ever inserted, deleted or not."""
        clients: int
        """Who has inserted something."""
        collected: bool
        """What is deleted has no content any more."""
        waits: bool
        """Parts wait for others that have not arrived."""
        v2: bool
        """There is content that only format V2 of updates can say."""


class Container:
    """A document in bytes, a memory-mapped file, or anything else with a buffer, which is borrowed.

    Nothing is unpacked: each question reads the pages it needs, and compares those with their
    checksums. Any thread may ask; long work is done without the GIL. DamagedError names the place of
    bytes that are not what was written; bytes that are no container are a DecodeError.

    Of bytes that are far away, parts can be fetched as they are needed:

        container = Container.in_parts(size)
        while True:
            try:
                update = container.get_update(state)
                break
            except MissingParts as missing:
                for offset, size in missing.parts:
                    container.add_part(offset, fetch(offset, size))
    """

    __slots__ = ("_packed",)

    def __init__(self, data: Buffer) -> None:
        self._packed = _core.PackedDocument(data)

    @classmethod
    def in_parts(cls, size: int) -> Container:
        """A container of so many bytes, none of which is at hand. What needs some raises
        MissingParts. What get_update() or get_step2() has needed is let go when it returns."""
        made = cls.__new__(cls)
        made._packed = _core.PackedDocument(size)
        return made

    @staticmethod
    def pack(
        *histories: Buffer,
        notes: Mapping[str, bytes] | None = None,
        collect: bool = True,
        v2: bool = False,
    ) -> bytes:
        """One container of the document that these make together: updates, or containers.

        Ids stay, as in compact(): whoever has the document goes on with it. What waits for changes
        that none of them has goes on waiting. Takes about as much memory as the histories, unpacked,
        a few times over.

        Args:
            notes: Something of your own beside the document, by name: short, it is read each time.
            collect: What is deleted loses its content.
            v2: The updates are in format V2.
        """
        return _core.pack_container(histories, dict(notes or {}), collect, v2)

    @property
    def size(self) -> int:
        """Its bytes."""
        return self._packed.size

    def get_state(self) -> bytes:
        """The state vector of the document."""
        state = self._packed.get_state(b"")
        assert state is not None
        return state

    def get_state_with(self, behind: Buffer) -> bytes | None:
        """That of the document and of an update that has come since. None: something would wait, or
        may; only a document knows then."""
        return self._packed.get_state(behind)

    def get_update(self, state: Buffer = b"\0", *, behind: Buffer = b"") -> bytes:
        """What somebody in `state` lacks, as Doc.get_update(state) has it.

        Args:
            behind: An update that has come since, which belongs to it.
        """
        return self._packed.get_update(state, behind, False)

    def get_step2(self, state: Buffer = b"\0", *, behind: Buffer = b"") -> bytes:
        """get_update() as a message of y-protocols: step 2, the answer to step 1 with that state.
        For large answers, which are made in no more memory than they take."""
        return self._packed.get_update(state, behind, True)

    def to_update(self, *, v2: bool = False) -> bytes:
        """The whole history as one update."""
        return self._packed.to_update(v2)

    def text(self, root: str) -> str:
        """The visible text of a root; empty where there is none."""
        return self._packed.text(root)

    def deletions(self) -> IdSet:
        """What is deleted."""
        return self._packed.deletions()

    def describe(self) -> ContainerInfo:
        """What it is, from its first bytes."""
        return self._packed.describe()

    def note(self, name: str) -> bytes:
        """What its writer has put beside the document under this name; empty if nothing."""
        return self._packed.note(name)

    def verify(self) -> None:
        """Compares every page with its checksum, and reads the history to its end. DamagedError:
        something is wrong."""
        self._packed.verify()

    def add_part(self, offset: int, data: Buffer) -> None:
        """Bytes of a container in parts, which are borrowed."""
        self._packed.add_part(offset, data)

    def drop_parts(self) -> None:
        """Lets go of all of them."""
        self._packed.drop_parts()

    def __repr__(self) -> str:
        return f"<Container of {self.size} bytes>"


def is_container(data: Buffer) -> bool:
    """Whether bytes begin as a container does, and as no update of ours."""
    return _core.is_container(data)
