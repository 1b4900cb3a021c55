"""The steps of messages and awareness: msg.*, aw.*, clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ropewalk
from ropewalk import Awareness

from .compare import Difference
from .fixtures import Case, Json
from .replica import Replica
from .updates import Update, compare_updates
from .values import base64, blob, from_python, to_python, whole

if TYPE_CHECKING:
    from .script import Script

SYNC = bytes((ropewalk.YMessageType.SYNC,))


class Present:
    """An awareness and what it has told."""

    def __init__(self, doc: ropewalk.Doc[Any], clock: Any) -> None:
        self.awareness = Awareness(doc, timestamp=clock)
        self._log: list[Json] = []
        self.awareness.observe(self._hear)

    def _hear(self, topic: str, told: tuple[dict[str, Any], Any]) -> None:
        changes, origin = told
        self._log.append({"event": topic, **changes, "origin": origin})

    def show(self) -> Json:
        """What it shows, and what it has told since the last time."""
        log, self._log = self._log, []
        states, meta = self.awareness.states, self.awareness.meta
        return {
            "log": log,
            "states": [[client, from_python(states[client])] for client in sorted(states)],
            "clocks": [[client, meta[client]["clock"]] for client in sorted(meta)],
        }


class ProtocolSteps:
    def __init__(self, script: Script) -> None:
        self._script = script
        self._messages: dict[str, bytes] = {}
        self._present: dict[str, Present] = {}

    def run(self, step: Case, expect: Case) -> None:
        name = step["do"]
        if name == "msg.read":
            self._read_message(step, expect)
        elif name.startswith("msg."):
            self._write_message(step, expect)
        elif name == "clock":
            self._pass_time(step, expect)
        else:
            self._act(step, expect)

    def _keep(self, step: Case, recorded: str | None, own: bytes) -> None:
        if "id" in step:
            use_own = recorded is None or self._script.own_bytes
            self._messages[step["id"]] = own if use_own else blob(recorded or "")

    def _message(self, step: Case, id: str, data: str) -> bytes:
        return blob(step[data]) if data in step else self._messages[step[id]]

    # -- sync: the package's messages begin with a byte that says so -------------------------------

    def _write_message(self, step: Case, expect: Case) -> None:
        doc = self._script.replicas[step["doc"]].doc
        asks = step["do"] == "msg.step1"
        if asks:
            message = ropewalk.create_sync_message(doc)
        else:
            message = ropewalk.create_update_message(self._script.updates_of(step["of"])[0])
        message = message.removeprefix(SYNC)
        # Our own update within it may be shorter than that of Yjs.
        if asks or not self._script.own_bytes:
            self._script.check("bytes", expect["bytes"], base64(message))
        self._keep(step, expect.get("bytes"), message)

    def _read_message(self, step: Case, expect: Case) -> None:
        script, replica = self._script, self._script.replicas[step["doc"]]
        before = replica.update(v2=True)
        message = self._message(step, "msg", "message")
        reply, error = None, None
        try:
            reply = ropewalk.handle_sync_message(message, replica.doc)
        except ValueError as refused:
            error = refused
            if replica.update(v2=True) != before:
                script.found.append(Difference("", "no change", "another state"))
        refused_update = error is not None and is_good_message(message)
        script.check("error", expect.get("error", False), error is not None and not refused_update)
        if expect.get("error"):
            return
        script.check("type", expect["type"], message[0])
        script.check("applyFailed", expect.get("applyFailed", False), refused_update)
        script.check("reply", "reply" in expect, reply is not None)
        if reply is not None and "reply" in expect:
            self._compare_replies(replica, blob(expect["reply"]), reply.removeprefix(SYNC))
            self._keep(step, expect["reply"], reply.removeprefix(SYNC))
        script.compare_told(replica, before, expect)

    def _compare_replies(self, replica: Replica, expected: bytes, got: bytes) -> None:
        self._script.check("reply type", expected[0], got[0])
        theirs, ours = (Update(ropewalk.read_message(reply[1:])) for reply in (expected, got))
        compare_updates(" reply", b"", replica.collect, theirs, ours, self._script.found)

    # -- awareness ---------------------------------------------------------------------------------

    def _act(self, step: Case, expect: Case) -> None:
        name = step["do"]
        if name == "aw.new":
            doc = self._script.replicas[step["doc"]].doc
            self._present[step["aw"]] = Present(doc, self._script.clock)
        present = self._present[step["aw"]]
        awareness = present.awareness
        if name == "aw.set":
            awareness.set_local_state(to_python(step["state"]))
        elif name == "aw.setField":
            awareness.set_local_state_field(whole(step["field"]), to_python(step["value"]))
        elif name == "aw.remove":
            awareness.remove_awareness_states(step["clients"], step.get("origin", "remove"))
        elif name == "aw.encode":
            update = awareness.encode_awareness_update(step["clients"])
            self._script.check("bytes", expect["bytes"], base64(update))
            self._keep(step, expect.get("bytes"), update)
        elif name == "aw.apply":
            update = self._message(step, "id", "update")
            awareness.apply_awareness_update(update, step.get("origin", "remote"))
        elif name != "aw.new":
            raise LookupError(f"unknown step {name}")
        shown = present.show()
        for part in ("log", "states", "clocks"):
            self._script.check(part, expect[part], shown[part])

    def _pass_time(self, step: Case, expect: Case) -> None:
        for name, present in self._present.items():
            if step.get("tick"):
                present.awareness.tick()
            if name in expect:
                self._script.check(name, expect[name], present.show())


def is_good_message(message: bytes) -> bool:
    """Whether it is the update in it that was refused, and not the message."""
    try:
        ropewalk.read_message(message[1:])
    except ValueError:
        return False
    return message[0] in (ropewalk.YSyncMessageType.SYNC_STEP2,
                          ropewalk.YSyncMessageType.SYNC_UPDATE)  # fmt: skip


# -- calls ---------------------------------------------------------------------------------------


def auth_denied(args: Case) -> Json:
    return base64(ropewalk.create_permission_denied_message(whole(args["reason"])))


def read_auth(args: Case) -> Json:
    return {"denied": ropewalk.read_permission_denied_message(blob(args["message"]))}
