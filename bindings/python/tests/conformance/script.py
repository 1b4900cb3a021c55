"""Scripts: cases with steps (README of the fixtures, section 2), replayed twice. Once with the
bytes that Yjs wrote delivered to our documents, once with our own."""

from __future__ import annotations

from typing import Any

from .compare import Difference, compare
from .events import compare_events
from .fixtures import Case, Json
from .ops import OpFailed
from .positions import PositionSteps
from .protocols import ProtocolSteps
from .replica import READER, Replica, Told
from .snapshots import SnapshotSteps
from .states import Alike, compare_state, with_broken_pairs, with_joined_inserts
from .undo import UndoSteps
from .updates import Found, Update, compare_updates
from .values import blob, plain, whole

# What follows a difference differs, too.
SHOWN_DIFFERENCES = 4
START_OF_TIME = 1_700_000_000_000


class Clock:
    """Milliseconds. It stands still until a step moves it."""

    def __init__(self) -> None:
        self.now = START_OF_TIME

    def __call__(self) -> int:
        return self.now


class Script:
    def __init__(self, case: Case, own_bytes: bool) -> None:
        self.case = case
        self.own_bytes = own_bytes
        self.clock = Clock()
        self.deviations: set[str] = set()
        self.found: Found = []
        self.told: dict[int, list[Told]] = {}
        self.breaks_pairs = breaks_pairs_silently(case)
        self.halves = makes_halves(case)
        self.looked = False  # Yjs has deleted marks by looking at an event
        self.compare_bytes = not (
            "deltaSideEffect" in case or "markersMatter" in case or self.breaks_pairs or self.halves
        )
        if self.breaks_pairs:
            self.deviations.add("text.pairs")
        if self.halves:
            self.deviations.add("text.halves")
        self.replicas = {name: self._replica(given) for name, given in case["docs"].items()}
        self._undo_steps = UndoSteps(self)
        self._positions = PositionSteps(self)
        self._snapshots = SnapshotSteps(self)
        self._protocols = ProtocolSteps(self)

    def _replica(self, given: Case) -> Replica:
        replica = Replica(given["client"], given.get("gc", True), self.case.get("events", False))
        roots: Case = given["roots"] if "roots" in given else self.case["roots"]
        for root, kind in roots.items():
            replica.define(root, kind)
        return replica

    def run(self) -> list[str]:
        """What differs, a line each."""
        lines = []
        for number, step in enumerate(self.case["steps"]):
            self.found = []
            try:
                self._run_step(number, step)
                if self.case.get("events"):
                    self._compare_told_events(step)
                self._compare_told_subdocs(step)
            except Exception as error:  # whatever it is, it is reported
                text = f"{type(error).__name__}: {error}"
                self.found.append(Difference("", "the step to run", text))
            whose = "own" if self.own_bytes else "recorded"
            lines += [f"{whose} bytes, step {number} ({step['do']}){one}" for one in self.found]
            if len(lines) >= SHOWN_DIFFERENCES:
                break
        for replica in self.replicas.values():
            self.deviations |= replica.deviations
        return lines[:SHOWN_DIFFERENCES]

    # -- for groups of steps ---------------------------------------------------------------------

    def check(self, what: str, expected: Json, got: Json) -> None:
        if difference := compare(plain(expected), plain(got), f" {what}"):
            self.found.append(difference)

    def updates_of(self, step: int, v2: bool = False) -> list[bytes]:
        """What a step told: our own, or what was recorded."""
        if self.own_bytes:
            return [told.v2 if v2 else told.v1 for told in self.told[step]]
        recorded = self.case["steps"][step]["expect"]["updates"]
        return [blob(update["v2" if v2 else "v1"]) for update in recorded]

    def compare_told(
        self, replica: Replica, before: bytes, expect: Case, told: list[Told] | None = None
    ) -> None:
        """What a document has told, against what Yjs emitted; `before`: its state then, in V2."""
        if told is None:
            told = replica.take_told()
        if "updates" not in expect:
            return
        updates = expect["updates"]
        if len(updates) > len(told) and "deltaSideEffect" in self.case and not self.looked:
            self.looked = True
            self.deviations.add("events.looking")
        if self.looked:
            return
        if len(updates) != len(told):
            count = Difference(" updates", f"{len(updates)} updates", str(len(told)))
            self.found.append(count)
            return
        if not self.compare_bytes:
            return
        for i, (theirs, ours) in enumerate(zip(updates, told, strict=True)):
            for format in ("v1", "v2"):
                if format in theirs:
                    v2 = format == "v2"
                    compare_updates(
                        f" updates[{i}].{format}",
                        before,
                        replica.collect,
                        Update(blob(theirs[format]), v2),
                        Update(ours.v2 if v2 else ours.v1, v2),
                        self.found,
                    )
            if i + 1 < len(updates):
                before = joined(before, ours.v2, replica.collect)

    @property
    def alike(self) -> Alike:
        """What is made of both states before they are compared."""
        if self.looked:
            return with_joined_inserts
        return with_broken_pairs if self.breaks_pairs or self.halves else plain

    # -- steps -----------------------------------------------------------------------------------

    def _run_step(self, number: int, step: Case) -> None:
        name = step["do"]
        expect = step.get("expect", {})
        group, _, _ = name.partition(".")
        if group == "um":
            self._undo(number, step, expect)
        elif group == "relpos":
            self._positions.run(step, expect)
        elif group == "snapshot":
            self._snapshots.run(step, expect)
        elif group in ("aw", "msg", "clock"):
            self.clock.now += step.get("advance", 0)
            self._protocols.run(step, expect)
        else:
            getattr(self, f"_{name}")(number, step, expect)

    def _tx(self, number: int, step: Case, expect: Case) -> None:
        replica = self.replicas[step["doc"]]
        before = replica.update(v2=True)
        failed = False
        with replica.doc.transaction(origin=step.get("origin")):
            for op in step["ops"]:
                if expect.get("error") and replica.fails_by_accident(op):
                    self.deviations.add("text.delete")
                    failed = True
                    break
                try:
                    replica.run(op)
                except OpFailed as error:
                    failed = True
                    if error.deviation:
                        self.deviations.add(error.deviation)
                    if not expect.get("error"):
                        self.found.append(Difference(f" {op['op']}", "success", str(error)))
                    break
        if expect.get("error") and not failed:
            self.found.append(Difference("", "an error", "none"))
        if replica.left_pairs and not self.breaks_pairs:
            # From here on.
            self.breaks_pairs = True
            self.compare_bytes = False
            self.deviations.add("text.pairs")
        self.told[number] = replica.take_told()
        self.compare_told(replica, before, expect, self.told[number])

    def _undo(self, number: int, step: Case, expect: Case) -> None:
        replica = self.replicas[step["doc"]]
        before = replica.update(v2=True)
        self._undo_steps.run(step, expect)
        self.told[number] = replica.take_told()
        self.compare_told(replica, before, expect, self.told[number])
        if "state" in expect:
            compare_state(
                " .state", expect["state"], replica, self.found, with_bytes=False, alike=self.alike
            )

    def _deliver(self, _: int, step: Case, expect: Case) -> None:
        v2 = is_v2(step)
        self._apply_all(self.replicas[step["to"]], self.updates_of(step["of"], v2), v2, expect)

    def _apply(self, _: int, step: Case, expect: Case) -> None:
        self._apply_all(self.replicas[step["doc"]], [blob(step["update"])], is_v2(step), expect)

    def _apply_all(self, to: Replica, updates: list[bytes], v2: bool, expect: Case) -> None:
        before = to.update(v2=True)
        for update in updates:
            try:
                to.apply(update, v2)
            except ValueError as error:
                self.found.append(Difference(" apply", "success", str(error)))
        self.compare_told(to, before, expect)

    def _sync(self, _: int, step: Case, expect: Case) -> None:
        source, to, v2 = self.replicas[step["from"]], self.replicas[step["to"]], is_v2(step)
        state = to.doc.get_state()
        if "sv" in expect and self.compare_bytes:
            self.check("sv", list(blob(expect["sv"])), list(state))
        update = source.update(v2, state)
        if "diff" in expect:
            recorded = blob(expect["diff"])
            if self.compare_bytes:
                compare_updates(
                    " diff",
                    to.update(v2=True),
                    to.collect,
                    Update(recorded, v2),
                    Update(update, v2),
                    self.found,
                )
            if not self.own_bytes:
                update = recorded
        self._apply_all(to, [update], v2, expect)

    def _check(self, _: int, step: Case, expect: Case) -> None:
        compare_state(
            " .state",
            expect["state"],
            self.replicas[step["doc"]],
            self.found,
            self.compare_bytes,
            self.alike,
        )

    def _converged(self, _: int, step: Case, expect: Case) -> None:
        first, *others = (self.replicas[name] for name in step["docs"])
        alike = with_broken_pairs if self.breaks_pairs else plain
        content, state = alike(first.content()), first.state_vector()
        difference = None
        for other in others:
            difference = (
                difference
                or compare(content, alike(other.content()))
                or compare(state, other.state_vector())
            )
        if expect["equal"] == (difference is None):
            return
        if difference is None:
            if not self.breaks_pairs:  # else it is better than Yjs
                self.found.append(Difference("", "different documents", "equal ones"))
        else:
            self.found.append(difference._replace(where=f" between documents{difference.where}"))

    def _define(self, _: int, step: Case, __: Case) -> None:
        self.replicas[step["doc"]].define(step["root"], step["type"])

    def _slice(self, _: int, step: Case, expect: Case) -> None:
        values = self.replicas[step["doc"]].slice(step["path"], step["start"], step["end"])
        self.check("values", expect["values"], values)

    def _get(self, _: int, step: Case, expect: Case) -> None:
        value = self.replicas[step["doc"]].get(step["path"], step["at"])
        self.check("value", expect["value"], value)

    # -- what was told ---------------------------------------------------------------------------

    def _compare_told_events(self, step: Case) -> None:
        """Of the document that acts: of others nothing is told."""
        acting = step.get("doc", step.get("to"))
        for name, replica in self.replicas.items():
            expected = step.get("expect", {}).get("events", []) if name == acting else []
            told = replica.take_events()
            if self.looked:
                continue
            if difference := compare_events(plain(expected), plain(told)):
                where = f" events of {name} {difference.where}"
                self.found.append(difference._replace(where=where))

    def _compare_told_subdocs(self, step: Case) -> None:
        acting = step.get("doc", step.get("to"))
        for name, replica in self.replicas.items():
            expected = step.get("expect", {}).get("subdocs", []) if name == acting else []
            if difference := compare(self._without_repeats(expected), replica.take_subdocs()):
                where = f" sub-documents of {name}{difference.where}"
                self.found.append(difference._replace(where=where))

    def _without_repeats(self, events: list[Json]) -> list[Json]:
        """Yjs destroys the instances of what was removed, each in a transaction of its own that
        tells again that it was removed; we tell it once."""
        kept: list[Json] = []
        repeats: list[str] = []  # still to come
        for event in events:
            removed = event["removed"]
            alone = len(removed) == 1 and not event["added"] and not event["loaded"]
            if alone and removed[0] in repeats:
                repeats.remove(removed[0])
                self.deviations.add("subdocs.removed")
            else:
                repeats += removed
                kept.append(event)
        return kept


