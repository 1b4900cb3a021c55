"""Documents under threads, forks and the end of the interpreter. [T23]

What could hang or crash runs in a process of its own, with a time-out.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
import weakref
from typing import Any

import pytest

from ropewalk import Array, Doc, Map, Text, UndoManager

SECONDS = 30


def run(program: str) -> str:
    """What a program prints; it has to end by itself, and well."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-c", textwrap.dedent(program)],
        capture_output=True,
        timeout=SECONDS,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def together(count: int, work: Any) -> None:
    """Runs work(number) in so many threads; what one raises is raised."""
    raised: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(i,), daemon=True) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive(), "a deadlock"
    if raised:
        raise raised[0]


def test_eight_threads_write_to_one_document() -> None:
    doc = Doc(allow_multithreading=True)
    text, array = doc.get("text", type=Text), doc.get("array", type=Array)
    book = doc.get("map", type=Map)
    told: list[bytes] = []
    doc.observe(lambda event: told.append(event.update))
    text.observe(lambda event: event.delta)

    def work(number: int) -> None:
        for i in range(100):
            text.insert(0, "x")
            with doc.transaction(origin=number):
                array.append(i)
                book[f"{number}"] = i
                text.insert(len(text), "\U0001f600")
                del text[0]
            str(text), array.to_py(), doc.get_state()
            if i % 10 == 0:
                copy = Doc()
                copy.apply_update(doc.get_update())

    together(8, work)
    assert len(text) == 800 == len(array)
    assert book.to_py() == {str(i): 99 for i in range(8)}
    copy = Doc()
    for update in told:
        copy.apply_update(update)
    assert str(copy.get("text", type=Text)) == str(text)
    assert copy.get("array", type=Array).to_py() == array.to_py()


def test_threads_that_do_not_agree_on_transactions() -> None:
    """Without allow_multithreading a transaction is everybody's; nothing breaks all the same."""
    doc = Doc()
    text = doc.get("text", type=Text)

    def work(number: int) -> None:
        for _ in range(200):
            try:
                with doc.transaction():
                    text.insert(0, "x")
                    len(text)
            except RuntimeError:
                continue

    together(8, work)
    text += "end"
    assert str(text).endswith("xend")


def test_transactions_of_several_threads_do_not_mix() -> None:
    doc = Doc(allow_multithreading=True)
    array = doc.get("array", type=Array)

    def work(number: int) -> None:
        for _ in range(50):
            with doc.new_transaction(origin=number):
                array.append(number)
                str(array)
                array.append(number)

    told: list[Any] = []
    array.observe(lambda e: told.append((e.transaction.origin, e.delta[-1]["insert"])))
    together(8, work)
    assert len(told) == 400
    assert all(inserted == [origin, origin] for origin, inserted in told)


def test_large_updates_are_exchanged_by_threads() -> None:
    source = Doc()
    source.get("text", type=Text).insert(0, "some text " * 20_000)
    update = source.get_update()
    assert len(update) > 100_000
    docs = [Doc(allow_multithreading=True) for _ in range(4)]
    for doc in docs:
        doc.get("text", type=Text).observe(lambda event: event.delta)

    def work(number: int) -> None:
        doc = docs[number % 4]
        doc.apply_update(update)
        text = doc.get("text", type=Text)
        text.insert(0, str(number))
        docs[(number + 1) % 4].apply_update(doc.get_update())

    together(8, work)
    for doc in docs + docs:
        for other in docs:
            doc.apply_update(other.get_update(doc.get_state()))
    assert len({str(doc.get("text", type=Text)) for doc in docs}) == 1


def test_observers_come_and_go_in_threads() -> None:
    doc = Doc(allow_multithreading=True)
    text = doc.get("text", type=Text)
    calls: list[int] = []

    def work(number: int) -> None:
        for _ in range(100):
            subscription = text.observe(lambda event: calls.append(len(event.delta)))
            text.insert(0, "x")
            doc.unobserve(subscription)

    together(8, work)
    assert len(calls) >= 800
    before = len(calls)
    text += "x"
    assert len(calls) == before


