"""Documents while the interpreter ends. [T23]

What could hang or crash runs in a process of its own, with a time-out.
"""

from __future__ import annotations

import sys

import pytest

from processes import run, together


# Its threads touch the interpreter when that is freed, with any module or none.
@pytest.mark.skipif(sys.version_info < (3, 11), reason="CPython 3.10 itself crashes then")
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