def is_v2(step: Case) -> bool:
    return bool(step.get("format", "v1") == "v2")


def joined(before: bytes, update: bytes, collect: bool) -> bytes:
    reader = Replica(READER + 1, collect)
    reader.apply(before, v2=True)
    reader.apply(update, v2=True)
    return reader.update(v2=True)


def breaks_pairs_silently(case: Case) -> bool:
    """Whether Yjs breaks a surrogate pair without telling others, so that its documents end up
    different."""
    ends = (step["expect"] for step in case["steps"] if step["do"] == "converged")
    return any(not expect["equal"] for expect in ends)


def makes_halves(case: Case) -> bool:
    """Whether an attribute or an embed that the case makes holds half a surrogate pair."""
    return any(
        holds_half(op.get("attrs")) or (op["op"] == "text.embed" and holds_half(op["value"]))
        for step in case["steps"]
        for op in step.get("ops", ())
    )


def holds_half(value: Any) -> bool:
    if isinstance(value, str):
        return whole(value) != value
    if isinstance(value, list):
        return any(map(holds_half, value))
    if isinstance(value, dict):
        return any(holds_half(key) or holds_half(member) for key, member in value.items())
    return False


def run_script(case: Case) -> tuple[list[str], set[str]]:
    """What differs, and which deviations there were."""
    deviations: set[str] = set()
    for own_bytes in (False, True):
        script = Script(case, own_bytes)
        lines = script.run()
        deviations |= script.deviations
        if lines:
            return lines, deviations
    return [], deviations