def test_writers_wait_while_another_thread_tells_its_observers() -> None:
    doc = Doc(allow_multithreading=True)
    text = doc.get("text", type=Text)
    inside, over = threading.Event(), threading.Event()

    def observer(event: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            inside.set()
            over.wait(SECONDS)

    text.observe(observer)
    first = threading.Thread(target=lambda: text.insert(0, "first "))
    first.start()
    assert inside.wait(SECONDS)
    threading.Timer(0.2, over.set).start()
    text.insert(0, "second ")
    with doc.transaction(origin="third") as txn:
        assert txn.origin == "third"
    first.join(SECONDS)
    assert str(text) == "second first "


def test_raising_observers_in_threads() -> None:
    doc = Doc(allow_multithreading=True)
    text = doc.get("text", type=Text)
    failures: list[BaseException] = []

    def fail(event: Any) -> None:
        raise ValueError("no")

    text.observe(fail)

    def work(number: int) -> None:
        for _ in range(50):
            try:
                with doc.transaction():
                    text.insert(0, "x")
            except Exception as error:
                failures.append(error)

    together(8, work)
    assert len(text) == 400 == len(failures)


def test_undo_and_other_threads() -> None:
    doc = Doc(allow_multithreading=True)
    text = doc.get("text", type=Text)
    undo = UndoManager(scopes=[text], capture_timeout_millis=0)

    def work(number: int) -> None:
        for _ in range(50):
            text.insert(0, "x")
            undo.undo()
            undo.redo()

    together(4, work)
    while undo.undo():
        pass
    assert str(text) == ""


def test_documents_are_freed_under_threads() -> None:
    alive: list[Any] = []

    def work(number: int) -> None:
        for _ in range(50):
            doc = Doc()
            text = doc.get("text", type=Text)
            doc.observe(lambda event, doc=doc, text=text: (doc, text))
            text += "x"
            alive.append(weakref.ref(doc))

    together(8, work)
    gc.collect()
    assert [one for one in alive if one() is not None] == []


def test_nothing_leaks() -> None:
    """Documents, events and observers come and go; what the process holds stays."""
    out = run(
        """
        import gc, resource
        from ropewalk import Doc, Text, UndoManager

        def once():
            doc = Doc()
            text = doc.get("text", type=Text)
            kept = []
            doc.observe(kept.append)
            text.observe(kept.append)
            undo = UndoManager(scopes=[text])
            for _ in range(20):
                with text.observe_deep(kept.append):
                    text += "some text"
            undo.undo()
            kept.append(doc)

        def size():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1])

        for _ in range(300):
            once()
        gc.collect()
        before = size()
        for _ in range(1500):
            once()
        gc.collect()
        print(size() - before)
        """
    ) if os.path.exists("/proc/self/statm") else "0"
    assert int(out) < 1000, "pages"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forking_while_others_work() -> None:
    out = run(
        """
        import os, threading, time
        from ropewalk import Doc, Text, merge_updates

        doc = Doc(allow_multithreading=True)
        text = doc.get("text", type=Text)
        text += "some text " * 5000
        updates = [doc.get_update()] * 5
        done = False

        def work():
            while not done:
                other = Doc()
                other.apply_update(merge_updates(*updates))
                text.insert(0, "x")
                doc.get_update()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        children = []
        for _ in range(10):
            child = os.fork()
            if child == 0:
                # Writes to the document that another thread was at work on, unless a transaction
                # of that thread was open.
                if doc._txn is None:
                    text.insert(0, "child")
                    assert str(text).startswith("child")
                other = Doc()
                other.apply_update(doc.get_update())
                assert str(other.get("text", type=Text)) == str(text)
                os._exit(0)
            children.append(child)
        codes = [os.waitpid(child, 0)[1] for child in children]
        done = True
        for thread in threads:
            thread.join()
        print(codes)
        """
    )
    assert out == f"{[0] * 10}\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("waits", [True, False])
def test_forking_while_another_thread_is_in_a_transaction_or_an_observer(waits: bool) -> None:
    """The child can read what it finds, and is told that it cannot write: nobody would end that."""
    for work in (
        "with doc.transaction():\n        text.insert(0, 'x')\n        stay()",
        "text.observe(lambda event: stay())\n    text.insert(0, 'x')",
        "text.observe(lambda event: stay())\n    doc.apply_update(more)",
        "undo = UndoManager(scopes=[text], timestamp=stay)\n    text.insert(0, 'x')",
    ):
        out = run(
            f"""
import os, threading
from ropewalk import Array, Doc, Text, UndoManager

doc = Doc(allow_multithreading={waits})
text = doc.get("text", type=Text)
other = Doc()
other.get("text", type=Text).insert(0, "x" + "y" * 5000)
more = other.get_update()
inside, over = threading.Event(), threading.Event()

def stay(*_):
    inside.set()
    over.wait()
    return 1

def work():
    {work}

def refused(write, doc=doc, text=text):
    try:
        write(doc, text)
    except RuntimeError as error:
        return "forked" in str(error)
    return False

def child():
    assert str(text).startswith("x")
    copy = Doc()
    copy.apply_update(doc.get_update())
    assert str(copy.get("text", type=Text)) == str(text)
    writes = [
        lambda doc, text: text.insert(0, "child"),
        lambda doc, text: doc.transaction().__enter__(),
        lambda doc, text: doc.new_transaction(timeout=5).__enter__(),
        lambda doc, text: doc.apply_update(more),
        lambda doc, text: doc.__setitem__("array", Array([1])),
    ]
    assert all(refused(write) for write in writes)
    # A new thread may have the identity of one that is gone.
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(refused(writes[0]))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4
    grandchild = os.fork()
    if grandchild == 0:
        os._exit(0 if refused(writes[0]) and str(text).startswith("x") else 1)
    assert os.waitpid(grandchild, 0)[1] == 0

thread = threading.Thread(target=work)
thread.start()
assert inside.wait(9)
pid = os.fork()
if pid == 0:
    try:
        child()
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)
print(os.waitpid(pid, 0)[1])
over.set()
thread.join()
text.insert(0, "parent")
assert str(text).startswith("parentx")
            """
        )
        assert out == "0\n", work


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forking_inside_ones_own_transaction_or_observer() -> None:
    """Child and parent both go on in it."""
    out = run(
        """
        import os, sys
        from ropewalk import Doc, Text

        def fork():
            pid = os.fork()
            if pid != 0:
                assert os.waitpid(pid, 0)[1] == 0
            return pid

        doc = Doc(allow_multithreading=True)
        text = doc.get("text", type=Text)
        source = Doc()
        source.get("text", type=Text).insert(0, "y" * 5000)
        told = []
        doc.observe(lambda event: told.append(event.update))
        with doc.transaction():
            text.insert(0, "x")
            pid = fork()
            text.insert(0, "child " if pid == 0 else "parent ")
        assert len(told) == 1
        if pid == 0:
            os._exit(0 if str(text) == "child x" else 1)
        text.observe(lambda event: pids.append(fork()))
        for work in (lambda: text.insert(0, "x"), lambda: doc.apply_update(source.get_update())):
            pids = []
            work()
            pid = pids.pop()
            with doc.new_transaction():
                text.clear() if pid == 0 else None
            if pid == 0:
                os._exit(0)
        print(len(text))
        """
    )
    assert int(out) > 5000


def test_finalizers_and_readers_of_one_document() -> None:
    """What runs while a document is read may read, too; what it writes is refused or done."""
    out = run(
        """
        import gc, sys
        from ropewalk import Array, Doc, Map, Text, UndoManager, XmlElement, XmlFragment, XmlText

        gc.set_threshold(1, 1, 1)
        refused, done, reads, strange = [], [], [], []
        depth = 0

        class Loop:
            def __init__(self):
                self.loop = self

            def __del__(self):
                global depth
                if depth:
                    return
                depth += 1
                try:
                    reads.append((len(text), str(book), len(array), doc.get_state()))
                    step = len(reads) % 9
                    (
                        lambda: array.clear(),
                        lambda: book.clear(),
                        lambda: text.clear(),
                        lambda: array.extend([[i] for i in range(50)]),
                        lambda: book.update({str(i): {"a": [i]} for i in range(50)}),
                        lambda: doc.get(f"new{len(reads)}", type=Text),
                        lambda: doc.apply_update(other.get_update()),
                        lambda: undo.undo(),
                        lambda: (text.insert(0, "some"), text.format(0, 2, {"bold": True})),
                    )[step]()
                    done.append(step)
                except RuntimeError as error:
                    (refused if "being read" in str(error) else strange).append(repr(error))
                except BaseException as error:
                    strange.append(repr(error))
                finally:
                    depth -= 1

        other = Doc()
        other.get("array", type=Array).extend([1, [2], {"a": "b" * 100}])
        doc = Doc()
        text, array, book = (
            doc.get(name, type=kind) for name, kind in
            (("text", Text), ("array", Array), ("map", Map))
        )
        xml = doc.get("xml", type=XmlFragment)
        xml.children.append(XmlElement("p", {"a": "b"}, [XmlText("some")]))
        undo = UndoManager(doc=doc)
        events = []
        array.observe(lambda event: (events.append(event.delta), Loop()))
        book.observe(lambda event: (events.append(event.keys), Loop()))
        for round in range(30):
            array.extend([[i, {"a": [i]}] for i in range(20)])
            array.append(Map({"inner": Array([Text("x"), [1]])}))
            book.update({str(i): [i, {"b": [i]}] for i in range(20)})
            text.insert(0, "some text ", {"bold": True})
            text.insert_embed(0, {"image": ["x"]})
            for read in (
                array.to_py, book.to_py, lambda: list(book.items()), lambda: list(array),
                lambda: list(book.keys()), text.diff, text.to_delta, doc.to_py,
                lambda: list(xml.children), lambda: list(xml.children[0].attributes),
                lambda: array[:], lambda: book.get("3"), lambda: array[0] if len(array) else None,
                lambda: book.pop("3", None), lambda: array.pop() if len(array) else None,
                lambda: repr(doc), lambda: str(xml),
            ):
                for _ in range(3):
                    Loop()
                try:
                    read()
                except (IndexError, KeyError):
                    pass  # asked first, written meanwhile
            events.clear()
        depth += 1  # finalizers do nothing any more
        copy = Doc()
        copy.apply_update(doc.get_update())
        assert copy.get("array", type=Array).to_py() == array.to_py()
        assert set(strange) <= {repr(RuntimeError(
            "Read-only transaction cannot be used to modify document structure"))}, set(strange)
        print(len(refused) > 0, len(done) > 0)
        """
    )
    # From 3.12 on the garbage collector waits until nothing native is under way.
    assert out == f"{sys.version_info < (3, 12)} True\n"


@pytest.mark.skipif(
    sys.version_info < (3, 11),
    reason="threads of CPython 3.10 touch the freed interpreter then, with any module or none",
)
def test_exit_with_threads_at_work() -> None:
    """Many at a time, for it depends on who is where when the interpreter ends."""
    program = """
        import sys, threading, time
        from ropewalk import Doc, Text, UndoManager, merge_updates

        doc = Doc(allow_multithreading=True)
        text = doc.get("text", type=Text)
        text += "some text " * 20000
        update = doc.get_update()
        undo = UndoManager(scopes=[text], timestamp=lambda: 1)
        doc.observe(lambda event: event.update)
        text.observe(lambda event: event.delta)

        def work():
            while True:
                other = Doc()
                other.observe(lambda event: event.update)
                other.apply_update(merge_updates(update, update))
                text.insert(0, "x")
                undo.undo()

        for _ in range(8):
            threading.Thread(target=work, daemon=True).start()
        time.sleep(0.3)
        """
    kinds = (program, program + "sys.exit(0)\n")
    together(8, lambda number: [run(kinds[i % 2]) for i in range(number, number + 3)])


def test_exit_while_threads_come_back_from_native_work() -> None:
    """They ask for the GIL of an interpreter that ends, from below this module's functions."""
    for wait in (
        "text.observe(lambda event: come_back()); text.insert(0, 'x')",
        "doc.observe(lambda event: come_back()); doc.apply_update(update)",
        "undo = UndoManager(scopes=[text], timestamp=come_back); text.insert(0, 'x')",
        "with doc.transaction(): come_back()",
        "doc['subdoc'] = Array([Slow()])",
        "text[Slow():]",
        "merge_updates(*[update] * 300)",
    ):
        run(
            f"""
            import sys, threading, time, types
            from ropewalk import Array, Doc, Text, UndoManager, merge_updates

            class Last:
                def __del__(self, sleep=time.sleep):
                    sleep(0.4)  # others try to go on while the interpreter ends

            class Slow(Doc):
                def _subdoc_options(self):
                    come_back()
                    return super()._subdoc_options()

                def __index__(self):
                    return come_back()

            def come_back(*_):
                started.release()
                time.sleep(0.2)
                return 0

            def work():
                started.release()
                {wait}

            sys.modules["last"] = types.ModuleType("last")
            sys.modules["last"].last = Last()
            doc = Doc(allow_multithreading=True)
            text = doc.get("text", type=Text)
            text += "some text " * 20000
            update = doc.get_update()
            started = threading.Semaphore(0)
            threading.Thread(target=work, daemon=True).start()
            started.acquire()
            time.sleep(0.05)
            """
        )


def test_work_goes_on_until_the_interpreter_ends() -> None:
    """What is registered to happen at exit may still wait for threads that use documents."""
    out = run(
        """
        import atexit, threading

        stop = threading.Event()

        @atexit.register  # earlier than anything that importing ropewalk might register
        def end():
            stop.set()
            thread.join()
            print("ended")

        from ropewalk import Doc, Text, merge_updates

        def work():
            while not stop.wait(0.01):
                pass
            assert merge_updates(update, update)

        doc = Doc()
        doc.get("text", type=Text).insert(0, "some text " * 20000)
        update = doc.get_update()
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        """
    )
    assert out == "ended\n"


def test_exit_inside_a_transaction_or_an_observer() -> None:
    for block in (
        "with doc.transaction():\n    text.insert(0, 'x')\n    sys.exit(0)",
        "text.observe(lambda event: os._exit(0))\ntext += 'x'",
        "transaction = doc.transaction()\ntransaction.__enter__()\ntext.insert(0, 'x')",
        "events = []\ndoc.observe(events.append)\ntext += 'x'\nsys.modules['kept'] = (doc, events)",
    ):
        run(
            "import os, sys\nfrom ropewalk import Doc, Text\ndoc = Doc()\n"
            f"text = doc.get('text', type=Text)\n{block}\n"
        )


def test_ctrl_c_ends_waiting_for_another_thread() -> None:
    out = run(
        """
        import _thread, signal, threading, time
        from ropewalk import Doc, Text

        # A shell that runs this in the background has Ctrl-C ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        doc = Doc(allow_multithreading=True)
        text = doc.get("text", type=Text)
        inside, over = threading.Event(), threading.Event()

        def hold():
            with doc.transaction():
                inside.set()
                over.wait()

        threading.Thread(target=hold).start()
        inside.wait()
        threading.Timer(0.3, _thread.interrupt_main).start()
        try:
            text += "x"
        except KeyboardInterrupt:
            print("interrupted")
        over.set()
        """
    )
    assert out == "interrupted\n"
