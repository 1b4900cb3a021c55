"""Documents in a process that forks. [T23]

What could hang or crash runs in a process of its own, with a time-out.
"""

from __future__ import annotations

import os

import pytest

from processes import run


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
