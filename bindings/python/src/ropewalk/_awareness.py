"""Who is there and what they show of themselves: names, colours, carets. Nothing of it is part of
the document. The awareness protocol of y-protocols:

    number of entries, each: number client, number clock, string JSON of the state or null

Everybody writes the own state only and counts its clock up; an entry with a greater clock wins, and
of two equal ones the null.
"""

from __future__ import annotations

from ._base import TASK_STATUS_IGNORED
from ._core import DecodeError, _to_json
from ._sync import MAX_NUMBER, Decoder, Encoder, read_message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    from anyio.abc import TaskGroup, TaskStatus

    from ._doc import Doc

# What a peer may make us remember, as in the engine: clients with a state, clients without one
# whose clocks are kept so that old states do not come back, and bytes of one state.
MAX_CLIENTS = 1000
MAX_DEPARTED = 1000
MAX_STATE_BYTES = 64 * 1024
# Lists and objects within each other: what Python can still copy and compare.
MAX_NESTING = 128

# Entries of an update take at least three bytes: client, clock, and the length of the state.
_LEAST_ENTRY = 3


def _is_too_deep(state: Any) -> bool:
    level = [state]
    for _ in range(MAX_NESTING):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
        if not inner:
            return False
        level = inner
    return True


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _decode_state(text: str, client_id: int) -> Any:
    if not text:
        return None
    from json import loads

    try:
        state = loads(text, parse_constant=_no_constant)
    except ValueError as error:
        raise DecodeError(f"the state of client {client_id} is no JSON: {error}") from None
    except RecursionError:
        too_deep = True
    else:
        too_deep = text.count("[") + text.count("{") > MAX_NESTING and _is_too_deep(state)
    if too_deep:
        raise DecodeError(f"the state of client {client_id} is nested deeper than {MAX_NESTING}")
    return state


def _encode_state(state: Any) -> str:
    # What counts as false in JavaScript is sent as null, as browsers do.
    nothing = state is False or (isinstance(state, (int, float, str)) and not state)
    # As JSON.stringify() writes it: others compare.
    return "null" if nothing else _to_json(state)


