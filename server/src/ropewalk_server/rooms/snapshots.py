"""What a snapshot is: a container. Servers that knew none wrote updates in format V1; those are
read as well, and are containers after the next compaction."""

from __future__ import annotations

from collections.abc import Sequence

from ropewalk import Container, get_update, is_container

from ..stores.contract import History


def as_update(snapshot: bytes) -> bytes:
    """All of it as one update. ValueError: it is neither."""
    return Container(snapshot).to_update() if is_container(snapshot) else snapshot


def updates_of(history: History) -> list[bytes]:
    """All that was read, in order. ValueError: the snapshot is no document."""
    updates = [entry.update for entry in history.entries]
    return updates if history.snapshot is None else [as_update(history.snapshot.data), *updates]


def size_of(history: History) -> int:
    """Bytes of all that was read."""
    size = sum(len(entry.update) for entry in history.entries)
    return size if history.snapshot is None else size + len(history.snapshot.data)


def news_of(history: History, state: bytes) -> list[bytes]:
    """The same for somebody in this state. ValueError as above."""
    updates = [entry.update for entry in history.entries]
    if history.snapshot is None:
        return updates
    data = history.snapshot.data
    if is_container(data):
        return [Container(data).get_update(state), *updates]
    return [get_update(data, state), *updates]


def put_together(parts: Sequence[bytes]) -> bytes:
    """A snapshot of containers and updates. What is deleted is forgotten as Yjs forgets it, and
    what deleted types held; its ids stay, so that whoever still names them finds them."""
    return Container.pack(*parts)
