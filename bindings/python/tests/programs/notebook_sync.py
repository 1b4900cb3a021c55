"""A notebook as Jupyter keeps it: cells with a shared source, outputs and metadata.

Two people and a server; each connection is a pair of queues over which the messages of the sync
protocol go, so a person can be offline for a while.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from .transcript import Transcript


class Notebook:
    """The document's shape, and the edits that its user interface makes."""

    def __init__(self, crdt: Any, client_id: int) -> None:
        self.crdt = crdt
        self.doc = crdt.Doc(client_id=client_id)
        self.cells = self.doc.get("cells", type=crdt.Array)
        self.meta = self.doc.get("meta", type=crdt.Map)
        self.state = self.doc.get("state", type=crdt.Map)

    def fill(self) -> None:
        with self.doc.transaction(origin="load"):
            self.meta["nbformat"] = 4
            self.meta["nbformat_minor"] = 5
            self.meta["metadata"] = self.crdt.Map(
                {
                    "kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"},
                    "language_info": {"name": "python", "version": "3.12"},
                }
            )
            self.add_cell(0, "intro", "markdown", "# Rainfall\n\nDaily sums, in mm.")
            self.add_cell(1, "load", "code", "import csv\nrows = list(csv.reader(open(path)))")
            self.add_cell(2, "plot", "code", "plot(rows)")

    def add_cell(self, index: int, name: str, kind: str, source: str) -> None:
        self.cells.insert(index, self.make_cell(name, kind, source))

    def make_cell(self, name: str, kind: str, source: str) -> Any:
        cell: dict[str, Any] = {
            "id": name,
            "cell_type": kind,
            "source": self.crdt.Text(source),
            "metadata": self.crdt.Map({"tags": self.crdt.Array([])}),
        }
        if kind == "code":
            cell["outputs"] = self.crdt.Array([])
            cell["execution_count"] = None
            cell["execution_state"] = "idle"
        return self.crdt.Map(cell)

    def cell(self, name: str) -> Any:
        return next(cell for cell in self.cells if cell["id"] == name)

    def index(self, name: str) -> int:
        return [cell["id"] for cell in self.cells].index(name)

    def run(self, name: str, count: int, output: dict[str, Any]) -> None:
        cell = self.cell(name)
        with self.doc.transaction(origin="kernel"):
            cell["execution_state"] = "running"
            cell["outputs"].clear()
        with self.doc.transaction(origin="kernel"):
            cell["outputs"].append(output)
            cell["execution_count"] = count
            cell["execution_state"] = "idle"

    def move(self, name: str, to: int) -> None:
        """There is no move: a copy is made and the cell deleted, as notebooks do."""
        with self.doc.transaction():
            old = self.cells.pop(self.index(name))
            cell = self.make_cell(old["id"], old["cell_type"], old["source"])
            self.cells.insert(to, cell)
            if old.get("outputs"):
                cell["outputs"].extend(old["outputs"])

    def sources(self) -> dict[str, str]:
        return {cell["id"]: str(cell["source"]) for cell in self.cells}


class Link:
    """One person's connection to the server; what is sent waits until `flow`."""

    def __init__(self, crdt: Any, person: Notebook, server: Notebook, log: Transcript) -> None:
        self.crdt, self.person, self.server, self.log = crdt, person, server, log
        self.up: deque[bytes] = deque()
        self.down: deque[bytes] = deque()
        self.open = False
        person.doc.observe(lambda event: self.send(self.up, event.update))
        server.doc.observe(lambda event: self.send(self.down, event.update))

    def send(self, queue: deque[bytes], update: bytes) -> None:
        if self.open and update != b"\x00\x00":
            queue.append(self.crdt.create_update_message(update))

    def connect(self) -> None:
        self.open = True
        self.up.append(self.crdt.create_sync_message(self.person.doc))
        self.down.append(self.crdt.create_sync_message(self.server.doc))
        self.flow()

    def disconnect(self) -> None:
        self.open = False
        self.up.clear()
        self.down.clear()

    def flow(self) -> None:
        """Everything that is under way arrives, until nothing more is said."""
        while self.up or self.down:
            for queue, reader, answers in (
                (self.up, self.server, self.down),
                (self.down, self.person, self.up),
            ):
                while queue:
                    message = queue.popleft()
                    kind = self.crdt.YSyncMessageType(message[1])
                    assert message[0] == self.crdt.YMessageType.SYNC
                    reply = self.crdt.handle_sync_message(message[1:], reader.doc)
                    if kind != self.crdt.YSyncMessageType.SYNC_UPDATE:
                        self.log.say(f"{kind.name} for {reader.doc.client_id}")
                    if reply is not None:
                        answers.append(reply)


