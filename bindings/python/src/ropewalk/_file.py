"""Documents in files."""

from __future__ import annotations

import os
from errno import EBUSY
from secrets import randbits
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from ._core import DamagedError, FileProgress, StoredFile
from ._core import verify_file as _verify_file
from ._doc import Doc
from ._update import merge_updates

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from ._core import EpochMap
    from ._events import TransactionEvent

__all__ = ["DocumentFile", "open", "verify_file"]

Durability = Literal["power_loss", "kill"]


class Finding(TypedDict):
    """What is wrong with a place of a file."""

    kind: str
    """"head", "snapshot", "record", "tail", "missing", "lost_end", "out_of_order", "repeated",
    "other_document" or "other_epoch": docs/formats/log.md."""
    offset: int
    size: int
    updates: tuple[int, int] | None
    """The first and the last update that is concerned, as far as one knows."""
    message: str


class FileReport(TypedDict):
    """What was found when a file was opened, and done about it."""

    created: bool
    closed: bool
    """Whether its last writer has closed it."""
    damaged: bool
    """Whether there was more than what a crash leaves."""
    from_previous: bool
    """The snapshot was lost, and the file before it has led here."""
    salvaged: bool
    """The snapshot was lost, and nothing has replaced it."""
    findings: list[Finding]
    more_findings: int
    set_aside: str | None
    """The file with what was found damaged."""


class FileState(TypedDict):
    """What verify_file() tells."""

    document: int
    generation: int
    epoch: int
    closed: bool
    durability: str
    acknowledged: int
    snapshot: str | None
    snapshot_bytes: int
    snapshot_sequence: int
    updates: int
    last_sequence: int
    update_bytes: int
    findings: list[Finding]
    more_findings: int
    damaged: bool


class FileSizes(TypedDict):
    """How large a file is, and what of."""

    size: int
    snapshot_bytes: int
    updates: int
    update_bytes: int
    generation: int
    last_sequence: int


