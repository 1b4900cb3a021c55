"""Documents."""

from __future__ import annotations

from . import _core
from ._base_type import BaseType
from ._doc_state import DocState
from ._events import DocEvents, SubdocsEvent, TransactionEvent
from ._transaction import NewTransaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, KeysView, Mapping
    from typing import Any, Generic, Literal, TypeVar

    from typing_extensions import Buffer

    from ._base import _AsyncState
    from ._snapshot import Snapshot

    T = TypeVar("T", bound=BaseType)
    Root = TypeVar("Root", bound=BaseType)
    Offsets = Literal["unicode", "utf8", "utf16", "javascript"]
else:
    # typing takes longer to import than the rest of the package.
    T = 0
    Generic = (object,)

__all__ = ["Doc", "SubdocsEvent", "TransactionEvent"]


class Doc(DocEvents, DocState, _core.Doc, Generic[T]):
    """A document: shared types by name, their history, and the updates that carry it.

        doc = Doc({"letter": Text("Dear Sir")})
        other = Doc()
        other.apply_update(doc.get_update(other.get_state()))
        assert str(other.get("letter", type=Text)) == "Dear Sir"
    """

    _async_state: _AsyncState | None = None

    def __init__(
        self,
        init: Mapping[str, T] = {},  # noqa: B006: pycrdt's default, never changed
        *,
        client_id: int | None = None,
        skip_gc: bool | None = None,
        guid: str | None = None,
        doc: Doc[T] | None = None,
        Model: Any = None,  # noqa: N803
        allow_multithreading: bool = False,
        offsets: Offsets = "unicode",
        limits: Mapping[str, int] | None = None,
        auto_load: bool = False,
        should_load: bool = True,
        meta: Any = None,
    ) -> None:
        """Opens a new document.

        Args:
            init: Its roots, by name.
            client_id: The number under which it writes, drawn by default. No two replicas that
                are open at a time may have the same.
            skip_gc: Keep what is deleted; snapshots need that.
            guid: The name of the document, drawn by default.
            doc: A document to be returned instead of a new one.
            Model: A class, like those of pydantic, that checks what updates make of the document:
                it is called with the roots that are its `model_fields`.
            allow_multithreading: Transactions of other threads wait for their turn.
            offsets: In what texts are counted: characters, as in a str ("unicode"), bytes of
                UTF-8 ("utf8") or UTF-16 units ("utf16"). An offset inside a character is an
                error, but with "javascript", which is UTF-16 as Yjs has it: the character is cut
                then, and its halves are no characters.
            limits: What an update may ask for, by the names "update_bytes", "structs", "clients",
                "nesting", "type_nesting", "pending_bytes" and "pending_structs".
            auto_load: In another document: whoever gets to know of it loads it.
            should_load: In another document: it is loaded here from the start. Never sent.
            meta: In another document: a plain value that tells others about it.
        """
        if doc is None:
            guid = _new_guid() if guid is None else guid
            self._open(client_id, not skip_gc, guid, offsets, allow_multithreading, limits)
            self._allow_multithreading = allow_multithreading
            self._offsets: Offsets = offsets
            self._limits = limits
            self._Model = Model
            self._twin: Doc[Any] | None = None
            self._auto_load, self._begins_loaded, self._meta = auto_load, should_load, meta
        if init:
            with self.transaction():
                for key, value in init.items():
                    self[key] = value

    if not TYPE_CHECKING:
        __class_getitem__ = classmethod(type(list[int]))

    @property
    def skip_gc(self) -> bool:
        """Whether what is deleted is kept."""
        return not self._collects

    @property
    def offsets(self) -> Offsets:
        """In what texts are counted: "unicode", "utf8", "utf16" or "javascript"."""
        return self._offsets

    def new_transaction(self, origin: Any = None, timeout: float | None = None) -> NewTransaction:
        """A transaction that joins no other, for `with` or `async with`: it waits, at most
        `timeout` seconds, until those of other threads (with allow_multithreading) or other tasks
        are over. Raises TimeoutError; RuntimeError in a transaction of one's own."""
        return NewTransaction(self, origin=origin, timeout=timeout)

    def apply_update(  # type: ignore[override]
        self, update: Buffer, *, v2: bool = False, origin: Any = None
    ) -> None:
        """Merges an update, whole or not at all. Raises DecodeError, and what the Model raises.

        Args:
            update: The update: bytes, or whatever has a buffer.
            v2: It is in format V2.
            origin: Of the transaction in which this happens.
        """
        if self._Model is not None:
            self._validate(update, v2)
        super().apply_update(update, v2, origin)

    def get_update(  # type: ignore[override]
        self, state: Buffer | None = None, *, v2: bool = False, pending: bool = True
    ) -> bytes:
        """What a replica in `state` lacks, as an update; everything without one.

        Args:
            state: What get_state() has said there.
            v2: In format V2, which is smaller, and which the receiver has to expect.
            pending: With what waits for updates that have not arrived (has_pending).
        """
        return super().get_update(state, v2, pending)

    def _validate(self, update: Buffer, v2: bool) -> None:
        """Asks the Model about a twin of the document that has the update."""
        twin = self._twin
        if twin is None:
            twin = Doc(guid=self.guid, offsets=self.offsets, limits=self._limits)
        self._twin = None  # unless the update is accepted, there is none any more
        _core.Doc.apply_update(twin, self.get_update(twin.get_state()))
        _core.Doc.apply_update(twin, update, v2)
        content = {}
        for name in self._Model.model_fields:
            root = self._roots().get(name)
            if root is not None:
                content[name] = twin.get(name, type=type(root)).to_py()
        self._Model(**content)
        self._twin = twin

    @staticmethod
    def from_snapshot(snapshot: Snapshot, doc: Doc[Any]) -> Doc[Any]:
        """A new document with what `doc` held when the snapshot was made. Of `doc` nothing that was
        deleted may have been forgotten: skip_gc=True."""
        from ._snapshot import restore

        into: Doc[Any] = Doc(guid=doc.guid, skip_gc=True, offsets=doc.offsets, limits=doc._limits)
        restored = restore(snapshot, doc, into)
        roots = {name: type(root) for name, root in doc._roots().items() if root is not None}
        restored._use_roots(roots)
        return restored

    # -- roots ---------------------------------------------------------------------------------

    def __setitem__(self, key: str, value: T) -> None:
        if not isinstance(key, str):
            raise RuntimeError("Key must be of type string")
        if not isinstance(value, BaseType):
            raise TypeError(f"a root is a shared type, not a {type(value).__name__}")
        if not value._kind:
            raise ValueError(
                f"Cannot get an {type(value).__name__} from a doc, get an XmlFragment instead"
            )
        if value.is_integrated:
            if value.doc is self and key in self._root_names() and self._root(key) == value:
                return
            raise ValueError(f"Cannot insert an integrated {type(value).__name__}")
        with self.transaction():
            prelim = value.prelim
            self._attach_root(value._kind, key, value)
            if prelim is not None:
                value._init(prelim)

    def __getitem__(self, key: str) -> T:
        return self._root(key)  # type: ignore[no-any-return]

    def __contains__(self, key: object) -> bool:
        return key in self._root_names()

    def __len__(self) -> int:
        return len(self._root_names())

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._root_names())

    def get(self, key: str, *, type: type[Root]) -> Root:  # noqa: A002
        """The root of that name, as a shared type of that class; new if there is none.

        What has come in updates has no type until it is asked for. TypeError: it has another one.
        """
        if type._kind or not type._root_kind:
            value = type()
            self[key] = value  # type: ignore[assignment]
        else:  # it cannot be put there, as it would need a tag, but it can be found there
            value = type.__new__(type)
            self._attach_root(type._root_kind, key, value)
        return value

    def _roots(self) -> dict[str, T]:
        return {name: self._root(name) for name in self._root_names()}

    def keys(self) -> KeysView[str]:
        """The names of the roots."""
        return dict.fromkeys(self._root_names()).keys()

    def values(self) -> Iterable[T]:
        """The roots; None for one that has come in an update and was not asked for yet."""
        return self._roots().values()

    def items(self) -> Iterable[tuple[str, T]]:
        """Names and roots."""
        return self._roots().items()

    # -- as plain objects ----------------------------------------------------------------------

    def to_py(self) -> dict[str, Any]:
        """All roots by name, as plain objects: lists, dicts, and str for texts and XML. Documents
        within are dicts as well. Left out are roots that nobody has asked for yet."""
        content: dict[str, Any] = {}
        for name, root in self._roots().items():
            if root is not None:
                value = str(root) if root._root_kind.startswith("xml") else root.to_py()
                content[name] = _without_docs(value)
        return content

    @classmethod
    def from_py(cls, content: Mapping[str, Any], **options: Any) -> Doc[Any]:
        """A new document with these roots: str become texts, lists arrays, dicts maps, and so do
        lists and dicts within them. `options` are those of Doc()."""
        from ._array import Array
        from ._map import Map
        from ._text import Text

        roots: dict[str, Any] = {}
        for name, value in content.items():
            if isinstance(value, BaseType):
                roots[name] = value
            elif isinstance(value, str):
                roots[name] = Text(value)
            elif isinstance(value, dict):
                roots[name] = Map.from_py(value)
            elif isinstance(value, (list, tuple)):
                roots[name] = Array.from_py(value)
            else:
                raise TypeError(f"a root is a str, a list or a dict, not a {type(value).__name__}")
        return cls(roots, **options)

    def __repr__(self) -> str:
        roots = ", ".join(
            f"{name}: {'?' if root is None else type(root).__name__}"
            for name, root in self._roots().items()
        )
        return f"<{type(self).__name__} {self.guid} of client {self.client_id}{{{roots}}}>"

    # -- copies --------------------------------------------------------------------------------

    def __copy__(self) -> Doc[T]:
        return _restored(*self.__reduce_ex__(2)[1])

    def __deepcopy__(self, memo: dict[int, Any]) -> Doc[T]:
        from copy import deepcopy

        cls, options, state, roots, subdocs = self.__reduce_ex__(2)[1]
        memo[id(self)] = made = _restored(cls, options, state, roots, [])
        for subdoc in subdocs:
            made._take_subdoc(deepcopy(subdoc, memo))
        return made

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """A copy has the content, the guid and the options; its client id is a new one."""
        options = {
            "guid": self.guid,
            "skip_gc": not self._collects,
            "offsets": self.offsets,
            "limits": self._limits,
            "auto_load": self._auto_load,
            "should_load": self._begins_loaded,
            "meta": self._meta,
            "Model": self._Model,
            "allow_multithreading": self._allow_multithreading,
        }
        roots = {name: type(root) for name, root in self._roots().items() if root is not None}
        return _restored, (type(self), options, self.get_update(), roots, self._subdocs())

    def _use_roots(self, roots: Mapping[str, type[BaseType]]) -> None:
        for name, cls in roots.items():
            self._attach_root(cls._root_kind, name, cls.__new__(cls))

    # -- documents within ----------------------------------------------------------------------

    def load(self) -> None:
        """Tells the observers of sub-documents, of the document that this one is in, that somebody
        here wants its content: once."""
        _core._load(self)
        self._begins_loaded = True

    def destroy(self) -> None:
        """Nobody here wants its content any more: the document around it makes a new one when it is
        asked for it. This one goes on by itself."""
        _core._destroy(self)

    @property
    def should_load(self) -> bool:
        """Whether somebody here wants its content."""
        known = _core._should_load(self)
        return self._begins_loaded if known is None else known

    @property
    def auto_load(self) -> bool:
        """Whether everybody who gets to know of it loads it."""
        return self._auto_load

    @property
    def meta(self) -> Any:
        """What tells others about it."""
        return self._meta

    def _subdoc_options(self) -> tuple[bool, bool, Any]:
        return self._auto_load, self._begins_loaded, self._meta

    def _new_subdoc(self, guid: str, collect: bool, auto_load: bool, meta: Any) -> Doc[Any]:
        """For a document that has come in an update: its own content is not in it."""
        return Doc(
            guid=guid,
            auto_load=auto_load,
            meta=meta,
            skip_gc=not collect,
            allow_multithreading=self._allow_multithreading,
            offsets=self.offsets,
            limits=self._limits,
        )


def _new_guid() -> str:
    """A random UUID."""
    from os import urandom

    number = int.from_bytes(urandom(16), "big") & ~(0xF << 76) & ~(0x3 << 62)
    text = f"{number | 0x4 << 76 | 0x2 << 62:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _restored(
    cls: type[Doc[Any]],
    options: dict[str, Any],
    state: bytes,
    roots: dict[str, type[BaseType]],
    subdocs: list[Doc[Any]],
) -> Doc[Any]:
    doc = cls.__new__(cls)
    Doc.__init__(doc, **options)
    _core.Doc.apply_update(doc, state)
    doc._use_roots(roots)
    for subdoc in subdocs:
        doc._take_subdoc(subdoc)
    return doc


def _without_docs(value: Any) -> Any:
    if isinstance(value, Doc):
        return value.to_py()
    if isinstance(value, list):
        return [_without_docs(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_docs(item) for key, item in value.items()}
    return value
