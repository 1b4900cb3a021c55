"""What is shown of people who are in the same room of another process.

Each process sends the states of its own members when they change, and all of them when another
opens the room. Messages may be lost, late or twice: clocks decide, and a state of which nothing was
heard any more ends as all do (presence.py, A2), so a process that dies takes its people with it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .ports import Fleet

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """What one client shows of itself; "null": it has gone."""

    client: int
    clock: int
    state: bytes
    user: str


class Abroad:
    """The room of one document in all other processes."""

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        heard: Callable[[str, Sequence[Shown]], None],
        asked: Callable[[], None],
    ) -> None:
        """`heard` is called with a process and what it shows, `asked` when one wants to know all."""
        self._topic = "presence:" + hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
        self._fleet = fleet
        self._heard = heard
        self._asked = asked
        fleet.on(self._topic, self._receive)
        self._send({"ask": True})

    def show(self, shown: Sequence[Shown]) -> None:
        """Of members of this process."""
        if shown:
            states = [[one.client, one.clock, one.state.decode(), one.user] for one in shown]
            self._send({"states": states})

    def close(self) -> None:
        self._fleet.off(self._topic, self._receive)

    def _send(self, message: dict[str, object]) -> None:
        self._fleet.send(self._topic, json.dumps({"from": self._fleet.process, **message}).encode())

    def _receive(self, message: bytes) -> None:
        try:
            said = json.loads(message)
            process = str(said["from"])
            shown = [
                Shown(int(client), int(clock), str(state).encode(), str(user))
                for client, clock, state, user in said.get("states", ())
            ]
        except (ValueError, KeyError, TypeError) as error:
            logger.warning("another process says what this one does not understand: %s", error)
            return
        if process == self._fleet.process:
            return
        if said.get("ask"):
            self._asked()
        if shown:
            self._heard(process, shown)
