"""Numbered updates of several writers, and snapshots that say how far each writer has come."""

from __future__ import annotations

import json

from ropewalk_server.stores.contract import History

WRITERS = 8
DOCUMENTS = ("tenant/one", "tenant/two", "tenant/three")


def document_of(writer: int) -> str:
    return DOCUMENTS[writer % len(DOCUMENTS)]


def update_of(writer: int, number: int) -> bytes:
    return f"{writer} {number}".encode()


def snapshot_of(state: dict[int, int]) -> bytes:
    return json.dumps(state).encode()


def state_of(history: History) -> dict[int, int]:
    """The last number of each writer. AssertionError where one is missing or comes twice: what was
    stored must be a prefix of what each has written."""
    assert not history.damaged, history.damaged
    state: dict[int, int] = {}
    if history.snapshot is not None:
        state = {int(w): n for w, n in json.loads(history.snapshot.data).items()}
    for entry in history.entries:
        writer, number = map(int, entry.update.split())
        assert number == state.get(writer, 0) + 1, (
            f"{entry.version}: writer {writer} is at {state.get(writer, 0)}, and next is {number}"
        )
        state[writer] = number
    return state
