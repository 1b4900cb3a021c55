"""Undo and redo in an editor: what belongs to whom, what is one step, what others did meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .transcript import Transcript


class Clock:
    """Milliseconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now

    def wait(self, milliseconds: int) -> None:
        self.now += milliseconds


def typing(crdt: Any, log: Transcript) -> None:
    """Keystrokes within half a second are one step."""
    doc, clock = crdt.Doc(client_id=1), Clock()
    doc["text"] = text = crdt.Text()
    undo = crdt.UndoManager(scopes=[text], capture_timeout_millis=500, timestamp=clock)
    for word in ("Dear ", "Sir ", "or Madam"):
        for letter in word:
            text += letter
            clock.wait(60)
        clock.wait(1000)
    log.say("typed", text)
    log.say("steps", len(undo.undo_stack))
    log.say("undone", [(undo.undo(), str(text)) for _ in range(4)])
    log.say("can", [undo.can_undo(), undo.can_redo()])
    log.say("redone", [(undo.redo(), str(text)) for _ in range(2)])
    clock.wait(1000)
    text.insert(0, "> ")
    log.say("typing forbids redo", [undo.can_redo(), undo.redo(), str(text)])
    text.format(2, 6, {"bold": True})
    clock.wait(1000)
    text.format(2, 11, {"bold": None, "italic": True})
    log.say("formatted", text.diff())
    undo.undo()
    log.say("one format less", text.diff())
    undo.redo()
    log.say("and again", text.diff())
    undo.clear()
    log.say("cleared", [undo.can_undo(), undo.undo(), len(undo.redo_stack)])


def origins(crdt: Any, log: Transcript) -> None:
    """Only what the user did is undone, not what the agent or somebody else did."""
    doc, clock = crdt.Doc(client_id=1), Clock()
    doc["text"] = text = crdt.Text("one two three")
    undo = crdt.UndoManager(scopes=[text], capture_timeout_millis=0, timestamp=clock)
    undo.include_origin("user")
    undo.include_origin("agent")
    seen: list[Any] = []
    text.observe(lambda event: seen.append(event.transaction.origin))

    def edit(origin: Any, action: Callable[[], None]) -> None:
        clock.wait(1000)
        with doc.transaction(origin=origin):
            action()

    edit("user", lambda: text.insert(3, " and a half"))
    edit("import", lambda: text.insert(0, "zero "))
    edit("agent", lambda: text.insert(len(text), " four"))
    undo.exclude_origin("agent")
    edit("agent", lambda: text.insert(len(text), " five"))
    edit(None, lambda: text.insert(len(text), " six"))
    log.say("edited", text)
    log.say("steps", len(undo.undo_stack))
    while undo.undo():
        log.say("undone", text)
    log.say("others' work stays", text)
    log.say("redone", [undo.redo(), str(text)])
    log.say("origins", [o if o != undo.origin else "the manager" for o in seen])
    log.fails("no such origin", lambda: undo.include_origin([]))


def scopes(crdt: Any, log: Transcript) -> None:
    """A form whose fields and list are watched, and its log not."""
    doc, clock = crdt.Doc(client_id=1), Clock()
    doc["form"] = form = crdt.Map({"name": "Ada", "age": 36})
    doc["items"] = items = crdt.Array(["milk"])
    doc["log"] = journal = crdt.Array([])
    doc["xml"] = xml = crdt.XmlFragment()
    undo = crdt.UndoManager(scopes=[form], capture_timeout_millis=0, timestamp=clock)
    undo.expand_scope(items)

    def step(action: Callable[[], object]) -> None:
        clock.wait(1000)
        with doc.transaction():
            action()
            journal.append(len(journal))

    step(lambda: form.update({"name": "Ada L.", "city": "London"}))
    step(lambda: form.pop("age"))
    step(lambda: items.extend(["eggs", crdt.Map({"name": "flour", "grams": 500})]))
    step(lambda: items[2].update({"grams": 750}))
    step(lambda: items.pop(0))
    state = [form, items, journal]
    log.say("filled", state)
    while undo.can_undo():
        undo.undo()
        log.say("undone", state)
    while undo.can_redo():
        undo.redo()
        log.say("redone", state)
    undo.expand_scope(xml)
    step(lambda: xml.children.append(crdt.XmlElement("p", {"class": "lead"}, ["Hello"])))
    step(lambda: xml.children[0].attributes.__setitem__("class", "note"))
    log.say("xml", xml)
    undo.undo()
    log.say("xml undone", xml)
    undo.undo()
    log.say("xml undone", xml)
    undo.redo()
    log.say("xml redone", xml)


