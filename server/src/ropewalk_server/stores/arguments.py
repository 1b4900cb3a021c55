"""What is checked of arguments before anything is stored: alike for every store."""

from __future__ import annotations

from collections.abc import Sequence

from ropewalk_server.stores.contract import MAX_NAME, MAX_RECORD


def check_name(doc: str) -> bytes:
    """The name in UTF-8."""
    if not doc:
        raise ValueError("the name of a document must not be empty")
    try:
        name = doc.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"the name of a document holds half a character: {doc!r}") from error
    if len(name) > MAX_NAME:
        raise ValueError(f"the name of a document has {len(name)} bytes; the limit is {MAX_NAME}")
    return name


def check_bytes(what: str, data: bytes) -> None:
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"{what} must be bytes, not {type(data).__name__}")
    if not data:
        raise ValueError(f"{what} must not be empty")
    if len(data) > MAX_RECORD:
        raise ValueError(f"{what} has {len(data)} bytes; the limit is {MAX_RECORD}")


def check_seal(snapshot: bytes, state: bytes, map: bytes | None) -> None:
    check_bytes("a snapshot", snapshot)
    check_bytes("a state vector", state)
    if map is not None:
        check_bytes("a map", map)


def check_updates(updates: Sequence[bytes]) -> None:
    if not updates:
        raise ValueError("append needs at least one update")
    for update in updates:
        check_bytes("an update", update)


def check_page(limit: int) -> None:
    if limit < 1:
        raise ValueError(f"a page of {limit} documents; it must be at least 1")