def _is_same(a: Any, b: Any) -> bool:
    """Equal, but True is not 1: in JavaScript it is not."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_is_same(value, b[key]) for key, value in a.items())
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_is_same, a, b))
    return bool(a == b)


def _decode_update(update: bytes) -> list[tuple[int, int, Any]]:
    """Its entries, (client, clock, state), all of them or DecodeError."""
    decoder = Decoder(update)
    count = decoder.read_var_uint()
    if count > decoder.length // _LEAST_ENTRY:
        raise DecodeError(
            f"{count} clients announced in {decoder.length} bytes; was the message cut?"
        )
    entries = []
    for _ in range(count):
        client_id = decoder.read_var_uint()
        clock = decoder.read_var_uint()
        if decoder.length == 0:
            raise DecodeError(f"the update ends before the state of client {client_id}")
        start = decoder.i0
        text = decoder.read_var_string()
        if decoder.i0 - start > MAX_STATE_BYTES:
            raise DecodeError(
                f"the state of client {client_id} is longer than {MAX_STATE_BYTES} bytes"
            )
        entries.append((client_id, clock, _decode_state(text, client_id)))
    return entries


def _copy(state: Any) -> Any:
    from copy import deepcopy

    return deepcopy(state)


class Awareness:
    """The states of all clients of a document, the own one among them.

    A state is a value of JSON, by custom a dict; None stands for no state. What is handed in and
    what get_local_state() gives are copies, so that a change of either is told when it is set.
    """

    client_id: int
    _meta: dict[int, dict[str, Any]]
    _states: dict[int, Any]
    _subscriptions: dict[str, Callable[[str, tuple[dict[str, Any], Any]], None]]
    _task_group: TaskGroup | None

    def __init__(
        self,
        ydoc: Doc[Any],
        *,
        outdated_timeout: int = 30000,
        timestamp: Callable[[], int] | None = None,
    ) -> None:
        """Starts with the state {}, which others do not see until one is set.

        `outdated_timeout`: milliseconds after which a client that was not heard of is gone.
        `timestamp`: answers the time in milliseconds; the system's clock, if none is given.
        """
        self._ydoc = ydoc
        self._id_of_doc = self.client_id = ydoc.client_id
        self._outdated_timeout = outdated_timeout
        self._meta = {}
        self._states = {}
        self._subscriptions = {}
        self._task_group = None
        self._timestamp = timestamp
        self.set_local_state({})

    @property
    def meta(self) -> dict[int, dict[str, Any]]:
        """client id -> {"clock": ..., "lastUpdated": milliseconds}"""
        return self._meta

    @property
    def states(self) -> dict[int, Any]:
        """client id -> state"""
        return self._states

    # -- the own state -----------------------------------------------------------------------------

    def get_local_state(self) -> Any:
        """A copy of the own state; None: there is none."""
        return _copy(self._states.get(self.client_id))

    def set_local_state(self, state: Any) -> None:
        """Sets the own state and tells it; None takes it away."""
        self._follow_document()
        self._write_local(_copy(state))

    def set_local_state_field(self, field: str, value: Any) -> None:
        """Sets one member of the own state, if there is one."""
        self._follow_document()
        state = self._states.get(self.client_id)
        if state is not None:
            others = state if isinstance(state, dict) else {}
            self._write_local({**others, field: _copy(value)})

    def _write_local(self, state: Any) -> None:
        client_id = self.client_id
        meta = self._meta.get(client_id)
        previous = self._states.get(client_id)
        self._touch(client_id, 0 if meta is None else meta["clock"] + 1)
        own = [client_id]
        if state is None:
            self._states.pop(client_id, None)
            self._tell([], [], [], own, "local")
        else:
            self._states[client_id] = state
            if previous is None:
                self._tell(own, [], [], [], "local")
            else:
                self._tell([], own, [] if _is_same(state, previous) else own, [], "local")

    def _follow_document(self) -> None:
        """The state goes on under the id that the document has drawn anew, if it has."""
        renewed = self._ydoc.client_id
        if renewed == self._id_of_doc:
            return
        old, follows = self.client_id, self.client_id == self._id_of_doc
        self._id_of_doc = renewed
        if not follows:  # somebody has set client_id by hand
            return
        self.client_id = renewed
        state = self._states.pop(old, None)
        meta = self._meta.get(renewed)
        self._touch(renewed, 1 if meta is None else meta["clock"] + 1)  # others ignore clock 0
        if state is not None:
            self._touch(old, self._meta[old]["clock"] + 1)
            known = renewed in self._states
            self._states[renewed] = state
            new = [renewed]
            self._tell(
                [] if known else new, new if known else [], new if known else [], [old], "local"
            )

    # -- everybody's -------------------------------------------------------------------------------

    def remove_awareness_states(self, client_ids: list[int], origin: Any) -> None:
        """Takes states away here, as when a connection ends, and tells it with the origin."""
        removed = []
        for client_id in client_ids:
            if self._states.pop(client_id, None) is not None:
                if client_id == self.client_id:
                    self._touch(client_id, self._meta[client_id]["clock"] + 1)
                removed.append(client_id)
        self._forget_departed()
        self._tell([], [], [], removed, origin)

    def encode_awareness_update(self, client_ids: list[int]) -> bytes:
        """The update that tells others about these clients; KeyError for one never met."""
        encoder = Encoder()
        encoder.write_var_uint(len(client_ids))
        for client_id in client_ids:
            if client_id not in self._meta:
                raise KeyError(client_id)
            encoder.write_var_uint(client_id)
            encoder.write_var_uint(self._meta[client_id]["clock"])
            encoder.write_var_string(_encode_state(self._states.get(client_id)))
        return encoder.to_bytes()

    def apply_awareness_update(self, update: bytes, origin: Any) -> None:
        """Takes over what is newer in the update and tells it with the origin.

        An update that cannot be read whole, or brings more clients than MAX_CLIENTS, is a
        DecodeError and changes nothing.
        """
        entries = _decode_update(update)
        arriving = {client_id for client_id, _, state in entries if state is not None}
        if len(arriving) + len(self._states) > MAX_CLIENTS and (
            len(arriving | self._states.keys()) > MAX_CLIENTS
        ):
            raise DecodeError(f"the update brings more than {MAX_CLIENTS} clients")
        added: list[int] = []
        updated: list[int] = []
        changed: list[int] = []
        removed: list[int] = []
        for client_id, clock, state in entries:
            meta = self._meta.get(client_id)
            previous = self._states.get(client_id)
            known = 0 if meta is None else meta["clock"]
            if clock < known or (clock == known and (state is not None or previous is None)):
                continue
            if state is not None:
                self._states[client_id] = state
                if meta is None:
                    added.append(client_id)
                else:
                    updated.append(client_id)
                    if not _is_same(state, previous):
                        changed.append(client_id)
            elif client_id == self.client_id and previous is not None:
                # Nobody else takes the own state away. It is told all the same, as Yjs does, so that
                # whoever sends what is told sends the state again, with a greater clock.
                clock += 1
                removed.append(client_id)
            else:
                self._states.pop(client_id, None)
                if meta is not None:
                    removed.append(client_id)
                elif len(self._meta) >= len(self._states) + MAX_DEPARTED:
                    continue  # never seen here: it pushes nobody out
            self._touch(client_id, clock)
        self._forget_departed()
        self._tell(added, updated, changed, removed, origin)

    def _forget_departed(self) -> None:
        """Forgets the clocks of those that left first, of more than MAX_DEPARTED."""
        if len(self._meta) <= len(self._states) + MAX_DEPARTED:
            return
        departed = [
            client_id
            for client_id in self._meta
            if client_id not in self._states and client_id != self.client_id
        ]
        departed.sort(key=lambda client_id: self._meta[client_id]["lastUpdated"])
        for client_id in departed[: max(0, len(departed) - MAX_DEPARTED)]:
            del self._meta[client_id]

    def _touch(self, client_id: int, clock: int) -> None:
        # A clock that a peer has driven to the end stays there: it can still be sent.
        clock = min(clock, MAX_NUMBER)
        self._meta[client_id] = {"clock": clock, "lastUpdated": self._get_time()}

    def _get_time(self) -> int:
        if self._timestamp is not None:
            return self._timestamp()
        from time import time

        return int(time() * 1000)

    # -- time --------------------------------------------------------------------------------------

    async def start(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Renews the own state and drops those of clients that are gone, until stop()."""
        if self._task_group is not None:
            raise RuntimeError("Awareness already started")

        from anyio import create_task_group

        async with create_task_group() as task_group:
            self._task_group = task_group
            try:
                task_status.started()
                await self._keep()
            finally:
                if self._task_group is task_group:
                    self._task_group = None

    async def stop(self) -> None:
        """Ends start()."""
        if self._task_group is None:
            raise RuntimeError("Awareness not started")
        self._task_group.cancel_scope.cancel()
        self._task_group = None

    async def _keep(self) -> None:
        from anyio import sleep

        while True:
            await sleep(self._outdated_timeout / 1000 / 10)
            self.tick()

    def tick(self) -> None:
        """Does once what start() does every tenth of `outdated_timeout`, for programs that have a
        timer of their own: renews the own state and drops those of clients that are gone."""
        self._follow_document()
        now = self._get_time()
        own = self._states.get(self.client_id)
        if own is not None and (
            now - self._meta[self.client_id]["lastUpdated"] >= self._outdated_timeout / 2
        ):
            self._write_local(own)
        gone = [
            client_id
            for client_id in self._states
            if client_id != self.client_id
            and now - self._meta[client_id]["lastUpdated"] >= self._outdated_timeout
        ]
        if gone:
            self.remove_awareness_states(gone, "timeout")

    # -- listening ---------------------------------------------------------------------------------

    def observe(self, callback: Callable[[str, tuple[dict[str, Any], Any]], None]) -> str:
        """Calls `callback(topic, (changes, origin))`; unobserve() takes what is returned.

        Of the topics, "change" tells of states that have become different, "update" of all that
        were written, renewals included: what has to be sent on. Changes are
        {"added": ids, "updated": ids, "removed": ids}; the origin is "local", "timeout", or what
        was passed to the method that made them.
        """
        from uuid import uuid4

        name = str(uuid4())
        self._subscriptions[name] = callback
        return name

    def unobserve(self, id: str) -> None:
        """Ends the subscription that observe() has returned."""
        del self._subscriptions[id]

    def _tell(
        self,
        added: list[int],
        updated: list[int],
        changed: list[int],
        removed: list[int],
        origin: Any,
    ) -> None:
        """Everybody is told before what an observer has raised goes to the caller.

        `changed` are those of `updated` that have become different.
        """
        errors: list[Exception] = []
        if added or changed or removed:
            self._emit("change", added, changed, removed, origin, errors)
        if added or updated or removed:
            self._emit("update", added, updated, removed, origin, errors)
        if len(errors) > 1:
            import sys

            if sys.version_info < (3, 11):
                from exceptiongroup import ExceptionGroup as Group
            else:
                from builtins import ExceptionGroup as Group

            raise Group("observers of an awareness", errors)
        if errors:
            raise errors[0]

    def _emit(
        self,
        topic: Literal["change", "update"],
        added: list[int],
        updated: list[int],
        removed: list[int],
        origin: Any,
        errors: list[Exception],
    ) -> None:
        for name, callback in list(self._subscriptions.items()):
            if name not in self._subscriptions:  # an earlier one has ended it
                continue
            changes = {"added": [*added], "updated": [*updated], "removed": [*removed]}
            try:
                callback(topic, (changes, origin))
            except Exception as error:
                errors.append(error)


def is_awareness_disconnect_message(message: bytes) -> bool:
    """Whether the message, without its first byte, says that one client, and no other, is gone."""
    decoder = Decoder(read_message(message))
    if decoder.read_var_uint() != 1:
        return False
    for _ in ("client", "clock"):
        decoder.read_var_uint()
    return decoder.read_var_string() == "null"
