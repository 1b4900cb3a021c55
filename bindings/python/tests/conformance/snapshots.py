"""The steps that make and look at snapshots: snapshot, snapshot.*"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ropewalk
from ropewalk import Snapshot

from .compare import Difference, compare
from .content import from_delta, read
from .fixtures import Case, Json
from .replica import READER, Replica
from .states import compare_state
from .values import base64, blob, from_id_set, from_state, plain

if TYPE_CHECKING:
    from .script import Script


class SnapshotSteps:
    def __init__(self, script: Script) -> None:
        self._script = script
        self._kept: dict[str, Snapshot] = {}

    def run(self, step: Case, expect: Case) -> None:
        _, _, name = step["do"].partition(".")
        getattr(self, f"_{name or 'make'}")(step, expect)

    def _make(self, step: Case, expect: Case) -> None:
        script = self._script
        made = Snapshot.from_doc(script.replicas[step["doc"]].doc)
        v1, v2 = made.encode(), made.encode_v2()
        script.check("v1", expect["v1"], base64(v1))
        script.check("v2", expect["v2"], base64(v2))
        script.check("sv", expect["sv"], from_state(made.state))
        script.check("ds", expect["ds"], from_id_set(made.deletions))
        for read_again in (Snapshot.decode(v1), Snapshot.decode_v2(v2)):
            script.check("our own bytes", True, read_again == made)
        self._kept[step["id"]] = made

    def _equal(self, step: Case, expect: Case) -> None:
        equal = self._kept[step["a"]] == self._kept[step["b"]]
        self._script.check("equal", expect["equal"], equal)

    def _contains(self, step: Case, expect: Case) -> None:
        contains = self._kept[step["id"]].contains_update(blob(step["update"]))
        self._script.check("contains", expect["contains"], contains)

    def _restore(self, step: Case, expect: Case) -> None:
        replica, snapshot = self._script.replicas[step["doc"]], self._kept[step["id"]]
        if expect.get("error"):
            try:
                ropewalk.Doc.from_snapshot(snapshot, replica.doc)
            except ValueError:
                return
            self._script.found.append(Difference("", "an error", "none"))
            return
        compare_state(" .state", expect["state"], self._restored(replica, snapshot),
                      self._script.found)  # fmt: skip

    def _restored(self, replica: Replica, snapshot: Snapshot) -> Replica:
        doc = ropewalk.Doc.from_snapshot(snapshot, replica.doc)
        copy = Replica(READER - 1, True)
        copy.apply(doc.get_update())
        # Not before: a root that has its type is tidied up after remote changes.
        for root, kind in self._script.case["roots"].items():
            copy.define(root, kind)
        return copy

    def _view(self, step: Case, expect: Case) -> None:
        text = self._script.replicas[step["doc"]].find(step["path"])
        older = self._kept[step["prev"]] if "prev" in step else None
        delta = self._kept[step["id"]].to_delta(text, older)
        self._script.check("delta", expect["delta"], from_delta(delta))

    def _attributes(self, step: Case, expect: Case) -> None:
        script, snapshot = self._script, self._kept[step["id"]]
        replica = script.replicas[step["doc"]]
        got = entries_of(replica, snapshot, step)
        if compare(plain({"attrs": expect["attrs"]}), plain(got)) is None:
            return
        # Then they must be those of a document restored from the snapshot.
        script.deviations.add("snapshot.attributes")
        restored = entries_of(self._restored(replica, snapshot), snapshot, step)
        script.check("attrs", restored, got)


def entries_of(replica: Replica, snapshot: Snapshot, step: Case) -> Json:
    entries = snapshot.entries(replica.find(step["path"]))
    return {"attrs": [[key, read(value)] for key, value in entries.items()]}


def decode_snapshot(args: Case) -> Json:
    decode = Snapshot.decode_v2 if args.get("format", "v1") == "v2" else Snapshot.decode
    snapshot = decode(blob(args["bytes"]))
    return {"sv": from_state(snapshot.state), "ds": from_id_set(snapshot.deletions)}
