"""The CRDTs that Python has, behind one face, each used as its own documentation says.

All loops over keystrokes are written out in each class, so that nothing but the library's own calls
stands between the keystroke and the engine.
"""

from __future__ import annotations

import importlib
from typing import Any, Protocol

from recording import Patch


class Contestant(Protocol):
    name: str

    def replay_one(self, patches: list[Patch]) -> Any:
        """A new document that was edited in one transaction."""

    def replay_each(self, patches: list[Patch]) -> Any:
        """A new document that was edited in one transaction for each keystroke."""

    def make_updates(self, patches: list[Patch]) -> tuple[Any, list[bytes]]:
        """The same, and the update of each keystroke as it was handed out."""

    def apply_updates(self, updates: list[bytes]) -> Any:
        """A new document to which each was applied by itself."""

    def encode(self, document: Any) -> bytes:
        """Everything, history included, as bytes."""

    def open(self, stored: bytes) -> Any:
        """A new document from such bytes, not yet read."""

    def text(self, document: Any) -> str: ...


class PycrdtLike:
    """pycrdt, and ropewalk, which has the same API."""

    def __init__(self, module: str) -> None:
        self.name = module
        self.crdt: Any = importlib.import_module(module)

    def replay_one(self, patches: list[Patch]) -> Any:
        doc = self.crdt.Doc(client_id=1)
        text = doc.get("text", type=self.crdt.Text)
        with doc.transaction():
            for position, deleted, inserted in patches:
                if deleted:
                    del text[position : position + deleted]
                if inserted:
                    text.insert(position, inserted)
        return doc

    def replay_each(self, patches: list[Patch]) -> Any:
        doc = self.crdt.Doc(client_id=1)
        self._type(doc, patches)
        return doc

    def _type(self, doc: Any, patches: list[Patch]) -> None:
        text = doc.get("text", type=self.crdt.Text)
        for position, deleted, inserted in patches:
            with doc.transaction():
                if deleted:
                    del text[position : position + deleted]
                if inserted:
                    text.insert(position, inserted)

    def make_updates(self, patches: list[Patch]) -> tuple[Any, list[bytes]]:
        doc = self.crdt.Doc(client_id=1)
        doc.get("text", type=self.crdt.Text)
        updates: list[bytes] = []
        subscription = doc.observe(lambda event: updates.append(event.update))
        self._type(doc, patches)
        doc.unobserve(subscription)
        return doc, updates

    def apply_updates(self, updates: list[bytes]) -> Any:
        doc = self.crdt.Doc(client_id=2)
        for update in updates:
            doc.apply_update(update)
        return doc

    def encode(self, document: Any) -> bytes:
        stored: bytes = document.get_update()
        return stored

    def open(self, stored: bytes) -> Any:
        doc = self.crdt.Doc(client_id=2)
        doc.apply_update(stored)
        return doc

    def text(self, document: Any) -> str:
        return str(document.get("text", type=self.crdt.Text))

    def merge(self, updates: list[bytes]) -> bytes:
        merged: bytes = self.crdt.merge_updates(*updates)
        return merged


class YPy:
    name = "y-py"

    def __init__(self) -> None:
        self.crdt: Any = importlib.import_module("y_py")

    def replay_one(self, patches: list[Patch]) -> Any:
        doc = self.crdt.YDoc(1)
        text = doc.get_text("text")
        with doc.begin_transaction() as transaction:
            for position, deleted, inserted in patches:
                if deleted:
                    text.delete_range(transaction, position, deleted)
                if inserted:
                    text.insert(transaction, position, inserted)
        return doc

    def replay_each(self, patches: list[Patch]) -> Any:
        doc = self.crdt.YDoc(1)
        self._type(doc, patches)
        return doc

    def _type(self, doc: Any, patches: list[Patch]) -> None:
        text = doc.get_text("text")
        for position, deleted, inserted in patches:
            with doc.begin_transaction() as transaction:
                if deleted:
                    text.delete_range(transaction, position, deleted)
                if inserted:
                    text.insert(transaction, position, inserted)

    def make_updates(self, patches: list[Patch]) -> tuple[Any, list[bytes]]:
        doc = self.crdt.YDoc(1)
        updates: list[bytes] = []
        subscription = doc.observe_after_transaction(
            lambda event: updates.append(event.get_update())
        )
        self._type(doc, patches)
        del subscription
        return doc, updates

    def apply_updates(self, updates: list[bytes]) -> Any:
        doc = self.crdt.YDoc(2)
        apply_update = self.crdt.apply_update
        for update in updates:
            apply_update(doc, update)
        return doc

    def encode(self, document: Any) -> bytes:
        stored: bytes = self.crdt.encode_state_as_update(document)
        return stored

    def open(self, stored: bytes) -> Any:
        doc = self.crdt.YDoc(2)
        self.crdt.apply_update(doc, stored)
        return doc

    def text(self, document: Any) -> str:
        return str(document.get_text("text"))


class Loro:
    """Stores updates, which are decoded in full as everybody else's are.

    Its snapshots hold the text ready beside the history and leave the latter unread: LoroSnapshot,
    which is told apart.
    """

    name = "loro"

    def __init__(self) -> None:
        self.crdt: Any = importlib.import_module("loro")

    def _document(self, peer: int) -> Any:
        doc = self.crdt.LoroDoc()
        doc.peer_id = peer
        return doc

    def replay_one(self, patches: list[Patch]) -> Any:
        doc = self._document(1)
        text = doc.get_text("text")
        for position, deleted, inserted in patches:
            if deleted:
                text.delete(position, deleted)
            if inserted:
                text.insert(position, inserted)
        doc.commit()
        return doc

    def replay_each(self, patches: list[Patch]) -> Any:
        doc = self._document(1)
        self._type(doc, patches)
        return doc

    def _type(self, doc: Any, patches: list[Patch]) -> None:
        text = doc.get_text("text")
        for position, deleted, inserted in patches:
            if deleted:
                text.delete(position, deleted)
            if inserted:
                text.insert(position, inserted)
            doc.commit()

    def make_updates(self, patches: list[Patch]) -> tuple[Any, list[bytes]]:
        doc = self._document(1)
        updates: list[bytes] = []

        def listen(update: bytes) -> bool:
            updates.append(update)
            return True

        subscription = doc.subscribe_local_update(listen)
        self._type(doc, patches)
        subscription.unsubscribe()
        return doc, updates

    def apply_updates(self, updates: list[bytes]) -> Any:
        doc = self._document(2)
        for update in updates:
            doc.import_(update)
        return doc

    def encode(self, document: Any) -> bytes:
        everything = self.crdt.ExportMode.Updates(self.crdt.VersionVector())
        stored: bytes = document.export(everything)
        return stored

    def open(self, stored: bytes) -> Any:
        doc = self._document(2)
        doc.import_(stored)
        return doc

    def text(self, document: Any) -> str:
        text: str = document.get_text("text").to_string()
        return text


class LoroSnapshot(Loro):
    name = "loro snapshot"

    def encode(self, document: Any) -> bytes:
        stored: bytes = document.export(self.crdt.ExportMode.Snapshot())
        return stored
