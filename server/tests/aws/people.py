"""Somebody with a document, connected to the emulator's API. No socket between them, and their time is
the emulator's: so nothing happens by itself, and all of it soon."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

from ropewalk import Doc, Text
from ropewalk.text_frames import FrameError
from ropewalk.text_stream import TextStream
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import (
    Ack,
    Awareness,
    Closing,
    Denied,
    Epoch,
    Event,
    Hello,
    Numbered,
    Refusal,
    State,
    Step1,
    Step2,
    Update,
    Welcome,
)

REPEAT_SECONDS = 2.0
PAUSE_SECONDS = 0.5
MAX_MESSAGE = 64 << 20


class Person:
    def __init__(self, emulator, name, *, document="letter", role=None, rng=None, seconds=None):
        self.emulator = emulator
        self.name = name
        self.document = document
        self.role = role
        self.seconds = seconds
        self.doc = Doc()
        self.text = self.doc.get("text", type=Text)
        self.acked = []  # updates that were acknowledged
        self.refused = []
        self.said = []  # all messages of the server
        self.state = "offline"
        self.is_synced = False
        self.closes = []
        self.connection = None
        self.connects = 0
        self.welcome = None
        self.cut_every = 0  # frames that come before the network goes; 0: it stays
        self.cuts_left = 0
        self._frames = 0
        self._rng = rng or random.Random(name)
        self._stream = None
        self._kept = None
        self._number = 0
        self._unsent = []  # updates that were not acknowledged, in their order
        self._sent = {}  # by number
        self._offered = False
        self._remote = False
        self._wants = False
        self._tasks = set()
        self.doc.observe(self._changed)

    # -- what a person does ------------------------------------------------------------------------

    def __str__(self):
        return str(self.text)

    @property
    def unsent(self):
        return len(self._unsent)

    def write(self, text, at=None):
        at = len(self.text) if at is None else at
        self.text.insert(at, text)

    async def connect(self):
        self._wants = True
        await self._connect()
        self._spawn(self._tick())

    async def leave(self):
        self._wants = False
        self._lost()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self):
        """The network goes."""
        connection = self.connection
        self._lost()
        if connection is not None:
            self._spawn(self.emulator.gateway.gone(connection))

    # -- connections -------------------------------------------------------------------------------

    def _spawn(self, work):
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self):
        gateway = self.emulator.gateway
        mine = {}

        def send(text):
            if mine.get("connection") is self.connection is not None:
                self._heard(text)

        def close(code, reason):
            connection = mine.get("connection")
            if connection is None or connection.closed:
                return
            connection.closed = True
            self.closes.append(code)
            self._spawn(gateway.gone(connection, code))
            if connection is self.connection:
                self._lost()

        connection, status, _ = await gateway.connect(
            {"doc": self.document}, {}, "127.0.0.1", send, close
        )
        if connection is None:
            self.closes.append(status)
            return
        mine["connection"] = self.connection = connection
        self.connects += 1
        gateway.opened(connection)
        self._stream = TextStream(
            self._rng.randrange(1, 2**32), kept=self._kept, max_message=MAX_MESSAGE
        )
        self._kept = None
        self._offered = False
        more = {} if self.role is None else {"role": self.role}
        if self.seconds is not None:
            more["seconds"] = self.seconds
        self._say(Hello(token=self.emulator.issuer.token(self.name, **more), epoch=0))

    def _lost(self):
        if self._stream is not None:
            self._kept = self._stream.kept()
        self.connection = self._stream = None
        self.state, self.is_synced, self._offered = "offline", False, False
        self._sent.clear()

    async def _tick(self):
        while True:
            await self.emulator.clock.sleep(REPEAT_SECONDS)
            if self.connection is None:
                if self._wants:
                    with suppress(Exception):
                        await self._connect()
                continue
            if self._stream.waits or self._sent:
                self._stream.repeat()
                self._flush()

    # -- what is said ------------------------------------------------------------------------------

    def _say(self, message):
        self._stream.send(frames.encode(None, message))
        self._flush()

    def _flush(self, *, flush=True):
        connection = self.connection
        for text in self._stream.frames(flush=flush):
            self.emulator.gateway.received(connection, text)

    def _changed(self, event):
        if self._remote:
            return
        self._unsent.append(event.update)
        if self._offered:
            self._send(event.update)

    def _send(self, update, kind=Update):
        self._number += 1
        self._sent[self._number] = update
        self.state = "syncing"
        self._say(Numbered(self._number, kind(update)))

    def send_token(self, token):
        from ropewalk_server.protocol.messages import Renew

        self._say(Renew(token))

    def show(self, update):
        self._say(Awareness(update))

    def tell(self, **fields):
        self._say(Event(fields))

    # -- what is heard -----------------------------------------------------------------------------

    def _heard(self, text):
        self._frames += 1
        if self.cuts_left and self._frames > self.cut_every:
            self.cuts_left -= 1
            self._frames = 0
            self.cut()
            return
        try:
            arrived = self._stream.receive(text)
        except FrameError as error:
            if error.code not in ("damaged", "foreign"):
                raise
            return
        for wanted in arrived.wanted:
            self._stream.resume(wanted, None)
        stream = self._stream
        for content in arrived.messages:
            self._take(frames.decode(content)[1])
            if self._stream is not stream:
                return
        self._flush(flush=bool(arrived.messages))

    def _take(self, said):
        self.said.append(said)
        if isinstance(said, Welcome):
            self.welcome = said.fields
        elif isinstance(said, Step1):
            # What is not durable is offered again, and with it the question for what is new.
            answer = self.doc.get_update(said.state)
            self._offered = True
            self._sent.clear()
            self._number += 1
            self._sent[self._number] = list(self._unsent)
            self._say(Numbered(self._number, Step2(answer)))
            self._say(Step1(self.doc.get_state()))
        elif isinstance(said, Step2 | Update):
            self._remote = True
            try:
                self.doc.apply_update(said.update)
            finally:
                self._remote = False
            if isinstance(said, Step2):
                self.is_synced = True
        elif isinstance(said, Ack):
            self._acknowledged(said.number)
        elif isinstance(said, Refusal):
            self.refused.append(said)
            self._sent.pop(said.number, None)
        elif isinstance(said, State):
            self.state = said.state
        elif isinstance(said, Closing):
            self.closes.append(said.code)
            if said.code == 1001 and self.connection is not None:
                self._move()
        elif isinstance(said, Denied | Epoch):
            return

    def _acknowledged(self, number):
        for sent in [n for n in self._sent if n <= number]:
            update = self._sent.pop(sent)
            for one in update if isinstance(update, list) else [update]:
                if one in self._unsent:
                    self._unsent.remove(one)
                    self.acked.append(one)
        if not self._sent:
            self.state = "synced"

    def _move(self):
        """Another connection before this one ends."""
        old = self.connection
        self._lost()

        async def move():
            await self._connect()
            await self.emulator.gateway.gone(old, 1000)

        self._spawn(move())


async def stored(emulator, document="main/letter"):
    """What the store has of a document: its text, and its log."""
    from ropewalk_server.rooms.snapshots import updates_of
    from ropewalk_server.stores import open_store

    store = open_store(emulator.store_url)
    await store.open()
    history = await store.read(document)
    await store.close()
    doc = Doc()
    for update in updates_of(history):
        doc.apply_update(update)
    return str(doc.get("text", type=Text)), history, doc


async def equal_within(emulator, people, seconds, step=0.25):
    """Lets time pass until all have the same and nothing waits; how long that took."""
    passed = 0.0
    while True:
        texts = {str(person) for person in people}
        if len(texts) == 1 and all(p.is_synced and not p.unsent for p in people):
            return passed
        if passed >= seconds:
            shown = [
                (p.name, p.state, p.is_synced, p.unsent, len(str(p)), p.connection and p.connection.id)
                for p in people
            ]
            recent = "\n".join(f"{s.what} {s.fields}" for s in list(emulator.trace)[-40:])
            raise AssertionError(
                f"not equal after {seconds} s: {shown}\n{recent}\n"
                + "\n".join(list(emulator.log_lines)[-20:])
            )
        await emulator.clock.advance(step)
        passed += step
