"""What observers are told, when, and what becomes of them."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest

import ropewalk as crdt
from ropewalk import Array, Doc, Map, Text

Events = list[Any]


def new_text(content: str = "", **options: Any) -> tuple[Doc, Text]:
    doc = Doc(client_id=1, **options)
    text = doc.get("text", type=Text)
    if content:
        text += content
    return doc, text


class Callback:
    """Something that can be weakly referred to and called."""

    def __init__(self, action: Any = None) -> None:
        self.events: Events = []
        self.action = action

    def __call__(self, event: Any) -> None:
        if self.action is not None:
            self.action(event)
        else:
            self.events.append(event)


# -- documents -----------------------------------------------------------------------------------


def test_a_transaction_tells_its_update_states_and_deletions() -> None:
    doc, text = new_text()
    seen: Events = []
    doc.observe(
        lambda e: seen.append((e.update, e.before_state, e.after_state, e.delete_set))
    )
    text += "abc"
    del text[0]
    other = Doc(client_id=2)
    other.apply_update(seen[0][0])
    assert str(other.get("text", type=Text)) == "abc"
    other.apply_update(seen[1][0])
    assert str(other.get("text", type=Text)) == "bc"
    assert seen[0][1:] == (b"\x01\x01\x00", b"\x01\x01\x03", b"\x00")
    assert seen[1][1:3] == (b"\x01\x01\x03", b"\x01\x01\x03")
    assert crdt.IdSet.decode(seen[1][3]).ranges() == [(1, 0, 1)]


def test_the_states_of_an_update_from_elsewhere() -> None:
    doc, text = new_text("here")
    other = Doc(client_id=9)
    other.get("text", type=Text).insert(0, "there")
    seen: Events = []
    doc.observe(seen.append)
    doc.apply_update(other.get_update())
    (event,) = seen
    assert event.before_state == b"\x02\x09\x00\x01\x04"
    assert event.after_state == doc.get_state()
    doc.apply_update(other.get_update())
    assert len(seen) == 1, "nothing new, nothing told"


def test_an_event_that_was_kept_says_the_same_for_ever() -> None:
    doc, text = new_text("abc")
    kept: Events = []
    doc.observe(kept.append)
    with doc.transaction(origin="me"):
        text += "d"
        del text[0]
    state = doc.get_state()
    text += "e"
    first = kept[0]
    assert first.after_state == state
    assert first.before_state == b"\x01\x01\x03"
    assert crdt.IdSet.decode(first.delete_set).ranges() == [(1, 0, 1)]
    assert first.transaction.origin == "me"
    assert "update of" in repr(first)


def test_transactions_that_change_nothing_are_not_told() -> None:
    doc, text = new_text("abc")
    seen: Events = []
    doc.observe(seen.append)
    with doc.transaction():
        str(text)
    doc.get_update()
    assert seen == []


def test_events_are_made_by_documents_alone() -> None:
    for kind in (crdt.TransactionEvent, crdt.SubdocsEvent, crdt.TextEvent, crdt.MapEvent):
        with pytest.raises(TypeError):
            kind()  # type: ignore[call-arg]


def test_subdocuments_are_told_by_their_ids() -> None:
    doc = Doc()
    folder = doc.get("folder", type=Map)
    seen: Events = []
    doc.observe_subdocs(seen.append)
    folder["a"] = Doc(guid="first")
    del folder["a"]
    assert [(e.added, e.removed) for e in seen] == [(["first"], []), ([], ["first"])]
    assert "first" in repr(seen[0])


# -- types ---------------------------------------------------------------------------------------


def test_text_tells_a_delta_in_characters() -> None:
    doc, text = new_text("a\U0001f600b\U0001f600c")
    seen: Events = []
    text.observe(lambda e: seen.append(e.delta))
    text.insert(4, "x")
    del text[1:4]
    text += "\U0001f600!"
    text.format(0, 2, {"bold": True})
    text.insert(1, "y", {"bold": True, "size": 3})
    assert seen == [
        [{"retain": 4}, {"insert": "x"}],
        [{"retain": 1}, {"delete": 3}],
        [{"retain": 3}, {"insert": "\U0001f600!"}],
        [{"retain": 2, "attributes": {"bold": True}}],
        [{"retain": 1}, {"insert": "y", "attributes": {"bold": True, "size": 3}}],
    ]


@pytest.mark.parametrize(("offsets", "retained", "deleted"), [("utf8", 5, 4), ("utf16", 3, 2)])
def test_deltas_count_as_the_document_does(offsets: str, retained: int, deleted: int) -> None:
    doc, text = new_text("a\U0001f600\U0001f600", offsets=offsets)
    seen: Events = []
    text.observe(lambda e: seen.append(e.delta))
    del text[retained : retained + deleted]
    assert seen == [[{"retain": retained}, {"delete": deleted}]]


def test_deltas_of_formatted_text_count_characters_too() -> None:
    doc, text = new_text("a\U0001f600\U0001f600b")
    text.format(0, 2, {"bold": True})
    seen: Events = []
    text.observe(lambda e: seen.append(e.delta))
    with doc.transaction():
        del text[1]
        text.insert(2, "\U0001f601\U0001f602")
    assert seen == [[{"retain": 1}, {"delete": 1}, {"retain": 1}, {"insert": "\U0001f601\U0001f602"}]]


def test_an_event_of_a_text_that_was_kept() -> None:
    doc, text = new_text("abc")
    kept: Events = []
    text.observe(kept.append)
    text.observe_deep(kept.append)
    with doc.transaction(origin=7):
        text.insert(1, "x")
    text += "later"
    for event in (kept[0], kept[1][0]):
        assert event.delta == [{"retain": 1}, {"insert": "x"}]
        assert event.path == []
        assert event.target._is_same(text)
        assert event.transaction.origin == 7
        assert str(event).startswith("{target: axbclater, delta: [{'retain': 1}")


def test_arrays_tell_elements() -> None:
    doc = Doc()
    array = doc.get("array", type=Array)
    array.extend([1, 2, 3])
    seen: Events = []
    array.observe(lambda e: seen.append(e.delta))
    with doc.transaction():
        array.append("x")
        del array[1]
    array.append(Text("inner"))
    assert seen[0] == [{"retain": 1}, {"delete": 1}, {"retain": 1}, {"insert": ["x"]}]
    assert seen[1][0] == {"retain": 3}
    assert str(seen[1][1]["insert"][0]) == "inner"


def test_maps_tell_keys() -> None:
    doc = Doc()
    book = doc.get("map", type=Map)
    seen: Events = []
    book.observe(lambda e: seen.append(e.keys))
    book["a"] = 1
    book["a"] = 2
    del book["a"]
    book["t"] = Text("inner")
    del book["t"]
    assert seen[:3] == [
        {"a": {"action": "add", "newValue": 1}},
        {"a": {"action": "update", "oldValue": 1, "newValue": 2}},
        {"a": {"action": "delete", "oldValue": 2}},
    ]
    assert isinstance(seen[3]["t"]["newValue"], Text)
    assert isinstance(seen[4]["t"]["oldValue"], Text), "deleted, and still told"


def test_deep_observers_get_paths() -> None:
    doc = Doc()
    book = doc.get("map", type=Map)
    book["list"] = Array([0, Map({"text": Text("abc")})])
    seen: Events = []
    book.observe_deep(lambda events: seen.append([(type(e).__name__, e.path) for e in events]))
    book["list"][1]["text"].insert(0, "x")
    book["list"].insert(0, "first")
    book["list"][2]["text"].insert(0, "y")
    assert seen == [
        [("TextEvent", ["list", 1, "text"])],
        [("ArrayEvent", ["list"])],
        [("TextEvent", ["list", 2, "text"])],
    ]


def test_xml_tells_children_and_attributes() -> None:
    doc = Doc()
    page = doc.get("page", type=crdt.XmlFragment)
    seen: Events = []
    page.observe_deep(
        lambda events: seen.extend((e.children_changed, e.path, e.delta, e.keys) for e in events)
    )
    element = page.children.append(crdt.XmlElement("p", {"class": "lead"}, ["Hello"]))
    element.attributes["class"] = "note"
    element.children[0].insert(0, "> ")
    assert seen[0][0] is True and seen[0][1] == []
    assert seen[1][:3] == (False, [0], [])
    assert seen[1][3] == {"class": {"action": "update", "oldValue": "lead", "newValue": "note"}}
    assert seen[2] == (None, [0, 0], [{"insert": "> "}], {})


def test_observers_get_as_much_as_they_have_parameters() -> None:
    doc, text = new_text()
    seen: Events = []

    class Bound:
        def one(self, event: Any) -> None:
            seen.append(("one", event.delta))

        def two(self, event: Any, txn: Any) -> None:
            seen.append(("two", txn is event.transaction, txn.origin))

    def keyword_only(event: Any, *, more: int = 5) -> None:
        seen.append(("keyword", more))

    text.observe(lambda: seen.append("none"))
    text.observe(Bound().one)
    text.observe(Bound().two)
    text.observe(keyword_only)
    text.observe(lambda *args: seen.append(("all", len(args))))
    text.observe_deep(lambda events, txn: seen.append(("deep", len(events), txn.origin)))
    with doc.transaction(origin="o"):
        text += "x"
    assert seen == [
        "none",
        ("one", [{"insert": "x"}]),
        ("two", True, "o"),
        ("keyword", 5),
        ("all", 1),
        ("deep", 1, "o"),
    ]
    text.observe(lambda a, b, c: None)
    with pytest.raises(BaseException) as raised:
        text += "y"
    assert "missing 1 required positional argument" in str(errors_of(raised.value)[0])


def test_only_callables_observe() -> None:
    doc, text = new_text()
    for observe in (doc.observe, doc.observe_subdocs, text.observe, text.observe_deep):
        with pytest.raises(TypeError):
            observe(3)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        Text("nowhere").observe(print)


def test_observers_of_types_come_before_those_of_the_document() -> None:
    doc, text = new_text()
    order: list[str] = []
    doc.observe(lambda e: order.append("doc"))
    text.observe_deep(lambda e: order.append("deep"))
    text.observe(lambda e: order.append("text"))
    text += "x"
    assert order == ["text", "deep", "doc"]


# -- what observers may do -----------------------------------------------------------------------


def errors_of(error: BaseException) -> list[BaseException]:
    if hasattr(error, "exceptions"):
        return list(error.exceptions)
    return [error.__cause__] if error.__cause__ is not None else []


def test_what_observers_raise_reaches_the_caller_and_the_document_goes_on() -> None:
    doc, text = new_text("a")
    other = Doc(client_id=2)
    doc.observe(lambda e: other.apply_update(e.update))
    other.apply_update(doc.get_update())

    def fail(event: Any) -> None:
        raise ValueError("from the text")

    def fail_again(event: Any) -> None:
        raise KeyError("from the document")

    first, second = text.observe(fail), doc.observe(fail_again)
    with pytest.raises(BaseException, match="Observer callback error") as raised:
        with doc.transaction():
            text += "b"
    assert [type(e) for e in errors_of(raised.value)][:1] == [ValueError]
    assert str(text) == "ab" == str(other.get("text", type=Text))
    text.unobserve(first)
    doc.unobserve(second)
    text += "c"
    assert str(text) == "abc" == str(other.get("text", type=Text))


def test_even_what_ends_programs_comes_out_of_an_observer() -> None:
    doc, text = new_text()

    def stop(event: Any) -> None:
        raise KeyboardInterrupt

    subscription = text.observe(stop)
    with pytest.raises(BaseException):
        text += "x"
    text.unobserve(subscription)
    text += "y"
    assert str(text) == "xy"


def test_observers_read_and_do_not_write() -> None:
    doc, text = new_text("ab")
    seen: Events = []

    def look(event: Any) -> None:
        with doc.transaction() as txn, event.transaction:
            seen.append((str(text), len(text), txn is event.transaction, list(doc.keys())))
        seen.append(str(doc["text"]))
        seen.append(doc.get_state())
        with pytest.raises(RuntimeError):
            text.insert(0, "no")

    text.observe(look)
    text += "c"
    assert seen == [("abc", 3, True, ["text"]), "abc", doc.get_state()]
    assert str(text) == "abc"


def test_getting_a_root_inside_a_transaction_or_an_observer_is_no_deadlock() -> None:
    doc, text = new_text()
    seen: Events = []
    doc.observe(lambda e: seen.append(str(doc["text"])))
    with doc.transaction():
        text += "x"
        again = doc.get("text", type=Text)
        again += "y"
        assert str(doc["text"]) == "xy"
        doc["new"] = Array([1])
    assert seen[0] == "xy"


def test_observers_come_and_go_while_they_are_called() -> None:
    doc, text = new_text()
    seen: list[str] = []
    subscriptions: dict[str, Any] = {}

    def first(event: Any) -> None:
        seen.append("first")
        text.unobserve(subscriptions["first"])
        text.unobserve(subscriptions["second"])
        subscriptions["third"] = text.observe(lambda e: seen.append("third"))
        for _ in range(20):
            text.observe(lambda: None).drop()

    subscriptions["first"] = text.observe(first)
    subscriptions["second"] = text.observe(lambda e: seen.append("second"))
    text += "x"
    assert seen == ["first"]
    text += "y"
    assert seen == ["first", "third"]


def test_a_subscription_is_a_context_manager_and_ends_once() -> None:
    doc, text = new_text()
    seen: Events = []
    with text.observe(lambda e: seen.append(e.delta)) as subscription:
        text += "x"
    text += "y"
    assert seen == [[{"insert": "x"}]]
    subscription.drop()
    text.unobserve(subscription)


def test_an_observer_stays_when_its_subscription_and_its_text_are_dropped() -> None:
    doc, text = new_text()
    seen: Events = []
    doc.get("text", type=Text).observe(lambda: seen.append(1))
    gc.collect()
    text += "x"
    assert seen == [1]


# -- what is freed -------------------------------------------------------------------------------


def test_unobserve_frees_the_callback() -> None:
    doc, text = new_text()
    for observe, unobserve in (
        (doc.observe, doc.unobserve),
        (doc.observe_subdocs, doc.unobserve),
        (text.observe, text.unobserve),
        (text.observe_deep, text.unobserve),
    ):
        callback = Callback()
        alive = weakref.ref(callback)
        subscription = observe(callback)
        del callback
        text += "x"
        assert alive() is not None
        unobserve(subscription)
        gc.collect()
        assert alive() is None


def test_a_document_that_goes_frees_its_observers() -> None:
    doc, text = new_text()
    callback = Callback()
    alive = weakref.ref(callback)
    doc.observe(callback)
    text.observe(callback)
    del callback, doc, text
    gc.collect()
    assert alive() is None


def test_cycles_of_documents_and_observers_are_collected() -> None:
    class Marked(Doc):
        pass

    doc = Marked(client_id=1)
    text = doc.get("text", type=Text)
    kept: Events = []

    def observer(event: Any) -> None:
        kept.append((event, doc, text, observer))

    doc.observe(observer)
    text.observe(observer)
    text.observe_deep(observer)
    undo = crdt.UndoManager(scopes=[text], timestamp=lambda: len(kept))
    kept.append(undo)
    text += "x"
    undo.undo()
    alive = [weakref.ref(doc), weakref.ref(observer)]
    del doc, text, kept, observer, undo
    gc.collect()
    assert [one() for one in alive] == [None, None]


def test_events_may_be_freed_on_another_thread() -> None:
    doc, text = new_text()
    kept: Events = []
    doc.observe(kept.append)
    text.observe(kept.append)
    text.observe_deep(kept.append)
    for _ in range(50):
        text += "x"

    def free() -> None:
        while kept:
            event = kept.pop()
            getattr(event, "delta", None)
            del event

    thread = threading.Thread(target=free)
    thread.start()
    thread.join()
    del doc, text
    gc.collect()
    assert kept == []