def together(crdt: Any, log: Transcript) -> None:
    """Undo with a second person at work on the same lines."""
    ada, ben, clock = crdt.Doc(client_id=1), crdt.Doc(client_id=2), Clock()
    texts = [doc.get("text", type=crdt.Text) for doc in (ada, ben)]
    undos = [
        crdt.UndoManager(scopes=[text], capture_timeout_millis=0, timestamp=clock) for text in texts
    ]
    for doc, undo in zip((ada, ben), undos, strict=True):
        undo.include_origin(doc.client_id)

    def write(doc: Any, action: Callable[[], object]) -> None:
        clock.wait(1000)
        with doc.transaction(origin=doc.client_id):
            action()

    def exchange() -> None:
        for a, b in ((ada, ben), (ben, ada)):
            update = a.get_update(b.get_state())
            with b.transaction(origin="remote"):
                b.apply_update(update)
        assert str(texts[0]) == str(texts[1])

    write(ada, lambda: texts[0].insert(0, "The quick fox"))
    exchange()
    write(ben, lambda: texts[1].insert(10, "brown "))
    exchange()
    write(ada, lambda: texts[0].__delitem__(slice(4, 10)))
    exchange()
    log.say("written", texts[0])
    undos[1].undo()
    exchange()
    log.say("ben takes his word back", texts[0])
    undos[0].undo()
    exchange()
    log.say("ada takes hers back", texts[0])
    undos[1].redo()
    exchange()
    log.say("ben again", texts[0])
    undos[0].undo()
    exchange()
    log.say("ada's all", texts[0])
    log.say("can", [undo.can_undo() for undo in undos] + [undo.can_redo() for undo in undos])


def kept(crdt: Any, log: Transcript) -> None:
    """The stacks are stored with the document and serve after it was opened again."""
    doc, clock = crdt.Doc(client_id=1, skip_gc=True), Clock()
    doc["text"] = text = crdt.Text("base")
    undo = crdt.UndoManager(scopes=[text], capture_timeout_millis=0, timestamp=clock)
    for word in (" one", " two", " three"):
        clock.wait(1000)
        text += word
    clock.wait(1000)
    del text[0:4]
    log.say("stored", text)
    stored = doc.get_update()
    stack = [(item.deletions.encode(), item.insertions.encode()) for item in undo.undo_stack]
    log.say("items", stack)

    opened = crdt.Doc(client_id=2, skip_gc=True)
    opened["text"] = again = crdt.Text()
    opened.apply_update(stored)
    items = [
        crdt.StackItem(opened, crdt.IdSet.decode(deletions), crdt.IdSet.decode(insertions), meta)
        for meta, (deletions, insertions) in enumerate(stack)
    ]
    log.say("metas", [item.meta for item in items])
    # The two in the middle become one step.
    both = crdt.StackItem.merge(items[1], items[2], lambda a, b: [a, b])
    log.say("merged", [both.meta, both.insertions.encode(), both.deletions.encode()])
    log.say("first one's", crdt.StackItem.merge(items[1], items[2]).meta)
    restored = crdt.UndoManager(
        scopes=[again],
        capture_timeout_millis=0,
        timestamp=clock,
        undo_stack=[items[0], both, items[3]],
    )
    log.say("steps", len(restored.undo_stack))
    while restored.undo():
        log.say("undone", again)
    while restored.redo():
        log.say("redone", again)
    log.fails("bytes that are no set", lambda: crdt.IdSet.decode(b"\x05\x01"))


def main(crdt: Any) -> list[str]:
    log = Transcript()
    for part in (typing, origins, scopes, together, kept):
        log.say(f"-- {part.__name__}")
        part(crdt, log)
    return log.lines
