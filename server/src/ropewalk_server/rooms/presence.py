"""Who is in a room and what they show of themselves, as the server keeps it.

A1  a member speaks for one client id, which nobody else who is here speaks for; whatever it says
    of other ids is ignored (stock clients repeat what they hear, and their timeouts)
A2  a state goes when its member goes, or when nothing was heard of it for awareness_seconds
A3  nothing is kept of a client that has no state
A4  changes are told to all at once, at most once in awareness_interval
A5  who is in the room of another process is shown like everybody (abroad.py)
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ropewalk import write_message, write_var_uint

from ..errors import Close, CloseCode
from ..protocol.codec import Unreadable
from ..protocol.frames import read_bytes, read_number
from ..protocol.messages import Awareness
from .abroad import Abroad, Shown
from .deadlines import Deadline
from .member import Member
from .ports import Surroundings

# Lists and objects within each other: what a browser can copy without a thought.
_MAX_NESTING = 128
_NOTHING = b"null"


@dataclass(slots=True)
class Presence:
    """One client of the document."""

    clock: int
    state: bytes  # JSON, as it came
    member: Member | None  # None: in another process
    heard: float
    user: str
    process: str = ""  # the other one


def read_entries(update: bytes, limit: int) -> list[tuple[int, int, bytes]]:
    """The entries of an awareness update: client, clock, state as JSON."""
    count, at = read_number(update, 0)
    if count * 3 > len(update):
        raise Unreadable(f"{count} clients announced in {len(update)} bytes; was it cut?")
    entries = []
    for _ in range(count):
        client, at = read_number(update, at)
        clock, at = read_number(update, at)
        state, at = read_bytes(update, at)
        if len(state) > limit:
            raise Close(
                CloseCode.TOO_LARGE,
                f"an awareness state of {len(state)} bytes; {limit} are allowed (awareness_bytes)",
            )
        entries.append((client, clock, state))
    return entries


def write_entries(entries: list[tuple[int, int, bytes]]) -> bytes:
    """The awareness update with these entries."""
    parts = [write_var_uint(len(entries))]
    for client, clock, state in entries:
        parts += (write_var_uint(client), write_var_uint(clock), write_message(state))
    return b"".join(parts)


class Presences:
    """All of a room."""

    def __init__(
        self, name: str, around: Surroundings, tell: Callable[[Awareness], None]
    ) -> None:
        self._name = name
        self._around = around
        self._tell = tell
        self._clients: dict[int, Presence] = {}
        # Clocks of what is to be told, with those that have just gone.
        self._changed: dict[int, int] = {}
        self._flush_timer: asyncio.TimerHandle | None = None
        self._flushed = float("-inf")
        self._expiry: Deadline | None = None
        # Users of those of `_changed` whom other processes are to be told of.
        self._to_show: dict[int, str] = {}
        self._abroad: Abroad | None = None
        if around.fleet is not None:
            self._abroad = Abroad(name, around.fleet, self._heard, self._show_all)

    def __len__(self) -> int:
        return len(self._clients)

    def __contains__(self, client: int) -> bool:
        return client in self._clients

    def apply(self, update: bytes, member: Member) -> None:
        """What a member says. Unreadable or Close, and nothing has changed."""
        limits = self._around.limits
        entries = read_entries(update, limits.awareness_bytes)
        spoken = []
        ignored = 0
        for client, clock, state in entries:
            if state == _NOTHING or not state:
                spoken.append((client, clock, _NOTHING))
            elif self._may_speak_for(member, client) and _names_nobody_else(
                _parse_state(client, state), member
            ):
                spoken.append((client, clock, state))
            else:
                ignored += 1
        # First who goes: a client that has drawn another id leaves the old one behind.
        spoken.sort(key=lambda entry: entry[2] is not _NOTHING)
        for client, clock, state in spoken:
            if state is _NOTHING:
                if member.awareness_client == client:
                    self._remove(client, clock)
                else:
                    ignored += 1
            elif not self._set(client, clock, state, member):
                ignored += 1
        if ignored:
            self._around.metrics.count("awareness_ignored", ignored)
        self._schedule()

    def leave(self, member: Member) -> None:
        """A member has gone, and its state with it."""
        client = member.awareness_client
        if client is not None:
            self._remove(client, self._clients[client].clock)
            self._schedule()

    def restore(
        self, client: int, clock: int, state: bytes, *, user: str, process: str, age: float = 0.0
    ) -> None:
        """Somebody who is there, as another process has kept it; heard of `age` seconds ago."""
        heard = asyncio.get_running_loop().time() - age
        self._clients[client] = Presence(clock, state, None, heard, user, process)

    def claim(self, client: int, member: Member) -> None:
        """What was restored of this client is this member's."""
        if client in self._clients:
            known = self._clients[client]
            known.member, known.process = member, ""
            member.awareness_client = client

    def shown(self, member: Member) -> tuple[int, int, bytes] | None:
        """What a member shows: client, clock, state."""
        client = member.awareness_client
        if client is None:
            return None
        known = self._clients[client]
        return client, known.clock, known.state

    def everybody(self) -> Awareness | None:
        """All states, for somebody who has just come."""
        if not self._clients:
            return None
        return Awareness(
            write_entries([(client, p.clock, p.state) for client, p in self._clients.items()])
        )

    def close(self) -> None:
        """Nothing is told any more. Elsewhere nobody is here now."""
        if self._abroad is not None:
            self._abroad.show(
                [
                    Shown(client, p.clock, _NOTHING, p.user)
                    for client, p in self._clients.items()
                    if p.member is not None
                ]
            )
            self._abroad.close()
        if self._flush_timer is not None:
            self._flush_timer.cancel()
        if self._expiry is not None:
            self._expiry.cancel()

    # -- states ------------------------------------------------------------------------------------

    def _may_speak_for(self, member: Member, client: int) -> bool:
        known = self._clients.get(client)
        if known is None or known.member is member:
            return True
        # The same person after a connection that nobody has noticed to be dead, or elsewhere.
        if known.member is None:
            return known.user == member.identity.user
        return known.member.is_same_person(member)

    def _set(self, client: int, clock: int, state: bytes, member: Member) -> bool:
        if member.awareness_client not in (None, client):
            return False
        known = self._clients.get(client)
        now = asyncio.get_running_loop().time()
        if known is None:
            if len(self._clients) >= self._around.limits.awareness_clients:
                return False
            self._clients[client] = Presence(clock, state, member, now, member.identity.user)
        else:
            if known.member is not member:
                if known.member is not None:
                    known.member.awareness_client = None
                known.member, known.process = member, ""
                known.user = member.identity.user
                member.awareness_client = client
            if clock <= known.clock:
                return True
            known.clock, known.state, known.heard = clock, state, now
        member.awareness_client = client
        self._changed[client] = clock
        self._to_show[client] = member.identity.user
        self._around.attendance.shown(self._name, member, state)
        if self._expiry is None:
            self._expire_later(self._around.limits.awareness_seconds)
        return True

    def _remove(self, client: int, clock: int) -> None:
        known = self._clients.pop(client)
        if known.member is not None:
            known.member.awareness_client = None
            self._to_show[client] = known.user
        self._changed[client] = max(clock, known.clock)

    def _expire_later(self, seconds: float) -> None:
        self._expiry = self._around.deadlines.after(seconds, self._expire)

    def _expire(self) -> None:
        self._expiry = None
        now = asyncio.get_running_loop().time()
        lifetime = self._around.limits.awareness_seconds
        oldest = now
        for client, presence in list(self._clients.items()):
            if now - presence.heard >= lifetime:
                self._remove(client, presence.clock)
            else:
                oldest = min(oldest, presence.heard)
        if self._clients:
            self._expire_later(max(oldest + lifetime - now, 0.01))
        self._schedule()

    # -- other processes ---------------------------------------------------------------------------

    def _show_all(self) -> None:
        """Somebody else has opened the room, and wants to know who is here."""
        if self._abroad is not None:
            self._abroad.show(
                [
                    Shown(client, p.clock, p.state, p.user)
                    for client, p in self._clients.items()
                    if p.member is not None
                ]
            )

    def _heard(self, process: str, shown: Sequence[Shown]) -> None:
        """What another process shows of its members."""
        now = asyncio.get_running_loop().time()
        for one in shown:
            known = self._clients.get(one.client)
            if one.state == _NOTHING:
                if known is not None and known.process == process and one.clock >= known.clock:
                    self._remove(one.client, one.clock)
            elif known is None:
                if len(self._clients) < self._around.limits.awareness_clients:
                    here = Presence(one.clock, one.state, None, now, one.user, process)
                    self._clients[one.client] = here
                    self._changed[one.client] = one.clock
            elif one.clock > known.clock and (known.member is None or known.user == one.user):
                # Also of a client that was here, and has connected to the other process since.
                if known.member is not None:
                    known.member.awareness_client = None
                known.member, known.process, known.user = None, process, one.user
                known.clock, known.state, known.heard = one.clock, one.state, now
                self._changed[one.client] = one.clock
            elif known.process == process:
                known.heard = now
        if self._clients and self._expiry is None:
            self._expire_later(self._around.limits.awareness_seconds)
        self._schedule()

    # -- telling -----------------------------------------------------------------------------------

    def _schedule(self) -> None:
        if not self._changed or self._flush_timer is not None:
            return
        loop = asyncio.get_running_loop()
        wait = self._flushed + self._around.limits.awareness_interval - loop.time()
        if wait <= 0:
            self._flush()
        else:
            self._flush_timer = loop.call_later(wait, self._flush)

    def _flush(self) -> None:
        self._flush_timer = None
        self._flushed = asyncio.get_running_loop().time()
        entries = []
        for client, clock in self._changed.items():
            known = self._clients.get(client)
            entries.append((client, clock, _NOTHING if known is None else known.state))
        if self._abroad is not None:
            self._abroad.show(
                [
                    Shown(client, clock, state, self._to_show[client])
                    for client, clock, state in entries
                    if client in self._to_show
                ]
            )
        self._changed.clear()
        self._to_show.clear()
        if entries:
            self._tell(Awareness(write_entries(entries)))


def _parse_state(client: int, state: bytes) -> Any:
    """It goes to browsers, which throw at what is no JSON, and copy it without counting."""
    try:
        value = json.loads(state.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Unreadable(f"the awareness state of client {client} is no JSON") from None
    if state.count(b"[") + state.count(b"{") > _MAX_NESTING and _is_too_deep(value):
        raise Unreadable(f"the awareness state of client {client} is nested too deeply")
    return value


def _names_nobody_else(state: Any, member: Member) -> bool:
    """Where a state says which user it is of, that has to be the one who sends it."""
    user = state.get("user") if isinstance(state, dict) else None
    named = user.get("id") if isinstance(user, dict) else None
    return named is None or str(named) == member.identity.user


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_MAX_NESTING):
        inner: list[Any] = []
        for part in level:
            if isinstance(part, dict):
                inner.extend(part.values())
            elif isinstance(part, list):
                inner.extend(part)
        if not inner:
            return False
        level = inner
    return True
