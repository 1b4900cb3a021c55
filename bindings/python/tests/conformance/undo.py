"""The steps of undo managers: um.*"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import ropewalk

from .fixtures import Case
from .values import from_id_set, number

if TYPE_CHECKING:
    from .script import Script

FOR_EVER = 2**62


class UndoSteps:
    def __init__(self, script: Script) -> None:
        self._script = script
        self._managers: dict[str, ropewalk.UndoManager] = {}

    def run(self, step: Case, expect: Case) -> None:
        name = step["do"]
        if name == "um.new":
            self._managers[step["um"]] = self._new(step)
        manager = self._managers[step["um"]]
        if name in ("um.undo", "um.redo"):
            changed = manager.undo() if name == "um.undo" else manager.redo()
            if "changed" in expect:
                self._script.check("changed", expect["changed"], changed)
        elif name == "um.stop":
            manager.stop_capturing()
        elif name == "um.clear":
            manager.clear(undo=step.get("undo", True), redo=step.get("redo", True))
        elif name == "um.scope":
            self._expand(manager, step)
        self._compare_stacks(manager, expect)

    def _new(self, step: Case) -> ropewalk.UndoManager:
        timeout = number(step["captureTimeout"])
        whole_document = step.get("scope") is None
        manager = ropewalk.UndoManager(
            doc=self._script.replicas[step["doc"]].doc if whole_document else None,
            capture_timeout_millis=int(timeout) if isfinite(timeout) else FOR_EVER,
            timestamp=self._script.clock,
            ignore_remote_map_changes=step.get("ignoreRemoteMapChanges", False),
        )
        if not whole_document:
            self._expand(manager, step)
        if "trackedOrigins" in step:
            for origin in step["trackedOrigins"]:
                manager.include_origin(origin)
        return manager

    def _expand(self, manager: ropewalk.UndoManager, step: Case) -> None:
        replica = self._script.replicas[step["doc"]]
        for path in step["scope"]:
            manager.expand_scope(replica.find(path))

    def _compare_stacks(self, manager: ropewalk.UndoManager, expect: Case) -> None:
        stack = manager.undo_stack
        got: Case = {"undoStack": len(stack), "redoStack": len(manager.redo_stack)}
        if stack:
            got["top"] = {
                "insertions": from_id_set(stack[-1].insertions),
                "deletions": from_id_set(stack[-1].deletions),
            }
        for part, value in got.items():
            if part in expect:
                self._script.check(part, expect[part], value)