class DocumentFile:
    """A document that is kept in a file: every transaction is in the file when it is over.

        with ropewalk.open("notes.rope") as file:
            notes = file.doc.get("notes", type=Text)
            notes += "Remember the milk"

    The file is a snapshot and the updates since; compact() makes one snapshot of both. Any thread
    may edit. A process that has forked opens the file anew.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        doc: Doc[Any] | None = None,
        create: bool = True,
        read_only: bool = False,
        durability: Durability = "power_loss",
        keep_previous: bool = True,
        salvage: bool = False,
        progress: FileProgress | None = None,
    ) -> None:
        """See open()."""
        if durability not in ("power_loss", "kill"):
            raise ValueError(f'durability is "power_loss" or "kill", not {durability!r}')
        self._path = os.fsdecode(path)
        self._process = os.getpid()
        self._read_only = read_only
        self._doc = Doc() if doc is None else doc
        has_more = self._doc.get_state() != b"\0"

        def opened(lazy: bool) -> StoredFile | None:
            stored = StoredFile(
                self._path,
                create,
                read_only,
                durability,
                keep_previous,
                randbits(64),
                salvage,
                lazy,
                progress,
            )
            try:
                self._read(stored)
            except DamagedError:
                stored.drop()  # and leave every byte as it is
                if not lazy:
                    raise
                return None
            return stored

        with self._of_this_path():
            # If a page of the snapshot is damaged, the file before can perhaps stand in for it.
            stored = opened(lazy=True) or opened(lazy=False)
            assert stored is not None
            self._stored = stored
            # Without what the document had before, nothing that follows could be read.
            self._behind = has_more and not read_only
            self._catch_up()
        self._renumbers = False
        self._subscription = self._doc.observe(self._write)

    @property
    def doc(self) -> Doc[Any]:
        """The document."""
        return self._doc

    @property
    def path(self) -> str:
        """Where it is."""
        return self._path

    @property
    def report(self) -> FileReport:
        """What was found when it was opened."""
        return self._stored.report()

    @property
    def sizes(self) -> FileSizes:
        """How large it is now."""
        return self._stored.sizes()

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._stored.closed

    def sync(self) -> None:
        """Everything up to now survives a loss of power when this returns, under any durability."""
        self._check_process()
        with self._of_this_path():
            self._catch_up()
            self._stored.sync()

    def compact(self) -> None:
        """Makes one snapshot of the snapshot and the log. Ids stay, what is deleted goes; the file
        before is kept as <path>.previous. A crash at any moment leaves one of the two, whole."""
        self._check_process()
        with self._of_this_path():
            self._catch_up()
            self._stored.compact()

    def renumber(self, *, doc: Doc[Any] | None = None, taken: Iterable[int] = ()) -> EpochMap:
        """Begins a new epoch: nothing is left of what was deleted, and every id is new. See
        renumber() for what that asks of replicas. The map that leads there is returned, and kept as
        <path>.epoch-<number>.

        From now on `doc` is another document. Whoever edits the one before gets an error: it is not
        written any more, and what it has beyond the file goes through the map.

        All or nothing, whenever the process ends. BlockingIOError: somebody has edited meanwhile;
        ValueError: something waits for changes that are not here. Nothing has changed then.

        Args:
            doc: An empty document to read the new epoch into, with the options that one likes.
            taken: Client ids of other epochs that are still supported.
        """
        self._check_process()
        made = Doc() if doc is None else doc
        if made.get_state() != b"\0":
            raise ValueError("a new epoch is read into an empty document")
        if self._doc.has_pending:  # of which the file knows nothing
            raise ValueError("something waits for changes that are not here")
        with self._of_this_path():
            self._catch_up()
            self._renumbers = True  # an edit now would be one of the old epoch
            try:
                epoch = self._stored.renumber(randbits(64), taken)
            finally:
                self._renumbers = False
            self._subscription.drop()
            self._subscription_before = self._doc.observe(_refuse)
            self._doc = made
            self._behind = False
            self._read(self._stored)
        self._subscription = made.observe(self._write)
        return epoch

    def close(self) -> None:
        """Ends it, durably. Whoever edits the document afterwards gets an error: it is not written
        any more."""
        self._check_process()
        if not self._stored.closed:
            with self._of_this_path():
                self._catch_up()
                self._stored.close()

    def __enter__(self) -> DocumentFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<DocumentFile {self._path!r}{' closed' if self.closed else ''}>"

    def _read(self, stored: StoredFile) -> None:
        if stored.open_into(self._doc):
            return
        snapshot, *later = stored.updates() or [b"\0\0"]
        self._doc.apply_update(snapshot)
        if later:
            self._doc.apply_update(merge_updates(*later))

    def _write(self, event: TransactionEvent) -> None:
        if os.getpid() != self._process:
            raise RuntimeError("the file was opened before the process forked; open it again")
        with self._of_this_path():
            if self._renumbers:
                self._behind = True
                raise BlockingIOError(EBUSY, "the file begins a new epoch")
            if self._behind:
                self._catch_up()
                return
            self._behind = not self._read_only
            self._stored.commit(event.update)
            self._behind = False

    def _catch_up(self) -> None:
        """After a failed write the file lacks an update that later ones build on."""
        if self._behind:
            self._stored.commit(self._doc.get_update())
            self._behind = False

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise RuntimeError("the file was opened before the process forked; open it again")

    def _of_this_path(self) -> _Named:
        return _Named(self._path)


def _refuse(_event: object) -> None:
    raise RuntimeError("the file has begun a new epoch; edit the doc that it has now")


class _Named:
    """Tells the path in errors of the system."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError) and error.filename is None:
            error.filename = self._path


def open(  # noqa: A001: ropewalk.open() is called so
    path: str | os.PathLike[str],
    *,
    doc: Doc[Any] | None = None,
    create: bool = True,
    read_only: bool = False,
    durability: Durability = "power_loss",
    keep_previous: bool = True,
    salvage: bool = False,
) -> DocumentFile:
    """Opens a document in a file, or creates it.

    Raises FileNotFoundError, PermissionError or another OSError; BlockingIOError while another
    writer has it; DamagedError if its snapshot is not what was written and no file before it leads
    to the same state; DecodeError if the file is none of ours, or of a newer version.

    Args:
        path: Where the file is.
        doc: A document to open it into, with the options that one likes. What it has already is
            written into the file.
        create: Creates the file if there is none.
        read_only: Reads it as it is now. An edit raises OSError.
        durability: What a transaction survives once it is over. "power_loss": the loss of power,
            for the disk has confirmed it; that takes a millisecond or several. "kill": the end of
            the process, whatever ends it; a loss of power may take the newest transactions.
        keep_previous: compact() keeps the file before, in case that the new one gets damaged.
        salvage: Also opens what is left of a file whose snapshot is lost.
    """
    return DocumentFile(
        path,
        doc=doc,
        create=create,
        read_only=read_only,
        durability=durability,
        keep_previous=keep_previous,
        salvage=salvage,
    )


def verify_file(
    path: str | os.PathLike[str], *, progress: FileProgress | None = None
) -> FileState:
    """Reads a whole file, compares all that has a checksum, and tells what it is and what is wrong.

    The file is not changed, and may be in use. Raises as open() does, but not for damage: that is
    in `findings`.
    """
    name = os.fsdecode(path)
    with _Named(name):
        return _verify_file(name, progress)
