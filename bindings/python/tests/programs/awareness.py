"""Who is here: cursors and names that come, change, leave and time out."""

from __future__ import annotations

from typing import Any

import anyio

from .transcript import Transcript

OUTDATED_MS = 400


class Person:
    """Somebody in the room: says what changes and hears of the others."""

    def __init__(self, crdt: Any, client_id: int, log: Transcript) -> None:
        self.crdt, self.log = crdt, log
        self.awareness = crdt.Awareness(crdt.Doc(client_id=client_id), outdated_timeout=OUTDATED_MS)
        self.peers: list[Person] = []
        self.id = self.awareness.client_id
        self.subscription = self.awareness.observe(self.hear)
        self.online = True
        self.quiet = False

    def hear(self, topic: str, change: tuple[dict[str, Any], Any]) -> None:
        changes, origin = change
        if self.quiet:
            return
        self.log.say(f"{self.id} {topic} from {origin}", changes)
        if topic == "update" and origin == "local":
            self.tell(sorted(changes["added"] + changes["updated"] + changes["removed"]))

    def tell(self, client_ids: list[int]) -> None:
        update = self.awareness.encode_awareness_update(client_ids)
        message = self.crdt.create_awareness_message(update)
        for peer in self.peers:
            if self.online and peer.online:
                peer.receive(message, self)

    def receive(self, message: bytes, sender: Person) -> None:
        assert message[0] == self.crdt.YMessageType.AWARENESS
        leaves = self.crdt.is_awareness_disconnect_message(message[1:])
        self.log.say(f"{self.id} hears {sender.id}{' leave' if leaves else ''}")
        update = self.crdt.read_message(message[1:])
        self.awareness.apply_awareness_update(update, f"peer {sender.id}")

    def clocks(self) -> dict[str, int]:
        return {str(i): meta["clock"] for i, meta in self.awareness.meta.items()}


async def expire(crdt: Any, log: Transcript) -> None:
    """One who says nothing is gone after a while; one who runs `start` renews itself."""
    awake, asleep = Person(crdt, 11, log), Person(crdt, 12, log)
    asleep.awareness.set_local_state({"name": "Zoë"})
    awake.quiet = True
    changes: list[tuple[str, Any, Any]] = []

    def record(topic: str, change: tuple[dict[str, Any], Any]) -> None:
        if topic == "change":
            changes.append((topic, change[0], change[1]))

    awake.awareness.observe(record)
    update = asleep.awareness.encode_awareness_update([12])
    awake.awareness.apply_awareness_update(update, "net")
    log.say("here", sorted(awake.awareness.states))
    before = awake.clocks()["11"]
    async with anyio.create_task_group() as tasks:
        await tasks.start(awake.awareness.start)
        try:
            await awake.awareness.start()
        except RuntimeError:
            log.say("started only once")
        with anyio.fail_after(20 * OUTDATED_MS / 1000):
            while 12 in awake.awareness.states:
                await anyio.sleep(OUTDATED_MS / 100_000)
        await awake.awareness.stop()
    log.say("left", sorted(awake.awareness.states))
    log.say("renewed", awake.clocks()["11"] > before)
    log.say("changes", changes)
    try:
        await awake.awareness.stop()
    except RuntimeError:
        log.say("stopped only once")


async def main(crdt: Any) -> list[str]:
    log = Transcript()
    ada, ben, cyd = (Person(crdt, i, log) for i in (1, 2, 3))
    for person in (ada, ben, cyd):
        person.peers = [p for p in (ada, ben, cyd) if p is not person]
    log.say("at first", ada.awareness.get_local_state())

    ada.awareness.set_local_state({"user": {"name": "Ada", "color": "#30bced"}})
    ben.awareness.set_local_state({"user": {"name": "Bén 🙂", "color": "#6eeb83"}})
    ada.awareness.set_local_state_field("cursor", {"anchor": 3, "head": 8})
    ada.awareness.set_local_state_field("cursor", {"anchor": 3, "head": 8})
    log.say("ben knows", ben.awareness.states)
    log.say("clocks of ben", ben.clocks())

    # A late one asks for everybody.
    everybody = ben.awareness.encode_awareness_update(sorted(ben.awareness.states))
    late = Person(crdt, 4, log)
    late.awareness.apply_awareness_update(everybody, "join")
    log.say("late one knows", late.awareness.states)
    late.awareness.apply_awareness_update(everybody, "again")
    log.say("clocks of the late one", late.clocks())

    # Old news changes nothing, and nobody is removed by others' word.
    old = ada.awareness.encode_awareness_update([1])
    ada.awareness.set_local_state_field("typing", True)
    ben.awareness.apply_awareness_update(old, "old")
    log.say("still typing", ben.awareness.states[1])
    ben.awareness.remove_awareness_states([1, 77], "kicked")
    log.say("ben removed ada", sorted(ben.awareness.states))
    ada.awareness.set_local_state_field("typing", False)
    log.say("ada is back", sorted(ben.awareness.states))

    # Leaving.
    cyd.awareness.set_local_state({"user": {"name": "Cyd"}})
    cyd.awareness.set_local_state(None)
    log.say("cyd", cyd.awareness.get_local_state())
    cyd.awareness.set_local_state_field("ignored", 1)
    log.say("after cyd", sorted(ada.awareness.states))
    cyd.awareness.set_local_state({"user": {"name": "Cyd"}})
    log.say("cyd again", sorted(ada.awareness.states))

    # What somebody else says of one's own absence is answered with a newer clock.
    encoder = crdt.Encoder()
    for number in (1, 1, ada.clocks()["1"] + 1):
        encoder.write_var_uint(number)
    encoder.write_var_string("null")
    ada.awareness.apply_awareness_update(encoder.to_bytes(), "rumour")
    log.say("ada stays", ada.awareness.get_local_state())
    log.say("clocks of ada", ada.clocks())

    ada.awareness.unobserve(ada.subscription)
    ada.awareness.set_local_state_field("typing", True)
    log.say("unheard", ben.awareness.states[1])
    await expire(crdt, log)
    return log.lines
