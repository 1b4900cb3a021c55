"""Undo and redo of what was done here, without touching what others have written."""

from __future__ import annotations

from ._core import IdSet
from ._core import UndoManager as _UndoManager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Generic, TypeVar

    from ._base_type import BaseType
    from ._doc import Doc

    MetaT = TypeVar("MetaT")
else:
    # typing takes longer to import than the rest of the package.
    MetaT = 0
    Generic = (object,)


def timestamp() -> int:
    """The time in milliseconds."""
    from time import time_ns

    return time_ns() // 1_000_000


class StackItem(Generic[MetaT]):
    """What one undo or redo takes back: what was inserted, and what was deleted."""

    __slots__ = ("_deletions", "_doc", "_insertions", "_meta")

    def __init__(
        self, doc: Doc[Any], deletions: IdSet, insertions: IdSet, meta: MetaT | None = None
    ) -> None:
        if not isinstance(deletions, IdSet) or not isinstance(insertions, IdSet):
            raise TypeError("deletions and insertions are IdSets")
        self._doc = doc
        self._deletions = deletions | IdSet()
        self._insertions = insertions | IdSet()
        self._meta = meta

    if not TYPE_CHECKING:

        @classmethod
        def __class_getitem__(cls, _meta: object) -> type[StackItem]:
            return cls

    @property
    def deletions(self) -> IdSet:
        """What was deleted."""
        return self._deletions | IdSet()

    @property
    def insertions(self) -> IdSet:
        """What was inserted."""
        return self._insertions | IdSet()

    @property
    def meta(self) -> MetaT | None:
        """Whatever the program wants to find again with it."""
        return self._meta

    @staticmethod
    def merge(
        a: StackItem[MetaT],
        b: StackItem[MetaT],
        merge_meta: Callable[[MetaT | None, MetaT | None], Any] | None = None,
    ) -> StackItem[Any]:
        """One item of two; its meta is that of the first unless `merge_meta` makes one."""
        meta = a._meta if merge_meta is None else merge_meta(a._meta, b._meta)
        return StackItem(a._doc, a._deletions | b._deletions, a._insertions | b._insertions, meta)

    def __repr__(self) -> str:
        parts = [
            f"{name}={value!r}"
            for name, value in (
                ("deletions", self._deletions),
                ("insertions", self._insertions),
                ("meta", self._meta),
            )
            if value
        ]
        return f"StackItem({', '.join(parts)})"


class UndoManager:
    """Undoes and redoes what was changed in some shared types.

    Changes that follow one another quickly are undone together. Transactions without an origin are
    tracked; once origins are included, those are instead.
    """

    def __init__(
        self,
        *,
        scopes: list[BaseType] | None = None,
        capture_timeout_millis: int = 500,
        timestamp: Callable[[], int] = timestamp,
        undo_stack: list[StackItem[Any]] | None = None,
        redo_stack: list[StackItem[Any]] | None = None,
        doc: Doc[Any] | None = None,
        ignore_remote_map_changes: bool = False,
    ) -> None:
        """
        Args:
            scopes: The shared types to look after, and all in them.
            capture_timeout_millis: Changes that come within this time are undone together.
            timestamp: Answers the time in milliseconds.
            undo_stack: What can be undone from the start, such as items stored with the document.
            redo_stack: The same for redo.
            doc: A document to look after as a whole.
            ignore_remote_map_changes: An entry of a map comes back even if that hides what somebody
                else has set since.
        """
        from os import urandom

        self._timeout = capture_timeout_millis
        self._timestamp = None if timestamp is _system_time else timestamp
        self._origin = int.from_bytes(urandom(7), "little")
        self._origins: list[Any] = []
        self._managers: list[_UndoManager] = []  # one for each document
        self._over_remote = ignore_remote_map_changes
        if doc is not None:
            self._manager_of(doc, True)
        for scope in scopes or ():
            self.expand_scope(scope)
        for items, redo in ((undo_stack, False), (redo_stack, True)):
            for item in items or ():
                self._manager_of(item._doc).push(
                    redo, item._deletions, item._insertions, item._meta
                )

    @property
    def origin(self) -> int:
        """The origin of the transactions in which this manager undoes and redoes."""
        return self._origin

    def expand_scope(self, scope: BaseType) -> None:
        """Looks after another shared type, from the next change on."""
        self._manager_of(scope.doc).expand_scope(scope)

    def include_origin(self, origin: Any) -> None:
        """Tracks transactions of this origin, and no longer those that have none, unless None is
        included as well."""
        hash_of(origin)
        self._origins.append(origin)
        for manager in self._managers:
            manager.include_origin(origin)

    def exclude_origin(self, origin: Any) -> None:
        """Tracks transactions of this origin no longer."""
        hash_of(origin)
        if origin in self._origins:
            self._origins.remove(origin)
        for manager in self._managers:
            manager.exclude_origin(origin)

    def can_undo(self) -> bool:
        """Whether there is anything to undo."""
        return any(manager.can(False) for manager in self._managers)

    def undo(self) -> bool:
        """Undoes the newest changes that were not undone yet. False: there was nothing to undo."""
        return self._pop(False)

    def can_redo(self) -> bool:
        """Whether there is anything to redo."""
        return any(manager.can(True) for manager in self._managers)

    def redo(self) -> bool:
        """Takes the last undo back. False: there was nothing to redo."""
        return self._pop(True)

    def clear(self, *, undo: bool = True, redo: bool = True) -> None:
        """Forgets everything that could be undone or redone, or what could be one of the two."""
        for manager in self._managers:
            manager.clear(undo, redo)

    def stop_capturing(self) -> None:
        """What comes next is undone by itself, however quickly it follows."""
        for manager in self._managers:
            manager.stop_capturing()

    @property
    def undo_stack(self) -> list[StackItem[Any]]:
        """What can be undone, the oldest first."""
        return self._stack(False)

    @property
    def redo_stack(self) -> list[StackItem[Any]]:
        """What can be redone; the last comes first."""
        return self._stack(True)

    def _manager_of(self, doc: Doc[Any], whole: bool = False) -> _UndoManager:
        for manager in self._managers:
            if manager.document is doc:
                return manager
        made = _UndoManager(
            doc, self._timeout, self._timestamp, self._origin, whole, self._over_remote
        )
        for origin in self._origins:
            made.include_origin(origin)
        self._managers.append(made)
        return made

    def _pop(self, redo: bool) -> bool:
        while True:
            able: Iterable[_UndoManager] = [one for one in self._managers if one.can(redo)]
            if not able:
                return False
            if max(able, key=lambda manager: manager.newest(redo)).pop(redo):
                return True

    def _stack(self, redo: bool) -> list[StackItem[Any]]:
        found = [
            (number, manager.document, deletions, insertions, meta)
            for manager in self._managers
            for number, deletions, insertions, meta in manager.stack(redo)
        ]
        found.sort(key=lambda item: item[0])
        return [StackItem(*item[1:]) for item in found]


def hash_of(origin: object) -> int:
    """The name of an origin in the engine."""
    try:
        return hash(origin)
    except Exception:
        raise TypeError("Origin must be hashable") from None


_system_time = timestamp