def settle(*links: Link) -> None:
    while any(link.up or link.down for link in links):
        for link in links:
            link.flow()


def main(crdt: Any) -> list[str]:
    log = Transcript()
    server, ada, ben = (Notebook(crdt, client_id) for client_id in (100, 1, 2))
    server.fill()
    to_ada, to_ben = Link(crdt, ada, server, log), Link(crdt, ben, server, log)
    to_ada.connect()
    to_ben.connect()
    log.say("ada opens", ada.cells)
    log.say("meta", ben.meta)
    log.say("roots", sorted(ben.doc.keys()))

    seen = ben.cells.observe_deep(lambda events: log.events("ben sees", events))
    source = ada.cell("load")["source"]
    with ada.doc.transaction(origin="typing"):
        source.insert(10, ", pathlib")
        source[7:10] = "json"
        source += "\nrows[0]"
    settle(to_ada, to_ben)
    ada.run("load", 1, {"output_type": "stream", "name": "stdout", "text": "read 365 rows\n"})
    settle(to_ada, to_ben)
    ben.cell("plot")["metadata"]["tags"].append("figure")
    ben.state["dirty"] = True
    settle(to_ada, to_ben)
    log.say("after typing", ada.cells)

    # Both write while they cannot hear each other.
    to_ada.disconnect()
    to_ben.disconnect()
    ada.add_cell(3, "mean", "code", "mean = sum(values) / len(values)")
    ada.cell("plot")["source"].insert(0, "figure = ")
    ada.cell("intro")["metadata"]["collapsed"] = True
    del ada.cells[ada.index("load")]
    ben.add_cell(3, "notes", "markdown", "Überschwemmung im März 🌧")
    ben.cell("plot")["source"].insert(10, "\nshow()")
    ben.cell("load")["source"].insert(0, "# reads\n")
    ben.cell("intro")["metadata"]["collapsed"] = False
    ben.run("plot", 2, {"output_type": "display_data", "data": {"image/png": "iVBORw0K", "n": 1.5}})
    log.say("ada alone", ada.sources())
    log.say("ben alone", ben.sources())
    to_ada.connect()
    to_ben.connect()
    settle(to_ada, to_ben)
    log.say("together", server.cells)
    log.say("same", ada.cells.to_py() == ben.cells.to_py() == server.cells.to_py())

    ben.cells.unobserve(seen)
    ben.move("notes", 0)
    settle(to_ada, to_ben)
    log.say("order", [cell["id"] for cell in ada.cells])
    log.say("moved", ada.cells[0])

    # What is stored on disk, and read again by a newcomer.
    stored = server.doc.get_update()
    late = Notebook(crdt, 3)
    late.doc.apply_update(stored)
    log.say("newcomer", late.sources())
    log.say("count", len(late.cells))
    known = ada.doc.get_state()
    source = late.cell("mean")["source"]
    source += "  # mm"
    ada.doc.apply_update(late.doc.get_update(known))
    log.say("from the newcomer", ada.sources())
    whole = crdt.merge_updates(stored, late.doc.get_update(server.doc.get_state()))
    again = Notebook(crdt, 4)
    again.doc.apply_update(whole)
    log.say("merged", again.cells.to_py() == late.cells.to_py())
    # Equal but for the order of the clients.
    log.say("state", sorted(crdt.get_state(whole)) == sorted(again.doc.get_state()))
    log.fails("cell 9", lambda: late.cells[9])
    log.fails("no key", lambda: late.meta["absent"])
    return log.lines
